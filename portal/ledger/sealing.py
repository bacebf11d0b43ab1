"""Sealing: committed events become leaves of one Merkle tree (RFC 6962), and its head is signed (C2SP tlog-checkpoint).

Owns `ledger_leaf`, `ledger_node` and `ledger_checkpoint`, and only ever appends to them. Events are found by what is
not sealed yet, never by a cursor: the order in which transactions began is not the order in which they end. All hashes
and the signature are made before the lock is taken, so that no enquiry waits for more than one short batch.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from time import perf_counter
from typing import TypeAlias

import sqlalchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    LargeBinary,
    Row,
    String,
    Text,
    bindparam,
    exists,
    insert,
    text,
)
from sqlmodel import Session, SQLModel, col, func, select

from portal.db import Database, UTCDateTime, column, table_of
from portal.ledger import LedgerEvent, keys, tree
from portal.ledger.keys import LedgerKey
from portal.ledger.notes import Checkpoint, SigningKey, sign

KEPT_LEVELS = (8, 16, 24)
WIDTH = 256  # hashes of one kept level below one of the next
LATE = timedelta(minutes=2)  # longer than a transaction may take to end after the time its event bears
LOOK, BATCH = 10_000, 200  # events read at once; events sealed under one lock
Events: TypeAlias = Sequence[Row[tuple[str, bytes]]]
# Rows one after the other, or arrays of the driver's, would hold the lock several times as long.
_LEAVES_AT_ONCE = text(
    "INSERT INTO ledger_leaf (idx, event_id, hash)"
    " SELECT :first + n - 1, event, substring(:hashes FROM 32 * CAST(n AS integer) - 31 FOR 32)"
    " FROM unnest(string_to_array(:events, ',', '-')) WITH ORDINALITY AS row (event, n)"
).bindparams(
    bindparam("first", type_=BigInteger), bindparam("hashes", type_=LargeBinary), bindparam("events", type_=Text)
)
_WAIT = text("SELECT pg_advisory_xact_lock(hashtextextended('ledger sealing', 0))")
_TRY = text("SELECT pg_try_advisory_xact_lock(hashtextextended('ledger sealing', 0))")
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class LedgerLeaf(SQLModel, table=True):
    """One leaf of the tree: its dense index from 0, its hash and its event; none where a restore lost the event."""

    __tablename__ = "ledger_leaf"
    idx: int = column(
        BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False, personal=None
    )
    event_id: str | None = column(String(36), unique=True, personal=None, default=None)
    hash: bytes = column(LargeBinary, personal=None)


class LedgerNode(SQLModel, table=True):
    """The hash of a complete subtree of 2^level leaves, kept for the levels 8, 16 and 24 only."""

    __tablename__ = "ledger_node"
    level: int = column(Integer, primary_key=True, autoincrement=False, personal=None)
    idx: int = column(BigInteger, primary_key=True, autoincrement=False, personal=None)
    hash: bytes = column(LargeBinary, personal=None)


class LedgerCheckpoint(SQLModel, table=True):
    """A signed head of the tree, and what must be kept of the tree to let it grow from there."""

    __tablename__ = "ledger_checkpoint"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    origin: str = column(String(260), personal=None)
    size: int = column(BigInteger, index=True, personal=None)
    root: bytes = column(LargeBinary, personal=None)
    note: str = column(Text, personal=None)
    frontier: bytes = column(LargeBinary, personal=None)
    signed_at: datetime = column(UTCDateTime, personal=None)


@dataclass(frozen=True)
class Sealed:
    """What one sealing did: leaves added, size of the tree after it, and for how many seconds each lock was held."""

    added: int
    size: int
    locked: tuple[float, ...]


@dataclass(frozen=True)
class _Batch:
    """What a sealing inserts, ready for the driver before the lock is taken; PostgreSQL gets its leaves at once."""

    leaves: list[dict[str, object]]
    leaves_at_once: dict[str, object]
    nodes: list[dict[str, object]]
    checkpoint: dict[str, object]


# In one statement, because it is asked under the lock.
_HEAD_AND_KEY = sqlalchemy.select(
    sqlalchemy.select(func.max(col(LedgerCheckpoint.id))).scalar_subquery(),
    sqlalchemy.select(func.count())
    .where(
        col(LedgerKey.vkey) == bindparam("vkey"),
        col(LedgerKey.purpose) == "sealing",
        col(LedgerKey.retired_at).is_(None),
    )
    .scalar_subquery(),
)


_LEAF_BY_LEAF, _NODES = insert(table_of(LedgerLeaf)), insert(table_of(LedgerNode))
_CHECKPOINT = insert(table_of(LedgerCheckpoint)).returning(table_of(LedgerCheckpoint).c.id)


class Growing:
    """The tree while it grows: its frontier, and the hashes of each kept level that no kept node stands above yet."""

    def __init__(self, session: Session) -> None:
        head = latest(session)
        self.head = head and head.id
        self.origin = head.origin if head else ""
        self.frontier = tree.Frontier.decode(head.frontier) if head else tree.Frontier()
        sizes = [self.size, *(self.size >> level for level in KEPT_LEVELS)]
        self._open = [_hashes(session, level, size // WIDTH) for level, size in zip((0, 8, 16), sizes, strict=False)]

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.frontier.size

    def append(self, digest: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add one leaf hash; the kept nodes it completes, as (level, index, hash)."""
        self.frontier.append(digest)
        for level, row in zip(KEPT_LEVELS, self._open, strict=True):
            row.append(digest)
            if len(row) < WIDTH:
                return
            digest = tree.root(row)
            row.clear()
            yield level, (self.size >> level) - 1, digest


