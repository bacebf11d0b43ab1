"""The page cache: the same page from memory, right after every change, in the coding asked for, within its bounds."""

import gzip
import re
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

import anyio
import pytest
import zstandard
from anyio import CapacityLimiter, sleep_forever
from sqlmodel import select
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from portal.catalogue import versions
from portal.catalogue.agencies import Agency
from portal.db import Database
from portal.settings import ROOT
from portal.signing import Signer
from portal.web.app import create
from portal.web.cache import KNOWN, PageCache
from portal.web.site import Site
from tests import cast
from tests.running import eventually
from tests.web.conftest import cache_of, publish, statements, uncached


@pytest.fixture(autouse=True)
def _one_quarter(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing here is about the quarter of an hour, and one that ends in the middle of a test drops what is kept.
    monkeypatch.setattr("portal.web.cache.QUARTER", 10**12)


@pytest.fixture
def kept(database: Database, settings) -> Iterator[TestClient]:
    """A visitor of the whole site, its cache in front."""
    database.write(publish)
    settings.data_directory.mkdir()
    with TestClient(create(settings), follow_redirects=False, raise_server_exceptions=False) as visitor:
        yield visitor


def made(seen: list[str]) -> bool:
    """Whether a page was made: it takes more than the one statement that asks for the version."""
    return any("site_version" not in statement for statement in seen)


@contextmanager
def none_made() -> Iterator[None]:
    with statements() as seen:
        yield
    assert not made(seen), seen


def villa(visitor: TestClient) -> str:
    return visitor.get("/en/buy?place=MB-1042").headers["location"]


def read(answer) -> bytes:
    """The page in an answer. The client opens what is in Brotli or gzip by itself, Zstandard only in newer Pythons."""
    is_open = answer.headers.get("content-encoding") != "zstd" or answer.content.startswith(b"<!doctype")
    return answer.content if is_open else zstandard.decompress(answer.content)


# What is kept


def test_a_page_is_made_once_and_is_the_same_as_without_a_cache(kept, settings):
    with TestClient(uncached(settings), follow_redirects=False) as past:
        for address in (
            "/en/",
            "/en/buy",
            villa(kept),
            f"{villa(kept)}/enquire",
            "/es/legal",
            "/en/policies/data-policy",
        ):
            first = kept.get(address)
            with none_made():
                again = kept.get(address)
            assert (again.status_code, again.content) == (200, first.content)
            assert again.headers == first.headers
            assert again.content == past.get(address).content


def test_parameters_in_any_order_are_one_page(kept):
    one = kept.get("/en/buy?bedrooms=2&type=villa")
    with none_made():
        assert kept.get("/en/buy?type=villa&bedrooms=2").content == one.content


@pytest.mark.parametrize("query", ["utm_source=mail", "type=villa&x=1", "place=nowhere", "v=1", "x" * 400])
def test_an_address_with_other_parameters_is_served_but_not_kept(kept, query):
    assert kept.get(f"/en/buy?{query}").status_code == 200
    assert kept.get(f"/en/buy?{query}", headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"
    assert cache_of(kept.app).shelf.taken == 0


def test_every_parameter_of_a_search_is_known():
    asked = re.findall(r'query\.get\("(\w+)"', (ROOT / "portal" / "web" / "search.py").read_text(encoding="utf-8"))
    assert asked and set(asked) - {"place", "deal"} <= KNOWN


@pytest.mark.parametrize("address", ["/en/nothing", "/", "/up", "/ready", "/en/enquiries/x", "/en/p/2222222222-villa"])
def test_what_is_no_public_page_is_not_kept(kept, address):
    kept.get(address)
    assert cache_of(kept.app).shelf.taken == 0


def test_a_form_with_errors_is_not_kept(kept):
    address = f"{villa(kept)}/enquire"
    assert kept.post(address, data={"name": "Jane Smith"}).status_code == 422
    assert "Jane Smith" not in kept.get(address).text


def test_a_page_gone_is_made_each_time(kept, database):
    address = villa(kept)
    database.write(lambda session: setattr(session.exec(select(cast.Property)).first(), "state", "withdrawn"))
    answers = [kept.get(address) for _ in range(2)]
    assert {(answer.status_code, answer.headers["cache-control"]) for answer in answers} == {(410, "no-store")}


def test_files_of_the_site_are_kept_too_and_get_smaller(kept):
    plain, small = (kept.get("/static/site.css", headers={"accept-encoding": coding}) for coding in ("identity", "br"))
    assert small.content == plain.content and int(small.headers["content-length"]) < len(plain.content) / 3
    font = kept.get("/static/fonts/figtree.woff2", headers={"accept-encoding": "br"})
    assert "content-encoding" not in font.headers and "vary" not in font.headers


# What a browser is given


def test_a_browser_that_has_the_page_is_told_so(kept):
    page = kept.get("/en/buy", headers={"accept-encoding": "identity"})
    tag = page.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{24}"', tag)
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = kept.get("/en/buy", headers={"accept-encoding": "identity", "if-none-match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert answer.headers["cache-control"] == page.headers["cache-control"]
        assert answer.headers["content-security-policy"] == page.headers["content-security-policy"]
        assert answer.headers["vary"] == "Accept-Encoding"
    for other in ('"other"', tag[:-2] + '"', ""):
        assert kept.get("/en/buy", headers={"accept-encoding": "identity", "if-none-match": other}).status_code == 200


def test_a_browser_that_has_the_page_is_told_so_even_where_it_is_not_kept(kept):
    tag = kept.get("/en/buy?utm_source=mail").headers["etag"]
    assert kept.get("/en/buy?utm_source=mail", headers={"if-none-match": tag}).status_code == 304


def test_each_coding_has_its_own_bytes_and_its_own_tag(kept):
    plain = kept.get("/en/buy", headers={"accept-encoding": "identity"})
    tags = {plain.headers["etag"]}
    for coding in ("gzip", "br", "zstd"):
        answer = kept.get("/en/buy", headers={"accept-encoding": coding})
        assert answer.headers["content-encoding"] == coding and answer.headers["vary"] == "Accept-Encoding"
        assert read(answer) == plain.content
        assert int(answer.headers["content-length"]) < len(plain.content) / 3
        tags.add(answer.headers["etag"])
    assert len(tags) == 4


@pytest.mark.parametrize("coding", ["br;q=0", "identity", "*;q=0", "deflate"])
def test_a_browser_that_takes_no_coding_of_ours_gets_the_page_as_it_is(kept, coding):
    answer = kept.get("/en/buy", headers={"accept-encoding": coding})
    assert "content-encoding" not in answer.headers and answer.content.startswith(b"<!doctype html>")


def test_head_is_get_without_the_body_and_neither_spoils_the_other(kept):
    head = kept.head("/en/buy", headers={"accept-encoding": "br"})
    page = kept.get("/en/buy", headers={"accept-encoding": "br"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers == page.headers and page.text


def test_a_page_is_kept_whole_whatever_the_first_to_ask_had_already(kept, settings):
    tag = kept.get("/en/buy").headers["etag"]
    with TestClient(create(settings)) as another:
        assert another.get("/en/buy", headers={"if-none-match": tag, "range": "bytes=0-9"}).status_code == 304
        assert another.get("/en/buy").text == kept.get("/en/buy").text


# When it is dropped


def test_a_change_shows_and_what_did_not_change_keeps_its_tag(kept, database):
    before, legal = kept.get(villa(kept)), kept.get("/en/legal").headers["etag"]

    def rename(session) -> None:
        session.exec(select(Agency)).first().name = "Casas del Norte"
        versions.raise_version(session)

    database.write(rename)
    address = villa(kept)
    eventually(lambda: "Casas del Norte" in kept.get(address).text)
    assert "Casas del Norte" not in before.text
    assert kept.get("/en/legal").headers["etag"] == legal


def test_the_version_is_read_from_time_to_time_and_not_for_every_page(kept):
    kept.get("/en/buy")
    with statements() as seen:
        for _ in range(50):
            kept.get("/en/buy")
    assert len(seen) < 50 and not made(seen)


# Its bounds


def site_of(cache: Callable[[Starlette], PageCache], pages: Callable, database: Database, settings) -> TestClient:
    @asynccontextmanager
    async def lifespan(app):
        yield {"site": Site(settings, database, Signer("k" * 40), CapacityLimiter(1))}

    return TestClient(cache(Starlette(routes=[Route("/{path:path}", pages)], lifespan=lifespan)))


def public(body: bytes) -> Response:
    return Response(body, headers={"Cache-Control": "public"}, media_type="text/html")


def test_ten_thousand_addresses_take_no_more_memory_than_they_may(database, settings):
    room, size = 4 * 1024 * 1024, 10_000
    state = {"site": Site(settings, database, Signer("k" * 40), CapacityLimiter(1))}

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await public(scope["query_string"] + b"." * size)(scope, receive, send)

    async def read(message: Message) -> None:
        read_last.update(message)

    async def ask(number: int) -> None:
        query, headers = b"bedrooms=%d" % number, [(b"accept-encoding", b"gzip")]
        about = {"type": "http", "method": "GET", "path": "/en/buy", "query_string": query, "headers": headers}
        await cache({**about, "state": state}, sleep_forever, read)
        assert gzip.decompress(read_last["body"]).startswith(query)
        assert cache.shelf.taken <= room

    async def run() -> int:
        for number in range(2_000):  # what is needed whatever the number of pages is there by now
            await ask(number)
        cache.shelf.clear()
        tracemalloc.start()
        for number in range(10_000):
            await ask(number)
        return tracemalloc.get_traced_memory()[0]

    cache, read_last = PageCache(page, room), {}
    try:
        grown = anyio.run(run)
    finally:
        tracemalloc.stop()
    assert room * 0.9 < cache.shelf.taken <= room
    assert grown < room * 1.1


def test_what_is_asked_for_again_outlives_what_is_not(database, settings):
    seen: list[str] = []

    async def pages(request) -> Response:
        seen.append(request.url.path)
        return public(b"." * 10_000)

    with site_of(lambda app: PageCache(app, 50_000), pages, database, settings) as visitor:
        for number in range(20):
            visitor.get("/often")
            visitor.get(f"/{number}")
    assert seen.count("/often") == 1


def test_a_page_larger_than_most_is_served_and_not_kept(database, settings):
    async def pages(request) -> Response:
        return public(b"." * 2_000_000)

    with site_of(PageCache, pages, database, settings) as visitor:
        assert len(visitor.get("/").content) == 2_000_000
        assert visitor.app.shelf.taken == 0


@pytest.mark.parametrize(
    "headers", [{"Cache-Control": "no-store"}, {"Cache-Control": "public", "Set-Cookie": "a=b"}, {}]
)
def test_an_answer_that_is_not_public_passes_untouched(database, settings, headers):
    async def pages(request) -> Response:
        return Response("x" * 5000, headers=headers, media_type="text/html")

    with site_of(PageCache, pages, database, settings) as visitor:
        answer = visitor.get("/", headers={"accept-encoding": "br"})
        assert answer.text == "x" * 5000 and "content-encoding" not in answer.headers and "etag" not in answer.headers
        assert visitor.app.shelf.taken == 0


def test_many_who_ask_at_once_get_the_page_that_one_of_them_had_made(kept):
    together = threading.Barrier(12)

    def ask(number: int) -> bytes:
        together.wait()
        return read(kept.get("/en/buy", headers={"accept-encoding": ("br", "gzip", "zstd")[number % 3]}))

    with statements() as seen, ThreadPoolExecutor(12) as pool:
        pages = list(pool.map(ask, range(12)))
    assert len(set(pages)) == 1
    making = [statement for statement in seen if "site_version" not in statement]
    assert making and len(set(making)) == len(making)


def test_where_the_database_is_away_the_process_still_says_that_it_lives(kept, database):
    database.write(lambda session: session.connection().exec_driver_sql("ALTER TABLE site_version RENAME TO away"))
    assert kept.get("/up").status_code == 200
    assert kept.get("/en/legal").status_code == 200, "a page that can be made is made, and not kept"
