"""The demo the audits look at, the addresses of its pages, and the checkers fetched for them."""

import os
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal import db
from portal.demo import running

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CHECKERS = ("lighthouse@13.5.0", "vnu-jar@26.9.27")


@dataclass(frozen=True)
class Site:
    """A running demo: its origin, and a path for each kind of page."""

    origin: str
    pages: Mapping[str, str]

    def url(self, name: str) -> str:
        """The full address of one kind of page."""
        return self.origin + self.pages[name]


@contextmanager
def demo(folder: Path) -> Iterator[Site]:
    """A demo with data of its own, ready to be looked at."""
    settings = running.settings(folder, None)
    running.prepare(settings, db.utcnow())
    with running.Processes(settings) as processes:
        processes.wait_ready()
        yield Site(settings.origin, _pages(settings.origin))


def npm(folder: Path) -> Path:
    """The folder of the checkers' modules, installed the first time."""
    modules = folder / "node_modules"
    if not (modules / "lighthouse").is_dir() or not (modules / "vnu-jar").is_dir():
        if CERTIFICATES.exists():  # the machine's own, so that fetching works behind a company's proxy too
            os.environ.setdefault("NODE_EXTRA_CA_CERTS", str(CERTIFICATES))
        run([_tool("npm"), "install", "--no-audit", "--no-fund", "--prefix", str(folder), *CHECKERS])
    return modules


def node() -> str:
    """The Node of the dependency group `audit`: Lighthouse wants a newer one than distributions have."""
    return _tool("node")


def run(command: Sequence[str], check: bool = True) -> str:
    """What a command printed on both streams."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if check and done.returncode:
        raise SystemExit(f"{' '.join(command[:3])} … failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is missing. Run: uv sync --group audit")
    return found


def _pages(origin: str) -> dict[str, str]:
    with urllib.request.urlopen(f"{origin}/en/buy") as answer:
        listed = answer.read().decode()
    found = re.search(r'href="(/en/p/[^"/]+)"', listed)
    if found is None:
        raise SystemExit("the demo lists no home")
    return {
        "home": "/en/", "list": "/en/buy", "list-es": "/es/rent", "empty": "/en/buy/nerja?bedrooms=5&price_max=100000",
        "property": found[1], "form": f"{found[1]}/enquire", "policy": "/en/policies/data-policy",
        "legal": "/es/legal", "404": "/en/nothing-here",
    }  # fmt: skip