def seal(database: Database, key: SigningKey, now: datetime, everything: bool = False) -> Sealed:
    """Append what was committed since the newest checkpoint to the tree, and sign its head after each batch.

    With `everything` it looks at all events instead of the newest, and waits for another sealer to end; otherwise it
    leaves the work to that one. Raises `keys.KeyRefused` where the key is not, or no longer, the one that seals.
    """
    with database.read() as session:
        growing, since = Growing(session), LONG_AGO if everything else _since(session, now)
    added, locked = 0, list[float]()
    while events := _unsealed(database, since):
        for batch in (events[start : start + BATCH] for start in range(0, len(events), BATCH)):
            held = _seal_batch(database, growing, batch, key, now, wait=everything)
            if held is None:  # another one sealed meanwhile
                break
            added, locked = added + len(batch), [*locked, held]
        else:
            since = _time_of(database, events[-1].id)
            continue
        with database.read() as session:
            growing = Growing(session)
        if not everything:
            break
    return Sealed(added, growing.size, tuple(locked))


def latest(session: Session) -> LedgerCheckpoint | None:
    """The newest checkpoint; None before the first sealing."""
    return session.exec(select(LedgerCheckpoint).order_by(col(LedgerCheckpoint.id).desc()).limit(1)).first()


def oldest_unsealed(session: Session, before: datetime) -> datetime | None:
    """When the oldest event happened that is older than `before` and not sealed; None where there is none."""
    return session.exec(
        select(LedgerEvent.at).where(LedgerEvent.at < before, not_sealed()).order_by(col(LedgerEvent.at)).limit(1)
    ).first()


def not_sealed() -> ColumnElement[bool]:
    """The condition that an event has no leaf."""
    return ~exists().where(col(LedgerLeaf.event_id) == LedgerEvent.id)


def append(
    session: Session, growing: Growing, found: Sequence[tuple[bytes, str | None]], key: SigningKey, now: datetime
) -> None:
    """Append leaf hashes, each with its event or none, in the caller's transaction, and sign the head.

    For recovering alone: `seal` prepares outside the lock. Raises `keys.KeyRefused`.
    """
    growing.head = _insert(session, _prepared(growing, found, key, now), key)


