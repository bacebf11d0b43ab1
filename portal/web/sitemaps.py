"""Sitemaps: an index, and for each language its pages and lists (number 1) and its homes (from number 2 on).

After sitemaps.org. `lastmod` is the time of a change of content, and left out where we do not know it.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from xml.sax.saxutils import escape

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses
from portal.catalogue import naming, sitemap
from portal.catalogue.sitemap import Stocked
from portal.language import formats, locales
from portal.web.rendering import PUBLIC
from portal.web.site import language, site
from portal.web.transactions import reading

NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"

Entry = tuple[str, datetime | None]  # an address without its origin, and when what stands there last changed


async def index(request: Request) -> Response:
    """All sitemaps, with the last change in each."""
    return _document(request, "sitemapindex", "sitemap", await reading(request, _parts))


async def part(request: Request) -> Response:
    """One sitemap. Raises 404 where there is no such number."""
    lang, given = language(request), request.path_params["number"]
    if not re.fullmatch("[1-9][0-9]{0,4}", given):
        raise HTTPException(404)
    number = int(given)
    entries = await reading(request, _lists, lang) if number == 1 else await reading(request, _homes, lang, number - 2)
    if not entries:
        raise HTTPException(404)
    return _document(request, "urlset", "url", entries)


def _parts(session: Session) -> list[Entry]:
    lists = _latest(sitemap.places(session))
    entries: list[Entry] = []
    for lang in locales.SITE:
        for number, changed_at in enumerate([lists, *sitemap.chunks(session, lang)], start=1):
            entries.append((addresses.sitemap_part(lang, number), changed_at))
    return entries


def _lists(session: Session, lang: str) -> list[Entry]:
    stocked = sitemap.places(session)
    lists = [(addresses.search(lang, at.offer, at.town_slug, at.area_slug), at.changed_at) for at in stocked]
    texts = (addresses.how_we_sort, addresses.accessibility, addresses.contact, addresses.legal)
    return [(addresses.home(lang), _latest(stocked)), *lists, *((text(lang), None) for text in texts)]


def _homes(session: Session, lang: str, chunk: int) -> list[Entry]:
    return [
        (addresses.property_page(lang, home.public_id, naming.slug(*home[1:5], lang)), home.changed_at)
        for home in sitemap.homes(session, lang, chunk)
    ]


def _latest(stocked: list[Stocked]) -> datetime | None:
    return max((place.changed_at for place in stocked), default=None)


def _document(request: Request, root: str, each: str, entries: Iterable[Entry]) -> Response:
    origin = site(request).settings.origin
    rows = "".join(f"<{each}><loc>{escape(origin + path)}</loc>{_lastmod(at)}</{each}>\n" for path, at in entries)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{rows}</{root}>\n'
    return Response(text, headers=PUBLIC, media_type="application/xml")


def _lastmod(changed_at: datetime | None) -> str:
    return f"<lastmod>{formats.utc(changed_at)}</lastmod>" if changed_at else ""
