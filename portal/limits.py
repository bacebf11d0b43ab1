"""Limits: how many posts came from a network, with an address or some words, about a property or to an agency.

Owns `daily_key` and `rate_counter`. Counts stand in fixed windows, the hours and days of UTC, in the one database of
all processes. A subject is never stored: its counter is found by an HMAC under the random key of the day. So nobody can
tell that the counters of two windows are of one subject, and nobody without the key can guess whose one is.

Counts only raise an enquiry's score. Two ceilings refuse, far above what an office, a carrier's shared address or a
good day of the whole site ever reach; a refused post writes nothing. Whoever fills the end of one window and the start
of the next gets through with twice the number: accepted, because the windows are short and days turn over at night.

It must never keep a subject, nor a key for longer than `KEPT` after its day.
"""

import hmac
import math
import re
import secrets
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Literal, NamedTuple

from sqlalchemy import CheckConstraint, Date, Index, Integer, LargeBinary, String, case, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel, col

from portal.db import UTCDateTime, affected, column, insert_ignore, table_of
from portal.settings import Settings

What = Literal["network", "address", "property", "agency", "words"]
Per = Literal["hour", "day"]
Subject = tuple[What, str, Per]

# A day, so that ops see in the morning what came in the night. No count is read for a score after its window.
KEPT = timedelta(days=1)
LENGTHS: Mapping[Per, timedelta] = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
FEWEST_LETTERS = 40  # "Is it still available?" is what everybody asks, in six languages, and no sign of anything
BATCH = 5_000
# Every post counts for one agency, so that what the agencies got is what the site got, without one row all wait for.
_EVERY_POST = ("agency", "hour")
_NAT64 = IPv6Network("64:ff9b::/96")
# Such an address is our own proxy's or machine's, not a visitor's: all visitors together must not share its counter.
_INSIDE = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/8", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip


class TooMany(Exception):
    """A ceiling is reached: nothing was written, and nothing will be taken for so many seconds (RFC 9110, §10.2.3)."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"a ceiling is reached for {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class DailyKey(SQLModel, table=True):
    """The random key of one day of UTC. Once it is deleted nobody can tell whom that day's counters counted."""

    __tablename__ = "daily_key"
    day: date = column(Date, primary_key=True, personal=None)
    key: bytes = column(LargeBinary, personal="limit")


class RateCounter(SQLModel, table=True):
    """How many posts of one subject came in one window."""

    __tablename__ = "rate_counter"
    __table_args__ = (
        CheckConstraint("per IN ('hour', 'day')", name="per"),
        Index("ix_rate_counter_window", "what", "per", "since"),
    )
    key: str = column(String(64), primary_key=True, personal="limit")
    what: str = column(String(20), personal=None)
    per: str = column(String(4), personal=None)
    since: datetime = column(UTCDateTime, personal=None)
    count: int = column(Integer, personal=None)
    expires_at: datetime = column(UTCDateTime, index=True, personal=None)


class Tally(NamedTuple):
    """The counters of one kind: how many subjects now and the highest, then what is kept of the windows of a day."""

    what: str
    per: str
    ceiling: int | None
    subjects_now: int
    highest_now: int
    highest_kept: int
    stopped_kept: int  # how often a subject stood at its ceiling until the window's end


def _counting(insert: Callable[..., Any]) -> Any:
    table = table_of(RateCounter)
    return (
        insert(table)
        .on_conflict_do_update(index_elements=[table.c.key], set_={"count": table.c["count"] + 1})
        .returning(table.c.key, table.c["count"])
    )


_COUNT = {"sqlite": _counting(sqlite.insert), "postgresql": _counting(postgresql.insert)}


def network(address: str) -> str:
    """The network a public address stands for: the /32 of IPv4, also inside IPv6, and the /64 of IPv6.

    Empty for what is no address, and for those inside a network, which say nothing of a visitor. Never raises.
    """
    try:
        found = ip_address(re.split("[%/]", address, maxsplit=1)[0].strip())
    except ValueError:
        return ""
    if isinstance(found, IPv6Address):
        found = _inner(found) or found
    if any(found in inside for inside in _INSIDE):
        return ""
    return str(ip_network((int(found), 32) if found.version == 4 else (int(found) >> 64 << 64, 64)))


