"""The demo the audits look at, the addresses of its pages, and the checkers fetched for them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from sqlmodel import Session, col, select

from portal import addresses, db
from portal.catalogue import versions
from portal.catalogue.properties import Property
from portal.db import Database
from portal.demo import running, seeding
from portal.demo.plates import PLATES
from portal.leads import Lead
from portal.receipts import links
from portal.settings import Settings
from portal.signing import Signer
from tests.browser.test_journey import Asked, enquire
from tests.browsers import QUIET, executable
from tests.running import eventually

CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
CHECKERS = ("lighthouse@13.5.0", "vnu-jar@26.9.27")


@dataclass(frozen=True)
class Site:
    """A running demo: its origin, a path for each kind of page, and the home a visitor asks about."""

    origin: str
    pages: Mapping[str, str]
    asked: Asked

    def url(self, name: str) -> str:
        """The full address of one kind of page."""
        return self.origin + self.pages[name]


@contextmanager
def demo(folder: Path) -> Iterator[Site]:
    """A demo with data of its own: every picture is ready, one home is withdrawn, one enquiry is sent."""
    settings = running.settings(folder, None)
    running.prepare(settings, db.utcnow())
    gone = _furnish(settings)
    with running.Processes(settings) as processes:
        processes.wait_ready()
        yield _site(settings, gone)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of the tests."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=[*sandbox, *QUIET])
        yield browser
        browser.close()


def npm(folder: Path, checkers: Sequence[str] = CHECKERS, *flags: str) -> Path:
    """The folder of the checkers' modules, installed the first time."""
    modules = folder / "node_modules"
    if not all((modules / checker.rpartition("@")[0]).is_dir() for checker in checkers):
        if CERTIFICATES.exists():  # the machine's own, so that fetching works behind a company's proxy too
            os.environ.setdefault("NODE_EXTRA_CA_CERTS", str(CERTIFICATES))
        run([_tool("npm"), "install", "--no-audit", "--no-fund", *flags, "--prefix", str(folder), *checkers])
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


def _furnish(settings: Settings) -> str:
    """Hang every picture and withdraw one home; its public id."""
    database = Database(settings.database)
    try:
        seeding.hang_and_make(database, settings.data_directory, seeding.missing(database, list(PLATES)))
        return database.write(_withdraw)
    finally:
        database.close()


def _withdraw(session: Session) -> str:
    villas = select(Property).where(Property.kind == "villa", Property.offer == "sale").order_by(col(Property.id))
    home = session.exec(villas).first()
    assert home is not None
    home.state, home.withdrawn_at = "withdrawn", db.utcnow()
    versions.raise_version(session)
    return home.public_id


def _site(settings: Settings, gone: str) -> Site:
    """The addresses of every kind of page; status page and receipt are those of an enquiry sent here and now."""
    origin = settings.origin
    with chromium() as browser:
        page = browser.new_page(locale="en-GB")
        page.goto(f"{origin}/en/buy?type=villa")
        title = page.locator(".card h3 a").first
        home = title.get_attribute("href") or ""
        asked = Asked(title.inner_text(), page.locator(".card-foot > span").first.inner_text().split("\n")[-1].strip())
        enquire(page, origin, asked)
        eventually(lambda: (page.reload(), "mail server" in page.inner_text(".timeline .now"))[1])
        status = page.url.removeprefix(origin)
    return Site(origin, {
        "home": "/en/", "list": "/en/buy", "list-es": "/es/rent", "empty": "/en/buy/nerja?bedrooms=5&price_max=100000",
        "property": home, "gallery": f"{home}/photos", "form": f"{home}/enquire", "status": status,
        "receipt": _receipt(settings),
        "agencies": addresses.agencies("en"), "agency": addresses.agency("en", "tres-zaguanes"),
        "policy": addresses.policy("en", "data-policy"), "legal": addresses.legal("es"),
        "contact": addresses.contact("en"), "how-we-sort": addresses.how_we_sort("en"),
        "accessibility": addresses.accessibility("en"), "404": "/en/nothing-here",
        "410": addresses.property_page("en", gone, "villa"),
    }, asked)  # fmt: skip


def _receipt(settings: Settings) -> str:
    """The path of the newest lead's receipt, as its visitor's mail has it."""
    database = Database(settings.database)
    try:
        with database.read() as session:
            lead = session.exec(select(Lead).order_by(col(Lead.id).desc())).first()
            assert lead is not None
            return links.address(session, lead, Signer(settings.key))
    finally:
        database.close()
