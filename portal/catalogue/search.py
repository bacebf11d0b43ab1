"""Search: what the public pages read of the catalogue, as plain rows from prepared statements.

Never loads an ORM object and never writes. Pages of results go by keyset: the address names the home after or before
which a page begins, so that a page stays right while homes come and go.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, or_, select
from sqlmodel import Session

from portal.addresses import SEARCH_OFFERS
from portal.catalogue.agencies import Agency
from portal.catalogue.filters import Filters
from portal.catalogue.naming import place
from portal.catalogue.photos import Media, Picture
from portal.catalogue.places import ALIASES, Place, slug_of
from portal.catalogue.properties import VISIBLE, Property, PropertyPhoto, PropertyText
from portal.db import table_of

PAGE = 24
_UNPRICED = 2**62  # homes without a price stand last, whichever way prices run

_home, _photo, _text = table_of(Property).c, table_of(PropertyPhoto).c, table_of(PropertyText).c
_agency, _media = table_of(Agency).c, table_of(Media).c
_towns, _areas = table_of(Place).alias("town"), table_of(Place).alias("area")
_town, _area = _towns.c, _areas.c
Row = TypeVar("Row", bound="Card")


class PlaceUnknown(Exception):
    """No town or area has this slug."""


class Where(NamedTuple):
    """A place that a search is about: `area` is None where it is a whole town."""

    town_id: int
    town: str
    area_id: int | None
    area: str | None

    @property
    def name(self) -> str:
        """The place for people."""
        return place(self.town, self.area)


class Card(NamedTuple):
    """One home in a list: money in minor units, areas in m². `media` is its first photo's content hash."""

    public_id: str
    reference: str
    state: str
    market_status: str
    kind: str
    offer: str
    price_minor: int | None
    previous_price_minor: int | None
    currency: str
    price_period: str | None
    bedrooms: int | None
    bathrooms: int | None
    built_m2: Decimal | None
    plot_m2: Decimal | None
    terrace_m2: Decimal | None
    new_build: bool | None
    energy_state: str
    energy_consumption: str | None
    published_at: datetime | None
    last_seen_at: datetime
    changed_at: datetime
    town: str
    town_slug: str
    area: str | None
    area_slug: str | None
    province: str
    agency: str
    media: str | None
    media_width: int | None
    media_height: int | None
    media_colour: str | None

    @property
    def picture(self) -> Picture | None:
        """Its first photo."""
        if self.media is None:
            return None
        return Picture(self.media, self.media_width, self.media_height, self.media_colour)


class Home(NamedTuple):
    """One home on its own page, in whatever state it is."""

    card: Card
    id: int
    agency_id: int
    agency_slug: str
    town_id: int
    latitude: float | None
    longitude: float | None
    postal_code: str | None
    part_ownership: bool | None
    leasehold: bool | None
    year_built: int | None
    pool: str
    energy_consumption_kwh: Decimal | None
    energy_emissions: str | None
    energy_emissions_kg: Decimal | None
    cadastral_reference: str | None
    features: list[str]
    video_url: str | None
    tour_url: str | None
    withdrawn_at: datetime | None

    @property
    def is_visible(self) -> bool:
        """Whether the public may see the page."""
        return self.card.state in VISIBLE


class Words(NamedTuple):
    """What the agency writes about a home in one language."""

    locale: str
    title: str | None
    description: str


class Photo(NamedTuple):
    """One of the pictures of a home, and what the agency says it shows."""

    kind: str
    caption: str | None
    picture: Picture

    @property
    def media(self) -> str:
        """Its content hash."""
        return self.picture.media


class Town(NamedTuple):
    """A town with the number of homes it has on offer."""

    slug: str
    name: str
    homes: int


class Found(NamedTuple):
    """One page of results, and the homes from which the neighbouring pages go on (None: there is no such page)."""

    cards: list[Card]
    before: str | None
    after: str | None


class _Order(NamedTuple):
    key: ColumnElement[Any]
    falling: bool


