"""Answering: an agency says what came of a lead: contacted, not reachable, no longer available, not a real enquiry.

Owns `agency_answer`. Each mail to an agency carries a link of its own, so that it is known which contact says so. Every
answer is an event of the ledger and the newest one shows; none changes the screening, and none takes a home off the
site. That a contact doubts an enquiry is for ops alone: it is an event of its own type, which no receipt holds.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal import addresses, forwarding, ledger
from portal.catalogue import reports
from portal.catalogue.agencies import Agency
from portal.db import UTCDateTime, column
from portal.forwarding import confirmation
from portal.language.messages import N_
from portal.leads import Disclosure, Erased, Lead, person_of
from portal.mail.composing import Letterhead
from portal.mail.mails import Mail
from portal.receipts.reading import UNSEEN
from portal.signing import Signer, TokenRefused

PURPOSE = "answer"
VALID = timedelta(days=90)  # from the mail on, as long as the visitor's status page
CONTACTED, NOT_REACHABLE, UNAVAILABLE, NOT_REAL = "contacted", "not_reachable", "unavailable", "not_real"
ANSWERS = {
    CONTACTED: N_("I have contacted this client"),
    NOT_REACHABLE: N_("I could not reach this client"),
    UNAVAILABLE: N_("The property is no longer available"),
    NOT_REAL: N_("This is not a real enquiry"),
}
ANSWERED, (DOUBTED,) = "agency_answered", UNSEEN  # events of the ledger; the second is that of `not_real`


class AnswerUnknown(Exception):
    """None of the answers that can be given."""


class AgencyAnswer(SQLModel, table=True):
    """One answer of one contact about one lead. Insert-only: the newest of a lead is where it stands."""

    __tablename__ = "agency_answer"
    __table_args__ = (CheckConstraint(f"answer IN ({', '.join(map(repr, ANSWERS))})", name="answer"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    lead_id: int = column(Integer, ForeignKey("lead.id"), index=True, personal=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    contact_id: int = column(Integer, ForeignKey("contact.id"), personal=None)
    mail_id: int = column(Integer, ForeignKey("mail.id"), personal=None)
    answer: str = column(String(14), personal=None)
    answered_at: datetime = column(UTCDateTime, index=True, personal=None)


class Asked(NamedTuple):
    """The lead that a link asks about, the disclosure it came with, and the newest answer given by that link."""

    lead: Lead
    agency: Agency
    disclosure: Disclosure
    answer: AgencyAnswer | None


def link(letterhead: Letterhead, mail: Mail) -> str:
    """Where the contact of this mail answers: a page with buttons, because mail filters follow links."""
    return letterhead.link(addresses.answer(mail.locale, letterhead.signer.sign(PURPOSE, mail.id)))


def asked(session: Session, signer: Signer, token: str, now: datetime) -> Asked:
    """What a link asks about. Raises `TokenRefused`, also after its ninety days, and `Erased`."""
    disclosure, mail = _linked(session, signer, token)
    lead = session.get_one(Lead, disclosure.lead_id)
    if person_of(session, lead) is None:
        raise Erased(f"the person of {lead.reference} is erased")
    if now - mail.queued_at > VALID:
        raise TokenRefused("the time of this link is over", expired=True)
    given = [answer for answer in of_lead(session, lead) if answer.mail_id == mail.id]
    return Asked(lead, session.get_one(Agency, lead.agency_id), disclosure, given[-1] if given else None)


def answer(session: Session, signer: Signer, token: str, said: str, domain: str, now: datetime) -> Asked:
    """Write down an answer; the same one again by the same link changes nothing. Raises `AnswerUnknown` and as `asked`.

    That a home is gone is a finding for ops. A visitor who wished to know is mailed that the agency has answered.
    """
    if said not in ANSWERS:
        raise AnswerUnknown("none of the answers that can be given")
    disclosure, mail = _linked(session, signer, token)
    # Of two clicks at once the second sees what the first wrote.
    session.refresh(session.get_one(Lead, disclosure.lead_id), with_for_update=True)
    found = asked(session, signer, token, now)
    if found.answer is not None and found.answer.answer == said:
        return found
    assert found.lead.id is not None and found.agency.id is not None and mail.id is not None
    given = AgencyAnswer(
        lead_id=found.lead.id, agency_id=found.agency.id, contact_id=disclosure.contact_id, mail_id=mail.id,
        answer=said, answered_at=now,
    )  # fmt: skip
    session.add(given)
    session.flush()
    event = DOUBTED if said == NOT_REAL else ANSWERED
    ledger.record(session, event, now, business=evidence(found.lead, found.agency, given, mail))
    if said == UNAVAILABLE:
        reports.note_gone(session, found.lead.property_id, mail.locale, now)
    if said == CONTACTED:
        confirmation.tell_answered(session, found.lead, domain, now)
    return found._replace(answer=given)


def evidence(lead: Lead, agency: Agency, given: AgencyAnswer, mail: Mail) -> dict[str, object]:
    """What the ledger records of an answer, and what an audit compares with."""
    return {
        "lead": lead.reference, "agency": agency.slug, "contact": given.contact_id,
        "mail": mail.message_id, "answer": given.answer,
    }  # fmt: skip


def of_lead(session: Session, lead: Lead) -> Sequence[AgencyAnswer]:
    """Every answer about a lead, oldest first."""
    given = select(AgencyAnswer).where(AgencyAnswer.lead_id == lead.id).order_by(col(AgencyAnswer.id))
    return session.exec(given).all()


def shown(session: Session, lead: Lead) -> AgencyAnswer | None:
    """The newest answer that the visitor sees; a doubt is not for the visitor's eyes, and hides no earlier answer."""
    given = [answer for answer in of_lead(session, lead) if answer.answer != NOT_REAL]
    return given[-1] if given else None


def _linked(session: Session, signer: Signer, token: str) -> tuple[Disclosure, Mail]:
    number = signer.read(PURPOSE, token)
    if not isinstance(number, int):
        raise TokenRefused("not one of our tokens")
    found = session.exec(
        select(Disclosure, Mail)
        .join(Mail, col(Mail.id) == Disclosure.mail_id)
        .where(Disclosure.mail_id == number, Mail.kind == forwarding.KIND)
    ).first()
    if found is None:
        raise TokenRefused("not one of our tokens")
    return found[0], found[1]
