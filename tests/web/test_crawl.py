"""The demo as a browser walks through it: no link is dead, nothing comes from elsewhere, little is loaded."""

import json
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import lxml.html
import pytest
from rdflib.namespace import SDO
from sqlmodel import Session, select
from starlette.testclient import TestClient

from portal import addresses, db
from portal.catalogue import properties
from portal.catalogue.properties import Property
from portal.db import Database
from portal.demo import homes, running, seeding
from portal.language import locales
from portal.settings import Settings
from portal.web.app import create
from portal.web.routes import ROUTES
from tests.web.test_structured import terms

ORIGIN = "http://testserver"
EACH = 2  # pages of each kind in each language: more of one kind show nothing new
KB = 1000
FIRST_VIEW, STYLESHEET, SCRIPT = 61 * KB, 14 * KB, 6 * KB  # compressed
COMPRESSED = {"accept-encoding": "br"}
LOADING = ".//link[not(@rel='canonical' or @rel='alternate')]/@href | .//script/@src | .//img/@src | .//use/@href"
INLINE = (
    ".//style | .//*[@style] | .//*[@*[starts-with(name(), 'on')]] | .//script[not(@src or contains(@type, '+json'))]"
)


@dataclass
class Seen:
    """What a walk found: the pages, by address, and where each address was first linked."""

    pages: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, int] = field(default_factory=dict)
    linked: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module")
