"""Search: what the public pages read of the catalogue, as plain rows from prebuilt statements.

Never loads an ORM object and never writes. Pages of results go by keyset: the address names the home after or before
which a page begins, so that a page stays right while homes come and go.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlmodel import Session

from portal.catalogue.filters import Filters
from portal.catalogue.photos import Media, Picture
from portal.catalogue.places import ALIASES, slug_of
from portal.catalogue.properties import PropertyPhoto
from portal.catalogue.rows import Card, Count, Found, Home, Photo, Town, Where, Words
from portal.catalogue.statements import (
    AREA,
    AREAS,
    CARDS,
    HOME,
    IS_VISIBLE,
    MEDIA,
    PAGE,
    PHOTO,
    TEXT,
    TOWN,
    TOWNS,
    WHOLE,
    Going,
    Shape,
    counted,
    listed,
    with_homes,
)
from portal.db import table_of


class PlaceUnknown(Exception):
    """No town or area has this slug."""


def where(session: Session, town: str, area: str) -> Where | None:
    """The place with these slugs; None for everywhere. Raises `PlaceUnknown`."""
    if not town:
        return None
    statement = (
        select(TOWN.id, TOWN.name, AREA.id, AREA.name)
        .select_from(TOWNS.outerjoin(AREAS, and_(AREA.parent_id == TOWN.id, AREA.slug == area)))
        .where(TOWN.slug == town, TOWN.parent_id.is_(None))
    )
    found = _run(session, statement).first()
    if found is None or (area and found[2] is None):
        raise PlaceUnknown(town)
    return Where(*found)


def page(
    session: Session, filters: Filters, at: Where | None, after: str | None = None, before: str | None = None
) -> Found:
    """One page of homes, beginning after one home or ending before one. One statement."""
    asked = _asked(filters, at)
    return _page(session, Shape(filters.offer, tuple(asked), filters.sort), asked, after, before)


def of_agency(session: Session, agency_id: int, after: str | None = None, before: str | None = None) -> Found:
    """One page of the homes of an agency, the newest first. One statement."""
    return _page(session, Shape("", ("agency",), "newest"), {"agency": agency_id}, after, before)


def count(
    session: Session, filters: Filters, at: Where | None, after: str | None = None, before: str | None = None
) -> Count:
    """How many homes a search finds, and how many stand before a page beginning after one home or ending before one."""
    asked, going = _asked(filters, at), _going(after, before)
    shape = Shape(filters.offer, tuple(asked), filters.sort)
    homes, *ahead = _run(session, counted(shape, going), {**asked, "cursor": before or after}).one()
    return Count(homes, max(0, ahead[0] - PAGE) if before else ahead[0] if ahead else 0)


def without_each(session: Session, filters: Filters, at: Where | None) -> dict[str, int]:
    """For each filter, how many homes the search would find without it. One statement."""
    names = filters.active()
    if not names:
        return {}
    fewer = [_asked(filters.without(name), kept(at, name)) for name in names]
    counts = [counted(Shape(filters.offer, tuple(asked))).scalar_subquery() for asked in fewer]
    return dict(zip(names, _run(session, select(*counts), _asked(filters, at)).one(), strict=True))


def kept(at: Where | None, dropped: str) -> Where | None:
    """What is left of a place when one filter is given up."""
    if dropped == "town" or at is None:
        return None
    return at._replace(area_id=None, area=None) if dropped == "area" else at


def towns(session: Session, offer: str) -> list[Town]:
    """The towns with homes to `buy` or to `rent`, most homes first."""
    return [Town(*row) for row in _run(session, with_homes(offer)).all()]


def newest(session: Session, limit: int = 6) -> list[Card]:
    """The homes published last, to buy and to rent."""
    return _read(session, CARDS.order_by(HOME.published_at.desc(), HOME.id.desc()).limit(limit))


def similar(session: Session, home: Home, limit: int = 3) -> list[Card]:
    """Homes for the same purpose, of the same kind or in the same town; nearest in place, then in price."""
    statement = CARDS.where(
        HOME.id != home.id,
        HOME.offer == home.card.offer,
        or_(HOME.town_id == home.town_id, HOME.kind == home.card.kind),
    ).order_by(
        case((HOME.town_id == home.town_id, 0), else_=1),
        func.abs(func.coalesce(HOME.price_minor, 0) - (home.card.price_minor or 0)),
        HOME.id,
    )
    return _read(session, statement.limit(limit))


def home(session: Session, public_id: str) -> Home | None:
    """The home with this public id in whatever state; None where there never was one."""
    row = _run(session, WHOLE.where(HOME.public_id == public_id)).first()
    if row is None:
        return None
    split = len(Card._fields)
    return Home(Card(*row[:split]), *row[split:])


def words(session: Session, number: int) -> list[Words]:
    """The texts of a home in every language it has."""
    statement = select(TEXT.locale, TEXT.title, TEXT.description).where(TEXT.property_id == number)
    return [Words(*row) for row in _run(session, statement.order_by(TEXT.locale))]


def photos(session: Session, number: int) -> list[Photo]:
    """The pictures of a home whose sizes are made, in the agency's order."""
    statement = (
        select(PHOTO.kind, PHOTO.caption, MEDIA.hash, MEDIA.width, MEDIA.height, MEDIA.colour)
        .join_from(table_of(PropertyPhoto), table_of(Media), MEDIA.hash == PHOTO.media)
        .where(PHOTO.property_id == number, MEDIA.state == "ready")
        .order_by(PHOTO.position)
    )
    return [Photo(kind, caption, Picture(*of_media)) for kind, caption, *of_media in _run(session, statement)]


