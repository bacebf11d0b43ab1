"""The ledger: insert-only events, each with two salted commitments whose contents stand apart and can be deleted.

Owns `ledger_event` and `ledger_payload`. An event is inserted in the transaction of what it records. Its leaf holds
no business fact and no person, only commitments; whoever has a payload and its salt can show what the leaf committed
to, and when the person half is deleted the leaf reveals nothing. Nothing here is ever updated.
"""

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

import rfc8785
from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, insert
from sqlmodel import Session, SQLModel, select

from portal.db import UTCDateTime, column, table_of

VERSION = 1
Half = Literal["business", "person"]


class LedgerEvent(SQLModel, table=True):
    """One event: what happened and when, and the leaf that will stand in the Merkle tree.

    `about` is the reference of the lead it is about, empty where it is about none; its leaf does not hold it.
    """

    __tablename__ = "ledger_event"
    id: str = column(String(36), primary_key=True, personal=None)
    type: str = column(String(40), index=True, personal=None)
    at: datetime = column(UTCDateTime, index=True, personal=None)
    leaf: bytes = column(LargeBinary, personal=None)
    about: str = column(String(12), index=True, personal=None, default="")


class LedgerPayload(SQLModel, table=True):
    """One half of what an event says, with the salt that opens its commitment."""

    __tablename__ = "ledger_payload"
    __table_args__ = (CheckConstraint("half IN ('business', 'person')", name="half"),)
    event_id: str = column(String(36), ForeignKey("ledger_event.id"), primary_key=True, personal=None)
    half: str = column(String(8), primary_key=True, personal=None)
    salt: bytes = column(LargeBinary, personal="ledger_person")
    payload: bytes = column(LargeBinary, personal="ledger_person")


def record(
    session: Session,
    kind: str,
    at: datetime,
    business: Mapping[str, Any],
    person: Mapping[str, Any] | None = None,
) -> LedgerEvent:
    """Insert one event with its payloads: RFC 8785 bytes, each under a 32-byte salt of its own."""
    entry, payloads = _made(kind, at, {"business": business} | ({"person": person} if person is not None else {}))
    _insert(session, [entry], payloads)
    return LedgerEvent(**entry)


def record_all(session: Session, events: Iterable[tuple[str, datetime, Mapping[str, Any]]]) -> None:
    """Insert events without a person: the type of each, its time and what it says."""
    made = [_made(kind, at, {"business": business}) for kind, at, business in events]
    if made:
        _insert(session, [entry for entry, _ in made], [row for _, payloads in made for row in payloads])


def _made(
    kind: str, at: datetime, halves: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:  # fmt: skip
    identifier = new_id(at)
    opened = {half: (secrets.token_bytes(32), rfc8785.dumps(dict(content))) for half, content in halves.items()}
    leaf = rfc8785.dumps(
        {
            "v": VERSION,
            "id": identifier,
            "type": kind,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "commitments": {half: commitment(half, *each).hex() for half, each in opened.items()},
        }
    )
    about = str(halves["business"].get("lead", ""))
    payloads = [
        {"event_id": identifier, "half": half, "salt": salt, "payload": payload}
        for half, (salt, payload) in opened.items()
    ]
    return {"id": identifier, "type": kind, "at": at, "leaf": leaf, "about": about}, payloads


def _insert(session: Session, entries: Sequence[dict[str, Any]], payloads: Sequence[dict[str, Any]]) -> None:
    session.flush()
    # Without the ORM, for speed: each mail that is handed over records two events.
    session.execute(insert(table_of(LedgerEvent)), entries)
    session.execute(insert(table_of(LedgerPayload)), payloads)


def new_id(at: datetime) -> str:
    """An event's id: random, after its time to the millisecond (UUID version 7, RFC 9562).

    Ids that grow with time keep the indexes over them together: sealing writes a few of their pages, not one an event.
    """
    stamp = int(at.timestamp() * 1000) << 80 | secrets.randbits(80)
    return str(UUID(int=stamp & ~(0xF << 76 | 0x3 << 62) | 7 << 76 | 2 << 62))


def commitment(half: str, salt: bytes, payload: bytes) -> bytes:
    """SHA-256 over the domain, the salt and the canonical payload."""
    return hashlib.sha256(f"immomarket/{half}/{VERSION}\0".encode() + salt + payload).digest()


def payloads_of(session: Session, event_id: str) -> list[LedgerPayload]:
    """The halves of one event that still exist."""
    return list(session.exec(select(LedgerPayload).where(LedgerPayload.event_id == event_id)))


def said(payload: bytes | None) -> dict[str, Any]:
    """What a payload says, for readers who cannot be sure that it is one; nothing where it is none."""
    try:
        found = json.loads(payload or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
