"""Rings of keys: which keys may have signed the heads of this ledger, going out from those that are trusted.

A sealing key that a trusted one certified is trusted for what comes after; one that a trusted key followed, and says so
in a sealed event, for what came before. What the database alone says of a key is never enough.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, col, select

from portal.language.formats import utc
from portal.ledger import said
from portal.ledger.keys import LedgerKey
from portal.ledger.notes import NoteWrong, VerifierKey, opened
from portal.ledger.promises import certified

_ROTATIONS = text("""
    SELECT l.idx, p.payload FROM ledger_event e JOIN ledger_leaf l ON l.event_id = e.id
    JOIN ledger_payload p ON p.event_id = e.id AND p.half = 'business' WHERE e.type = 'key_rotated' ORDER BY l.idx
""")


@dataclass
class Ring:
    """Keys by their public lines, each with the size of the largest tree it may have signed, if there is one."""

    limits: dict[str, int | None]
    faults: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, session: Session, trusted: Sequence[str]) -> "Ring":
        """The ring around the trusted keys; around those the database itself names where none is given."""
        rows = list(session.exec(select(LedgerKey).order_by(col(LedgerKey.created_at), col(LedgerKey.vkey))))
        rotations = [(index, said(payload)) for index, payload in session.execute(_ROTATIONS)]
        sealing = [row for row in rows if row.purpose == "sealing"]
        ring = cls({VerifierKey.parse(vkey).vkey: None for vkey in trusted or [row.vkey for row in sealing]})
        ring._follow(sealing)
        ring._go_back(rotations)
        ring.faults += [f"key {row.vkey}: {what}" for row in rows for what in ring._faults(row, rotations)]
        return ring

    def opened(self, note: str, size: int = 0) -> str:
        """The text of a head of so many entries, signed by a key of the ring. Raises `NoteWrong`."""
        keys = [VerifierKey.parse(vkey) for vkey, limit in self.limits.items() if limit is None or size <= limit]
        return opened(note, keys)

    def _follow(self, sealing: list[LedgerKey]) -> None:
        for row in sealing:  # oldest first: each was certified by the one before it
            if row.vkey not in self.limits and not list(self._certificate_faults(row)):
                self.limits[row.vkey] = None

    def _go_back(self, rotations: list[tuple[int, dict[str, Any]]]) -> None:
        for index, told in reversed(rotations):
            if told.get("purpose") == "sealing" and told.get("new") in self.limits:
                self.limits.setdefault(str(told.get("old")), index)

    def _faults(self, row: LedgerKey, rotations: list[tuple[int, dict[str, Any]]]) -> Iterator[str]:
        yield from self._certificate_faults(row)
        if row.purpose == "sealing" and row.vkey not in self.limits:
            yield "no trusted key leads to it"
        followed = any(told.get("old") == row.vkey for _, told in rotations)
        if followed and row.retired_at is None:
            yield "an event says that another key follows it, but it is not retired"

    def _certificate_faults(self, row: LedgerKey) -> Iterator[str]:
        try:
            made = certified(row.certificate, [VerifierKey.parse(vkey) for vkey in self.limits])
        except NoteWrong as wrong:
            yield f"its certificate is not one ({wrong})"
            return
        if (made.purpose, made.key.vkey, utc(made.at)) != (row.purpose, row.vkey, utc(row.created_at)):
            yield "its certificate says something else of it"
