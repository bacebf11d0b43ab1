"""Forwarding: a lead's way to its agency: the mail, the disclosure it makes, and what became of it."""

from datetime import datetime

from sqlmodel import Session, col, select

from portal import ledger
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact, Office
from portal.leads import Disclosure, Lead
from portal.mail import outbox
from portal.mail.outbox import Mail

KIND = "lead"


def about(lead: Lead) -> str:
    """How the outbox names this lead."""
    return f"lead:{lead.reference}"


def forward(
    session: Session,
    lead: Lead,
    agency: Agency,
    contact: Contact,
    office: Office,
    *,
    domain: str,
    now: datetime,
) -> Mail:
    """Queue the lead's mail to the agency, with the disclosure it intends and the ledger event of that intent."""
    assert lead.id is not None and agency.id is not None and contact.id is not None
    mail = outbox.queue(
        session,
        KIND,
        about(lead),
        contact.email,
        office.locale,
        now,
        domain,
        role=contact.role,
    )
    assert mail.id is not None
    session.add(
        Disclosure(
            lead_id=lead.id,
            agency_id=agency.id,
            contact_id=contact.id,
            mail_id=mail.id,
            intended_at=now,
        )
    )
    ledger.record(
        session, "disclosure_intended", now,
        business={"lead": lead.reference, "agency": agency.slug, "contact": contact.id, "mail": mail.message_id},
    )  # fmt: skip
    return mail


def passed(session: Session, mail: Mail, now: datetime) -> None:
    """The relay took responsibility for the mail: the disclosure has happened."""
    disclosure = session.exec(select(Disclosure).where(Disclosure.mail_id == mail.id)).one_or_none()
    if disclosure is None or disclosure.passed_at is not None:
        return
    disclosure.passed_at = now
    lead = session.get_one(Lead, disclosure.lead_id)
    ledger.record(
        session, "disclosure_passed", now,
        business={"lead": lead.reference, "contact": disclosure.contact_id, "mail": mail.message_id},
    )  # fmt: skip


def forward_parked(session: Session, agency: Agency, *, domain: str, now: datetime) -> int:
    """Forward what waited for this agency, once it takes enquiries again; how many leads that were."""
    assert agency.id is not None
    found = agencies.recipient(session, agency.id)
    if agency.paused_at is not None or found is None:
        return 0
    waiting = session.exec(
        select(Lead).where(
            Lead.agency_id == agency.id,
            col(Lead.parked_reason).is_not(None),
            Lead.screening == "forward",
        )
    ).all()
    for lead in waiting:
        lead.parked_reason = None
        forward(session, lead, agency, *found, domain=domain, now=now)
    return len(waiting)
