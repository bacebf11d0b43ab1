"""Collecting: brings the pictures of published homes in from where their agencies keep them.

Owns the table `photo_fetch`: the addresses that were tried and did not give a picture yet. Pictures are fetched by the
guarded fetcher alone, a few servers at once, one picture at a time from each and with a pause between. It must never
decode a picture, and never ask a server again and again that does not answer.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Integer, String, delete, exists, or_, update
from sqlmodel import Session, SQLModel, col, select

from portal import db, fetching
from portal.catalogue import photos, versions
from portal.catalogue.properties import VISIBLE, Property, PropertyPhoto
from portal.db import Database, UTCDateTime, affected, column, insert_ignore, one_at_a_time, table_of
from portal.fetching import FetchFailed, FetchRefused, Limits
from portal.observing import log

BATCH = 100  # addresses of one round; those of one server stand in one line
TOGETHER = 10  # pictures of one server between two writes
SERVERS = 4  # asked at the same time
PAUSE_SECONDS = 0.25  # between two pictures of one server
PATIENCE = 2  # failures one after the other; then a server is left alone for this round
LIMITS = Limits(most_bytes=photos.MOST_BYTES, seconds=30.0)
CLAIMED = timedelta(minutes=10)  # longer than `TOGETHER` pictures can take
# An agency's server may be away over a long weekend, and a listing may name its pictures before they are there.
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=5), timedelta(days=1)
MOST_TRIES = 10  # six days in all


class PhotoFetch(SQLModel, table=True):
    """An address that was tried: how often, when it is due again (never where it was refused for good), and why."""

    __tablename__ = "photo_fetch"
    source_url: str = column(String(2000), primary_key=True, personal=None)
    tries: int = column(Integer, personal=None)
    due_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    reason: str = column(String(300), personal=None, default="")


@dataclass(frozen=True)
class Outcome:
    """What one address gave: the content hash of a picture, or why it gave none. `again`: it may do so later."""

    address: str
    media: str | None = None
    reason: str = ""
    again: bool = True


def due(session: Session, now: datetime, limit: int = BATCH) -> list[str]:
    """The addresses to be fetched next: those of visible homes, first pictures before the others."""
    statement = (
        select(PropertyPhoto.source_url)
        .join(Property, col(Property.id) == PropertyPhoto.property_id)
        .outerjoin(PhotoFetch, col(PhotoFetch.source_url) == PropertyPhoto.source_url)
        .where(
            col(PropertyPhoto.media).is_(None),
            col(Property.state).in_(VISIBLE),
            or_(col(PhotoFetch.source_url).is_(None), col(PhotoFetch.due_at) <= now),
        )
        .order_by(col(PropertyPhoto.position), col(Property.id).desc())
        .limit(limit)
    )
    return list(dict.fromkeys(session.exec(statement)))


async def collect(
    database: Database, data_directory: Path, allow: Collection[str], stop: asyncio.Event, factor: float = 1.0
) -> int:
    """One round: fetch what is due and put it into the photo store; how many addresses were tried.

    `allow` is the fetcher's; `factor` shortens pauses and waits in rehearsals. Two workers share a round's addresses.
    Told to stop it ends at once; what it had claimed comes back by itself.
    """
    collector = _Collector(database, data_directory, tuple(allow), factor)
    addresses = await asyncio.to_thread(_due, database)
    servers: dict[str, list[str]] = {}
    for address in addresses:
        servers.setdefault(urlsplit(address).netloc, []).append(address)
    asking, told = asyncio.create_task(collector.all_servers(servers.values())), asyncio.create_task(stop.wait())
    await asyncio.wait({asking, told}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if not asking.done():
        asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    return len(addresses)


def forget(session: Session, now: datetime) -> int:
    """Forget the addresses that no home lacks a picture of any more; how many. Part of the worker's purge."""
    lacking = exists().where(
        col(PropertyPhoto.source_url) == PhotoFetch.source_url, col(PropertyPhoto.media).is_(None)
    )  # fmt: skip
    return affected(session, delete(PhotoFetch).where(~lacking))


def claim(session: Session, addresses: Sequence[str], now: datetime) -> list[str]:
    """Those of the addresses that are ours for ten minutes. The try is counted now: a picture that ends the worker
    must not do so for ever."""
    # Two workers take the same rows in the same order, whatever order they want them in: neither waits for the other.
    ours = {address for address in sorted(addresses) if _claimed(session, address, now)}
    return [address for address in addresses if address in ours]