def demo(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a demo of a few homes, with one of their plates drawn."""
    folder = tmp_path_factory.mktemp("walked")
    made = running.settings(folder, None).model_copy(
        update={"database_url": f"sqlite:///{folder / 'portal.sqlite'}", "origin": ORIGIN}
    )
    made.data_directory.mkdir()
    (folder / "portal.sqlite").write_bytes(migrated_sqlite.read_bytes())
    database = Database(made.database)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(homes, "NUMBER", 120)
        seeding.seed(database, db.utcnow())
        seeding.hang_and_make(database, made.data_directory, seeding.first_plates()[:1])
    database.close()
    return made


@pytest.fixture(scope="module")
def gone(demo: Settings) -> str:
    """The address of a home that was blocked."""

    def block(session: Session) -> str:
        home = session.exec(select(Property).where(Property.offer == "sale")).first()
        assert home is not None
        properties.block(session, home, "tests", "the owner objects", db.utcnow())
        return addresses.property_page("en", home.public_id, "x")

    database = Database(demo.database)
    address = database.write(block)
    database.close()
    return address


@pytest.fixture(scope="module")
def visitor(demo: Settings) -> Iterator[TestClient]:
    """A visitor of the demo, who follows no redirect by itself."""
    with TestClient(create(demo), follow_redirects=False) as client:
        yield client


@pytest.fixture(scope="module")
def seen(visitor: TestClient) -> Seen:
    """Every kind of page in every language, reached by links alone from the bare address."""
    found, waiting, kinds = Seen(), deque([("/", "")]), Counter[tuple[str, str]]()
    while waiting:
        address, linked_on = waiting.popleft()
        kind = (kind_of(address), address.split("/")[1])
        if address in found.answers or kinds[kind] >= EACH:
            continue
        kinds[kind] += 1
        answer = visitor.get(address, headers=COMPRESSED)
        found.answers[address], found.linked[address] = answer.status_code, linked_on
        assert "set-cookie" not in answer.headers
        if "location" in answer.headers:
            waiting.append((here(address, answer.headers["location"]) or "", address))
        elif answer.headers["content-type"].startswith("text/html"):
            found.pages[address] = page = lxml.html.fromstring(answer.text)
            links = page.xpath(".//a/@href | .//link/@href | .//img/@src | .//source/@srcset | .//use/@href")
            waiting += [(each, address) for link in links if (each := here(address, link.split()[0]))]
            if kind[0] == "property":  # its form leads there, when it comes back with errors
                waiting.append((f"{address}/enquire", address))
    return found


def here(address: str, link: str) -> str | None:
    """The path and query of a link on a page, where it leads to a page of the site."""
    whole = urlsplit(urljoin(ORIGIN + address, link))
    if f"{whole.scheme}://{whole.netloc}" != ORIGIN:
        return None
    return whole.path + (f"?{whole.query}" if whole.query else "")


def kind_of(address: str) -> str:
    path = urlsplit(address).path
    return next((route.name for route in ROUTES if route.path_regex.match(path)), path)


def test_every_link_leads_somewhere(seen: Seen):
    lost = {address: seen.linked[address] for address, code in seen.answers.items() if code not in (200, 301, 302)}
    assert lost == {}


def test_a_page_of_every_public_kind_is_reached_by_links_in_every_language(seen: Seen):
    kinds = {(kind_of(address), address.split("/")[1]) for address in seen.pages}
    for name in ("home", "search", "search_town", "search_area", "property", "gallery", "enquire", "report", "agencies",
                 "agency", "policy", "policy_version", "legal", "contact", "accessibility", "how_we_sort"):  # fmt: skip
        assert {lang for kind, lang in kinds if kind == name} == set(locales.SITE), name
    reached = {kind_of(address) for address in seen.answers}
    assert {"feed", "feed_town", "feed_area", "opensearch", "static", "map", "media"} <= reached


def test_what_search_engines_may_keep_says_what_it_is(seen: Seen):
    for address, page in seen.pages.items():
        if not page.xpath(".//meta[@name='robots']"):
            (canonical,) = page.xpath(".//link[@rel='canonical']/@href")
            assert canonical.startswith(ORIGIN), address
            assert page.xpath(".//meta[@name='description']/@content"), address
            assert page.xpath("count(.//h1)") == 1, address


def test_nothing_comes_from_elsewhere_and_nothing_stands_in_line(visitor: TestClient, seen: Seen, gone: str):
    home = next(address for address in seen.pages if kind_of(address) == "property")
    answers = {address: visitor.get(address) for address in ("/en/nowhere", "/es/enquiries/forged", gone)}
    answers["a form with errors"] = visitor.post(f"{home}/enquire", data={"name": ""})
    answers["a method that is not taken"] = visitor.put(home)
    assert {answer.status_code for answer in answers.values()} == {404, 410, 422, 405}
    others = {name: lxml.html.fromstring(answer.text) for name, answer in answers.items()}
    for name, page in {**seen.pages, **others}.items():
        assert [link for link in page.xpath(LOADING) if urlsplit(link).netloc] == [], name
        assert [link for link in page.xpath(".//@srcset | .//form/@action") if "//" in link] == [], name
        assert page.xpath(INLINE) == [], name
        assert len(page.xpath(".//link[@rel='stylesheet']")) == len(page.xpath(".//script[@src]")) == 1, name
        assert len(page.xpath(".//link[@rel='preload']")) == 1, name
    assert not any("set-cookie" in answer.headers for answer in answers.values())


def test_the_first_view_is_light(visitor: TestClient, seen: Seen):
    weigh = partial(size, visitor, {})
    heaviest = {}
    for address, page in seen.pages.items():
        own = {
            link.partition("#")[0]
            for link in page.xpath(".//link[@rel='stylesheet' or @rel='preload' or @rel='icon']/@href | .//use/@href"
                                   " | .//script/@src | .//img[not(@loading='lazy')]/@src")
            if not link.startswith("/media/")
        }  # fmt: skip
        heaviest[address] = weigh(address) + sum(map(weigh, own))
    assert max(heaviest.values()) <= FIRST_VIEW, sorted(heaviest.items(), key=lambda each: -each[1])[:5]
    (sheet,), (script,) = ({str(each) for page in seen.pages.values() for each in page.xpath(path)} for path in
                           (".//link[@rel='stylesheet']/@href", ".//script/@src"))  # fmt: skip
    assert weigh(sheet) <= STYLESHEET and weigh(script) <= SCRIPT


def size(visitor: TestClient, known: dict[str, int], address: str) -> int:
    """Bytes of an answer as they travel, without its head."""
    if address not in known:
        answer = visitor.get(address, headers=COMPRESSED)
        assert answer.status_code == 200, address
        known[address] = int(answer.headers["content-length"])
    return known[address]


def test_what_pages_say_to_machines_is_in_schema_orgs_words(seen: Seen):
    blocks = Counter[str]()
    for address, page in seen.pages.items():
        for block in page.xpath(".//script[@type='application/ld+json']/text()"):
            blocks[kind_of(address)] += 1
            assert [term for term in terms(json.loads(block)) if term not in SDO] == [], address
    assert set(blocks) >= {"home", "property", "agency"}
