"""Prices: what a home was publicly asked for, from its first publication on, and what it costs to keep.

Owns `price_change`: rows are added and never altered. The importer keeps them, in the transaction that changes the
home. What a home cost before the public saw it is nobody's business and is not kept.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Integer, String, bindparam, insert, select
from sqlmodel import Session, SQLModel

from portal.catalogue.properties import Property
from portal.db import UTCDateTime, column, table_of


class PriceChange(SQLModel, table=True):
    """One price that was asked from a moment on, in minor units; None where the agency gave none.

    `previous_minor` is None as well where the price before is no measure: another offer, currency or period.
    """

    __tablename__ = "price_change"
    __table_args__ = (
        CheckConstraint("kind IN ('first_published', 'changed')", name="kind"),
        Index("ix_price_change_property", "property_id", "at", "id"),
    )
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    property_id: int = column(Integer, ForeignKey("property.id"), personal=None)
    at: datetime = column(UTCDateTime, personal=None)
    kind: str = column(String(15), personal=None)
    price_minor: int | None = column(BigInteger, personal=None, default=None)
    previous_minor: int | None = column(BigInteger, personal=None, default=None)
    currency: str = column(String(3), personal=None)


class Offered(Protocol):
    """Whatever is offered for a price: a property, or a listing about to become one."""

    @property
    def price_minor(self) -> int | None:
        """The price in minor units; None where the agency gave none."""

    @property
    def offer(self) -> str:
        """For sale or to rent, as in `Property`."""

    @property
    def currency(self) -> str:
        """ISO 4217."""

    @property
    def price_period(self) -> str | None:
        """What a rent is counted by; None for a sale."""


class Asked(NamedTuple):
    """A price with what it is for: the offer, the currency, the period of a rent."""

    price_minor: int | None
    offer: str
    currency: str
    price_period: str | None


class Row(NamedTuple):
    """One line of a home's price history."""

    at: datetime
    kind: str
    price_minor: int | None
    previous_minor: int | None
    currency: str


class Running(NamedTuple):
    """What a home costs beside its price, in minor units; None where the agency did not say.

    The community's fee is for `community_months`, or for a time not given; the others are for a year.
    """

    community_minor: int | None
    community_months: int | None
    ibi_minor: int | None
    rubbish_minor: int | None


_home, _change = table_of(Property).c, table_of(PriceChange).c
_told = (
    select(
        _home.community_fee_minor, _home.community_fee_months, _home.ibi_minor, _home.rubbish_minor,
        _change.at, _change.kind, _change.price_minor, _change.previous_minor, _change.currency,
    )
    .select_from(table_of(Property).outerjoin(table_of(PriceChange), _change.property_id == _home.id))
    .where(_home.id == bindparam("property_id"))
    .order_by(_change.at.desc(), _change.id.desc())
)  # fmt: skip


def asked(offered: Offered) -> Asked:
    """The price of something and what it is for."""
    return Asked(offered.price_minor, offered.offer, offered.currency, offered.price_period)


def measure(before: Asked, after: Asked) -> int | None:
    """The former price that the new one can be measured by, in minor units.

    None where they are equal, one was not given, or they are for different things: a rent is no reduction of a price.
    """
    if after.price_minor is None or before.price_minor == after.price_minor or before[1:] != after[1:]:
        return None
    return before.price_minor


def keep(session: Session, homes: Iterable[tuple[Property, Asked | None]], now: datetime) -> None:
    """Keep what changed of these homes' prices; with each home, what was publicly asked for it before.

    None there: the public had never seen it. A home that was never published leaves no row.
    """
    rows = [row for home, before in homes if home.published_at and (row := _row(home, before, now))]
    if rows:
        session.execute(insert(PriceChange), rows)


def told(session: Session, property_id: int) -> tuple[Running, list[Row]]:
    """What a home costs to keep, and every price it was publicly asked for, newest first. One statement."""
    rows = session.execute(_told, {"property_id": property_id}).all()
    split = len(Running._fields)
    return Running(*rows[0][:split]), [Row(*row[split:]) for row in rows if row[split]]


def _row(home: Property, before: Asked | None, now: datetime) -> dict[str, object] | None:
    after = asked(home)
    if before == after:
        return None
    return {
        "property_id": home.id, "at": now, "kind": "changed" if before else "first_published",
        "price_minor": after.price_minor, "previous_minor": measure(before, after) if before else None,
        "currency": after.currency,
    }  # fmt: skip
