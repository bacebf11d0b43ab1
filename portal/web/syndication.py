"""Every search as a feed: its newest homes as Atom (RFC 4287) or JSON Feed (1.1), without an account.

A feed has the address of its list with `.atom` or `.json` behind the path, and the same query. The newest stand first
whatever the order of the list: a reader of feeds wants to know what is new.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from lxml import etree
from lxml.builder import ElementMaker
from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses, db
from portal.catalogue import search
from portal.catalogue.filters import Filters
from portal.catalogue.rows import Card, Where
from portal.language import formats
from portal.web import structured
from portal.web.presenting import Shown
from portal.web.rendering import PUBLIC
from portal.web.search import address, described, heading, wanted
from portal.web.site import language, site
from portal.web.transactions import in_thread, reading

ATOM = "http://www.w3.org/2005/Atom"
NEVER = "1970-01-01T00:00:00.000000Z"  # when a feed changed that never had a home
_atom = ElementMaker(namespace=ATOM, nsmap={None: ATOM})


class Feed(NamedTuple):
    """A search with its newest homes, in one language. Addresses are whole."""

    shown: Shown
    origin: str
    title: str
    page: str
    itself: str
    homes: list[Card]


async def show(request: Request) -> Response:
    """The newest homes of a search. Raises 404 for a form there is none of."""
    form, lang = FORMS.get(str(request.path_params["form"])), language(request)
    if form is None:
        raise HTTPException(404)
    filters = replace(wanted(request.path_params, request.query_params), sort="newest")
    at, homes = await reading(request, _newest, filters)
    feed = _feed(site(request).settings.origin, lang, str(request.path_params["form"]), filters, at, homes)
    return Response(await in_thread(request, form.written, feed), headers=PUBLIC, media_type=form.media_type)


def atom(feed: Feed) -> bytes:
    """The feed as Atom."""
    document = _atom.feed(
        _atom.id(feed.page),
        _atom.title(feed.title),
        _atom.updated(max((formats.utc(home.changed_at) for home in feed.homes), default=NEVER)),
        _atom.author(_atom.name("ImmoMarket")),
        _atom.link(rel="self", type="application/atom+xml", href=feed.itself),
        _atom.link(rel="alternate", type="text/html", href=feed.page),
        *(_entry(feed, home) for home in feed.homes),
        {"{http://www.w3.org/XML/1998/namespace}lang": feed.shown.lang},
    )
    return etree.tostring(document, xml_declaration=True, encoding="utf-8")


def json_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed."""
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": feed.title,
        "home_page_url": feed.page,
        "feed_url": feed.itself,
        "language": feed.shown.lang,
        "items": [_item(feed, home) for home in feed.homes],
    }
    return json.dumps(document, ensure_ascii=False).encode()


class Form(NamedTuple):
    """One form of feed: how it is written, and what it calls itself."""

    written: Callable[[Feed], bytes]
    media_type: str


FORMS: Mapping[str, Form] = {
    "atom": Form(atom, "application/atom+xml"),
    "json": Form(json_feed, "application/feed+json"),
}


def _newest(session: Session, filters: Filters) -> tuple[Where | None, list[Card]]:
    at = search.where(session, filters.town, filters.area)
    return at, search.page(session, filters, at).cards


def _feed(origin: str, lang: str, form: str, filters: Filters, at: Where | None, homes: list[Card]) -> Feed:
    narrowing = described(lang, replace(filters, town="", area=""), None)  # the heading names the place
    title = ", ".join([heading(lang, filters, at), *narrowing])
    itself = addresses.feed(form, lang, filters.offer, filters.town, filters.area, **filters.query())
    shown = Shown(lang, db.utcnow())
    return Feed(shown, origin, f"{title} · ImmoMarket", origin + address(lang, filters), origin + itself, homes)


def _entry(feed: Feed, home: Card) -> Any:
    url = feed.origin + feed.shown.address(home)
    return _atom.entry(
        _atom.id(_lasting(feed, home)),
        _atom.title(_title(feed.shown, home)),
        _atom.updated(formats.utc(home.changed_at)),
        _atom.published(formats.utc(home.published_at or home.changed_at)),
        _atom.author(_atom.name(home.agency)),
        _atom.link(rel="alternate", type="text/html", href=url),
        _atom.summary(_summary(feed.shown, home)),
    )


def _item(feed: Feed, home: Card) -> dict[str, Any]:
    image = structured.picture(feed.origin, home)
    return {
        "id": _lasting(feed, home),
        "url": feed.origin + feed.shown.address(home),
        "title": _title(feed.shown, home),
        "content_text": _summary(feed.shown, home),
        "date_published": formats.utc(home.published_at or home.changed_at),
        "date_modified": formats.utc(home.changed_at),
        "authors": [{"name": home.agency}],
        "language": feed.shown.lang,
        **({"image": image} if image else {}),
    }


def _lasting(feed: Feed, home: Card) -> str:
    # An address without the slug, which changes with what a home is called; it leads to the same page.
    return feed.origin + addresses.property_page(feed.shown.lang, home.public_id, "").rstrip("-")


def _title(shown: Shown, home: Card) -> str:
    return ", ".join(part for part in (shown.title(home), shown.whole_price(home)) if part)


def _summary(shown: Shown, home: Card) -> str:
    facts = " · ".join(fact.value for fact in shown.line(home))
    return f"{facts}. {shown.price_note(home)}. {home.agency}, {home.reference}."
