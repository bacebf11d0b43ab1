"""Forwarding: a lead's way to its agency: the mail, the disclosure it makes, and what became of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from portal import ledger
from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Contact, Office
from portal.language.formats import utc
from portal.leads import Disclosure, Erased, Lead, by_reference, person_of
from portal.mail import outbox
from portal.mail.mails import Mail

KIND = "lead"


def about(lead: Lead) -> str:
    """How the outbox names this lead."""
    return f"lead:{lead.reference}"


def pass_on(session: Session, lead: Lead, *, domain: str, now: datetime) -> None:
    """Forward a lead to whoever receives its agency's leads, or park it with the reason until somebody does."""
    agency = session.get_one(Agency, lead.agency_id)
    _lock(session, agency, shared=True)
    found = agencies.recipient(session, lead.agency_id)
    if agency.paused_at is not None:
        lead.parked_reason = "agency_paused"
    elif found is None:
        lead.parked_reason = "no_confirmed_contact"
    else:
        forward(session, lead, agency, *found, domain=domain, now=now)


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
    _intend(session, lead, agency, contact, mail, now)
    return mail


def passed(session: Session, mails: Sequence[Mail], now: datetime) -> None:
    """The relay took responsibility for these mails: their disclosures have happened."""
    names = {mail.id: mail.message_id for mail in mails}
    asked = (
        select(Disclosure.id, Disclosure.mail_id, Disclosure.contact_id, Disclosure.intended_at)
        .add_columns(col(Lead.reference), col(Agency.slug))
        .join(Lead, col(Lead.id) == Disclosure.lead_id)
        .join(Agency, col(Agency.id) == Disclosure.agency_id)
        .where(col(Disclosure.mail_id).in_(names), col(Disclosure.passed_at).is_(None))
        .order_by(col(Disclosure.id))
        .with_for_update(of=Disclosure)
    )
    rows = session.execute(asked).all()
    happened = update(Disclosure).where(col(Disclosure.id).in_([row[0] for row in rows])).values(passed_at=now)
    session.execute(happened)  # those that a caller holds learn of it
    events = [
        ("disclosure_passed", now, _said(reference, slug, contact, names[mail], intended, now))
        for _, mail, contact, intended, reference, slug in rows
    ]
    ledger.record_all(session, events)


def evidence(disclosure: Disclosure, lead: Lead, agency: Agency, mail: Mail) -> dict[str, Any]:
    """What the ledger records of a disclosure, first as intended, then as passed, and what an audit compares with."""
    at = disclosure.intended_at, disclosure.passed_at
    return _said(lead.reference, agency.slug, disclosure.contact_id, mail.message_id, *at)


def _said(
    lead: str, agency: str, contact: int, message_id: str, intended_at: datetime, passed_at: datetime | None
) -> dict[str, Any]:  # fmt: skip
    said = {"lead": lead, "agency": agency, "contact": contact, "mail": message_id, "intended_at": utc(intended_at)}
    return said if passed_at is None else {**said, "passed_at": utc(passed_at)}


def intended_again(session: Session, mail: Mail, made: Mail, now: datetime) -> None:
    """Ops send a lead's mail anew: it goes to whoever receives the agency's leads by now, as a disclosure of its own.

    Raises `agencies.ContactUnknown` where nobody confirmed does, and `Erased`.
    """
    lead = lead_of(session, mail)
    if person_of(session, lead) is None:
        raise Erased(f"the person of {lead.reference} is erased; there is nothing left to pass on")
    found = agencies.recipient(session, lead.agency_id, mail.role)
    if found is None:
        raise agencies.ContactUnknown("the agency of this lead has no confirmed contact")
    contact, office = found
    made.recipient, made.locale = contact.email, office.locale
    _intend(session, lead, session.get_one(Agency, lead.agency_id), contact, made, now)


def lead_of(session: Session, mail: Mail) -> Lead:
    """The lead a mail is about."""
    return by_reference(session, mail.about.removeprefix("lead:"))


def forward_parked(session: Session, agency: Agency, *, domain: str, now: datetime) -> int:
    """Forward what waited for this agency, once it takes enquiries again; how many leads that were."""
    assert agency.id is not None
    _lock(session, agency, shared=False)
    found = agencies.recipient(session, agency.id)
    if agency.paused_at is not None or found is None:
        return 0
    waiting = session.exec(
        select(Lead)
        .where(
            Lead.agency_id == agency.id,
            col(Lead.parked_reason).is_not(None),
            Lead.screening == "forward",
        )
        .with_for_update()
    ).all()
    for lead in waiting:
        lead.parked_reason = None
        forward(session, lead, agency, *found, domain=domain, now=now)
    return len(waiting)


def _lock(session: Session, agency: Agency, *, shared: bool) -> None:
    # Leads are parked together, but not while what was parked is forwarded: one parked behind its back would wait for
    # good. Not a plain FOR UPDATE, which would also stop whoever only writes a row that points at the agency.
    session.flush()
    session.refresh(agency, with_for_update={"read": shared, "key_share": not shared})


def _intend(session: Session, lead: Lead, agency: Agency, contact: Contact, mail: Mail, now: datetime) -> None:
    assert lead.id is not None and agency.id is not None and contact.id is not None and mail.id is not None
    disclosure = Disclosure(
        lead_id=lead.id, agency_id=agency.id, contact_id=contact.id, mail_id=mail.id, intended_at=now
    )  # fmt: skip
    session.add(disclosure)
    ledger.record(session, "disclosure_intended", now, business=evidence(disclosure, lead, agency, mail))
