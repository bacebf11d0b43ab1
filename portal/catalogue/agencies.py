"""Agencies: who publishes, where they sit, who receives their leads.

Owns `agency`, `office` and `contact`. A contact is entered by ops and counts only once confirmed, by the link mailed
to it or by ops with a reason. Addresses inside feeds never become contacts.
"""

from collections.abc import Collection
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import JSON, CheckConstraint, ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.catalogue import versions
from portal.catalogue.places import slug_of
from portal.db import UTCDateTime, column

# What can be attached to the mails of leads, for the agency's software, in the order in which it is.
ATTACHMENTS = ("openimmo", "json", "vcard")


class AgencyUnknown(Exception):
    """No agency has this slug."""


class AgencyRefused(Exception):
    """The agency or contact cannot be entered like this; the message says why."""


class ContactUnknown(Exception):
    """No contact of this agency has this address."""


class Agency(SQLModel, table=True):
    """An agency: the publisher of properties and the recipient of their leads.

    Of the last 90 days: how many leads it answered, and the median of its working time until then, in seconds.
    """

    __tablename__ = "agency"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    slug: str = column(String(60), unique=True, personal=None)
    name: str = column(String(120), personal=None)
    phone: str | None = column(String(40), personal=None, default=None)
    website: str | None = column(String(255), personal=None, default=None)
    registration: str | None = column(String(60), personal=None, default=None)
    paused_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    paused_reason: str | None = column(String(500), personal=None, default=None)
    attachments: list[str] = column(JSON, personal=None, default_factory=lambda: list(ATTACHMENTS))
    created_at: datetime = column(UTCDateTime, personal=None)
    response_count: int = column(Integer, personal=None, default=0)
    response_seconds: int | None = column(Integer, personal=None, default=None)


class Office(SQLModel, table=True):
    """Where an agency sits; its language is the language of the mails it gets.

    `opening_hours` (`week.parsed` reads it) is None where the agency has not given them; `holidays` is whose public
    holidays it keeps (`hours.Hours`), `local_holidays` its further closed days, ISO 8601 with spaces between.
    """

    __tablename__ = "office"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    name: str = column(String(120), personal=None)
    street: str = column(String(200), personal=None, default="")
    postal_code: str = column(String(12), personal=None, default="")
    town: str = column(String(80), personal=None)
    phone: str | None = column(String(40), personal=None, default=None)
    locale: str = column(String(5), personal=None, default="es")
    time_zone: str = column(String(40), personal=None, default="Europe/Madrid")
    opening_hours: str | None = column(String(400), personal=None, default=None)
    holidays: str = column(String(6), personal=None, default="ES")
    local_holidays: str = column(String(1100), personal=None, default="")


