"""The page cache: public pages as they left, given to everybody until anything they show has changed.

Keeps what a GET answered with 200 and `public`, by path and query. All of it is dropped when the edition changes: the
site version, the texts in force, the announcement that runs, or the quarter of an hour. Every public answer leaves
through here, kept or not: it gets its ETag, a coding the browser takes, or 304. Never keeps or alters what is private,
an error, or sets a cookie.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

import anyio
import anyio.to_thread
from sqlalchemy import literal, select, true
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal import addresses, db
from portal.catalogue import versions
from portal.catalogue.filters import Filters
from portal.consent import announcing, policies
from portal.consent.announcing import Announcement
from portal.db import Database
from portal.web import encodings

ROOM = 64 * 1024 * 1024  # bytes of pages a process keeps
LARGEST = 1024 * 1024  # bytes of one page; a larger one is made each time
LONGEST = 300  # bytes of a query or of what a browser says it accepts, read no further
BESIDES = 2048  # bytes a kept form of a page takes besides its body: headers, keys, the objects around them
FRESH = 0.25  # seconds the edition is taken as read; a change shows everywhere within a second
QUARTER = 900  # seconds

# The only parameters a kept page may depend on: anybody can invent others, and would fill the cache with them.
KNOWN = {field.name for field in fields(Filters)} - {"offer", "town", "area"} | {"after", "before"}
FINGERPRINT = {"v"}  # of static files
# Answered without looking at the database, and never held in memory as a whole.
PASSED = (addresses.ALIVE, addresses.READY, addresses.MEDIA.partition("{")[0])
STATIC = addresses.STATIC.partition("{")[0]
CONDITIONS = (b"if-none-match", b"if-modified-since", b"range", b"if-range")
OWN = (b"content-length", b"etag", b"last-modified", b"accept-ranges")
# One row, with or without an announcement beside it.
_EDITION = select(versions.NUMBER, policies.IN_FORCE, *announcing.RUNNING.c).select_from(
    select(literal(1)).subquery().outerjoin(announcing.RUNNING, true())
)

Key = tuple[str, bytes]


class Edition(NamedTuple):
    """What kept pages depend on, besides the quarter of an hour all that changes what they show."""

    version: int
    in_force: int
    announcement: Announcement | None
    quarter: int


class Form(NamedTuple):
    """A page in one coding, as the messages to send: its head, its body, and the head that says it has not changed."""

    etag: bytes
    head: Message
    body: Message
    unchanged: Message

    @property
    def size(self) -> int:
        """Bytes it takes in memory, not less."""
        return len(self.body["body"]) + BESIDES


class Page:
    """A public answer, in every coding asked for so far."""

    def __init__(self, start: Message, body: bytes) -> None:
        headers: list[tuple[bytes, bytes]] = [pair for pair in start["headers"] if pair[0] not in OWN]
        self.is_text = encodings.is_text(dict(headers).get(b"content-type", b"").decode("latin-1"))
        self.headers = [*headers, (b"vary", b"Accept-Encoding")] if self.is_text else headers
        self.digest = hashlib.sha256(body).hexdigest()[:24]
        self.forms: dict[str, Form] = {}
        self.add(encodings.IDENTITY, body)

    @property
    def body(self) -> bytes:
        """The page as it was made."""
        body: bytes = self.forms[encodings.IDENTITY].body["body"]
        return body

    @property
    def size(self) -> int:
        """Bytes it takes in memory, not less."""
        return sum(form.size for form in self.forms.values())

    def add(self, coding: str, body: bytes) -> Form:
        """The page in one more coding. Each has an ETag of its own, because their bytes differ (RFC 9110 §8.8.3.3)."""
        plain = coding == encodings.IDENTITY
        etag = f'"{self.digest}"' if plain else f'"{self.digest}-{coding}"'
        shared = [*self.headers, (b"etag", etag.encode())]
        encoded = [] if plain else [(b"content-encoding", coding.encode())]
        length = (b"content-length", str(len(body)).encode())
        self.forms[coding] = Form(
            etag.encode(),
            {"type": "http.response.start", "status": 200, "headers": [*shared, *encoded, length]},
            {"type": "http.response.body", "body": body},
            {"type": "http.response.start", "status": 304, "headers": shared},
        )
        return self.forms[coding]


class Shelf:
    """Pages by key, the least recently asked for dropped when they take more than `room` bytes together."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken = 0
        self._pages: OrderedDict[Key, tuple[Page, int]] = OrderedDict()

    def find(self, key: Key) -> Page | None:
        """The page kept under this key."""
        found = self._pages.get(key)
        if found is None:
            return None
        self._pages.move_to_end(key)
        return found[0]

    def keep(self, key: Key, page: Page) -> None:
        """Keep a page, or weigh again one that was kept and has another form now."""
        self.taken += page.size - self._pages.pop(key, (page, 0))[1]
        self._pages[key] = (page, page.size)
        while self.taken > self.room:
            _, (_, size) = self._pages.popitem(last=False)
            self.taken -= size

    def clear(self) -> None:
        """Drop every page."""
        self._pages.clear()
        self.taken = 0


