"""Shredding: one half of an event is deleted for good, and a tombstone says which, when, and by which event.

Owns `ledger_tombstone`. The event and its leaf stay; what its commitment opened to is gone with its salt. Must never
delete a payload without its tombstone, and the database refuses it too.
"""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, delete
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.db import UTCDateTime, affected, column, one_at_a_time
from portal.ledger import Half, LedgerEvent, LedgerPayload


class LedgerTombstone(SQLModel, table=True):
    """One half that was deleted, and the event `payload_shredded` that says so."""

    __tablename__ = "ledger_tombstone"
    __table_args__ = (CheckConstraint("half IN ('business', 'person')", name="half"),)
    event_id: str = column(String(36), ForeignKey("ledger_event.id"), primary_key=True, personal=None)
    half: str = column(String(8), primary_key=True, personal=None)
    tombstone_event_id: str = column(String(36), ForeignKey("ledger_event.id"), index=True, personal=None)
    at: datetime = column(UTCDateTime, personal=None)


def shred(
    session: Session, event_ids: Collection[str], half: Half, reason_code: str, request: str, now: datetime,
    by: str = "",
) -> int:  # fmt: skip
    """Delete one half of these events with its salt, and record that, in the caller's transaction; how many there were.

    What is gone already is passed over, and nothing is recorded where nothing is left. The event `payload_shredded`
    stands for good: the code of the reason, the reference of the request and who did it must name no person whose data
    goes. It is never older than what it is about, whatever the clocks of two hosts say.
    """
    one_at_a_time(session, "ledger shredding")  # not FOR UPDATE: nobody may have the right to update a payload
    asked = (
        select(LedgerPayload.event_id)
        .where(col(LedgerPayload.event_id).in_(event_ids), LedgerPayload.half == half)
        .order_by(col(LedgerPayload.event_id))
    )
    found = list(session.exec(asked))
    if not found:
        return 0
    events = session.exec(select(LedgerEvent.at, LedgerEvent.about).where(col(LedgerEvent.id).in_(found))).all()
    at, leads = max(now, *(at for at, _ in events)), {about for _, about in events}
    says = {"half": half, "events": found, "reason": reason_code, "request": request, "by": by}
    lead = leads.pop() if len(leads) == 1 else ""
    tombstone = ledger.record(session, "payload_shredded", at, {**says, "lead": lead} if lead else says)
    session.add_all(
        LedgerTombstone(event_id=event, half=half, tombstone_event_id=tombstone.id, at=at) for event in found
    )
    session.flush()
    return affected(
        session, delete(LedgerPayload).where(col(LedgerPayload.event_id).in_(found), col(LedgerPayload.half) == half)
    )
