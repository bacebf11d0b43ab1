"""Statements: how search reads the catalogue, prebuilt.

A statement is built once for each shape of a search and filled in for each visitor: building one takes as long as
reading a page by it. Nothing here runs one.
"""

from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, case, func, literal, not_, or_, select

from portal.addresses import SEARCH_OFFERS
from portal.catalogue.agencies import Agency
from portal.catalogue.photos import Media
from portal.catalogue.places import Place
from portal.catalogue.properties import VISIBLE, Property, PropertyPhoto, PropertyText
from portal.catalogue.rows import Card, Home
from portal.db import table_of

PAGE = 24
_SHAPES = 512  # of searches whose statements are kept
_UNPRICED = 2**62  # homes without a price stand last, whichever way prices run

HOME, PHOTO, TEXT = table_of(Property).c, table_of(PropertyPhoto).c, table_of(PropertyText).c
AGENCY, MEDIA = table_of(Agency).c, table_of(Media).c
TOWNS, AREAS = table_of(Place).alias("town"), table_of(Place).alias("area")
TOWN, AREA = TOWNS.c, AREAS.c


class _Order(NamedTuple):
    key: ColumnElement[Any]
    falling: bool


class Shape(NamedTuple):
    """What a search asks for, without the values: `offer` is empty where any will do, `asked` names conditions."""

    offer: str
    asked: tuple[str, ...]
    sort: str = "newest"


class Going(Enum):
    """Which page of a search: the first, the one after a home, the one before a home."""

    FROM_THE_TOP, ON, BACK = range(3)


def _among(key: ColumnElement[str], values: Iterable[str]) -> ColumnElement[bool]:
    # As bare literals: a list of values would be written into the statement anew at every reading.
    return key.in_([literal(value) for value in values])


_ORDERS = {
    "newest": _Order(HOME.published_at, True),
    "price_asc": _Order(func.coalesce(HOME.price_minor, _UNPRICED), False),
    "price_desc": _Order(func.coalesce(HOME.price_minor, -1), True),
}
_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "town": HOME.town_id == bindparam("town"),
    "area": HOME.area_id == bindparam("area"),
    "price_min": HOME.price_minor >= bindparam("price_min"),
    "price_max": HOME.price_minor <= bindparam("price_max"),
    "bedrooms": HOME.bedrooms >= bindparam("bedrooms"),
    "type": HOME.kind == bindparam("type"),
    "pool": _among(HOME.pool, ("yes", "private", "communal")),
    "new_build": HOME.new_build.is_(True),
    "agency": HOME.agency_id == bindparam("agency"),
}
_TAKEN = table_of(Media).alias("taken")
_FIRST_PHOTO = (
    select(PHOTO.media)
    .join_from(table_of(PropertyPhoto), _TAKEN, _TAKEN.c.hash == PHOTO.media)
    .where(PHOTO.property_id == HOME.id, PHOTO.kind == "photo", _TAKEN.c.state != "refused")
    .order_by(PHOTO.position)
    .limit(1)
    .correlate(table_of(Property))
    .scalar_subquery()
)
_JOINED = (
    table_of(Property)
    .join(TOWNS, TOWN.id == HOME.town_id)
    .outerjoin(AREAS, AREA.id == HOME.area_id)
    .join(table_of(Agency), AGENCY.id == HOME.agency_id)
    .outerjoin(table_of(Media), MEDIA.hash == _FIRST_PHOTO)
)
_CARD = [
    *(HOME[name] for name in Card._fields[: Card._fields.index("town")]),
    TOWN.name, TOWN.slug, AREA.name, AREA.slug, TOWN.province, AGENCY.name,
    MEDIA.hash, MEDIA.width, MEDIA.height, MEDIA.colour,
]  # fmt: skip
_OWN = [AGENCY.slug if name == "agency_slug" else HOME[name] for name in Home._fields[1:]]
IS_VISIBLE = _among(HOME.state, VISIBLE)
CARDS: Select[Any] = select(*_CARD).select_from(_JOINED).where(IS_VISIBLE)
WHOLE: Select[Any] = select(*_CARD, *_OWN).select_from(_JOINED)


@lru_cache(_SHAPES)
def listed(shape: Shape, going: Going) -> Select[Any]:
    """The cards of one page, one more than it shows; filled in with the values asked for, and `cursor`: a public id."""
    # The homes of the page first, then what their cards show: joined before they are sorted, every home found would
    # cost five look-ups.
    order = _ORDERS[shape.sort]
    falling = order.falling != (going is Going.BACK)
    keys = (order.key.desc(), HOME.id.desc()) if falling else (order.key.asc(), HOME.id.asc())
    wanted = _of(shape, select(HOME.id)).order_by(*keys).limit(PAGE + 1)
    if going is not Going.FROM_THE_TOP:
        wanted = wanted.where(_beyond(order.key, falling))
    numbers = select(wanted.subquery().c.id).correlate(None)
    return select(*_CARD).select_from(_JOINED).where(HOME.id.in_(numbers)).order_by(*keys)


@lru_cache(_SHAPES)
def counted(shape: Shape, going: Going = Going.FROM_THE_TOP) -> Select[Any]:
    """How many homes a search finds; going on from a home, also how many stand up to it, or before it going back."""
    columns: list[ColumnElement[Any]] = [func.count()]
    if going is not Going.FROM_THE_TOP:
        order = _ORDERS[shape.sort]
        behind = _beyond(order.key, order.falling) if going is Going.ON else not_(_beyond(order.key, not order.falling))
        columns.append(func.coalesce(func.sum(case((behind, 0), else_=1)), 0))
    return _of(shape, select(*columns).select_from(table_of(Property)))


def _of(shape: Shape, homes: Select[Any]) -> Select[Any]:
    homes = homes.where(IS_VISIBLE, *(_CONDITIONS[name] for name in shape.asked))
    return homes.where(_among(HOME.offer, SEARCH_OFFERS[shape.offer])) if shape.offer else homes


@lru_cache(len(SEARCH_OFFERS))
def with_homes(offer: str) -> Select[Any]:
    """Slug, name and number of homes of each town that has any, most homes first."""
    homes = select(HOME.town_id, func.count().label("homes")).where(
        IS_VISIBLE, _among(HOME.offer, SEARCH_OFFERS[offer])
    )
    each = homes.group_by(HOME.town_id).subquery()
    statement = select(TOWN.slug, TOWN.name, each.c.homes).join_from(TOWNS, each, each.c.town_id == TOWN.id)
    return statement.order_by(each.c.homes.desc(), TOWN.name)


def _beyond(key: ColumnElement[Any], falling: bool) -> ColumnElement[bool]:
    # What comes after the home from which a page goes on.
    value, number = _at(key), _at(HOME.id)
    further = key < value if falling else key > value
    return or_(further, and_(key == value, HOME.id < number if falling else HOME.id > number))


def _at(key: ColumnElement[Any]) -> ScalarSelect[Any]:
    # Where the home stands from which a page goes on, whatever has become of it; nowhere where there is none.
    return select(key).where(HOME.public_id == bindparam("cursor")).correlate(None).scalar_subquery()
