"""Agencies: who publishes, where they sit, who receives their leads.

Owns `agency`, `office` and `contact`. A contact is entered by ops and counts only once confirmed, by the link mailed
to it or by ops with a reason. Addresses inside feeds never become contacts.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String
from sqlmodel import Session, SQLModel, col, select

from portal.db import UTCDateTime, column


class AgencyUnknown(Exception):
    """No agency has this slug."""


class ContactUnknown(Exception):
    """No contact of this agency has this address."""


class Agency(SQLModel, table=True):
    """An agency: the publisher of properties and the recipient of their leads."""

    __tablename__ = "agency"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    slug: str = column(String(60), unique=True, personal=None)
    name: str = column(String(120), personal=None)
    phone: str | None = column(String(40), personal=None, default=None)
    website: str | None = column(String(255), personal=None, default=None)
    registration: str | None = column(String(60), personal=None, default=None)
    paused_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    paused_reason: str | None = column(String(500), personal=None, default=None)
    created_at: datetime = column(UTCDateTime, personal=None)


class Office(SQLModel, table=True):
    """Where an agency sits; its language is the language of the mails it gets."""

    __tablename__ = "office"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    name: str = column(String(120), personal=None)
    street: str = column(String(200), personal=None, default="")
    postal_code: str = column(String(12), personal=None, default="")
    town: str = column(String(80), personal=None)
    phone: str | None = column(String(40), personal=None, default=None)
    locale: str = column(String(5), personal=None, default="es")


class Contact(SQLModel, table=True):
    """Who receives an agency's leads. Leads go only to contacts with `confirmed_at` and without `retired_at`."""

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
    confirmed_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    confirmed_how: str | None = column(String(10), personal=None, default=None)
    confirmed_by: str | None = column(String(120), personal="contact", default=None)
    confirmed_reason: str | None = column(String(500), personal="contact", default=None)
    retired_at: datetime | None = column(UTCDateTime, personal=None, default=None)


def by_slug(session: Session, slug: str) -> Agency:
    """The agency with this slug. Raises `AgencyUnknown`."""
    agency = session.exec(select(Agency).where(Agency.slug == slug)).one_or_none()
    if agency is None:
        raise AgencyUnknown(f"no agency is called “{slug}”; `portal agencies list` shows them all")
    return agency


def recipient(session: Session, agency_id: int, role: str = "primary") -> tuple[Contact, Office] | None:
    """The confirmed contact that receives this agency's leads, with its office; None where there is none.

    A second contact stands in where there is no confirmed primary one, because a lead that reaches somebody beats a
    lead that waits.
    """
    statement = (
        select(Contact, Office)
        .join(Office, col(Office.id) == Contact.office_id)
        .where(
            Office.agency_id == agency_id,
            col(Contact.confirmed_at).is_not(None),
            col(Contact.retired_at).is_(None),
        )
        .order_by(col(Contact.role) != role, col(Contact.id))
    )
    found = session.exec(statement).first()
    return (found[0], found[1]) if found else None


def takes_enquiries(session: Session, agency: Agency) -> bool:
    """Whether the form is shown: the agency is not paused and somebody confirmed receives its leads."""
    return agency.paused_at is None and agency.id is not None and recipient(session, agency.id) is not None


def confirm(
    contact: Contact,
    now: datetime,
    how: str,
    by: str | None = None,
    reason: str | None = None,
) -> None:
    """Mark a contact as confirmed: `how` is "link" (it clicked) or "ops" (somebody vouches, `by` and `reason`)."""
    if contact.confirmed_at is None:
        contact.confirmed_at, contact.confirmed_how = now, how
        contact.confirmed_by, contact.confirmed_reason = by, reason
