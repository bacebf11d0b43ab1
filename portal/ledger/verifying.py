"""Verifying: whether the ledger still is what was signed, told to somebody who does not trust this database.

Every entry in the order of its index: it is there, its leaf has its hash, its halves open their commitments or were
erased under a tombstone; the tree over all leaves has the roots that trusted keys signed, and begins with the one that
an outsider kept. One consistent view, in bounded memory; changes nothing. Where something is wrong it names the first
index; where a head alone is wrong, the entries that only that head vouched for.
"""

import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from portal.db import Database
from portal.ledger import VERSION, LedgerEvent, LedgerPayload, commitment, said
from portal.ledger.heads import Heads
from portal.ledger.notes import NoteWrong
from portal.ledger.rings import Ring
from portal.ledger.sealing import LedgerLeaf
from portal.ledger.tree import leaf_hash

AT_ONCE = 2_000  # entries
NAMED = 100  # problems; more say nothing new
WAIT = timedelta(minutes=1)
SALT = 32  # bytes
_BUSINESS, _PERSON = (sha256(f"immomarket/{half}/{VERSION}\0".encode()) for half in ("business", "person"))

# Read as it stands, times as the leaf writes them: half a million objects a minute would be made for nothing.
_AT = {
    "sqlite": "replace(e.at, ' ', 'T') || '+00:00'",
    "postgresql": """to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') || '+00:00'""",
}
_HALVES = """
    LEFT JOIN ledger_payload b ON b.event_id = e.id AND b.half = 'business'
    LEFT JOIN ledger_payload p ON p.event_id = e.id AND p.half = 'person'
"""
_READ = "e.id, e.type, {at}, e.leaf, e.about, b.salt, b.payload, p.salt, p.payload"
ENTRIES = f"""
    SELECT l.idx, l.hash, {_READ} FROM ledger_leaf l LEFT JOIN ledger_event e ON e.id = l.event_id {_HALVES}
    ORDER BY l.idx
"""  # noqa: S608 (made of the constants above)
_UNSEALED = f"""
    SELECT NULL, NULL, {_READ} FROM ledger_event e {_HALVES}
    WHERE NOT EXISTS (SELECT 1 FROM ledger_leaf l WHERE l.event_id = e.id) ORDER BY e.at
"""  # noqa: S608 (as above)
_AS_MANY = text("SELECT (SELECT count(*) FROM ledger_event) = (SELECT count(*) FROM ledger_leaf)")
_TOMBSTONES = """
    SELECT a.idx, t.event_id, t.half, e.type, t.at = e.at, b.idx, s.payload,
        EXISTS (SELECT 1 FROM ledger_payload p WHERE p.event_id = t.event_id AND p.half = t.half)
    FROM ledger_tombstone t JOIN ledger_event e ON e.id = t.tombstone_event_id
    LEFT JOIN ledger_leaf a ON a.event_id = t.event_id LEFT JOIN ledger_leaf b ON b.event_id = e.id
    LEFT JOIN ledger_payload s ON s.event_id = e.id AND s.half = 'business'
"""


@dataclass(frozen=True)
class Problem:
    """What is wrong, and at which index of the ledger; None where no index is wrong but something is missing."""

    index: int | None
    what: str


@dataclass(frozen=True)
class Verdict:
    """Whether all is as it was signed; how many entries there are; what is not, the first wrong index first.

    `lost` counts the entries whose event a recorded recovery said to be lost: nobody can tell any more what they said.
    """

    ok: bool
    size: int
    problems: list[Problem]
    lost: int = 0


@dataclass(frozen=True)
class Entry:
    """One entry as it was read: its leaf, its event, the salt and payload of each half that is there."""

    index: int | None
    hash: bytes | None
    id: str | None
    type: str
    at: str
    leaf: bytes
    about: str
    halves: dict[str, tuple[bytes, bytes]]


def verify(
    database: Database, trusted: Sequence[str], anchor: str | None, now: datetime,
    progress: Callable[[int], None] = lambda done: None, mirrored: Iterator[bytes] | None = None,
) -> Verdict:  # fmt: skip
    """Verify the whole ledger by the public lines of keys that are trusted, and a checkpoint that somebody kept.

    Without a trusted key it believes the keys the database itself names. `mirrored` are leaf hashes kept elsewhere:
    they tell the very index where a head can only tell from where on. `progress` is told how many entries are done.
    """
    with database.view() as session:
        ring = Ring.read(session, trusted)
        heads = Heads(session, ring, anchor, mirrored)
        problems = [Problem(None, what) for what in ring.faults]
        lost = _told_lost(session, ring)
        problems += _entries(session, heads, lost, progress)
        wrong = [problem.index for problem in problems if problem.index is not None]
        problems += [Problem(index, what) for index, what in heads.end(wrong)]
        problems += _tombstones(session, set(wrong))
        # Where every leaf has its event, and there are as many of both, none waits: looking costs a search for each.
        if problems or lost or not session.execute(_AS_MANY).scalar_one():
            problems += _waiting(session, now)
    return Verdict(not problems, heads.size, ordered(problems), len(lost))


