"""Leads: what is recorded of one enquiry about one property, the person in it, and to whom it was disclosed.

Owns `lead`, `lead_person`, `disclosure`, `status_link` and `submission`. A visitor's name, addresses and words stand
in `lead_person` alone, so that a lead can lose its person and keep its proofs.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Integer,
    String,
    Text,
    UniqueConstraint,
)
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import choices
from portal.consent.notices import RECORDER, Notice
from portal.consent.policies import PolicyVersion
from portal.db import UTCDateTime, column
from portal.language.formats import utc
from portal.language.messages import N_

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
STATUS_DAYS = 90

INTENTS = {
    "question": N_("Ask a question"),
    "viewing": N_("Arrange a viewing"),
    "papers": N_("Receive the papers"),
}
REACHES = {"email": N_("E-mail"), "phone": N_("Phone"), "whatsapp": N_("WhatsApp")}
TIMINGS = {
    "": N_("Not said"),
    "3_months": N_("Within 3 months"),
    "1_year": N_("Within a year"),
    "looking": N_("Just looking"),
}
FUNDINGS = {
    "": N_("Not said"),
    "own_money": N_("Own money"),
    "mortgage_agreed": N_("Mortgage agreed"),
    "mortgage_needed": N_("Mortgage needed"),
    "sale": N_("Sale of a home"),
}
PARKED = {
    "agency_paused": N_("The agency takes no enquiries at the moment."),
    "no_confirmed_contact": N_("The agency has no confirmed address for enquiries at the moment."),
}


class LeadUnknown(Exception):
    """No lead has this reference."""


class Erased(Exception):
    """The person of the lead is erased, and with it every way to the lead but its reference."""


class Lead(SQLModel, table=True):
    """One lead, without its person. The property's figures are those of the moment of the enquiry.

    `screening` is where it stands, score and reasons (code and points each) are those of its receipt; `seen` says who
    of ops looked at what was held, and only a `release_nonce` opens the visitor's own release.
    """

    __tablename__ = "lead"
    __table_args__ = (
        CheckConstraint("screening IN ('forward', 'held', 'spam')", name="screening"),
        CheckConstraint(
            "parked_reason IS NULL OR parked_reason IN ('agency_paused', 'no_confirmed_contact')",
            name="parked_reason",
        ),
        CheckConstraint("intent IN ('question', 'viewing', 'papers')", name="intent"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    reference: str = column(String(12), unique=True, personal=None)
    received_at: datetime = column(UTCDateTime, index=True, personal=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    property_id: int = column(Integer, ForeignKey("property.id"), index=True, personal=None)
    property_reference: str = column(String(255), personal=None)
    property_title: str = column(String(255), personal=None)
    property_price: str = column(String(60), personal=None)
    property_withdrawn: bool = column(Boolean, personal=None, default=False)
    intent: str = column(String(10), personal=None)
    locale: str = column(String(5), personal=None)
    page: str = column(String(500), personal=None)
    form_version: int = column(Integer, personal=None)
    notice_id: int = column(Integer, ForeignKey("notice.id"), personal=None)
    screening: str = column(String(8), index=True, personal=None, default="forward")
    parked_reason: str | None = column(String(30), personal=None, default=None)
    ledger_event_id: str = column(String(36), ForeignKey("ledger_event.id"), personal=None)
    screening_score: int = column(Integer, personal=None, default=0)
    screening_reasons: list[list[Any]] = column(JSON, personal=None, default_factory=list)
    screening_seen_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    screening_seen_by: str | None = column(String(120), personal="operator", default=None)
    release_nonce: str | None = column(String(32), unique=True, personal="status_link", default=None)
    released_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    released_by: str | None = column(String(120), personal="operator", default=None)
    release_reason: str | None = column(String(500), personal=None, default=None)


class LeadPerson(SQLModel, table=True):
    """Who enquired and in what words: the only home of a visitor's identity."""

    __tablename__ = "lead_person"
    __table_args__ = (CheckConstraint("reach IN ('email', 'phone', 'whatsapp')", name="reach"),)
    lead_id: int = column(Integer, ForeignKey("lead.id"), primary_key=True, personal=None)
    name: str = column(String(120), personal="lead")
    email: str = column(String(254), personal="lead")
    phone: str = column(String(60), personal="lead", default="")
    phone_e164: str = column(String(16), personal="lead", default="")
    phone_region: str = column(String(2), personal="lead", default="")
    reach: str = column(String(10), personal="lead", default="email")
    professional: bool = column(Boolean, personal="lead", default=False)
    company: str = column(String(120), personal="lead", default="")
    words: str = column(Text, personal="lead", default="")
    answer_locale: str = column(String(5), personal="lead", default="en")
    timing: str = column(String(20), personal="lead", default="")
    funding: str = column(String(20), personal="lead", default="")