class Contact(SQLModel, table=True):
    """Who receives an agency's leads. Leads go only to contacts with `confirmed_at` and without `retired_at`.

    `proved_at` says when it clicked its own link, `agreed_at` and `agreed_by` which contact agreed that it takes over.

    `refused_at` says when a mail server last said for good that there is no such mailbox, with its status code: while
    that stands, another confirmed contact of the agency goes first.
    """

    __tablename__ = "contact"
    __table_args__ = (
        CheckConstraint("role IN ('primary', 'second')", name="role"),
        CheckConstraint(
            "confirmed_how IS NULL OR confirmed_how IN ('link', 'ops')",
            name="confirmed_how",
        ),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    office_id: int = column(Integer, ForeignKey("office.id"), index=True, personal=None)
    role: str = column(String(10), personal=None, default="primary")
    name: str = column(String(120), personal="contact", default="")
    email: str = column(String(254), personal="contact")
    created_at: datetime = column(UTCDateTime, personal=None)
    proved_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    agreed_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    agreed_by: int | None = column(Integer, ForeignKey("contact.id"), personal=None, default=None)
    confirmed_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    confirmed_how: str | None = column(String(10), personal=None, default=None)
    confirmed_by: str | None = column(String(120), personal="contact", default=None)
    confirmed_reason: str | None = column(String(500), personal="contact", default=None)
    retired_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    refused_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    refused_code: str | None = column(String(11), personal=None, default=None)

    @property
    def state(self) -> str:
        """`waiting` for its confirmation, `confirmed`, or `retired`."""
        if self.retired_at is not None:
            return "retired"
        return "waiting" if self.confirmed_at is None else "confirmed"


def add(
    session: Session, slug: str, name: str, town: str, email: str, now: datetime, *, contact_name: str = "",
    phone: str | None = None, street: str = "", postal_code: str = "", locale: str = "es",
    website: str | None = None, registration: str | None = None,
) -> Contact:  # fmt: skip
    """Enter an agency, its office and its primary contact, who still has to confirm. Raises `AgencyRefused`."""
    if slug != slug_of(slug)[:60]:
        raise AgencyRefused(f"“{slug}” cannot stand in an address; “{slug_of(slug)[:60]}” can")
    if session.exec(select(Agency).where(Agency.slug == slug)).first() is not None:
        raise AgencyRefused(f"there is an agency “{slug}” already")
    agency = Agency(slug=slug, name=name, phone=phone, website=website, registration=registration, created_at=now)
    session.add(agency)
    session.flush()
    assert agency.id is not None
    office = Office(
        agency_id=agency.id, name=name, street=street, postal_code=postal_code, town=town, phone=phone, locale=locale
    )
    session.add(office)
    session.flush()
    versions.raise_version(session)
    return add_contact(session, agency, email, now, name=contact_name)


def edit(
    session: Session, agency: Agency, name: str | None, phone: str | None, attachments: Collection[str] | None = None
) -> None:  # fmt: skip
    """Give an agency a new name or phone number, or other attachments (`ATTACHMENTS`); None leaves what it has."""
    agency.name, agency.phone = name or agency.name, phone or agency.phone
    if attachments is not None:
        agency.attachments = [each for each in ATTACHMENTS if each in attachments]
    versions.raise_version(session)


def add_contact(
    session: Session, agency: Agency, email: str, now: datetime, *, name: str = "", role: str = "primary"
) -> Contact:  # fmt: skip
    """Enter a contact at the agency's first office. Whom it replaces keeps receiving until it has confirmed.

    Raises `AgencyRefused` where the address is not one, or is this agency's already.
    """
    try:
        address = validate_email(email, check_deliverability=False).normalized
    except EmailNotValidError as refused:
        raise AgencyRefused(f"that is not an e-mail address: {str(refused).rstrip('.')}") from None
    present = contacts(session, agency)
    if any(contact.email == address and contact.retired_at is None for contact, _ in present):
        raise AgencyRefused(f"{agency.slug} has this contact already")
    office = office_of(session, agency)
    contact = Contact(office_id=office.id or 0, role=role, name=name, email=address, created_at=now)
    session.add(contact)
    session.flush()
    return contact


def by_slug(session: Session, slug: str) -> Agency:
    """The agency with this slug. Raises `AgencyUnknown`."""
    agency = session.exec(select(Agency).where(Agency.slug == slug)).one_or_none()
    if agency is None:
        raise AgencyUnknown(f"no agency is called “{slug}”; `portal agencies list` shows them all")
    return agency


def office_of(session: Session, agency: Agency) -> Office:
    """The agency's first office."""
    return session.exec(select(Office).where(Office.agency_id == agency.id).order_by(col(Office.id)).limit(1)).one()


def everyone(session: Session) -> list[Agency]:
    """Every agency, by slug."""
    return list(session.exec(select(Agency).order_by(Agency.slug)))


def contacts(session: Session, agency: Agency) -> list[tuple[Contact, Office]]:
    """Every contact of an agency with its office, oldest first, the retired ones too."""
    statement = (
        select(Contact, Office)
        .join(Office, col(Office.id) == Contact.office_id)
        .where(Office.agency_id == agency.id)
        .order_by(col(Contact.id))
    )
    return [(contact, office) for contact, office in session.exec(statement)]


def contact_of(session: Session, agency: Agency, email: str) -> Contact:
    """The contact of this agency with this address that is not retired. Raises `ContactUnknown`."""
    for contact, _ in contacts(session, agency):
        if contact.email.casefold() == email.casefold() and contact.retired_at is None:
            return contact
    raise ContactUnknown(f"{agency.slug} has no such contact; `portal agencies list` shows those it has")


def recipient(session: Session, agency_id: int, role: str = "primary") -> tuple[Contact, Office] | None:
    """The confirmed contact that receives this agency's leads, with its office; None where there is none.

    A second contact stands in where there is no confirmed primary one, or its mailbox was refused, because a lead that
    reaches somebody beats a lead that waits. One that was refused still receives where there is no other.
    """
    statement = (
        select(Contact, Office)
        .join(Office, col(Office.id) == Contact.office_id)
        .where(
            Office.agency_id == agency_id,
            col(Contact.confirmed_at).is_not(None),
            col(Contact.retired_at).is_(None),
        )
        .order_by(col(Contact.refused_at).is_not(None), col(Contact.role) != role, col(Contact.id))
    )
    found = session.exec(statement).first()
    return (found[0], found[1]) if found else None


def note_refusal(session: Session, contact: Contact, code: str, now: datetime) -> None:
    """Write down that a mail server said there is no such mailbox; `code` is its status code."""
    contact.refused_at, contact.refused_code = now, code


def note_arrival(session: Session, contact: Contact) -> None:
    """A mail arrived in this contact's mailbox: whatever was said of it before is over."""
    contact.refused_at, contact.refused_code = None, None


def refused(session: Session) -> list[tuple[Agency, Contact]]:
    """Every contact in use whose mailbox was refused, with its agency, by slug."""
    in_use = (col(Contact.refused_at).is_not(None), col(Contact.retired_at).is_(None))
    asked = select(Agency, Contact).join(Office, col(Office.agency_id) == Agency.id)
    asked = (
        asked.join(Contact, col(Contact.office_id) == Office.id).where(*in_use).order_by(Agency.slug, col(Contact.id))
    )
    return [(agency, contact) for agency, contact in session.exec(asked)]


def takes_enquiries(session: Session, agency: Agency) -> bool:
    """Whether the form is shown: the agency is not paused and somebody confirmed receives its leads."""
    return agency.paused_at is None and agency.id is not None and recipient(session, agency.id) is not None


def confirm(
    session: Session, contact: Contact, now: datetime, how: str, by: str | None = None, reason: str | None = None
) -> None:  # fmt: skip
    """Confirm a contact: `how` is "link" (it clicked) or "ops" (somebody vouches, `by` and `reason`).

    From now on it receives the leads in place of those entered before it for the same role, who are retired. A second
    confirmation only says that its mailbox takes mail again, and a retired contact stays retired.
    """
    note_arrival(session, contact)
    if contact.confirmed_at is not None or contact.retired_at is not None:
        return
    contact.confirmed_at, contact.confirmed_how = now, how
    contact.confirmed_by, contact.confirmed_reason = by, reason
    replaced = select(Contact).where(
        Contact.office_id == contact.office_id,
        Contact.role == contact.role,
        col(Contact.id) < contact.id,
        col(Contact.retired_at).is_(None),
    )
    for predecessor in session.exec(replaced):
        predecessor.retired_at = now
    office = session.get_one(Office, contact.office_id)
    agency = session.get_one(Agency, office.agency_id)
    about = {
        "agency": agency.slug, "contact": contact.id, "how": how, "by": by, "reason": reason,
        "agreed": contact.agreed_by,
    }  # fmt: skip
    ledger.record(session, "contact_confirmed", now, business=about)
    versions.raise_version(session)


def pause(session: Session, agency: Agency, by: str, reason: str, now: datetime) -> None:
    """Let an agency take no enquiries: it loses its form, and leads still on their way are parked."""
    agency.paused_at, agency.paused_reason = now, reason
    ledger.record(session, "agency_paused", now, business={"agency": agency.slug, "by": by, "reason": reason})
    versions.raise_version(session)


def resume(session: Session, agency: Agency, by: str, now: datetime) -> None:
    """Let a paused agency take enquiries again; forwarding what was parked meanwhile is the caller's."""
    agency.paused_at, agency.paused_reason = None, None
    ledger.record(session, "agency_resumed", now, business={"agency": agency.slug, "by": by})
    versions.raise_version(session)
