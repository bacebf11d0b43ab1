"""Properties: what is advertised, its texts by language, its photos, and its publication state.

Owns `property`, `property_text` and `property_photo`. The key is (feed, source id); `reference` is what people see
and is not unique. A property that vanished from its feed is withdrawn, never deleted: the same source id brings the
same address back.
"""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
    or_,
    text,
)
from sqlmodel import Session, SQLModel, col, select

from portal import ledger
from portal.catalogue import versions
from portal.db import UTCDateTime, column

STATES = ("pending", "published", "held", "stale", "withdrawn", "blocked", "erased")
VISIBLE = ("published", "stale")
MARKET_STATUSES = (
    "available",
    "under_offer",
    "reserved",
    "sold",
    "let",
    "off_market",
    "unknown",
)
KINDS = (
    "apartment", "penthouse", "duplex", "studio", "villa", "bungalow", "town_house", "country_house", "cave_house",
    "wooden_home", "land", "ruin", "garage", "storage", "commercial", "office", "hotel", "building", "other",
)  # fmt: skip
OFFERS = ("sale", "rent_long", "rent_short")
PERIODS = ("month", "week", "day")
POOLS = ("yes", "no", "private", "communal", "unknown")
ENERGY_STATES = ("rated", "exempt", "in_process", "unknown")
# A visitor who had the page open when a home was withdrawn may still send what was typed.
ENQUIRY_GRACE = timedelta(days=7)


class PropertyUnknown(Exception):
    """No property has this public id."""


class PropertyAmbiguous(Exception):
    """Several properties have this reference; the message names their public ids."""


class PropertyNotBlocked(Exception):
    """What is to be unblocked is not blocked."""


def _one_of(name: str, values: tuple[str, ...], optional: bool = False) -> CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(
        f"{name} IN ({allowed})" + (f" OR {name} IS NULL" if optional else ""),
        name=name,
    )