class Disclosure(SQLModel, table=True):
    """A lead's data passed to a named recipient: intended when queued, passed at the relay's 250.

    `reminder_id` is the mail that reminded the contact of its answer.
    """

    __tablename__ = "disclosure"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    lead_id: int = column(Integer, ForeignKey("lead.id"), index=True, personal=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), personal=None)
    contact_id: int = column(Integer, ForeignKey("contact.id"), personal=None)
    mail_id: int = column(Integer, ForeignKey("mail.id"), index=True, personal=None)
    intended_at: datetime = column(UTCDateTime, personal=None)
    passed_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    reminder_id: int | None = column(Integer, ForeignKey("mail.id"), index=True, personal=None, default=None)


class StatusLink(SQLModel, table=True):
    """One post's way back to its lead. The address carries this nonce signed; the table alone opens nothing."""

    __tablename__ = "status_link"
    nonce: str = column(String(32), primary_key=True, personal="status_link")
    lead_id: int = column(Integer, ForeignKey("lead.id"), index=True, personal=None)
    created_at: datetime = column(UTCDateTime, personal=None)


class Submission(SQLModel, table=True):
    """The keyed fingerprint of a post, for ten minutes: the same fields again are the same lead."""

    __tablename__ = "submission"
    fingerprint: str = column(String(64), primary_key=True, personal="submission")
    lead_id: int | None = column(Integer, ForeignKey("lead.id"), index=True, personal=None, default=None)
    created_at: datetime = column(UTCDateTime, index=True, personal=None)


