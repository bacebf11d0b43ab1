"""Rectification: what a visitor said of themselves is put right, and the wrong version is gone.

The ledger keeps that something was put right, when and by whom, never what it was before: the old person half is
shredded, and a new one recorded. A mail still to be sent goes with what is right; one sent stays what it was for who
got it, and its bytes are deleted here. A mail that is just being handed over is treated as in an erasure.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col

from portal import forwarding, ledger
from portal.db import affected
from portal.forwarding import stopping
from portal.leads import Confirmation, Erased, Lead, LeadPerson, person_evidence
from portal.ledger import shredding
from portal.mail import outbox
from portal.mail.mails import Mail, blank
from portal.rights import erasure
from portal.signing import Signer

RECTIFIABLE = set(LeadPerson.model_fields) - {"lead_id"}


class NotRectifiable(Exception):
    """Something was to be changed that is no fact of the person."""


def rectify(
    session: Session, lead: Lead, changes: Mapping[str, Any], signer: Signer, by: str, now: datetime
) -> bool:  # fmt: skip
    """Put facts of a lead's person right, in the caller's transaction; False where they were so already.

    `changes` are columns of `LeadPerson`, normalised as the form does. `by` stands in the ledger for good. Raises
    `NotRectifiable`, `Erased`, and `MailIsUnderWay` while a mail about the lead is being handed over.
    """
    if unknown := set(changes) - RECTIFIABLE:
        raise NotRectifiable(f"no facts of a person: {', '.join(sorted(unknown))}")
    session.flush()
    session.refresh(lead, with_for_update={"key_share": True})
    person = session.get(LeadPerson, lead.id, populate_existing=True)
    if person is None:
        raise Erased(f"the person of {lead.reference} is erased")
    fields = sorted(name for name, value in changes.items() if getattr(person, name) != value)
    if not fields:
        return False
    erasure.take_back(session, lead, now)
    for name in fields:
        setattr(person, name, changes[name])
    _readdress(session, lead, person.email, signer, by, now, moved="email" in fields)
    shredding.shred(session, erasure.events_of(session, lead), "person", erasure.RECTIFIED, "", now, by)
    says = {"lead": lead.reference, "by": by, "fields": fields}
    ledger.record(session, "lead_rectified", now, says, person_evidence(lead.reference, person))
    return True


def _readdress(
    session: Session, lead: Lead, address: str, signer: Signer, by: str, now: datetime, moved: bool
) -> None:  # fmt: skip
    mails = erasure.mails_about(session, lead)
    to_visitor = [mail for mail in mails if mail.kind != forwarding.KIND]
    blank(session, [mail for mail in mails if mail not in to_visitor], recipient=False)
    blank(session, to_visitor, recipient=moved)
    session.flush()
    if not moved:
        return
    mailbox = stopping.mailbox(signer, address)
    of_lead = col(Confirmation.lead_id) == lead.id
    affected(session, update(Confirmation).where(of_lead).values(address_fingerprint=mailbox))
    unsent = [mail for mail in to_visitor if mail.state in (*outbox.OPEN, "parked")]
    erasure.leave_others(session, lead, unsent)
    for mail in unsent:
        affected(session, update(Mail).where(col(Mail.id) == mail.id).values(recipient=address))
        if stopping.is_stopped(session, mailbox):
            outbox.cancel(session, mail, by, "whoever reads the mailbox stopped our mail", now)
