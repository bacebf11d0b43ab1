"""Real browsers send the enquiry form, from our own page and from others': what they say of it, and what we answer.

The site is served under three origins, each behind a proxy that keeps what arrives: https, http, and http on the
loopback, where browsers say as much as over https. What a browser says is compared with `tests.clients`, from which the
table of `tests/web/test_guards_csrf.py` takes its headers. A form that is refused is sent again from the refusal.
"""

import html
import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

from audit import front
from audit.front import Front, served
from audit.stand import Site
from portal.demo import running
from tests.browsers import QUIET, BrowserMissing, executable, firefox
from tests.clients import confides, sends
from tests.running import free_port

NAME, SISTER, STRANGER = "immomarket.example", "sister.immomarket.example", "elsewhere.example"
ORIGINS = (("https", NAME), ("http", NAME), ("http", "localhost"))
WORDS = "Is the fourth bedroom reachable without steps?"
SENDERS = ("same-origin", "null", "same-site", "cross-site", "sandboxed")
REFUSED = {"same-site", "cross-site", "sandboxed"}  # the last where browsers say Sec-Fetch-Site: nothing else tells
OF_THE_REQUEST = {"host", "content-length", "content-type", "cookie", "referer", "cache-control"}
DECISIVE = ("sec-fetch-", "origin:")  # of what differs, what the guard goes by
FILLED = "form => [...new FormData(form)]"
NO_REFERRER = """document.head.append(
    Object.assign(document.createElement('meta'), {name: 'referrer', content: 'no-referrer'}))"""


class Place(NamedTuple):
    """The site under one origin, and where the pages of others stand: the folder, a sister's origin, a stranger's."""

    front: Front
    origin: str
    form: str
    folder: Path
    sister: str
    stranger: str