def ordered(problems: list[Problem]) -> list[Problem]:
    """The first wrong index first, then what has none; not more than anybody reads."""
    return sorted(problems, key=lambda problem: (problem.index is None, problem.index or 0))[:NAMED]


def read(session: Session, asked: str) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of a statement such as `ENTRIES`, as the driver gives them, some at a time."""
    # By the driver itself: a million row objects of SQLAlchemy would be made for nothing. On PostgreSQL the cursor has
    # a name, which keeps it in the server; else the whole answer would come at once.
    dialect, driver = session.get_bind().dialect.name, session.connection().connection
    named = (f"read_{secrets.token_hex(8)}",) if dialect == "postgresql" else ()
    with closing(driver.cursor(*named)) as cursor:
        cursor.execute(statement(asked, dialect))
        while rows := cursor.fetchmany(AT_ONCE):
            yield rows


def statement(asked: str, dialect: str) -> str:
    """A statement such as `ENTRIES` as one database takes it."""
    return asked.format(at=_AT[dialect])


def _entries(
    session: Session, heads: Heads, lost: set[int], progress: Callable[[int], None]
) -> list[Problem]:  # fmt: skip
    problems: list[Problem] = []
    for rows in read(session, ENTRIES):
        for expected, row in enumerate(rows, heads.size):
            if row[0] != expected and not heads.broken:
                problems.append(Problem(expected, "the entry is missing"))
                heads.broken = True
            if not _is_whole(*row) and len(problems) < NAMED:
                problems += [Problem(row[0], what) for what in _faults(session, _entry(row), lost)]
            heads.append(row[1])
        progress(heads.size)
    return problems


def _is_whole(
    index: int, digest: bytes, identifier: str | None, kind: str, at: str, leaf: bytes, about: str,
    salt: bytes | None, payload: bytes, person_salt: bytes | None, person_payload: bytes,
) -> bool:  # fmt: skip
    """Whether an entry of which nothing was erased is as it was recorded: its leaf is written anew and compared."""
    if salt is None or len(salt) != SALT:
        return False
    opening = _BUSINESS.copy()
    opening.update(salt + payload)
    person = ""
    if person_salt is not None:
        if len(person_salt) != SALT:
            return False
        other = _PERSON.copy()
        other.update(person_salt + person_payload)
        person = f',"person":"{other.hexdigest()}"'
    written = (
        f'{{"at":"{at}","commitments":{{"business":"{opening.hexdigest()}"{person}}},'
        f'"id":"{identifier}","type":"{kind}","v":{VERSION}}}'
    ).encode()
    if written != leaf or sha256(b"\0" + written).digest() != digest:
        return False
    return b'"lead":"%b"' % about.encode() in payload if about else b'"lead":' not in payload


def _entry(row: Sequence[Any]) -> Entry:
    index, digest, identifier, kind, at, leaf, about, *halves = row
    found = {
        half: (bytes(salt), bytes(payload))
        for half, salt, payload in (("business", *halves[:2]), ("person", *halves[2:]))
        if salt is not None
    }
    return Entry(index, digest and bytes(digest), identifier, kind, at, bytes(leaf or b""), about, found)


def _faults(session: Session, entry: Entry, lost: set[int]) -> Iterator[str]:
    """What is wrong with one entry, slowly and by name; nothing where a half of it was erased as it should be."""
    if entry.id is None:
        if entry.index not in lost:
            yield "the event is missing"
        return
    if entry.hash is not None and leaf_hash(entry.leaf) != entry.hash:
        yield "the event is not the one whose leaf was sealed"
    try:
        leaf = json.loads(entry.leaf)
        commitments = dict(leaf["commitments"])
    except (ValueError, KeyError, TypeError):
        yield "the leaf of the event cannot be read"
        return
    if (leaf.get("v"), leaf.get("id"), leaf.get("type"), leaf.get("at")) != (VERSION, entry.id, entry.type, entry.at):
        yield "the event has not the number, the type or the time that its leaf says"
    yield from _openings(session, entry, commitments)
    yield from _misnamed(entry)


def _openings(session: Session, entry: Entry, commitments: dict[str, str]) -> Iterator[str]:
    for half in sorted({*commitments, *entry.halves}):
        salt, payload = entry.halves.get(half, (b"", b""))
        if half not in entry.halves:
            if not _is_erased(session, entry, half):
                yield f"the {half} half is missing, and no tombstone says that it was erased"
        elif half not in commitments:
            yield f"the event never had a {half} half"
        elif len(salt) != SALT or commitment(half, salt, payload).hex() != commitments[half]:
            yield f"the {half} half is not what was committed to"


def _is_erased(session: Session, entry: Entry, half: str) -> bool:
    stone = text("SELECT 1 FROM ledger_tombstone WHERE event_id = :event AND half = :half")
    return session.execute(stone, {"event": entry.id, "half": half}).first() is not None


def _misnamed(entry: Entry) -> Iterator[str]:
    if "business" in entry.halves:
        lead = str(said(entry.halves["business"][1]).get("lead", ""))
        if lead != entry.about:
            yield f"the event is filed under “{entry.about}” and is about “{lead}”"


def _tombstones(session: Session, wrong: set[int]) -> list[Problem]:
    """Each tombstone is named by a later event that says what was erased, and stands for something that is gone.

    Where that event is known to be wrong itself, nothing more is said of what it should have said.
    """
    problems = []
    for rows in read(session, _TOMBSTONES):
        for index, event, half, kind, same_time, later, payload, still_there in rows:
            told = said(payload)
            if still_there:
                problems.append(Problem(index, f"the {half} half is there, though a tombstone says it was erased"))
            if later in wrong:
                continue
            if kind == "payload_shredded" and not told:
                problems.append(Problem(later, "the event says no more what was erased"))
            elif kind != "payload_shredded" or told.get("half") != half or event not in told.get("events", ()):
                problems.append(Problem(index, f"no event says that the {half} half was erased, a tombstone does"))
            elif not same_time or (index is not None and later is not None and later <= index):
                problems.append(Problem(index, f"the tombstone of the {half} half is not of the time it must be"))
    return problems + _without_stone(session)


def _without_stone(session: Session) -> list[Problem]:
    columns = "SELECT l.idx, e.id, s.payload FROM ledger_event e JOIN ledger_payload s ON s.event_id = e.id"
    where = "LEFT JOIN ledger_leaf l ON l.event_id = e.id WHERE e.type = 'payload_shredded' AND s.half = 'business'"
    count = text("SELECT count(*) FROM ledger_tombstone WHERE tombstone_event_id = :event")
    return [
        Problem(index, "the event says that something was erased, and its tombstones are missing")
        for rows in read(session, f"{columns} {where}")
        for index, event, payload in rows
        if session.execute(count, {"event": event}).scalar_one() != len(said(payload).get("events", ()))
    ]


def _waiting(session: Session, now: datetime) -> list[Problem]:
    """Events that no leaf holds yet: they too are whole, and none has waited for long."""
    problems: list[Problem] = []
    for rows in read(session, _UNSEALED):
        for row in rows:
            entry = _entry(row)
            if now - datetime.fromisoformat(entry.at) > WAIT:
                problems.append(Problem(None, f"event {entry.id} of {entry.at} waits for longer than a minute"))
            problems += [
                Problem(None, f"event {entry.id}, not sealed yet: {what}") for what in _faults(session, entry, set())
            ]
            if len(problems) > NAMED:
                return problems
    return problems


def _told_lost(session: Session, ring: Ring) -> set[int]:
    """The leaves whose events a recovery said to be lost in a restore: it signed which, and stands after them."""
    told = select(LedgerLeaf.idx, LedgerPayload.payload).where(
        LedgerLeaf.event_id == LedgerEvent.id, LedgerPayload.event_id == LedgerEvent.id,
        LedgerEvent.type == "events_lost", LedgerPayload.half == "business",
    )  # fmt: skip
    lost: set[int] = set()
    for index, payload in session.exec(told):
        try:
            title, *lines = ring.opened(str(said(payload).get("leaves")), index).splitlines()
        except NoteWrong:
            continue  # whoever has the database can write an event, and have it sealed
        if title.endswith("/lost"):
            ranges = [tuple(map(int, line.split(" "))) for line in lines]
            lost.update(each for first, last in ranges for each in range(first, min(last + 1, index)))
    return lost
