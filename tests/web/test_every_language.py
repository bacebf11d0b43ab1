"""Every page, feed and mail in every language: nothing that people see or hear is left in English.

Each page is reached as a visitor reaches it, by the language switch of the English one.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import lxml.html
import pytest
from anyio import CapacityLimiter
from lxml import etree
from sqlmodel import Session, select
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route
from starlette.testclient import TestClient

from portal import addresses as at
from portal import db
from portal.catalogue import agencies, invitations, succession
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.photos import Media
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent.notices import Notice
from portal.db import Database
from portal.enquiries import receiving
from portal.forwarding import answering, confirmation, reminder, silence, stopping
from portal.language import locales
from portal.leads import Disclosure, Lead
from portal.mail.composing import Letterhead
from portal.mail.mails import Mail
from portal.message_kinds import KINDS
from portal.receipts import links
from portal.settings import Settings
from portal.signing import Signer
from portal.web.errors import HANDLERS, TEXTS
from portal.web.routes import ROUTES
from portal.web.site import Site
from tests import cast
from tests.web.reading import Page, get
from tests.web.test_enquire import JANE

# Whatever carries a text that is read out or shown, beside what stands between the tags.
SPOKEN = ("alt", "aria-label", "title", "placeholder", "label")
# Names, which are the same everywhere, and what looks like words and is none.
NAMES = re.compile(
    r" \(\d+\)|ImmoMarket|OptimaSys Group Spain S\.L\.|Costa Norte Homes|Grupo Alborán|Avenida del Prado"
    r"|Calle Alfredo Palma|Nueva Andalucía|Marbella|Málaga|WhatsApp|Atom|JSON Feed|SHA-256"
    r"|kontaktanfrage_openimmo_feedback\.xml|lead\.json|contact\.vcf|IM-\S+|\S+@\S+|[0-9a-f]{64}"
)
# What a language spells as English does; the title of the policy stays English with it.
SAME = {
    "es": {"Hotel", "Error:"},
    "de": {"Penthouse", "Studio", "Villa", "Bungalow", "Hotel", "Garage", "Villa in", "Register", "Website", "Name",
           "Version", "Version 1"},
    "fr": {"E-mail", "Penthouse", "Duplex", "Studio", "Villa", "Bungalow", "Garage", "Photos", "Contact", "Date",
           "Document", "Data Policy, version 1", "confirmation", "Version", "Version 1"},
    "nl": {"E-mail", "Penthouse", "Duplex", "Studio", "Villa", "Bungalow", "Hotel", "Garage", "Contact", "Website",
           "Filters", "Villa in", "Register", "Document"},
    "sv": {"Villa", "Bungalow", "Garage", "Ruin", "Pool", "Register", "Data Policy, version 1", "Version", "Version 1"},
}  # fmt: skip
TRANSLATED = [lang for lang in locales.SITE if lang != locales.DEFAULT]


def texts(page: Page, lang: str) -> set[str]:
    """Every text of a page in its own language, without names: what is marked as another one's is left out."""
    return without_names(_texts(page.tree, lang))


def without_names(found: Iterable[str]) -> set[str]:
    """What of these texts are words of a language."""
    plain = {NAMES.sub("", re.sub(r"\s+", " ", text)).strip(" ,.·") for text in found}
    return {text for text in plain if re.search(r"[^\W\d_]{3,}", text)}


def _texts(element: Any, lang: str) -> Iterator[str]:
    if element.get("lang", lang) != lang or element.tag in ("script", "style", "code"):
        return
    yield from (element.get(name) for name in SPOKEN if element.get(name))
    yield element.get("content") if element.get("name") == "description" else element.text or ""
    for child in element.iterchildren(tag=etree.Element):
        yield from _texts(child, lang)
        yield child.tail or ""


def furnish(session: Session) -> None:
    """Give the villa photos and a plan, say something odd about it, and take the apartment off the site."""
    villa, flat = session.exec(select(Property).where(Property.agency_id == 1).order_by(Property.id)).all()
    for position, kind in enumerate(("photo", "photo", "photo", "floorplan")):
        media = f"{position:064x}"
        session.add(Media(hash=media, state="ready", width=1200, height=800, colour="p-07", given_at=cast.NOW))
        session.add(
            PropertyPhoto(
                property_id=villa.id, position=position, kind=kind, media=media,
                source_url="https://agency.example/1.jpg", caption=None if position else "Garden path to the house",
            )
        )  # fmt: skip
    villa.features = ["Sea views", "Garage", "Hand-made tiles"]
    flat.state, flat.withdrawn_at = "withdrawn", cast.NOW


def unconfirmed(session: Session) -> Contact:
    """The contact of the other agency, who has yet to confirm its address."""
    contact = session.get_one(Contact, 2)
    contact.confirmed_at = contact.confirmed_how = None
    session.flush()
    session.refresh(contact)
    return contact


