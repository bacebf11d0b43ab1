"""The real browser of the tests: found on this machine, or fetched by `python -m tests.browsers`.

In this order: the one PORTAL_BROWSER names, one on PATH, Playwright's own, the distribution's package where one is
root already. Never sudo: what needs root is printed as one line.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
QUIET = (
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
    "--disable-gpu",
)  # fmt: skip
FIREFOXES = ("firefox", "firefox-esr")
PACKAGE = ("apt-get", "install", "--yes", "--no-install-recommends")


class BrowserMissing(Exception):
    """No browser was found; the message says what to run."""


def executable() -> str:
    """The path of a Chromium. Raises `BrowserMissing`."""
    named = os.environ.get("PORTAL_BROWSER", "")
    if named:
        return named
    found = next((path for path in map(shutil.which, NAMES) if path), None) or _playwrights_own()
    if found is None:
        raise BrowserMissing(
            "No browser for the tests. Run: sudo apt-get install chromium   (or set PORTAL_BROWSER to a Chromium)"
        )
    return found


def fetch() -> None:
    """Get a browser where there is none. Raises `BrowserMissing` where that takes a person."""
    try:
        executable()
    except BrowserMissing:
        if not run(sys.executable, "-m", "playwright", "install", "chromium") and os.geteuid() == 0:
            run("apt-get", "update")
            run(*PACKAGE, "chromium")
        executable()


def firefox() -> str:
    """The path of a Firefox as people have it; Debian's is fetched where one is root. Raises `BrowserMissing`."""
    found = next((path for path in map(shutil.which, FIREFOXES) if path), None)
    if found is None and os.geteuid() == 0 and run("apt-get", "update") and run(*PACKAGE, "firefox-esr"):
        found = shutil.which("firefox-esr")
    if found is None:
        raise BrowserMissing("no Firefox on this machine; run: sudo apt-get install firefox-esr")
    return found


@pytest.fixture(scope="session")
def _chromium() -> Iterator[Browser]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable(), args=[*sandbox, *QUIET])
        loop = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        yield launched
        asyncio._set_running_loop(loop)
        launched.close()
    asyncio._set_running_loop(None)


@pytest.fixture
def browser(_chromium: Browser) -> Iterator[Browser]:
    """A running Chromium, one for each process of tests; make a context of your own in it.

    Playwright's synchronous face keeps its event loop "running" in this thread between calls. Outside browser tests it
    is hidden, so that other tests of the same process may use asyncio.
    """
    asyncio._set_running_loop(_chromium._impl_obj._loop)
    yield _chromium
    for context in _chromium.contexts:
        context.close()
    asyncio._set_running_loop(None)


def _playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def run(*command: str) -> bool:
    """Run a command that fetches something, and say so; whether it went well."""
    sys.stderr.write(f"$ {' '.join(command)}\n")
    try:
        return subprocess.run(command, check=False, timeout=900).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    try:
        fetch()
    except BrowserMissing as missing:
        sys.exit(str(missing))
