"""Every page, errors included: nothing foreign, no cookie, no unsafe policy, and nothing axe finds.

By every rule in the light theme, by its two rules on colour in the dark one, and that in one language: the markup is
the same.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Browser, Page, Response
from sqlmodel import Session, select

from portal.catalogue import invitations
from portal.catalogue.agencies import Contact, Office
from portal.catalogue.properties import Property
from portal.db import Database, utcnow
from portal.enquiries import receiving
from portal.forwarding import stopping
from portal.mail.mails import Mail
from portal.signing import Signer
from tests import cast
from tests.browser.conftest import publish
from tests.running import Portal, eventually, free_port

EVERY_RULE = {"resultTypes": ["violations"]}
COLOUR_RULES = {**EVERY_RULE, "runOnly": ["color-contrast", "link-in-text-block"]}  # a theme changes nothing else
THEMES = (("light", EVERY_RULE), ("dark", COLOUR_RULES))


@pytest.fixture(scope="module")
def site(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, dict[str, str]]]:
    """One portal for all pages, and the addresses of each kind of page."""
    folder = tmp_path_factory.mktemp("site")
    copy = folder / "portal.sqlite"
    copy.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{copy}")

    def fill(session: Session) -> dict[str, str]:
        publish(session)
        villa = session.exec(select(Property).where(Property.source_id == "1042")).one()
        plain = cast.home(session, cast.agency(session, "bare", "Bare Homes"), "1", bedrooms=None, bathrooms=None,
                          built_m2=None, plot_m2=None, price_minor=None, energy_state="unknown",
                          energy_consumption=None, energy_emissions=None, area_id=None, features=[])  # fmt: skip
        gone = cast.home(session, cast.agency(session, "gone", "Gone Homes"), "2", state="withdrawn",
                         withdrawn_at=datetime(2026, 1, 1, tzinfo=UTC))  # fmt: skip
        contact = session.exec(select(Contact)).first()
        assert contact is not None
        return {
            "villa": f"p/{villa.public_id}-villa-in-nueva-andalucia-marbella",
            "report": f"report/{villa.public_id}",
            "bare": f"p/{plain.public_id}-villa-in-marbella",
            "gone": f"p/{gone.public_id}-villa-in-nueva-andalucia-marbella",
            "confirm": f"confirm/{invitations.token(Signer('k' * 40), contact)}",
        }

    found = database.write(fill) | held(database)
    database.close()
    with Portal(f"sqlite:///{copy}", folder) as portal:
        yield portal, found


def held(database: Database) -> dict[str, str]:
    """The pages that the mail about a held enquiry leads to."""
    with database.read() as session:
        villa = session.exec(select(Property).where(Property.source_id == "1042")).one()
    settings, now = cast.SETTINGS.model_copy(update={"screening_held": 0}), utcnow()
    enquiry = cast.enquiry(database, villa, now)
    received = database.write(
        lambda session: receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, settings, now)
    )
    return {
        "held": f"enquiries/{cast.SIGNER.sign('status', received.status.nonce)}",
        "release": f"release/{cast.SIGNER.sign('release', received.lead.release_nonce)}",
        "stop": f"stop/{cast.SIGNER.sign('stop', stopping.mailbox(cast.SIGNER, enquiry.email))}",
    }


PAGES = {
    "home": ("", 200), "list": ("buy", 200), "rentals": ("rent/marbella", 200),
    "nothing found": ("buy/marbella?bedrooms=5&price_max=100000", 200), "property": ("{villa}", 200),
    "property with nothing given": ("{bare}", 200), "gallery": ("{villa}/photos", 200),
    "agencies": ("agencies", 200), "agency": ("agencies/costa-norte", 200), "report": ("{report}", 200),
    "report sent": ("{report}/sent", 200), "enquiry": ("{villa}/enquire", 200),
    "policy": ("policies/data-policy", 200), "policy version": ("policies/data-policy/1", 200),
    "legal notice": ("legal", 200), "contact": ("contact", 200), "accessibility": ("accessibility", 200),
    "how we sort": ("how-we-sort", 200), "unknown place": ("buy?place=Xanadu", 200),
    "held enquiry": ("{held}", 200), "release": ("{release}", 200), "stop": ("{stop}", 200),
    "contact confirms": ("{confirm}", 200), "unknown": ("nothing-here", 404),
    "unknown home": ("p/2222222222-villa", 404), "withdrawn home": ("{gone}", 410),
    "no such status": ("enquiries/forged", 404),
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "es"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_keeps_to_itself(site, browser: Browser, name: str, lang: str):
    portal, found = site
    path, status = PAGES[name]
    with watched(browser, portal) as page:
        answer = page.goto(f"{portal.url}/{lang}/{path.format(**found)}")
        assert answer is not None
        assert answer.status == status
        assert page.locator("html").get_attribute("lang") == lang
        check(page, answer, THEMES if lang == "en" else THEMES[:1])


@pytest.mark.parametrize("lang", ["en", "es"])
def test_the_form_with_errors_and_the_status_page_are_accessible_and_keep_to_themselves(site, browser, lang):
    portal, found = site
    with watched(browser, portal) as page:
        page.goto(f"{portal.url}/{lang}/{found['villa']}/enquire")
        with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
            page.locator("form.enquiry button").click()
        assert refused.value.status == 422
        check(page, refused.value)
        page.get_by_role("radio").nth(1).check()
        page.locator("[name=name]").fill("José García")
        page.locator("[name=email]").fill("jose@example.com")
        page.locator("form.enquiry button").click()
        page.wait_for_url("**/enquiries/*")
        answer = page.reload()
        assert answer is not None
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers.get("x-robots-tag", "") or page.locator("meta[name=robots]").count()
        check(page, answer)


def test_a_home_and_a_status_page_print_whole_on_paper(site, browser: Browser):
    portal, found = site
    page = browser.new_page(viewport={"width": 688, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    page.goto(f"{portal.url}/en/{found['villa']}")
    printed(page, 2, hidden="nav, .bar, .stay, .foot, form, .button")
    assert portal.url in page.inner_text(".print-only")
    page.emulate_media(media="screen")
    page.get_by_label("Full name").fill("Jane Smith")
    page.get_by_role("textbox", name="E-mail").fill("jane@example.com")
    page.get_by_label("Message").fill("Is there a lift?")
    page.locator("form.enquiry button").click()
    page.wait_for_url("**/enquiries/*")
    page.emulate_media(media="print")
    printed(page, 1, hidden="nav, .foot")
    page.close()


def printed(page: Page, sheets: int, hidden: str) -> None:
    """Nothing is cut at an edge, what only a screen can use is gone, and it takes no more sheets than these."""
    cut = page.evaluate(
        "() => [...document.querySelectorAll('main :is(h1, h2, h3, p, li, dt, dd, th, td, b)')]"
        ".filter((it) => it.getClientRects().length && !it.closest('.hide') && it.scrollWidth > it.clientWidth + 1"
        " && getComputedStyle(it).display !== 'inline').map((it) => it.textContent)"
    )
    assert cut == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 688
    assert not any(part.is_visible() for part in page.locator(hidden).all())
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= sheets


def test_a_foreign_form_is_refused_on_a_page_that_keeps_the_text(site, browser: Browser, tmp_path: Path):
    portal, found = site
    foreign = tmp_path / "foreign.html"
    foreign.write_text(
        f'<form action="{portal.url}/en/{found["villa"]}/enquire" method="post">'
        '<input name="name" value="Jane Smith"><textarea name="words">Kept words</textarea><button>Go</button></form>'
    )
    with watched(browser, portal) as page:
        page.route("http://foreign.example/", lambda route: route.fulfill(path=foreign))
        page.goto("http://foreign.example/")
        with page.expect_response(lambda answer: answer.request.method == "POST") as refused:
            page.get_by_role("button").click()
        assert refused.value.status == 403
        page.wait_for_load_state()
        assert page.locator("[name=words]").input_value().strip() == "Kept words"
        check(page, refused.value)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_of_a_fault_is_accessible_and_keeps_to_itself(browser: Browser, published: str, tmp_path: Path):
    with Portal(published, tmp_path) as portal:
        faulty = Database(published)
        with faulty.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE property_text RENAME TO gone")
        faulty.close()
        with watched(browser, portal) as page:
            page.goto(f"{portal.url}/en/buy")
            address = page.get_by_role("link", name="Villa in Nueva Andalucía").first.get_attribute("href")
            answer = page.goto(f"{portal.url}{address}")
            assert answer is not None
            assert answer.status == 500
            check(page, answer)


def test_the_captured_mails_and_the_style_guide_are_accessible_and_keep_to_themselves(
    migrated_sqlite: Path, browser: Browser, tmp_path: Path
):
    copy = tmp_path / "portal.sqlite"
    copy.write_bytes(migrated_sqlite.read_bytes())
    database = Database(f"sqlite:///{copy}")
    database.write(lambda session: invite(session))
    ops = f"127.0.0.1:{free_port()}"
    with (
        Portal(f"sqlite:///{copy}", tmp_path, relay="capture:", mode="demo", ops_bind=ops) as portal,
        watched(browser, portal, f"http://{ops}") as page,
    ):
        eventually(lambda: sent(database) == ["invitation"])
        database.close()
        for path in ("ops", "ops/mail/1", "style/light", "style/dark"):
            answer = page.goto(f"http://{ops}/{path}")
            assert answer is not None
            assert answer.status == 200
            check(page, answer)


def invite(session: Session) -> None:
    """Queue one mail: the invitation of an agency's contact."""
    cast.agency(session)
    contact, office = session.exec(select(Contact, Office).join(Office)).one()
    invitations.invite(session, contact, office, domain="immomarket.example", now=utcnow())