class Files(SimpleHTTPRequestHandler):
    """The pages of others."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


def check(site: Site, folder: Path) -> int:
    """Print each answer and what was said; how many answers or sets of headers are not as they should be."""
    wrong = 0
    with sync_playwright() as playwright:
        for scheme, name in ORIGINS:
            with _place(site, folder, scheme, name) as place:
                for client, browser in _browsers(playwright):
                    wrong += sum(not _is_right(client, browser, place, sender) for sender in SENDERS)
                    browser.close()
    print(f"senders      {wrong} answers or sets of headers are not as they should be")
    return wrong


@contextmanager
def _place(site: Site, folder: Path, scheme: str, name: str) -> Iterator[Place]:
    pages = folder / "senders"
    tls, _ = front.tls(pages)
    settings = running.settings(folder, free_port())
    others = ThreadingHTTPServer(("localhost", 0), partial(Files, directory=str(pages)))
    if scheme == "https":
        others.socket = tls.wrap_socket(others.socket, server_side=True)
    with served(Front(settings.bind, tls if scheme == "https" else None, {})) as proxy, served(others):
        origin = f"{scheme}://{name}:{proxy.server_port}"
        sister, stranger = (SISTER, STRANGER) if name == NAME else ("localhost", "127.0.0.1")
        behind = settings.model_copy(update={"origin": origin, "trusted_proxies": ("127.0.0.1",)})
        with running.Processes(behind) as processes:
            processes.wait_ready()
            port = others.server_port
            yield Place(
                proxy, origin, origin + site.pages["form"], pages,
                f"{scheme}://{sister}:{port}", f"{scheme}://{stranger}:{port}",
            )  # fmt: skip


def _browsers(playwright: Playwright) -> Iterator[tuple[str, Browser]]:
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox root
    here = "--host-resolver-rules=MAP *.example 127.0.0.1"
    yield "Chromium", playwright.chromium.launch(executable_path=executable(), args=[*sandbox, *QUIET, here])
    try:
        path = firefox()
    except BrowserMissing as missing:
        print(f"senders      Firefox: not tried, {missing}")
        return
    names = {"network.dns.localDomains": ",".join((NAME, SISTER, STRANGER))}
    yield "Firefox", playwright.firefox.launch(
        channel="moz-firefox", executable_path=path, firefox_user_prefs=names
    )  # fmt: skip


def _is_right(client: str, browser: Browser, place: Place, sender: str) -> bool:
    """Send one form, and again from the refusal; print the answers, and what was said otherwise than expected."""
    page = browser.new_context(ignore_https_errors=True).new_page()
    page.set_default_timeout(10_000)
    place.front.forms.clear()
    try:
        _send(page, place, sender)
        kept = _sent_again(page)
    except Error as failed:
        print(f"senders      {client} {place.origin} {sender}: failed at {page.url}, {page.title()!r}\n{failed}")
        return False
    finally:
        page.context.close()
    statuses = [form.status for form in place.front.forms]
    told = {name.lower(): value for name, value in place.front.forms[0].headers.items()}
    strange = _differences(told, sends(client, sender, place.origin), place.origin)
    said = f"{told.get('sec-fetch-site', '-'):12} {told.get('origin', '-'):40}"
    answered = " then ".join(map(str, statuses)) + (", words kept" if kept == WORDS else "")
    print(f"senders      {client:9}{place.origin:33}{sender:12}{said}{answered}  {'; '.join(strange)}".rstrip())
    is_refused = sender in REFUSED and (sender != "sandboxed" or confides(place.origin))
    expected = ([403, 303], WORDS) if is_refused else ([303], "")
    return (statuses, kept) == expected and not any(name.startswith(DECISIVE) for name in strange)


def _send(page: Page, place: Place, sender: str) -> None:
    page.goto(place.form)
    page.get_by_role("radio", name="Arrange a viewing").check()
    page.locator("[name=name]").fill("Jane Smith")
    page.locator("[name=email]").fill("jane.smith@example.com")
    page.locator("[name=words]").fill(WORDS)
    form = page.locator("form.enquiry")
    if sender in REFUSED:
        elsewhere = _copy(place.form, form.evaluate(FILLED))
        (place.folder / "copy.html").write_text(elsewhere)
        data = f"data:text/html;base64,{b64encode(elsewhere.encode()).decode()}"
        at = {"same-site": f"{place.sister}/copy.html", "cross-site": f"{place.stranger}/copy.html", "sandboxed": data}
        page.goto(at[sender])
        form = page.locator("form")
    elif sender == "null":
        page.evaluate(NO_REFERRER)
    form.locator("button").click()
    page.wait_for_url(re.compile("/enquire$|/enquiries/"))


def _sent_again(page: Page) -> str:
    """The words that a refusal gives back; it is sent again as it stands."""
    words = page.locator("[name=words]")
    if not words.count():
        return ""
    kept = words.input_value()
    page.locator("form.enquiry button").click()
    page.wait_for_url("**/enquiries/*")
    return kept


def _copy(address: str, fields: list[list[str]]) -> str:
    """The filled form as a page of somebody else's holds it."""
    inputs = "".join(f'<input type=hidden name="{name}" value="{html.escape(value)}">' for name, value in fields)
    return f'<!doctype html><meta charset=utf-8><form method=post action="{address}">{inputs}<button>Send</button>'


def _differences(told: Mapping[str, str], known: Mapping[str, str], here: str) -> list[str]:
    """Each header that differs from what is known of this kind of browser, but for its version."""
    known = {name.lower(): value for name, value in known.items()}
    names = sorted({*told, *known} - OF_THE_REQUEST)
    return [
        f"{name}: {told.get(name, 'nothing')}, not {known.get(name, 'nothing')}"
        for name in names if _plain(told.get(name, ""), here) != _plain(known.get(name, ""), here)
    ]  # fmt: skip


def _plain(value: str, here: str) -> str:
    """A header without what differs from machine to machine: versions, and the name of whoever is not us."""
    if value.startswith(("http:", "https:")) and value != here:
        return "another's origin"
    return re.sub(r"\d+", "0", value.replace("Headless", ""))