class Confirmation(SQLModel, table=True):
    """The one mail about a lead to its visitor, which may be a link to release it: `mail_id`, or none.

    Without one it was not to be sent; a later confirmation to the same address then names the lead. `answer_wished_at`
    says that the visitor wants a second mail once the agency says that it has answered.
    """

    __tablename__ = "confirmation"
    __table_args__ = (UniqueConstraint("lead_id"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    lead_id: int = column(Integer, ForeignKey("lead.id"), personal=None)
    address_fingerprint: str = column(String(64), index=True, personal="confirmation")
    decided_at: datetime = column(UTCDateTime, personal=None)
    mail_id: int | None = column(Integer, ForeignKey("mail.id"), index=True, personal=None, default=None)
    answer_wished_at: datetime | None = column(UTCDateTime, personal=None, default=None)


@dataclass(frozen=True)
class Selection:
    """Which leads: received from `since` on and before `until`, of one agency (its slug), in one state (a screening,
    or `parked`), with the visitor's consent to one purpose now.
    """

    since: datetime | None = None
    until: datetime | None = None
    agency: str | None = None
    state: str | None = None
    purpose: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The selection as conditions on `lead`."""
        asked: list[ColumnElement[bool]] = []
        if self.since is not None:
            asked.append(col(Lead.received_at) >= self.since)
        if self.until is not None:
            asked.append(col(Lead.received_at) < self.until)
        if self.agency is not None:
            asked.append(col(Lead.agency_id).in_(select(Agency.id).where(Agency.slug == self.agency)))
        if self.state is not None:
            parked = col(Lead.parked_reason).is_not(None)
            asked.append(parked if self.state == "parked" else col(Lead.screening) == self.state)
        if self.purpose is not None:
            asked.append(col(Lead.id).in_(choices.consenting(self.purpose)))
        return asked

    def as_filters(self) -> dict[str, str]:
        """The selection as it is written down: only what was asked for."""
        asked = {
            "since": utc(self.since) if self.since else None,
            "until": utc(self.until) if self.until else None,
            "agency": self.agency,
            "state": self.state,
            "purpose": self.purpose,
        }
        return {name: value for name, value in asked.items() if value is not None}


def new_reference() -> str:
    """A lead reference such as `IM-7K4Q-2MXD`: seven random Crockford base 32 digits and a check character."""
    digits = "".join(secrets.choice(CROCKFORD) for _ in range(7))
    return f"IM-{digits[:4]}-{digits[4:] + check_character(digits)}"


def unused_reference(session: Session) -> str:
    """A new reference that no lead has: seven digits repeat once in some hundred thousand leads."""
    while True:
        reference = new_reference()
        if session.exec(select(Lead.id).where(Lead.reference == reference)).first() is None:
            return reference


def check_character(digits: str) -> str:
    """The Luhn mod 32 check of base 32 digits: any one wrong digit, and most swapped neighbours, are found."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        value = CROCKFORD.index(digit) * (2 if position % 2 == 0 else 1)
        total += value // 32 + value % 32
    return CROCKFORD[-total % 32]


def read_reference(typed: str) -> str:
    """A reference as people type it, in its one form. Raises `LeadUnknown` where the check fails."""
    plain = typed.upper().replace("-", "").replace(" ", "").removeprefix("IM")
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    if len(plain) != 8 or set(plain) - set(CROCKFORD) or check_character(plain[:7]) != plain[7]:
        raise LeadUnknown(f"“{typed}” is not a lead reference; one looks like IM-7K4Q-2MXD")
    return f"IM-{plain[:4]}-{plain[4:]}"


def by_reference(session: Session, typed: str) -> Lead:
    """The lead with this reference. Raises `LeadUnknown`."""
    lead = session.exec(select(Lead).where(Lead.reference == read_reference(typed))).one_or_none()
    if lead is None:
        raise LeadUnknown(f"no lead has the reference {read_reference(typed)}")
    return lead


def evidence(
    lead: Lead, agency: Agency, home: Property, notice: Notice, policy: PolicyVersion
) -> dict[str, Any]:  # fmt: skip
    """What the ledger records of a lead without its person, and what an audit compares with: all that never changes.

    `screening` alone may change later; each change is an event of its own.
    """
    return {
        "lead": lead.reference, "recorder": RECORDER, "received_at": utc(lead.received_at), "agency": agency.slug,
        "property": home.public_id, "property_reference": lead.property_reference,
        "property_title": lead.property_title, "property_price": lead.property_price,
        "property_withdrawn": lead.property_withdrawn, "intent": lead.intent, "locale": lead.locale, "page": lead.page,
        "form_version": lead.form_version, "notice_sha256": notice.sha256,
        "policy": f"{policy.document}/{policy.number}/{policy.locale}", "policy_sha256": policy.body_sha256,
        "screening": lead.screening, "screening_score": lead.screening_score,
        "screening_reasons": lead.screening_reasons,
    }  # fmt: skip


def person_evidence(reference: str, person: LeadPerson) -> dict[str, Any]:
    """What the ledger records of a lead's person, under a commitment of its own: all of it."""
    return {
        "lead": reference, "name": person.name, "email": person.email, "phone": person.phone,
        "phone_e164": person.phone_e164, "phone_region": person.phone_region, "reach": person.reach,
        "professional": person.professional, "company": person.company, "words": person.words,
        "answer_locale": person.answer_locale, "timing": person.timing, "funding": person.funding,
    }  # fmt: skip


def person_of(session: Session, lead: Lead) -> LeadPerson | None:
    """The person of a lead; None once erased."""
    return session.get(LeadPerson, lead.id)


def disclosures_of(session: Session, lead: Lead) -> list[Disclosure]:
    """To whom a lead was passed, or is meant to be, oldest first."""
    statement = select(Disclosure).where(Disclosure.lead_id == lead.id).order_by(col(Disclosure.id))
    return list(session.exec(statement))


def add_status_link(session: Session, lead_id: int, now: datetime) -> StatusLink:
    """A new way back to a lead, for one post."""
    link = StatusLink(nonce=secrets.token_hex(16), lead_id=lead_id, created_at=now)
    session.add(link)
    return link


def by_status_nonce(session: Session, nonce: str, now: datetime) -> Lead | None:
    """The lead a status address leads to; None once its ninety days are over. Raises `Erased`: the address was ours."""
    link = session.get(StatusLink, nonce)
    if link is None:
        raise Erased("the way to this lead is erased")
    if now - link.created_at > timedelta(days=STATUS_DAYS):
        return None
    return session.get(Lead, link.lead_id)


def selected(session: Session, selection: Selection, limit: int) -> list[Lead]:
    """The newest selected leads, newest first."""
    statement = select(Lead).where(*selection.conditions()).order_by(col(Lead.id).desc()).limit(limit)
    return list(session.exec(statement))


def options(texts: dict[str, str], translate: Any) -> list[tuple[str, str]]:
    """The choices of a field with their labels in one language."""
    return [(code, translate(label)) for code, label in texts.items()]
