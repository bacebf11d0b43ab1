"""Places: towns and the areas inside them, found by slug whatever spelling a feed uses.

Owns `place`. A place that the gazetteer does not know is still made, under the feed's own text: an unknown town must
not keep a home off the site.
"""

import hashlib
import re
import unicodedata

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint
from sqlmodel import Session, SQLModel, col, select

from portal.db import column

# Spellings met in real feeds, as slugs → the name of the place meant.
ALIASES = {
    "torremolinos-malaga": "Torremolinos",
    "benalmadena-costa": "Benalmádena",
    "mijas-costa": "Mijas",
    "marbella-malaga": "Marbella",
    "estepona-malaga": "Estepona",
    "velez-malaga-torre-del-mar": "Vélez-Málaga",
    "alicnate": "Alicante",
    "alacant": "Alicante",
    "alicante-alacant": "Alicante",
    "alacant-alicante": "Alicante",
    "xabia": "Jávea",
    "javea-xabia": "Jávea",
    "xabia-javea": "Jávea",
    "calp": "Calpe",
    "calpe-calp": "Calpe",
    "elx": "Elche",
    "elche-elx": "Elche",
    "la-vila-joiosa": "Villajoyosa",
    "villajoyosa-la-vila-joiosa": "Villajoyosa",
    "castello-de-la-plana": "Castellón de la Plana",
    "palma": "Palma de Mallorca",
    "torre-de-horadada": "Torre de la Horadada",
}


class Place(SQLModel, table=True):
    """A town (no parent) or an area of a town."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("parent_id", "slug"),)
    id: int | None = column(Integer, primary_key=True, personal=None, default=None)
    parent_id: int | None = column(Integer, ForeignKey("place.id"), index=True, personal=None, default=None)
    slug: str = column(String(80), index=True, personal=None)
    name: str = column(String(80), personal=None)
    province: str = column(String(80), personal=None, default="")


def slug_of(text: str) -> str:
    """A name as it stands in an address: folded accents, lower case, hyphens; never empty."""
    folded = unicodedata.normalize("NFKD", text.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:80] or "place"


def shown(name: str) -> str:
    """A place's name for people: a name in capitals or small letters alone becomes a title."""
    name = " ".join(name.split())
    return name.title() if name.isupper() or name.islower() else name


def town(session: Session, name: str, province: str = "") -> Place:
    """The town of this name, made where it is new."""
    return _find_or_make(session, None, name, province)


def area(session: Session, parent: Place, name: str) -> Place:
    """The area of this name inside a town, made where it is new."""
    return _find_or_make(session, parent.id, name, parent.province)


def _find_or_make(session: Session, parent_id: int | None, name: str, province: str) -> Place:
    name = ALIASES.get(slug_of(name), name)
    slug = _key(name)
    same_parent = col(Place.parent_id).is_(None) if parent_id is None else Place.parent_id == parent_id
    place = session.exec(select(Place).where(same_parent, Place.slug == slug)).first()
    if place is None:
        place = Place(
            parent_id=parent_id,
            slug=slug,
            name=shown(name)[:80],
            province=shown(province)[:80],
        )
        session.add(place)
        session.flush()
    return place


def _key(name: str) -> str:
    slug = slug_of(name)
    if slug == "place":  # a name without one Latin letter: two of them are two places all the same
        return f"place-{hashlib.sha256(name.casefold().encode()).hexdigest()[:8]}"
    return slug