def settle(session: Session, outcomes: Sequence[Outcome], now: datetime, factor: float = 1.0) -> None:
    """Name the pictures wherever a home shows them, and write down when the other addresses are due again."""
    one_at_a_time(session, "property_photo")  # an import that is replacing these rows would lose what is named here
    for outcome in outcomes:
        if outcome.media is None:
            _put_off(session, outcome, now, factor)
        else:
            of_address = col(PropertyPhoto.source_url) == outcome.address, col(PropertyPhoto.media).is_(None)
            session.execute(update(PropertyPhoto).where(*of_address).values(media=outcome.media))
            session.execute(delete(PhotoFetch).where(col(PhotoFetch.source_url) == outcome.address))
    if any(outcome.media for outcome in outcomes):
        versions.raise_version(session)


class _Collector:
    """One round: what all its servers share."""

    def __init__(self, database: Database, folder: Path, allow: Collection[str], factor: float) -> None:
        self.database = database
        self.folder = folder
        self.allow = allow
        self.factor = factor
        self.slots = asyncio.Semaphore(SERVERS)

    async def all_servers(self, lines: Iterable[Sequence[str]]) -> None:
        """Fetch the pictures of all servers. Where one line fails, the others end with it."""
        async with asyncio.TaskGroup() as tasks:
            for line in lines:
                tasks.create_task(self.one_server(line))

    async def one_server(self, addresses: Sequence[str]) -> None:
        """Fetch the pictures of one server, one after the other, until they are through or it does not answer."""
        failures = 0
        async with self.slots:
            for some in _parts(addresses):
                outcomes = []
                for address in await self._write(partial(claim, addresses=some)):
                    outcome = await self._fetched(address, failures)
                    failures = 0 if outcome.media or not outcome.again else failures + 1
                    outcomes.append(outcome)
                await self._write(partial(settle, outcomes=outcomes, factor=self.factor))
                lost = sum(outcome.media is None for outcome in outcomes)
                if lost:
                    log.warning("pictures not fetched, the table photo_fetch says why", count=lost)

    async def _fetched(self, address: str, failures: int) -> Outcome:
        if failures >= PATIENCE:
            return Outcome(address, reason="not tried, its server gave nothing before")
        await asyncio.sleep(PAUSE_SECONDS * self.factor)
        into = BytesIO()
        try:
            await fetching.fetch(address, into, self.allow, LIMITS)
        except FetchRefused as refused:
            return Outcome(address, reason=str(refused), again=False)
        except FetchFailed as failed:
            return Outcome(address, reason=str(failed))
        media = await asyncio.to_thread(photos.receive, self.database, self.folder, into.getvalue(), db.utcnow())
        return Outcome(address, media)

    async def _write(self, job: "partial[list[str]] | partial[None]") -> list[str]:
        return await asyncio.to_thread(self.database.write, lambda session: job(session, now=db.utcnow())) or []


def _due(database: Database) -> list[str]:
    with database.read() as session:
        return due(session, db.utcnow())


def _claimed(session: Session, address: str, now: datetime) -> bool:
    until = now + CLAIMED
    if insert_ignore(session, table_of(PhotoFetch), {"source_url": address, "tries": 1, "due_at": until, "reason": ""}):
        return True
    of_address = col(PhotoFetch.source_url) == address, col(PhotoFetch.due_at) <= now
    again = {"due_at": until, "tries": col(PhotoFetch.tries) + 1}
    return affected(session, update(PhotoFetch).where(*of_address).values(again)) == 1


def _put_off(session: Session, outcome: Outcome, now: datetime, factor: float) -> None:
    tried = session.get(PhotoFetch, outcome.address)
    if tried is None:  # no home shows it any more, and it was forgotten meanwhile
        return
    wait = min(FIRST_WAIT * 4 ** (tried.tries - 1), LONGEST_WAIT) * factor
    tried.due_at = now + wait if outcome.again and tried.tries < MOST_TRIES else None
    tried.reason = outcome.reason[:300]


def _parts(addresses: Sequence[str]) -> Iterable[Sequence[str]]:
    return (addresses[start : start + TOGETHER] for start in range(0, len(addresses), TOGETHER))
