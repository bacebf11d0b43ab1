"""What the importer remembers: feeds, fetched snapshots, runs, and the findings of each run.

Owns `feed`, `feed_snapshot`, `feed_run` and `feed_finding`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    String,
)
from sqlmodel import Session, SQLModel, col, select

from portal.catalogue.agencies import Agency
from portal.catalogue.places import slug_of
from portal.db import UTCDateTime, column


class FeedUnknown(Exception):
    """No feed has this slug."""


class FeedRefused(Exception):
    """The feed cannot be added as given; the message says what to write instead."""


class Feed(SQLModel, table=True):
    """An agency's export. `public_by_contract` decides for formats that carry no scope field."""

    __tablename__ = "feed"
    __table_args__ = (CheckConstraint("format IN ('kyero')", name="format"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    slug: str = column(String(60), unique=True, personal=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    format: str = column(String(20), personal=None, default="kyero")
    address: str | None = column(String(2000), personal=None, default=None)
    public_by_contract: bool = column(Boolean, personal=None, default=False)
    created_at: datetime = column(UTCDateTime, personal=None)


class FeedSnapshot(SQLModel, table=True):
    """One fetched body that parsed whole, known by the SHA-256 of its bytes."""

    __tablename__ = "feed_snapshot"
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    feed_id: int = column(Integer, ForeignKey("feed.id"), index=True, personal=None)
    sha256: str = column(String(64), personal=None)
    size: int = column(Integer, personal=None)
    fetched_at: datetime = column(UTCDateTime, personal=None)


class FeedRun(SQLModel, table=True):
    """One import: when, by whom, what came of it. `counts` holds the figures of the report."""

    __tablename__ = "feed_run"
    __table_args__ = (CheckConstraint("outcome IN ('applied', 'held', 'failed', 'dry_run')", name="outcome"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    feed_id: int = column(Integer, ForeignKey("feed.id"), index=True, personal=None)
    snapshot_id: int | None = column(Integer, ForeignKey("feed_snapshot.id"), personal=None, default=None)
    started_at: datetime = column(UTCDateTime, personal=None)
    finished_at: datetime = column(UTCDateTime, personal=None)
    by: str = column(String(120), personal="operator", default="")
    outcome: str = column(String(10), personal=None)
    reason: str | None = column(String(1000), personal=None, default=None)
    counts: dict[str, Any] = column(JSON, personal=None, default_factory=dict)


class FeedFinding(SQLModel, table=True):
    """One thing a run noticed about one property: a rejection, or a value it could not read."""

    __tablename__ = "feed_finding"
    __table_args__ = (
        CheckConstraint("severity IN ('rejected', 'warning')", name="severity"),
        Index("ix_feed_finding_run", "run_id"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    run_id: int = column(Integer, ForeignKey("feed_run.id"), personal=None)
    severity: str = column(String(10), personal=None)
    source_id: str = column(String(50), personal=None, default="")
    reference: str = column(String(255), personal=None, default="")
    field: str = column(String(60), personal=None, default="")
    value: str = column(String(200), personal="feed", default="")
    reason: str = column(String(500), personal=None)


def add(session: Session, slug: str, agency: Agency, address: str | None, public: bool, now: datetime) -> Feed:
    """A new Kyero feed of an agency. `public`: its contract says all it holds may be shown. Raises `FeedRefused`."""
    if slug != slug_of(slug)[:60]:
        raise FeedRefused(f"“{slug}” cannot stand in an address; “{slug_of(slug)[:60]}” can")
    if address is not None and not address.lower().startswith(("http://", "https://")):
        raise FeedRefused("the address must begin with http:// or https://; a file is read with `feeds run --file`")
    if session.exec(select(Feed).where(Feed.slug == slug)).first() is not None:
        raise FeedRefused(f"a feed called “{slug}” exists already; `portal feeds list` shows it")
    feed = Feed(slug=slug, agency_id=agency.id or 0, address=address, public_by_contract=public, created_at=now)
    session.add(feed)
    session.flush()
    return feed


def by_slug(session: Session, slug: str) -> Feed:
    """The feed with this slug. Raises `FeedUnknown`."""
    feed = session.exec(select(Feed).where(Feed.slug == slug)).one_or_none()
    if feed is None:
        raise FeedUnknown(f"no feed is called “{slug}”; `portal feeds list` shows them all")
    return feed


def latest_run(session: Session, feed: Feed) -> FeedRun | None:
    """The newest run of a feed, whatever came of it."""
    return session.exec(select(FeedRun).where(FeedRun.feed_id == feed.id).order_by(col(FeedRun.id).desc())).first()