_ORDERS = {
    "newest": _Order(_home.published_at, True),
    "price_asc": _Order(func.coalesce(_home.price_minor, _UNPRICED), False),
    "price_desc": _Order(func.coalesce(_home.price_minor, -1), True),
}
_taken = table_of(Media).alias("taken")
_first_photo = (
    select(_photo.media)
    .join_from(table_of(PropertyPhoto), _taken, _taken.c.hash == _photo.media)
    .where(_photo.property_id == _home.id, _photo.kind == "photo", _taken.c.state != "refused")
    .order_by(_photo.position)
    .limit(1)
    .correlate(table_of(Property))
    .scalar_subquery()
)
_joined = (
    table_of(Property)
    .join(_towns, _town.id == _home.town_id)
    .outerjoin(_areas, _area.id == _home.area_id)
    .join(table_of(Agency), _agency.id == _home.agency_id)
    .outerjoin(table_of(Media), _media.hash == _first_photo)
)
_card_columns = [
    *(_home[name] for name in Card._fields[: Card._fields.index("town")]),
    _town.name, _town.slug, _area.name, _area.slug, _town.province, _agency.name,
    _media.hash, _media.width, _media.height, _media.colour,
]  # fmt: skip
_own_columns = [_agency.slug if name == "agency_slug" else _home[name] for name in Home._fields[1:]]
_visible = _home.state.in_(VISIBLE)
_cards: Select[Any] = select(*_card_columns).select_from(_joined).where(_visible)
_whole: Select[Any] = select(*_card_columns, *_own_columns).select_from(_joined)


def where(session: Session, town: str, area: str) -> Where | None:
    """The place with these slugs; None for everywhere. Raises `PlaceUnknown`."""
    if not town:
        return None
    statement = (
        select(_town.id, _town.name, _area.id, _area.name)
        .select_from(_towns.outerjoin(_areas, and_(_area.parent_id == _town.id, _area.slug == area)))
        .where(_town.slug == town, _town.parent_id.is_(None))
    )
    found = session.execute(statement).first()
    if found is None or (area and found[2] is None):
        raise PlaceUnknown(town)
    return Where(*found)


def page(
    session: Session, filters: Filters, at: Where | None, after: str | None = None, before: str | None = None
) -> Found:
    """One page of homes, beginning after one home or ending before one. One statement."""
    return _page(session, _conditions(filters, at), _ORDERS[filters.sort], after, before)


def of_agency(session: Session, agency_id: int, after: str | None = None, before: str | None = None) -> Found:
    """One page of the homes of an agency, the newest first. One statement."""
    return _page(session, [_home.agency_id == agency_id], _ORDERS["newest"], after, before)


def count(session: Session, filters: Filters, at: Where | None) -> int:
    """How many homes a search finds."""
    return int(session.execute(_count(filters, at)).scalar_one())


def without_each(session: Session, filters: Filters, at: Where | None) -> dict[str, int]:
    """For each filter, how many homes the search would find without it. One statement."""
    names = filters.active()
    if not names:
        return {}
    counts = [_count(filters.without(name), kept(at, name)).scalar_subquery() for name in names]
    return dict(zip(names, session.execute(select(*counts)).one(), strict=True))


def kept(at: Where | None, dropped: str) -> Where | None:
    """What is left of a place when one filter is given up."""
    if dropped == "town" or at is None:
        return None
    return at._replace(area_id=None, area=None) if dropped == "area" else at


def towns(session: Session, offer: str) -> list[Town]:
    """The towns with homes to `buy` or to `rent`, most homes first."""
    homes = func.count().label("homes")
    statement = (
        select(_town.slug, _town.name, homes)
        .select_from(table_of(Property).join(_towns, _town.id == _home.town_id))
        .where(_visible, _home.offer.in_(SEARCH_OFFERS[offer]))
        .group_by(_town.slug, _town.name)
        .order_by(homes.desc(), _town.name)
    )
    return [Town(*row) for row in session.execute(statement)]


def newest(session: Session, limit: int = 6) -> list[Card]:
    """The homes published last, to buy and to rent."""
    return _read(session, _cards.order_by(_home.published_at.desc(), _home.id.desc()).limit(limit))


def similar(session: Session, home: Home, limit: int = 3) -> list[Card]:
    """Homes for the same purpose, of the same kind or in the same town; nearest in place, then in price."""
    statement = _cards.where(
        _home.id != home.id,
        _home.offer == home.card.offer,
        or_(_home.town_id == home.town_id, _home.kind == home.card.kind),
    ).order_by(
        case((_home.town_id == home.town_id, 0), else_=1),
        func.abs(func.coalesce(_home.price_minor, 0) - (home.card.price_minor or 0)),
        _home.id,
    )
    return _read(session, statement.limit(limit))


def home(session: Session, public_id: str) -> Home | None:
    """The home with this public id in whatever state; None where there never was one."""
    row = session.execute(_whole.where(_home.public_id == public_id)).first()
    if row is None:
        return None
    split = len(Card._fields)
    return Home(Card(*row[:split]), *row[split:])