@dataclass
class _Taken:
    """The sending end of an answer that may be kept: a public one is held back, everything else goes on at once."""

    send: Send
    start: Message | None = None
    body: bytes = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_public(message):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")


class PageCache:
    """Answers from memory what it can, and everything public in the form a browser asks for."""

    def __init__(self, app: ASGIApp, room: int = ROOM) -> None:
        self.app = app
        self.shelf = Shelf(room)
        self._edition: Edition | None = None
        self._fresh_until = 0.0
        self._away_until = 0.0
        self._reading = anyio.Lock()
        self._coming: dict[Key, anyio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(PASSED):
            await self.app(scope, receive, send)
            return
        # Of what is never kept, too, the edition is read: its pages show the announcement that runs.
        is_read = time.monotonic() < self._fresh_until or await self._is_read(scope)
        if scope["method"] not in ("GET", "HEAD"):
            await self.app(scope, receive, send)
            return
        key = _key(scope["path"], scope["query_string"]) if is_read else None
        page = await self._page(key, scope, receive, send)
        if page is not None:
            await self._answer(page, key, scope, send)

    async def _page(self, key: Key | None, scope: Scope, receive: Receive, send: Send) -> Page | None:
        """The page, kept or made now; None where what was made is not public and is sent already."""
        if key is None:
            return await _made(self.app, scope, scope["query_string"], receive, send)
        page = self.shelf.find(key)
        if page is None and key in self._coming:  # many ask for it at once: one makes it, the others wait
            await self._coming[key].wait()
            page = self.shelf.find(key)
        if page is not None:
            return page
        edition, self._coming[key] = self._edition, (made := anyio.Event())
        try:
            page = await _made(self.app, scope, key[1], receive, send)
            if page is not None and edition == self._edition and page.size <= LARGEST:
                self.shelf.keep(key, page)
            return page
        finally:
            self._coming.pop(key, None)
            made.set()

    async def _answer(self, page: Page, key: Key | None, scope: Scope, send: Send) -> None:
        accepted, known = b"", b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                known = value
        coding = encodings.chosen(accepted[:LONGEST]) if page.is_text and accepted else encodings.IDENTITY
        form = page.forms.get(coding) or await self._encoded(page, coding, key)
        if known and (form.etag in known or known == b"*"):
            await send(form.unchanged)
            await send(_NOTHING)
        else:
            await send(form.head)
            await send(form.body if scope["method"] == "GET" else _NOTHING)

    async def _encoded(self, page: Page, coding: str, key: Key | None) -> Form:
        form = page.add(coding, await anyio.to_thread.run_sync(encodings.CODINGS[coding], page.body))
        if key is not None and self.shelf.find(key) is page:
            self.shelf.keep(key, page)
        return form

    async def _is_read(self, scope: Scope) -> bool:
        """Whether the edition is known; a new one drops every page. False where the database is away."""
        database = scope["state"]["site"].database
        async with self._reading:
            begun = time.monotonic()
            if begun < self._fresh_until:  # somebody else read it meanwhile
                return True
            if begun < self._away_until:  # or tried to: requests do not queue for a database that is away
                return False
            try:
                # Not among the threads that make pages: what is kept must not wait for what is being made.
                edition = await anyio.to_thread.run_sync(_edition, database)
            except SQLAlchemyError:
                self._away_until = time.monotonic() + FRESH
                return False
            if edition != self._edition:
                self.shelf.clear()
            self._edition, self._fresh_until = edition, begun + FRESH
            scope["state"]["site"].board.announcement = edition.announcement
        return True


_NOTHING: Message = {"type": "http.response.body", "body": b""}


async def _made(app: ASGIApp, scope: Scope, query: bytes, receive: Receive, send: Send) -> Page | None:
    # Made whole whatever the browser has already, and with the query in the order every other browser would get.
    headers = [pair for pair in scope["headers"] if pair[0] not in CONDITIONS]
    asked: Mapping[str, Any] = {"method": "GET", "query_string": query, "headers": headers, "extensions": {}}
    taken = _Taken(send)
    await app({**scope, **asked}, receive, taken)
    return None if taken.start is None else Page(taken.start, taken.body)


def _is_public(start: Message) -> bool:
    headers = dict(start["headers"])
    return start["status"] == 200 and b"public" in headers.get(b"cache-control", b"") and b"set-cookie" not in headers


def _key(path: str, query: bytes) -> Key | None:
    """Under what a page is kept; None where it is not."""
    if query:
        ordered = _ordered(query, path.startswith(STATIC)) if len(query) <= LONGEST else None
        return None if ordered is None else (path, ordered)
    return path, query


@lru_cache(maxsize=1024)
def _ordered(query: bytes, static: bool) -> bytes | None:
    """The parameters of an address in one order; None where one of them is not known."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    if {name for name, _ in pairs} - (FINGERPRINT if static else KNOWN):
        return None
    return urlencode(sorted(pairs, key=lambda pair: pair[0])).encode()


def _edition(database: Database) -> Edition:
    now = db.utcnow()
    with database.read() as session:
        number, in_force, *announced = session.execute(_EDITION, {"now": now}).one()
    announcement = Announcement(*announced) if announced[0] else None
    return Edition(number, in_force, announcement, int(now.timestamp()) // QUARTER)
