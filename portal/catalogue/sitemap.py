"""What the sitemaps tell of the catalogue: every published home and every place with homes, and when they changed.

Reads plain rows, never writes. A time told here is the time of a change of content: search engines stop believing a
site that says "today" every day.
"""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, exists, func, not_, or_, select
from sqlmodel import Session

from portal.addresses import OFFER_WORDS
from portal.catalogue.places import Place
from portal.catalogue.properties import VISIBLE, Property, PropertyText
from portal.db import table_of
from portal.language import locales

CHUNK = 5_000  # homes a sitemap: 50,000 addresses are allowed (sitemaps.org), a megabyte can still be kept ready

_home, _text = table_of(Property).c, table_of(PropertyText).c
_towns, _areas = table_of(Place).alias("town"), table_of(Place).alias("area")
_placed = (
    table_of(Property)
    .join(_towns, _towns.c.id == _home.town_id)
    .outerjoin(_areas, _areas.c.id == _home.area_id)
)  # fmt: skip


class Listed(NamedTuple):
    """A home in a sitemap: what its address is made of, and when it last changed."""

    public_id: str
    kind: str
    offer: str
    town: str
    area: str | None
    changed_at: datetime


class Stocked(NamedTuple):
    """A place with homes to `buy` or to `rent`, and the last change among them. Without slugs: everywhere."""

    offer: str
    town_slug: str
    area_slug: str
    changed_at: datetime


def chunks(session: Session, lang: str) -> list[datetime]:
    """For each sitemap of homes of a language, in their order: the last change among its homes."""
    position = func.row_number().over(order_by=_home.id) - 1
    numbered = select((position // CHUNK).label("chunk"), _home.changed_at).where(_listed(lang)).subquery()
    statement = select(func.max(numbered.c.changed_at)).group_by(numbered.c.chunk).order_by(numbered.c.chunk)
    return list(session.execute(statement).scalars())


def homes(session: Session, lang: str, chunk: int) -> list[Listed]:
    """The homes of one sitemap of a language; chunks are counted from 0."""
    statement = (
        select(_home.public_id, _home.kind, _home.offer, _towns.c.name, _areas.c.name, _home.changed_at)
        .select_from(_placed)
        .where(_listed(lang))
        .order_by(_home.id)
        .limit(CHUNK)
        .offset(chunk * CHUNK)
    )
    return [Listed(*row) for row in session.execute(statement)]


def places(session: Session) -> list[Stocked]:
    """Every list that has homes: of everywhere, of each town, of each area."""
    latest = func.max(_home.changed_at)
    statement = (
        select(_home.offer, _towns.c.slug, func.coalesce(_areas.c.slug, ""), latest)
        .select_from(_placed)
        .where(_home.state.in_(VISIBLE))
        .group_by(_home.offer, _towns.c.slug, _areas.c.slug)
    )
    changed: dict[tuple[str, str, str], datetime] = {}
    for kind, town, area, changed_at in session.execute(statement):
        offer = OFFER_WORDS[kind]
        for place in {(offer, "", ""), (offer, town, ""), (offer, town, area)}:
            changed[place] = max(changed_at, changed.get(place, changed_at))
    return [Stocked(*place, changed[place]) for place in sorted(changed)]


def _listed(lang: str) -> ColumnElement[bool]:
    # A home stands in the sitemaps of the languages its text is written in, and among the English ones where in none.
    visible = _home.state.in_(VISIBLE)
    if lang != locales.DEFAULT:
        return visible & _written(lang)
    return visible & or_(_written(lang), not_(_written(*locales.SITE)))


def _written(*languages: str) -> ColumnElement[bool]:
    return exists().where(_text.property_id == _home.id, _text.locale.in_(languages), _text.description != "")