def reader(session: Session) -> Callable[[int, int], bytes]:
    """The hash of the complete subtree (level, index), for proofs; reads at most 256 rows a kept level.

    It raises LookupError for what the tree does not hold.
    """
    row = cache(lambda level, block: _hashes(session, level, block))

    def node(level: int, index: int) -> bytes:
        kept = min(level // 8 * 8, KEPT_LEVELS[-1])
        width = 1 << level - kept
        start = index * width
        hashes = row(kept, start // WIDTH)[start % WIDTH : start % WIDTH + width]
        if len(hashes) != width:
            raise LookupError(f"the tree holds no complete subtree {index} of level {level}")
        return tree.root(hashes)

    return node


def _since(session: Session, now: datetime) -> datetime:
    # Whatever was committed before the newest checkpoint was there to be seen by it; what came later bears a time
    # hardly before it. What a crash left behind is found by the look at everything, at the next start.
    head = latest(session)
    # One signed under a clock that ran ahead must not hide what is recorded since it was set right.
    return min(head.signed_at, now) - LATE if head else LONG_AGO


def _unsealed(database: Database, since: datetime) -> Events:
    event = table_of(LedgerEvent).c
    statement = (
        select(event.id, event.leaf)
        .where(event.at >= since, not_sealed())
        .order_by(event.at, event.type == "payload_shredded", event.id)  # a tombstone stands after what it is about
        .limit(LOOK)
    )
    with database.read() as session:
        return session.execute(statement).all()


def _time_of(database: Database, event: str) -> datetime:
    # Asked once for all: times of ten thousand rows would cost more to read than the rows.
    with database.read() as session:
        return session.exec(select(LedgerEvent.at).where(LedgerEvent.id == event)).one()


def _hashes(session: Session, level: int, block: int) -> list[bytes]:
    table = table_of(LedgerNode if level else LedgerLeaf).c
    where = [table.idx >= block * WIDTH, table.idx < (block + 1) * WIDTH]
    where += [table.level == level] if level else []
    return [bytes(row) for row in session.scalars(select(table.hash).where(*where).order_by(table.idx))]


def _seal_batch(
    database: Database, growing: Growing, events: Events, key: SigningKey, now: datetime, wait: bool
) -> float | None:
    """Seal one batch; for how many seconds its lock was held, or None where another sealer was first."""
    head = growing.head
    batch = _prepared(growing, [(tree.leaf_hash(event.leaf), event.id) for event in events], key, now)
    begun = 0.0

    def insert_alone(session: Session) -> int | None:
        nonlocal begun
        session.connection()  # takes the lock
        begun = perf_counter()
        if not _is_only_sealer(session, wait):
            return None
        newest, in_use = session.connection().execute(_HEAD_AND_KEY, {"vkey": key.vkey}).one()
        if newest != head:
            return None
        if not in_use:
            keys.require_in_use(session, key, "sealing")  # says why
        return _insert_batch(session, batch)

    growing.head = database.write(insert_alone)
    return perf_counter() - begun if growing.head else None


def _prepared(growing: Growing, found: Sequence[tuple[bytes, str | None]], key: SigningKey, now: datetime) -> _Batch:
    first, leaves, nodes = growing.size, list[dict[str, object]](), list[dict[str, object]]()
    for digest, event in found:
        leaves.append({"idx": growing.size, "event_id": event, "hash": digest})
        nodes += [{"level": level, "idx": index, "hash": made} for level, index, made in growing.append(digest)]
    events, hashes = ",".join(event or "-" for _, event in found), b"".join(digest for digest, _ in found)
    head = Checkpoint(growing.origin or key.name, growing.size, growing.frontier.root())
    checkpoint = LedgerCheckpoint(
        origin=head.origin, size=head.size, root=head.root, note=sign(head.text, key),
        frontier=growing.frontier.encode(), signed_at=now,
    )  # fmt: skip
    at_once: dict[str, object] = {"first": first, "events": events, "hashes": hashes}
    return _Batch(leaves, at_once, nodes, checkpoint.model_dump(exclude={"id"}))


def _insert(session: Session, batch: _Batch, key: SigningKey) -> int:
    keys.require_in_use(session, key, "sealing")
    return _insert_batch(session, batch)


def _insert_batch(session: Session, batch: _Batch) -> int:
    connection = session.connection()
    if batch.leaves and connection.dialect.name == "sqlite":
        connection.execute(_LEAF_BY_LEAF, batch.leaves)
    elif batch.leaves:
        connection.execute(_LEAVES_AT_ONCE, batch.leaves_at_once)
    if batch.nodes:
        connection.execute(_NODES, batch.nodes)
    return int(connection.execute(_CHECKPOINT, batch.checkpoint).scalar_one())


def _is_only_sealer(session: Session, wait: bool) -> bool:
    connection = session.connection()
    if connection.dialect.name == "sqlite":  # has one writer anyway
        return True
    return connection.execute(_WAIT if wait else _TRY).scalar() is not False
