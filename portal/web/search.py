"""Lists of homes: the five fields of the search, its chips and orders, and pages of results by keyset.

Place and purpose stand in the path, the other filters in the query. A form without script can only fill a query, so
what it sends is led to the address it means.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db
from portal.catalogue import naming, search
from portal.catalogue.filters import SORTS, Filters
from portal.catalogue.rows import Card, Count, Found, Town, Where
from portal.language import formats
from portal.language.messages import N_, translated
from portal.web import typed
from portal.web.presenting import Shown
from portal.web.properties import sought
from portal.web.rendering import page
from portal.web.site import language
from portal.web.transactions import reading

PRICES = {
    "buy": (100_000, 200_000, 300_000, 400_000, 500_000, 750_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000,
            5_000_000),
    "rent": (750, 1_000, 1_500, 2_000, 3_000, 5_000),
}  # fmt: skip
BEDROOMS = (1, 2, 3, 4, 5)
ORDERS = {
    "newest": N_("Newest first"),
    "price_asc": N_("Lowest price first"),
    "price_desc": N_("Highest price first"),
}
HEADINGS = {
    "buy": (N_("Homes for sale"), N_("Homes for sale in %(place)s")),
    "rent": (N_("Homes to rent"), N_("Homes to rent in %(place)s")),
}


# What visitors mostly ask for next, offered where it is not asked for already.
FURTHER: dict[str, tuple[tuple[str, Any], ...]] = {
    "buy": (("type", "apartment"), ("type", "villa"), ("bedrooms", 3), ("price_max", 500_000), ("pool", True),
            ("new_build", True)),
    "rent": (("type", "apartment"), ("bedrooms", 2), ("price_max", 1_500), ("pool", True)),
}  # fmt: skip
YES = {"pool": N_("Pool"), "new_build": N_("New build")}
PRICED = {"price_min": N_("From %(price)s"), "price_max": N_("Up to %(price)s")}
INDEXED = 2  # a search narrowed by more filters than these is followed, but stands in no index


class Chip(NamedTuple):
    """One filter: its words, the address without or with it, and how many homes that would bring (empty lists only)."""

    words: str
    address: str
    homes: int | None


class _Results(NamedTuple):
    at: Where | None
    found: Found
    counted: Count
    towns: list[Town]
    without: dict[str, int]
    nearest: list[Card]


class _Cursor(NamedTuple):
    after: str | None
    before: str | None


async def show(request: Request) -> Response:
    """One page of homes; 302 to the plain address where a form was sent here."""
    lang, query = language(request), request.query_params
    filters = wanted(request.path_params, query)
    if "place" in query or "deal" in query:
        meant = wanted({**request.path_params, "offer": query.get("deal", filters.offer)}, query)
        address = await reading(request, _meant, typed.line(query.get("place", ""))[:120], meant, lang)
        if address is not None:
            return RedirectResponse(address, 302)
    unknown = typed.line(query.get("place", ""))[:120]
    cursor = _Cursor(_public_id(query.get("after", "")), _public_id(query.get("before", "")))

    def told(session: Session) -> dict[str, Any]:
        return _context(lang, filters, _results(session, filters, cursor, unknown), unknown)

    return await page(request, "search/list.html", lang, read=told, canonical=_canonical(lang, filters, cursor))


def wanted(path: Mapping[str, Any], query: Mapping[str, str]) -> Filters:
    """What an address asks for; what makes no sense in its query is left out. Raises 404."""
    offer = str(path["offer"])
    if offer not in addresses.SEARCH_OFFERS:
        raise HTTPException(404)
    kind, sort = query.get("type", ""), query.get("sort", "newest")
    return Filters(
        offer, str(path.get("town", "")), str(path.get("area", "")), _number(query.get("price_min"), 10**9),
        _number(query.get("price_max"), 10**9), _number(query.get("bedrooms"), 50),
        kind if kind in naming.KINDS else "", query.get("pool") == "yes", query.get("new_build") == "yes",
        sort if sort in SORTS else "newest",
    )  # fmt: skip


def heading(lang: str, filters: Filters, at: Where | None) -> str:
    """What a search is called."""
    everywhere, placed = HEADINGS[filters.offer]
    return translated(lang, placed) % {"place": at.name} if at else translated(lang, everywhere)


def described(lang: str, filters: Filters, at: Where | None) -> list[str]:
    """The filters in force, each in words."""
    return [_words(lang, filters, at, name) for name in filters.active()]


def options(lang: str, filters: Filters) -> dict[str, list[tuple[object, str]]]:
    """The choices of the search fields, value and label; what is asked for is always among them."""
    return _options(lang, filters.offer, filters.price_max, filters.bedrooms)


@lru_cache(256)  # nearly every search asks for the same
def _options(lang: str, offer: str, price_max: int | None, bedrooms: int | None) -> dict[str, list[tuple[object, str]]]:
    prices = {each: sorted({*amounts, price_max or amounts[0]} if each == offer else amounts)
              for each, amounts in PRICES.items()}  # fmt: skip
    return {
        **{each: [(value, _money(value, lang)) for value in amounts] for each, amounts in prices.items()},
        "bedrooms": [
            (number, translated(lang, N_("%(number)s or more")) % {"number": number})
            for number in sorted({*BEDROOMS, bedrooms or 1})
        ],
        "type": [(kind, translated(lang, label)) for kind, label in naming.KINDS.items()],
    }


def address(lang: str, filters: Filters, **query: object) -> str:
    """The address of a search."""
    query.update(filters.query())
    return addresses.search(lang, filters.offer, filters.town, filters.area, **query)


def _number(text: str | None, most: int) -> int | None:
    return min(int(text), most) or None if text and text.isascii() and text.isdigit() and len(text) < 12 else None


def _public_id(given: str) -> str | None:
    return given if given.isascii() and given.isalnum() and len(given) <= 12 else None


def _results(session: Session, filters: Filters, cursor: _Cursor, unknown: str) -> _Results:
    if unknown:  # a place nobody knows: nothing is found, and the page says why
        return _Results(None, Found([], None, None), Count(0, 0), search.towns(session, filters.offer), {}, [])
    at = search.where(session, filters.town, filters.area)
    found = search.page(session, filters, at, *cursor)
    if found.cards or any(cursor):
        count = search.count(session, filters, at, *cursor)
        return _Results(at, found, count, search.towns(session, filters.offer), {}, [])
    without = search.without_each(session, filters, at)
    name = _most(without)
    nearest = search.page(session, filters.without(name), search.kept(at, name)).cards[:3] if name else []
    return _Results(at, found, Count(0, 0), [], without, nearest)


def _meant(session: Session, place: str, filters: Filters, lang: str) -> str | None:
    """Where a sent search form leads; None where no place and no home is called so."""
    if not place:
        return address(lang, filters.without("town"))
    slugs = search.place_called(session, place)
    if slugs:
        town, area = slugs
        return address(lang, replace(filters, town=town, area=area))
    public_id = search.reference_called(session, place)
    return Shown(lang, db.utcnow()).address(sought(session, public_id).card) if public_id else None


def _context(lang: str, filters: Filters, results: _Results, unknown: str) -> dict[str, Any]:
    at, found = results.at, results.found
    return {
        "shown": Shown(lang, db.utcnow()), "filters": filters, "at": at, "found": found, "count": results.counted.homes,
        "first": results.counted.ahead + 1, "last": results.counted.ahead + len(found.cards),
        "heading": heading(lang, filters, at), "options": options(lang, filters), "towns": results.towns,
        "unknown": unknown, "typed": unknown or (at.name if at else ""), "chips": _chips(lang, filters, results),
        "nearest": results.nearest, "given_up": _words(lang, filters, at, _most(results.without)),
        "further": _further(lang, filters) if results.counted.homes else [], "feeds": _feeds(lang, filters),
        "followed_only": bool(unknown) or len(_narrowing(filters)) > INDEXED,
        "orders": [
            (order, translated(lang, label), address(lang, replace(filters, sort=order)))
            for order, label in ORDERS.items()
        ],
        "previous": address(lang, filters, before=found.before) if found.before else None,
        "following": address(lang, filters, after=found.after) if found.after else None,
    }  # fmt: skip


def _chips(lang: str, filters: Filters, results: _Results) -> list[Chip]:
    return [
        Chip(_words(lang, filters, results.at, name), address(lang, filters.without(name)), results.without.get(name))
        for name in filters.active()
    ]


def _most(without: dict[str, int]) -> str:
    """The filter that costs most homes; empty where giving up one alone brings none."""
    return max((name for name, homes in without.items() if homes), key=without.__getitem__, default="")


def _further(lang: str, filters: Filters) -> list[Chip]:
    named = [(name, value) for name, value in FURTHER[filters.offer] if not getattr(filters, name)]
    narrower = [(name, replace(filters, **{name: value})) for name, value in named]
    return [Chip(_words(lang, chosen, None, name), address(lang, chosen), None) for name, chosen in narrower]


def _feeds(lang: str, filters: Filters) -> dict[str, str]:
    asked = {**filters.query(), "sort": ""}
    return {
        form: addresses.feed(form, lang, filters.offer, filters.town, filters.area, **asked)
        for form in ("atom", "json")
    }


def _narrowing(filters: Filters) -> list[str]:
    return [name for name in filters.active() if name not in ("town", "area")]


def _canonical(lang: str, filters: Filters, cursor: _Cursor) -> str:
    # Filters and orders lead back to the plain list; a further page of it is a page of its own.
    plain = replace(Filters(filters.offer), town=filters.town, area=filters.area)
    return address(lang, plain, **cursor._asdict()) if filters == plain else address(lang, plain)


def _words(lang: str, filters: Filters, at: Where | None, name: str) -> str:
    match name:
        case "town":
            return at.town if at else ""
        case "area":
            return at.name if at else ""
        case "bedrooms":
            return translated(lang, N_("%(number)s or more bedrooms")) % {"number": filters.bedrooms}
        case "type":
            return translated(lang, naming.KINDS[filters.type])
        case "pool" | "new_build":
            return translated(lang, YES[name])
        case "price_min" | "price_max":
            return translated(lang, PRICED[name]) % {"price": _money(getattr(filters, name), lang)}
    return ""


def _money(euros: int, lang: str) -> str:
    return formats.money(euros * 100, "EUR", lang)
