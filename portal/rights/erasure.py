"""Erasure: a lead loses its person, and keeps its proofs.

Walks the `personal` declarations of all columns, so that no column is forgotten: rows that stand for one lead and hold
its person or a way to it are deleted, mails about it are taken out of the outbox and blanked, and the person half of
each of its events is shredded with its salt. What is left says that a lead was recorded and passed on, never whose.

A mail that a worker is just sending is taken out of its hands as long as its text is not sent: the worker finds its
lease lost, hangs up and has handed over nothing. Once the text is on its way, the lead is being disclosed, and that
must be written down truly before anything is erased: `erase` then raises `MailIsUnderWay` and changes nothing. It is
called again when the relay has answered or the lease is over: after a moment, and some ten minutes at the latest.

An agency that got the lead keeps what it got; telling it is another duty. A mailbox that stopped our mail stays so.
"""

import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Column, Table, delete, func, update
from sqlmodel import Session, SQLModel, col, select

from portal import forwarding
from portal.db import FORGET_AT_ONCE, Database, affected, table_of
from portal.language.formats import ZONE
from portal.leads import Confirmation, Lead, LeadPerson, by_reference
from portal.ledger import LedgerEvent, mirror, shredding
from portal.ledger.mirror import Erasure
from portal.ledger.shredding import LedgerTombstone
from portal.mail import outbox, returning
from portal.mail.mails import Mail, blank
from portal.receipts import links
from portal.settings import Settings

NIGHT = (3, 4)  # hours of Spain
RECTIFIED = "rectified"  # the reason of a half that another took the place of
# What becomes of each rule by which a column may hold a person, when a visitor is erased; a test holds all to these.
DELETED = ("lead", "status_link", links.ReceiptLink.__tablename__, "submission", "confirmation")
BLANKED, SHREDDED = "mail", "ledger_person"
KEPT = {
    "operator": "who of ops did something, and why",
    "contact": "who receives an agency's leads",
    "feed": "what an agency's feed held",
    "property": "what an agency said of a home",
    "report": "what somebody said of an advertisement; no lead is known of it",
    "limit": "keyed counters, which nobody can read once the key of the day is gone, after two days",
    "stopped_address": "the wish to get no mail of us, as a keyed fingerprint",
}


def forget(
    database: Database, settings: Settings, reference: str, reason_code: str, by: str, now: datetime, request: str = ""
) -> int:  # fmt: skip
    """Erase one lead's person for good: from the database, its files, and any copy of it that is ever put back.

    How many halves of events were shredded. Raises as `erase`, and `LeadUnknown`.
    """
    halves = database.write(
        lambda session: erase(session, by_reference(session, reference), reason_code, by, now, request)
    )
    mirror.sealed(settings, database, now)
    database.forget_deleted()
    return halves


def erase(session: Session, lead: Lead, reason_code: str, by: str, now: datetime, request: str = "") -> int:
    """Erase the person of a lead, in the caller's transaction; how many halves of events were shredded.

    Once is enough, and again does no harm. `by` and `request` (a reference) stand in the ledger for good: they must not
    name the person. Raises `MailIsUnderWay` while a mail about the lead is being handed over.
    """
    session.flush()
    session.refresh(lead, with_for_update={"key_share": True})  # whoever only points at it need not wait
    take_back(session, lead, now)
    _cancel(session, lead, reason_code, by, now)
    _blank(session, lead)
    for table, key, cells in _about_leads():
        if table is table_of(Lead):
            affected(session, update(table).where(key == lead.id).values(dict.fromkeys(cells)))
        else:
            affected(session, delete(table).where(key == lead.id))
    lead.parked_reason = None
    session.flush()
    session.expire_all()
    return shredding.shred(session, events_of(session, lead), "person", reason_code, request, now, by)


