"""Reports: somebody says that a listing is gone, wrong or not allowed; its agency and ops hear of it.

An agency that says so of its own listing, in answer to a lead, is heard by ops alone; nothing here takes a home off.
Owns `listing_report`. Nobody is asked who they are; the words are theirs all the same and are kept like a person's.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import CheckConstraint, ForeignKey, Integer, String, Text
from sqlmodel import Session, SQLModel, col, select

from portal import addresses
from portal.catalogue import agencies, naming
from portal.catalogue.agencies import Agency
from portal.catalogue.places import Place
from portal.catalogue.properties import Property
from portal.db import UTCDateTime, column
from portal.language.messages import N_, translated
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, clean, one_line, written
from portal.mail.mails import Mail

KIND = "report"
WORDS = 1000  # characters
REASONS = {
    "gone": N_("It is sold, let or otherwise gone"),
    "wrong": N_("Facts, price or photos are wrong"),
    "forbidden": N_("It is not allowed or looks suspicious"),
}
# The agency hears of each reason once a day, so that nobody can fill its mailbox; every report is kept.
QUIET = timedelta(days=1)


class ListingReport(SQLModel, table=True):
    """What a visitor said about one listing, or its agency (`source`). `mail_id` is the mail that told the agency; None
    where it knew.
    """

    __tablename__ = "listing_report"
    __table_args__ = (
        CheckConstraint("reason IN ('gone', 'wrong', 'forbidden')", name="reason"),
        CheckConstraint("source IN ('visitor', 'agency')", name="source"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    property_id: int = column(Integer, ForeignKey("property.id"), index=True, personal=None)
    reason: str = column(String(10), personal=None)
    words: str = column(Text, personal="report", default="")
    locale: str = column(String(5), personal=None)
    reported_at: datetime = column(UTCDateTime, personal=None)
    mail_id: int | None = column(Integer, ForeignKey("mail.id"), personal=None, default=None)
    source: str = column(String(7), personal=None, default="visitor")


class Row(NamedTuple):
    """One report with what it is about, for ops."""

    at: datetime
    property: str
    reference: str
    agency: str
    reason: str
    words: str
    told: bool
    source: str


def record(
    session: Session, home: Property, reason: str, words: str, locale: str, domain: str, now: datetime
) -> ListingReport:  # fmt: skip
    """Keep a report and queue the mail to whoever receives the agency's leads, unless it was told today already."""
    assert home.id is not None
    report = ListingReport(property_id=home.id, reason=reason, words=words, locale=locale, reported_at=now)
    session.add(report)
    session.flush()
    found = agencies.recipient(session, home.agency_id)
    if found is not None and not _told_lately(session, home.id, reason, now):
        contact, office = found
        mail = outbox.queue(session, KIND, f"report:{report.id}", contact.email, office.locale, now, domain)
        report.mail_id = mail.id
    return report


def note_gone(session: Session, property_id: int, locale: str, now: datetime) -> None:
    """Keep that its own agency says a home is gone. Nobody is mailed, and the home stays until its feed drops it."""
    session.add(ListingReport(property_id=property_id, reason="gone", locale=locale, reported_at=now, source="agency"))


def latest(session: Session, limit: int = 200) -> list[Row]:
    """The newest reports, newest first."""
    statement = (
        select(ListingReport, Property, Agency)
        .join(Property, col(Property.id) == ListingReport.property_id)
        .join(Agency, col(Agency.id) == Property.agency_id)
        .order_by(col(ListingReport.id).desc())
        .limit(limit)
    )
    return [
        Row(report.reported_at, home.public_id, home.reference, agency.slug, report.reason, report.words,
            report.mail_id is not None, report.source)
        for report, home, agency in session.exec(statement)
    ]  # fmt: skip


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The mail that tells an agency of a report, in the office's language."""
    report = session.get_one(ListingReport, int(mail.about.removeprefix("report:")))
    home = session.get_one(Property, report.property_id)
    town = session.get_one(Place, home.town_id).name
    area = session.get_one(Place, home.area_id).name if home.area_id else None
    slug = naming.slug(home.kind, home.offer, town, area, mail.locale)
    facts = {
        "reference": one_line(home.reference),
        "title": naming.title(home.kind, home.offer, town, area, mail.locale),
        "reason": translated(mail.locale, REASONS[report.reason]),
        "words": [line.rstrip() for line in clean(report.words).strip().split("\n")] if report.words else [],
        "address": letterhead.link(addresses.property_page(mail.locale, home.public_id, slug)),
    }
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{KIND}:immomarket"})


def _told_lately(session: Session, property_id: int, reason: str, now: datetime) -> bool:
    told = select(ListingReport.id).where(
        ListingReport.property_id == property_id,
        ListingReport.reason == reason,
        col(ListingReport.mail_id).is_not(None),
        ListingReport.reported_at > now - QUIET,
    )
    return session.exec(told).first() is not None