def held(database: Database) -> dict[str, str]:
    """The addresses a held enquiry and a mailbox that is stopped have in English; ops are reminded of the enquiry."""
    now, settings = db.utcnow(), cast.SETTINGS.model_copy(update={"screening_held": 0, "ops_mail": "ops@x.example"})
    with database.read() as session:
        villa = session.get_one(Property, 1)
    enquiry = cast.enquiry(database, villa, now, email="held@example.com", words="Held words")

    def work(session: Session) -> receiving.Received:
        received = receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, settings, now)
        receiving.receive(session, replace(enquiry, words="More words"), cast.SENDING, cast.SIGNER, settings, now)
        stopping.stop(session, stopping.mailbox(cast.SIGNER, "stopped@example.com"), now)
        reminder.queue_due(session, settings, now)
        return received

    received, letterhead = (
        database.write(work),
        Letterhead("leads@immomarket.example", "", cast.SIGNER, "bounces@portal.example"),
    )
    return {
        "held": at.status("en", cast.SIGNER.sign("status", received.status.nonce)),
        "waiting": receipt(database, received.lead.reference),
        "release": at.release("en", cast.SIGNER.sign("release", received.lead.release_nonce)),
        "stop": stopping.link(letterhead, "held@example.com", "en"),
        "stopped": stopping.link(letterhead, "stopped@example.com", "en"),
    }


def receipt(database: Database, reference: str | None = None) -> str:
    """The path of the receipt of a lead, or of the first one."""
    with database.read() as session:
        asked = [Lead.reference == reference] if reference else []
        return links.address(session, session.exec(select(Lead).where(*asked).order_by(Lead.id)).first(), cast.SIGNER)


def answer_token(database: Database) -> str:
    """What the first lead's mail to its agency carries."""
    with database.read() as session:
        number = session.exec(select(Mail.id).where(Mail.kind == "lead").order_by(Mail.id)).first()
    return cast.SIGNER.sign(answering.PURPOSE, number)


def all_that_follows(session: Session, token: str) -> None:
    """Contacts are asked and refused, and of the first lead an agency is reminded, before it answers."""
    now, around = db.utcnow(), {"domain": "x.example", "now": db.utcnow()}
    agency = session.get_one(Agency, 1)
    contact, second = session.get_one(Contact, 2), agencies.add_contact(session, agency, "b@x.example", now)
    invitations.invite(session, contact, session.get_one(Office, contact.office_id), **around)
    succession.ask(session, second, session.get_one(Office, second.office_id), **around)
    agencies.confirm(session, agencies.add_contact(session, agency, "c@x.example", now, role="second"), now, "link")
    succession.note_refusal(session, session.get_one(Contact, 1), "550 5.1.1", "x.example", now)
    session.get_one(Contact, 1).refused_at = None
    for office in session.exec(select(Office)):
        office.opening_hours, office.holidays = "Mo-Su 00:00-24:00", ""
    for disclosure, mail in session.exec(select(Disclosure, Mail).join(Mail, Mail.id == Disclosure.mail_id)):
        disclosure.passed_at, mail.state = now - timedelta(days=2), "accepted"
    session.flush()
    silence.remind_due(session, "x.example", now)
    confirmation.wish_answer(session, answering.asked(session, cast.SIGNER, token, now).lead, now)
    answering.answer(session, cast.SIGNER, token, answering.CONTACTED, "x.example", now)


@pytest.fixture
def english(client: TestClient, villa: str, database: Database, settings: Settings) -> dict[str, str]:
    """The address of a page of every kind in English, by its route, or by what is special about it."""
    gone = client.get("/en/buy?place=MB-1043").headers["location"]
    database.write(furnish)
    sent = client.post(f"{villa}/enquire", data={**get(client, villa).form(), **JANE})
    token = invitations.token(Signer(settings.key), database.write(unconfirmed))
    public_id = villa.split("/")[3].partition("-")[0]
    return {
        "home": at.home("en"), "search": at.search("en", "rent"), "search_town": at.search("en", "buy", "marbella"),
        "search_area": at.search("en", "buy", "marbella", "nueva-andalucia"), "property": villa,
        "gallery": f"{villa}/photos", "enquire": f"{villa}/enquire", "status": sent.headers["location"],
        "receipt": receipt(database), "answer": at.answer("en", answer_token(database)),
        "legal": at.legal("en"), "contact": at.contact("en"), "accessibility": at.accessibility("en"),
        "how_we_sort": at.how_we_sort("en"), "policy": at.policy("en", "data-policy"),
        "policy_version": at.policy("en", "data-policy", 1), "agencies": at.agencies("en"),
        "agency": at.agency("en", "costa-norte"), "report": at.report("en", public_id),
        "reported": at.reported("en", public_id), "confirm_contact": at.confirm_contact("en", token), "gone": gone,
        "filtered": at.search("en", "buy", bedrooms=3, price_max=2_000_000, type="villa", sort="price_asc"),
        "empty": at.search("en", "buy", bedrooms=9, type="villa"), "unknown place": at.search("en", "buy", place="Ys"),
        "nowhere": "/en/nowhere", **held(database),
    }  # fmt: skip