@dataclass
class Forgetting:
    """Keeps the files of SQLite free of what was erased, by whichever process: large ones by night only."""

    database: Database
    done: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    def go_on(self, now: datetime) -> None:
        """Do so, where something was erased since the last time."""
        with self.database.read() as session:
            newest = session.exec(select(func.max(LedgerTombstone.at))).one()
        if newest is not None and newest > self.done:
            at_most = sys.maxsize if now.astimezone(ZONE).hour in NIGHT else FORGET_AT_ONCE
            if self.database.forget_deleted(at_most):
                self.done = newest


def erase_again(session: Session, erasures: Sequence[Erasure], by: str, now: datetime) -> int:
    """Do again what was erased of one lead since the copy that the database was set back to; how many halves.

    What was rectified and not erased is left as the copy has it: what took its place is lost with the rest, and the
    correction must be made again. Raises as `erase`.
    """
    ends = [erasure for erasure in erasures if erasure.reason != RECTIFIED]
    lead = session.exec(select(Lead).where(Lead.reference == erasures[0].lead)).one_or_none()
    if lead is None or not ends:
        return 0
    return erase(session, lead, ends[-1].reason, by, now, ends[-1].request)


def take_back(session: Session, lead: Lead, now: datetime) -> None:
    """Take every mail about a lead out of the workers' hands. Raises `MailIsUnderWay` where that is too late."""
    for mail in mails_about(session, lead):
        if mail.state == "sending":
            outbox.take_back(session, mail, now)


def mails_about(session: Session, lead: Lead) -> list[Mail]:
    """Every mail about a lead, to its agency or its visitor, locked and as it stands now."""
    about = select(Mail).where(Mail.about == forwarding.about(lead)).order_by(col(Mail.id))
    return list(session.exec(about.with_for_update().execution_options(populate_existing=True)))


def leave_others(session: Session, lead: Lead, mails: Collection[Mail]) -> None:
    """A mail that will not be sent stands for no other lead: the next to that mailbox does, as if it had never been."""
    lost = col(Confirmation.mail_id).in_([mail.id for mail in mails])
    affected(session, update(Confirmation).where(lost, col(Confirmation.lead_id) != lead.id).values(mail_id=None))


def events_of(session: Session, lead: Lead) -> list[str]:
    """Every event about a lead."""
    return list(session.exec(select(LedgerEvent.id).where(LedgerEvent.about == lead.reference)))


def _cancel(session: Session, lead: Lead, reason_code: str, by: str, now: datetime) -> None:
    unsent = [mail for mail in mails_about(session, lead) if mail.state in (*outbox.OPEN, "parked")]
    leave_others(session, lead, unsent)
    for mail in unsent:
        outbox.cancel(session, mail, by, reason_code, now)


def _blank(session: Session, lead: Lead) -> None:
    mails = mails_about(session, lead)
    to_agency = [mail for mail in mails if mail.kind == forwarding.KIND]
    person = session.get(LeadPerson, lead.id)
    if person is not None:
        returning.blank_naming(session, [person.email])
    blank(session, to_agency, recipient=False)
    blank(session, [mail for mail in mails if mail.kind != forwarding.KIND], recipient=True)
    # The mail about another lead of the same mailbox may name this one too: it is written anew without it.
    naming = (
        select(Mail).join(Confirmation, col(Confirmation.mail_id) == Mail.id).where(Confirmation.lead_id == lead.id)
    )
    blank(session, session.exec(naming).all(), recipient=False)


def _about_leads() -> Iterator[tuple[Table, Column[int], list[Column[object]]]]:
    """Each table that holds a person, or a way to one, by lead; its column of the lead's key; and those columns."""
    # Backwards, so that a post that comes again meets its fingerprint, and waits there, before any link of it.
    for _, table in sorted(SQLModel.metadata.tables.items(), reverse=True):
        cells = [cell for cell in table.c if cell.info["personal"] in DELETED]
        if cells:
            yield table, table.c.id if table is table_of(Lead) else table.c.lead_id, cells
