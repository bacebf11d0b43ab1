"""Heads: a tree grown again from its leaf hashes, held against every head that was signed of it.

Knows the kept nodes and checkpoints of the database, a checkpoint that somebody kept (the anchor) and leaf hashes that
were mirrored elsewhere. A head vouches for all entries before it: one that is wrong between two good ones is itself at
fault, one after the last good one shows that an entry is.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlmodel import Session

from portal.db import table_of
from portal.ledger import said, tree
from portal.ledger.notes import Checkpoint, NoteWrong
from portal.ledger.rings import Ring
from portal.ledger.sealing import KEPT_LEVELS, LedgerCheckpoint

AT_ONCE = 500
_NODE = text("SELECT hash FROM ledger_node WHERE level = :level AND idx = :idx")
_NODES = text("SELECT level, count(*) FROM ledger_node GROUP BY level")
_EPOCHS = text("SELECT p.payload FROM ledger_event e JOIN ledger_payload p ON p.event_id = e.id WHERE e.type = :type")


@dataclass(frozen=True)
class Head:
    """One checkpoint as the database holds it."""

    id: int
    origin: str
    size: int
    root: bytes
    note: str
    frontier: bytes


class Heads:
    """The tree while it is grown again; `broken` once an entry is missing, for then no root can be right."""

    def __init__(self, session: Session, ring: Ring, anchor: str | None, mirrored: Iterator[bytes] | None) -> None:
        self.broken = False
        self._session, self._ring, self._mirrored = session, ring, mirrored
        self._frontier = tree.Frontier()
        self._heads = _heads(session)
        self._next = next(self._heads, None)
        self._good, self._origin = 0, ""
        self._wrong: tuple[int, str] | None = None  # the first wrong head after the last good one
        self._differs: int | None = None  # the first entry that is not what was mirrored
        self._problems: list[tuple[int | None, str]] = []
        self._anchor = self._opened(anchor) if anchor else None

    @property
    def size(self) -> int:
        """How many leaves were appended."""
        return self._frontier.size

    def append(self, digest: bytes) -> None:
        """Add the next leaf hash, and check what was signed of the tree up to it."""
        frontier = self._frontier
        if frontier.size % 256 == 255:
            self._check_nodes(digest)
        frontier.append(digest)
        if self._mirrored is not None and self._differs is None and next(self._mirrored, digest) != digest:
            self._differs = frontier.size - 1
        while self._next is not None and self._next.size <= frontier.size:
            self._check_head(self._next)
            self._next = next(self._heads, None)
        if self._anchor is not None and self._anchor.size == frontier.size:
            self._check_anchor(self._anchor)

    def end(self, named: list[int]) -> list[tuple[int | None, str]]:
        """What is wrong with the heads, once all leaves are in; `named` are entries known to be wrong by themselves."""
        if not self.broken:
            self._problems += self._at_the_end(named)
        self._problems += self._missing()
        return self._problems

    def _at_the_end(self, named: list[int]) -> Iterator[tuple[int | None, str]]:
        exact = [index for index in [*named, self._differs] if index is not None and index >= self._good]
        if self._differs is not None:
            yield self._differs, "the entry is not the one that was mirrored when it was sealed"
        if self._wrong is not None:
            size, what = self._wrong
            yield min(exact, default=self._good), f"of the entries {self._good} to {size - 1} one is wrong: {what}"
        elif self._good < self.size and self._next is None:
            yield min(exact, default=self._good), f"no head was signed of the entries from {self._good} on"
        counted = {row[0]: row[1] for row in self._session.execute(_NODES)}
        expected = {level: self.size >> level for level in KEPT_LEVELS if self.size >> level}
        if counted != expected:
            yield None, "the kept nodes are not those of a tree of this size"

    def _missing(self) -> Iterator[tuple[int | None, str]]:
        signed = [self._next, *self._heads] if self._next else []
        known = {"a signed head": max((head.size for head in signed if head), default=0)}
        known["the anchor"] = self._anchor.size if self._anchor else 0
        known["the mirror"] = self.size + sum(1 for _ in self._mirrored) if self._mirrored else 0
        for who, size in known.items():
            if size > self.size:
                yield self.size, f"the entries {self.size} to {size - 1} are missing: {who} holds them"

    def _check_nodes(self, digest: bytes) -> None:
        """The kept nodes that the leaf about to be appended completes, made of what stands left of it."""
        size, hashes = self.size + 1, self._frontier.encode()[8:]
        lefts = [hashes[at : at + tree.HASH_BYTES] for at in range(0, len(hashes), tree.HASH_BYTES)]
        for level in KEPT_LEVELS:
            if size % (1 << level):
                return
            for _ in range(8):
                digest = tree.node_hash(lefts.pop(), digest)
            index = (size >> level) - 1
            kept = self._session.execute(_NODE, {"level": level, "idx": index}).scalar()
            if kept != digest and not self.broken:
                self._problems.append((None, f"the kept node {index} of level {level} is not of this tree"))

    def _check_head(self, head: Head) -> None:
        wrong = self._fault(head)
        if wrong:
            self._wrong = self._wrong or (head.size, wrong)
            return
        if self._wrong:
            self._problems.append((None, f"the checkpoint of {self._wrong[0]} entries is wrong: {self._wrong[1]}"))
        self._good, self._origin, self._wrong = head.size, head.origin, None

    def _fault(self, head: Head) -> str:
        try:
            signed = Checkpoint.parse(self._ring.opened(head.note, head.size))
        except NoteWrong as wrong:
            return str(wrong)
        if (signed.size, signed.root) != (self.size, self._frontier.root()):
            return "the tree has another root than was signed"
        if (head.origin, head.size, head.root) != (signed.origin, signed.size, signed.root):
            return "the database says something else of this head than was signed"
        if head.frontier != self._frontier.encode():
            return "what was kept to let the tree grow is not of this tree"
        if head.origin != (self._origin or head.origin) and head.origin not in _epochs(self._session):
            return f"it calls this ledger {head.origin}"
        return ""

    def _opened(self, anchor: str) -> Checkpoint | None:
        try:
            return Checkpoint.parse(self._ring.opened(anchor))
        except NoteWrong as wrong:
            self._problems.append((None, f"the anchor cannot be used: {wrong}"))
            return None

    def _check_anchor(self, anchor: Checkpoint) -> None:
        if not self.broken and self._frontier.root() != anchor.root:
            self._problems.append((None, f"the first {anchor.size} entries are not those of the anchor"))


def _heads(session: Session) -> Iterator[Head]:
    table, last = table_of(LedgerCheckpoint).c, 0
    columns = (table.id, table.origin, table.size, table.root, table.note, table.frontier)
    while rows := session.execute(select(*columns).where(table.id > last).order_by(table.id).limit(AT_ONCE)).all():
        yield from (Head(*row) for row in rows)
        last = rows[-1].id


def _epochs(session: Session) -> set[str]:
    told = session.execute(_EPOCHS, {"type": "epoch_opened"})
    return {str(said(payload).get("origin")) for (payload,) in told}