def words(session: Session, number: int) -> list[Words]:
    """The texts of a home in every language it has."""
    statement = select(_text.locale, _text.title, _text.description).where(_text.property_id == number)
    return [Words(*row) for row in session.execute(statement.order_by(_text.locale))]


def photos(session: Session, number: int) -> list[Photo]:
    """The pictures of a home whose sizes are made, in the agency's order."""
    statement = (
        select(_photo.kind, _photo.caption, _media.hash, _media.width, _media.height, _media.colour)
        .join_from(table_of(PropertyPhoto), table_of(Media), _media.hash == _photo.media)
        .where(_photo.property_id == number, _media.state == "ready")
        .order_by(_photo.position)
    )
    return [Photo(kind, caption, Picture(*of_media)) for kind, caption, *of_media in session.execute(statement)]


def place_called(session: Session, typed: str) -> tuple[str, str] | None:
    """The slugs of town and area of a place as people type it: `Marbella`, `Nueva Andalucía, Marbella`."""
    first, *rest = [slug_of(part) for part in typed.split(",")[:2]]
    first, rest = ALIASES.get(first, first), [ALIASES.get(part, part) for part in rest]
    statement = (
        select(_town.slug, _area.slug)
        .select_from(_areas.outerjoin(_towns, _town.id == _area.parent_id))
        .where(_area.slug == first)
        .order_by(_area.parent_id.is_not(None), _area.id)
    )
    for town, found in session.execute(statement):
        if not rest or town in (rest[0], None):
            return (town, found) if town else (found, "")
    return None


def reference_called(session: Session, typed: str) -> str | None:
    """The public id of the newest home that agencies know by this reference, in any spelling of its case."""
    statement = (
        select(_home.public_id)
        .where(_visible, func.lower(_home.reference) == typed.strip().lower())
        .order_by(_home.published_at.desc())
        .limit(1)
    )
    return session.execute(statement).scalar()


def _page(
    session: Session, conditions: list[ColumnElement[bool]], order: _Order, after: str | None, before: str | None
) -> Found:
    backwards = before is not None
    falling = order.falling != backwards
    statement = _cards.where(*conditions).limit(PAGE + 1)
    cursor = before or after
    if cursor is not None:
        value, number = _at(order.key, cursor), _at(_home.id, cursor)
        beyond = order.key < value if falling else order.key > value
        behind = _home.id < number if falling else _home.id > number
        statement = statement.where(or_(beyond, and_(order.key == value, behind)))
    keys = (order.key.desc(), _home.id.desc()) if falling else (order.key.asc(), _home.id.asc())
    cards = _read(session, statement.order_by(*keys))
    more, cards = len(cards) > PAGE, cards[:PAGE]
    if backwards:
        cards.reverse()
    earlier, later = (more, cursor is not None) if backwards else (cursor is not None, more)
    return Found(
        cards,
        cards[0].public_id if cards and earlier else None,
        cards[-1].public_id if cards and later else None,
    )


def _conditions(filters: Filters, at: Where | None) -> list[ColumnElement[bool]]:
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (at, _home.town_id == (at.town_id if at else 0)),
        (at and at.area_id, _home.area_id == (at.area_id if at else 0)),
        (filters.price_min, _home.price_minor >= (filters.price_min or 0) * 100),
        (filters.price_max, _home.price_minor <= (filters.price_max or 0) * 100),
        (filters.bedrooms, _home.bedrooms >= (filters.bedrooms or 0)),
        (filters.type, _home.kind == filters.type),
        (filters.pool, _home.pool.in_(("yes", "private", "communal"))),
        (filters.new_build, _home.new_build.is_(True)),
    ]
    return [_home.offer.in_(SEARCH_OFFERS[filters.offer]), *(condition for asked, condition in wanted if asked)]


def _count(filters: Filters, at: Where | None) -> Select[Any]:
    return select(func.count()).select_from(table_of(Property)).where(_visible, *_conditions(filters, at))


def _at(key: ColumnElement[Any], public_id: str) -> ScalarSelect[Any]:
    # Where the home stands from which a page goes on, whatever has become of it; nowhere where there is none.
    return select(key).where(_home.public_id == public_id).correlate(None).scalar_subquery()


def _read(session: Session, statement: Select[Any]) -> list[Card]:
    return [Card(*row) for row in session.execute(statement)]