def ceilings(settings: Settings) -> dict[tuple[str, str], int]:
    """What is refused, posts a window. There is none on agencies, properties, addresses or words, on purpose: whoever
    wanted to silence one would only have to fill it."""
    return {("network", "hour"): settings.ceiling_network_hour, ("site", "hour"): settings.ceiling_hour}


def check(session: Session, now: datetime, address: str, settings: Settings) -> None:
    """Raise `TooMany` where the network of this address, or the whole site, has reached its ceiling. Writes nothing.

    Posts under way at the same moment do not see each other, so that a ceiling may be passed by as many.
    """
    most = ceilings(settings)
    (from_network,) = seen_all(session, now, [("network", address, "hour")])
    if from_network >= most["network", "hour"] or _taken_by_all(session, now) >= most["site", "hour"]:
        left = _since(now, "hour") + LENGTHS["hour"] - now
        raise TooMany(max(1, math.ceil(left.total_seconds())))


def count_all(session: Session, now: datetime, subjects: Sequence[Subject]) -> list[int]:
    """Count one more of each subject, in one statement; how many each has now in its window, in the order given.

    Call it last in a transaction: it locks the counters, and others who count the same agency wait for the commit.
    They are locked in the order of their keys and nothing is locked after them, so that no two transactions can wait
    for each other. What names nobody (no network, words that are few) has 0; what is named twice is counted once.
    """
    digests = _digests(_key_of(session, now) or _new_key(session, now), now, subjects)
    rows = {
        digest: _row(digest, what, per, now)
        for digest, (what, _, per) in zip(digests, subjects, strict=True)
        if digest is not None
    }
    if not rows:
        return [0] * len(subjects)
    in_order = [rows[digest] for digest in sorted(rows)]
    counted = dict(session.execute(_COUNT[session.get_bind().dialect.name], in_order).all())
    return [counted.get(digest, 0) for digest in digests]


def seen_all(session: Session, now: datetime, subjects: Sequence[Subject]) -> list[int]:
    """How many of each subject were counted in its window, in the order given. Writes nothing and waits for nobody."""
    key = _key_of(session, now)
    if key is None:
        return [0] * len(subjects)
    digests = _digests(key, now, subjects)
    wanted = [digest for digest in digests if digest is not None]
    found = select(col(RateCounter.key), col(RateCounter.count)).where(col(RateCounter.key).in_(wanted))
    counted = dict(session.execute(found).all())
    return [counted.get(digest, 0) if digest else 0 for digest in digests]