class Property(SQLModel, table=True):
    """One home or premises with one offer. Money in minor units, areas in m², times in UTC, coordinates in WGS 84."""

    __tablename__ = "property"
    __table_args__ = (
        UniqueConstraint("feed_id", "source_id"),
        _one_of("state", STATES),
        _one_of("market_status", MARKET_STATUSES),
        _one_of("kind", KINDS),
        _one_of("offer", OFFERS),
        _one_of("price_period", PERIODS, optional=True),
        _one_of("pool", POOLS),
        _one_of("energy_state", ENERGY_STATES),
        Index("ix_property_newest", "state", "offer", "published_at", "id"),
        Index("ix_property_town_newest", "state", "offer", "town_id", "published_at", "id"),
        Index("ix_property_price", "state", "offer", "price_minor", "id"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    public_id: str = column(String(12), unique=True, personal=None, default_factory=lambda: new_public_id())
    feed_id: int = column(Integer, ForeignKey("feed.id"), personal=None)
    source_id: str = column(String(50), personal=None)
    agency_id: int = column(Integer, ForeignKey("agency.id"), index=True, personal=None)
    reference: str = column(String(255), index=True, personal=None)

    state: str = column(String(10), personal=None, default="pending")
    blocked_reason: str | None = column(String(500), personal=None, default=None)
    market_status: str = column(String(12), personal=None, default="available")
    kind: str = column(String(20), personal=None, default="other")
    source_type: str = column(String(120), personal=None, default="")
    new_build: bool | None = column(Boolean, personal=None, default=None)
    part_ownership: bool | None = column(Boolean, personal=None, default=None)
    leasehold: bool | None = column(Boolean, personal=None, default=None)

    offer: str = column(String(10), personal=None)
    price_minor: int | None = column(BigInteger, personal=None, default=None)
    previous_price_minor: int | None = column(BigInteger, personal=None, default=None)
    currency: str = column(String(3), personal=None, default="EUR")
    price_period: str | None = column(String(5), personal=None, default=None)

    country: str = column(String(2), personal=None, default="ES")
    town_id: int = column(Integer, ForeignKey("place.id"), index=True, personal=None)
    area_id: int | None = column(Integer, ForeignKey("place.id"), index=True, personal=None, default=None)
    postal_code: str | None = column(String(12), personal=None, default=None)
    latitude: float | None = column(Float, personal=None, default=None)
    longitude: float | None = column(Float, personal=None, default=None)

    bedrooms: int | None = column(Integer, personal=None, default=None)
    bathrooms: int | None = column(Integer, personal=None, default=None)
    built_m2: Decimal | None = column(Numeric(10, 2), personal=None, default=None)
    plot_m2: Decimal | None = column(Numeric(10, 2), personal=None, default=None)
    terrace_m2: Decimal | None = column(Numeric(10, 2), personal=None, default=None)
    year_built: int | None = column(Integer, personal=None, default=None)
    pool: str = column(String(10), personal=None, default="unknown")
    energy_state: str = column(String(10), personal=None, default="unknown")
    energy_consumption: str | None = column(String(1), personal=None, default=None)
    energy_consumption_kwh: Decimal | None = column(Numeric(8, 2), personal=None, default=None)
    energy_emissions: str | None = column(String(1), personal=None, default=None)
    energy_emissions_kg: Decimal | None = column(Numeric(8, 2), personal=None, default=None)
    # What the community of owners costs for so many months; without them the agency did not say for how many.
    community_fee_minor: int | None = column(BigInteger, personal=None, default=None)
    community_fee_months: int | None = column(Integer, personal=None, default=None)
    ibi_minor: int | None = column(BigInteger, personal=None, default=None)  # a year
    rubbish_minor: int | None = column(BigInteger, personal=None, default=None)  # a year
    cadastral_reference: str | None = column(String(20), personal="property", default=None)
    features: list[str] = column(JSON, personal=None, default_factory=list)
    video_url: str | None = column(String(500), personal=None, default=None)
    tour_url: str | None = column(String(500), personal=None, default=None)
    extra: dict[str, str] = column(JSON, personal="property", default_factory=dict)

    source_modified_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    content_hash: str = column(String(64), personal=None)
    first_seen_at: datetime = column(UTCDateTime, personal=None)
    last_seen_at: datetime = column(UTCDateTime, personal=None)
    changed_at: datetime = column(UTCDateTime, personal=None)
    published_at: datetime | None = column(UTCDateTime, personal=None, default=None)
    missing_since: datetime | None = column(UTCDateTime, personal=None, default=None)
    missing_snapshots: int = column(Integer, personal=None, default=0)
    withdrawn_at: datetime | None = column(UTCDateTime, personal=None, default=None)


class PropertyText(SQLModel, table=True):
    """Title and description of a property in one language; plain text, paragraphs parted by an empty line."""

    __tablename__ = "property_text"
    property_id: int = column(Integer, ForeignKey("property.id"), primary_key=True, personal=None)
    locale: str = column(String(5), primary_key=True, personal=None)
    title: str | None = column(String(255), personal=None, default=None)
    description: str = column(Text, personal=None, default="")


class PropertyPhoto(SQLModel, table=True):
    """One picture: where the agency keeps it, and the content hash under which we serve it once fetched."""

    __tablename__ = "property_photo"
    __table_args__ = (
        CheckConstraint("kind IN ('photo', 'floorplan')", name="kind"),
        # What is yet to be fetched: few rows of many.
        Index(
            "ix_property_photo_lacking", "source_url",
            sqlite_where=text("media IS NULL"), postgresql_where=text("media IS NULL"),
        ),
    )  # fmt: skip
    property_id: int = column(Integer, ForeignKey("property.id"), primary_key=True, personal=None)
    position: int = column(Integer, primary_key=True, personal=None)
    kind: str = column(String(10), personal=None, default="photo")
    source_url: str = column(String(2000), personal=None)
    caption: str | None = column(String(255), personal=None, default=None)
    media: str | None = column(String(64), index=True, personal=None, default=None)


def new_public_id() -> str:
    """Ten characters that cannot be guessed or counted; they stand in the property's address for ever."""
    return "".join(secrets.choice("23456789abcdefghjkmnpqrstvwxyz") for _ in range(10))


def by_public_id(session: Session, public_id: str) -> Property:
    """The property with this public id, in whatever state. Raises `PropertyUnknown`."""
    found = session.exec(select(Property).where(Property.public_id == public_id)).one_or_none()
    if found is None:
        raise PropertyUnknown(public_id)
    return found


def named(session: Session, name: str) -> Property:
    """The property people mean: by its public id, else by its reference.

    Raises `PropertyUnknown`, and `PropertyAmbiguous` where several agencies use the reference.
    """
    meant = or_(col(Property.public_id) == name, col(Property.reference) == name)
    found = session.exec(select(Property).where(meant).order_by(col(Property.public_id) != name)).all()
    if not found:
        raise PropertyUnknown(f"no property has the public id or reference “{name}”")
    if len(found) > 1 and found[0].public_id != name:
        ids = ", ".join(sorted(home.public_id for home in found))
        raise PropertyAmbiguous(f"{len(found)} properties have the reference “{name}”; say which: {ids}")
    return found[0]


def block(session: Session, home: Property, by: str, reason: str, now: datetime) -> None:
    """Take a property off the site, whatever its feed says, until it is unblocked."""
    home.state, home.blocked_reason, home.changed_at = "blocked", reason, now
    about = {"property": home.public_id, "property_reference": home.reference, "by": by, "reason": reason}
    ledger.record(session, "property_blocked", now, business=about)
    versions.raise_version(session)


def unblock(session: Session, home: Property, by: str, reason: str, now: datetime) -> None:
    """Give a blocked property back the state its feed left it in. Raises `PropertyNotBlocked`."""
    if home.state != "blocked":
        raise PropertyNotBlocked(f"{home.public_id} is not blocked, it is {home.state}")
    home.state = "withdrawn" if home.withdrawn_at else "published" if home.published_at else "pending"
    home.blocked_reason, home.changed_at = None, now
    about = {"property": home.public_id, "property_reference": home.reference, "by": by, "reason": reason}
    ledger.record(session, "property_unblocked", now, business=about)
    versions.raise_version(session)


def is_visible(home: Property) -> bool:
    """Whether the public may see the property."""
    return home.state in VISIBLE


def still_takes_enquiries(home: Property, now: datetime) -> bool:
    """Whether an enquiry is taken: visible, or withdrawn less than seven days ago while somebody was typing."""
    if is_visible(home):
        return True
    return home.state == "withdrawn" and home.withdrawn_at is not None and now - home.withdrawn_at < ENQUIRY_GRACE