def sent(database: Database) -> list[str]:
    """The kinds of the mails that the relay has taken."""
    with database.read() as session:
        return list(session.exec(select(Mail.kind).where(Mail.state == "accepted")))


@contextmanager
def watched(browser: Browser, portal: Portal, *others: str) -> Iterator[Page]:
    """A page whose requests are written down: after it, none went elsewhere, no cookie is set, nothing was blocked."""
    context = browser.new_context()
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    yield page
    assert [url for url in asked if not url.startswith((portal.url, "http://foreign.example/", *others))] == []
    assert context.cookies() == []
    assert [text for text in said if "Content Security Policy" in text or "Trusted" in text] == []
    context.close()


def check(page: Page, answer: Response, themes: Sequence[tuple[str, object]] = THEMES) -> None:
    """The policy allows nothing unsafe, no style or script is inline, and axe finds nothing."""
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "set-cookie" not in answer.headers
    source = page.content()
    assert not re.search(r"\sstyle=|<style|<script(?![^>]*(?:src=|application/ld\+json))|\son[a-z]+=", source)
    page.evaluate(AXE_SCRIPT)
    for scheme, rules in themes:
        page.emulate_media(color_scheme=scheme)
        results = AxeResults(page.evaluate("(rules) => axe.run(rules)", rules))
        assert results.violations_count == 0, results.generate_report()
    for width in (320, 390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