def place_called(session: Session, typed: str) -> tuple[str, str] | None:
    """The slugs of town and area of a place as people type it: `Marbella`, `Nueva Andalucía, Marbella`."""
    first, *rest = [slug_of(part) for part in typed.split(",")[:2]]
    first, rest = ALIASES.get(first, first), [ALIASES.get(part, part) for part in rest]
    statement = (
        select(TOWN.slug, AREA.slug)
        .select_from(AREAS.outerjoin(TOWNS, TOWN.id == AREA.parent_id))
        .where(AREA.slug == first)
        .order_by(AREA.parent_id.is_not(None), AREA.id)
    )
    for town, found in _run(session, statement):
        if not rest or town in (rest[0], None):
            return (town, found) if town else (found, "")
    return None


def reference_called(session: Session, typed: str) -> str | None:
    """The public id of the newest home that agencies know by this reference, in any spelling of its case."""
    statement = (
        select(HOME.public_id)
        .where(IS_VISIBLE, func.lower(HOME.reference) == func.lower(typed.strip()))
        .order_by(HOME.published_at.desc())
        .limit(1)
    )
    found: str | None = _run(session, statement).scalar()
    return found


def _page(session: Session, shape: Shape, asked: dict[str, Any], after: str | None, before: str | None) -> Found:
    backwards, cursor = before is not None, before or after
    cards = _read(session, listed(shape, _going(after, before)), {**asked, "cursor": cursor})
    more, cards = len(cards) > PAGE, cards[:PAGE]
    if backwards:
        cards.reverse()
    earlier, later = (more, cursor is not None) if backwards else (cursor is not None, more)
    return Found(
        cards,
        cards[0].public_id if cards and earlier else None,
        cards[-1].public_id if cards and later else None,
    )


def _going(after: str | None, before: str | None) -> Going:
    return Going.BACK if before else Going.ON if after else Going.FROM_THE_TOP


def _asked(filters: Filters, at: Where | None) -> dict[str, Any]:
    """What a search asks for: the names of `_CONDITIONS` with their values."""
    wanted = {
        "town": at and at.town_id, "area": at and at.area_id, "price_min": (filters.price_min or 0) * 100,
        "price_max": (filters.price_max or 0) * 100, "bedrooms": filters.bedrooms, "type": filters.type,
        "pool": filters.pool, "new_build": filters.new_build,
    }  # fmt: skip
    return {name: value for name, value in wanted.items() if value}


def _read(session: Session, statement: Select[Any], values: Mapping[str, Any] | None = None) -> list[Card]:
    return [Card(*row) for row in _run(session, statement, values).all()]


def _run(session: Session, statement: Select[Any], values: Mapping[str, Any] | None = None) -> Any:
    # Past the session, which would look in every statement for objects to load: rows are all that is read here.
    return session.connection().execute(statement, values)