def purge(session: Session, now: datetime) -> int:
    """Delete the keys and counters that have had their time; how many counters.

    A batch at a time, so that no enquiry waits: after a storm counters go later, but without their key they stand for
    nobody. Workers that purge at once skip each other's rows.
    """
    ended = _since(now - KEPT, "day").date()
    session.execute(delete(DailyKey).where(col(DailyKey.day) < ended))
    expired = (
        select(col(RateCounter.key))
        .where(col(RateCounter.expires_at) <= now)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("expired")
        # PostgreSQL may run a plain subselect more than once, and then deletes more than a batch.
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    return affected(session, delete(RateCounter).where(col(RateCounter.key).in_(select(expired.c.key))))


def tallies(session: Session, now: datetime, settings: Settings) -> list[Tally]:
    """What is counted and what was stopped, by kind and period; never whom."""
    most = ceilings(settings)
    windows = _windows(session, most)
    kinds = sorted({*most, *((window.what, window.per) for window in windows)})
    return [_tally(kind, [each for each in windows if (each.what, each.per) == kind], now, most) for kind in kinds]


class _Window(NamedTuple):
    what: str
    per: str
    since: datetime
    subjects: int
    highest: int
    stopped: int


def _windows(session: Session, most: Mapping[tuple[str, str], int]) -> list[_Window]:
    what, per, since = col(RateCounter.what), col(RateCounter.per), col(RateCounter.since)
    posts = col(RateCounter.count)
    at_ceiling = func.sum(case((posts >= most["network", "hour"], 1), else_=0))
    rows = session.execute(
        select(what, per, since, func.count(), func.max(posts), at_ceiling, func.sum(posts)).group_by(what, per, since)
    ).all()
    windows = [_Window(row[0], row[1], row[2], row[3], row[4], row[5] if row[:2] in most else 0) for row in rows]
    totals = [(row[2], row[6]) for row in rows if row[:2] == _EVERY_POST]
    site = [_Window("site", "hour", start, 1, total, int(total >= most["site", "hour"])) for start, total in totals]
    return windows + site


def _tally(kind: tuple[str, str], windows: list[_Window], now: datetime, most: Mapping[tuple[str, str], int]) -> Tally:
    present = [window for window in windows if window.since == _since(now, kind[1])]
    return Tally(
        *kind,
        ceiling=most.get(kind),
        subjects_now=sum(window.subjects for window in present),
        highest_now=max((window.highest for window in present), default=0),
        highest_kept=max((window.highest for window in windows), default=0),
        stopped_kept=sum(window.stopped for window in windows),
    )


def _taken_by_all(session: Session, now: datetime) -> int:
    what, per = _EVERY_POST
    window = (col(RateCounter.what) == what, col(RateCounter.per) == per, col(RateCounter.since) == _since(now, "hour"))
    return session.scalar(select(func.sum(col(RateCounter.count))).where(*window)) or 0


def _inner(address: IPv6Address) -> IPv4Address | None:
    # IPv4 as dual-stack sockets and translators write it (RFC 4291, §2.5.5.2; RFC 6052, §2.1)
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped


def _since(now: datetime, per: str) -> datetime:
    hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return hour if per == "hour" else hour.replace(hour=0)


def _row(digest: str, what: What, per: Per, now: datetime) -> dict[str, Any]:
    since = _since(now, per)
    expires = since + LENGTHS[per] + KEPT
    return {"key": digest, "what": what, "per": per, "since": since, "count": 1, "expires_at": expires}


def _digests(key: bytes, now: datetime, subjects: Sequence[Subject]) -> list[str | None]:
    return [_digest(key, what, _folded(what, subject), per, _since(now, per)) for what, subject, per in subjects]


def _digest(key: bytes, what: What, folded: str, per: Per, since: datetime) -> str | None:
    # The subject stands last and alone can hold the mark between the parts, so that no two messages are the same.
    message = "\0".join((what, per, since.isoformat(), folded))
    return hmac.digest(key, message.encode("utf-8", "surrogatepass"), "sha256").hex() if folded else None


def _folded(what: What, subject: str) -> str:
    """What two subjects must have in common to be one; empty where there is nothing to count."""
    if what == "network":
        return network(subject)
    if what == "address":
        return subject.strip().casefold()
    return _letters(subject) if what == "words" else subject


def _letters(words: str) -> str:
    # Only letters, without case and accents: other spaces, dots, numbers or invisible signs make no other text of it.
    plain = "".join(filter(str.isalpha, unicodedata.normalize("NFKD", words).casefold()))
    return plain if len(plain) >= FEWEST_LETTERS else ""


def _key_of(session: Session, now: datetime) -> bytes | None:
    return session.scalar(select(col(DailyKey.key)).where(col(DailyKey.day) == _since(now, "day").date()))


def _new_key(session: Session, now: datetime) -> bytes:
    # Many may make the day's first at once: one is kept, and the others wait for it and take it.
    values = {"day": _since(now, "day").date(), "key": secrets.token_bytes(32)}
    insert_ignore(session, table_of(DailyKey), values)
    key = _key_of(session, now)
    assert key is not None
    return key