def in_language(client: TestClient, page: Page, lang: str) -> Page:
    """The page that the language switch of a page leads to, which is the same one."""
    (address,) = page.tree.xpath(f".//nav//a[@hreflang='{lang}']/@href")
    found = get(client, str(address))
    assert (found.status, found.tree.get("lang")) == (page.status, lang), address
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("lang", TRANSLATED)
def test_no_page_shows_a_text_that_is_still_english(client: TestClient, english: dict[str, str], lang: str):
    left = {}
    for name, address in english.items():
        page = get(client, address)
        left[name] = texts(page, "en") & texts(in_language(client, page, lang), lang) - SAME[lang]
    assert {name: found for name, found in left.items() if found} == {}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("lang", TRANSLATED)
def test_no_form_that_comes_back_shows_an_english_text(client: TestClient, english: dict[str, str], lang: str):
    for name, empty in (("enquire", {"words": "", "professional": "yes", "reach": "phone"}), ("report", {})):
        address = in_language(client, get(client, english[name]), lang).response.url.path
        for status, headers in ((422, {}), (403, {"origin": "https://evil.example"})):
            page, answer = (Page(client.post(path, data=empty, headers=headers)) for path in (english[name], address))
            assert (page.status, answer.status) == (status, status)
            assert texts(page, "en") & texts(answer, lang) - SAME[lang] == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_of_every_route_is_looked_at(english: dict[str, str]):
    for_people = {route.name for route in ROUTES if route.path.startswith("/{lang}/") and "GET" in route.methods}
    assert for_people - set(english) == {"feed", "feed_town", "feed_area", "receipt_file"}


def _strings(document: Any) -> Iterator[str]:
    if isinstance(document, dict | list):
        for each in document.values() if isinstance(document, dict) else document:
            yield from _strings(each)
    else:
        yield from re.split(r" · |[.,:] ", str(document))


def fed(client: TestClient, lang: str) -> set[str]:
    """What the feeds of a search and the description of the search itself say in a language."""
    search = client.get(at.opensearch(lang)).content
    documents = [client.get(at.feed(form, lang, "buy", bedrooms=3)) for form in ("atom", "json")]
    atom, own = (etree.fromstring(body).itertext() for body in (documents[0].content, search))
    found = [each for text in (*atom, *own) for each in _strings(text)] + list(_strings(documents[1].json()))
    return without_names(text for text in found if "://" not in text) - {"UTF-8"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_feed_shows_a_text_that_is_still_english(client: TestClient):
    english = fed(client, "en")
    assert len(english) > 5
    for lang in TRANSLATED:
        assert english & fed(client, lang) - SAME[lang] == set(), lang


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_error_shows_a_text_that_is_still_english(database: Database, settings: Settings):
    async def fail(request: Request) -> None:
        raise HTTPException(int(request.path_params["status"]))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[dict[str, Site]]:
        yield {"site": Site(settings, database, Signer(settings.key), CapacityLimiter(1))}

    failing = Starlette(routes=[Route("/{lang}/{status}", fail)], exception_handlers=HANDLERS, lifespan=lifespan)
    with TestClient(failing) as client:
        for status in TEXTS:
            english = texts(get(client, f"/en/{status}"), "en")
            for lang in TRANSLATED:
                page = get(client, f"/{lang}/{status}")
                assert (page.status, english & texts(page, lang) - SAME[lang]) == (status, set()), lang


def said(database: Database, lang: str) -> dict[str, set[str]]:
    """What the mails of the outbox would say in a language, subject and text, by their kind."""
    letterhead, found = (
        Letterhead(
            "leads@immomarket.example", "https://immomarket.example", Signer("k" * 40), "bounces@portal.example"
        ),
        {},
    )
    with database.read() as session:
        for mail in session.exec(select(Mail)).all():
            mail.locale = lang
            letter = KINDS[mail.kind].render(session, mail, letterhead)
            found[mail.kind] = parts([letter.subject, *_texts(lxml.html.fromstring(letter.html), lang)])
        quoted = parts([text for notice in session.exec(select(Notice)) for text in notice.text.splitlines()])
    return {kind: told - quoted for kind, told in found.items()}  # the notice stands there as the visitor saw it


def parts(lines: Iterable[str]) -> set[str]:
    return without_names(each for line in lines for each in re.split(":\\s|:$| – | [(]", line) if "://" not in each)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_mail_shows_a_text_that_is_still_english(client: TestClient, english: dict[str, str], database: Database):
    client.post(english["report"], data={"reason": "wrong", "words": "Wrong street"})

    token = answer_token(database)
    database.write(lambda session: all_that_follows(session, token))
    written = said(database, "en")
    assert set(written) == set(KINDS)
    # What people wrote, what they saw, and how their language calls itself.
    quoted = {"We are two", "May we see it in December?", "Jane Smith", "Wrong street", "Villa in", "English"}
    for lang in TRANSLATED:
        left = {kind: english & said(database, lang)[kind] - SAME[lang] - quoted for kind, english in written.items()}
        assert {kind: found for kind, found in left.items() if found} == {}, lang
