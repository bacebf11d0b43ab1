"""Agencies: who publishes here, and each with its homes."""

import re

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses, db
from portal.catalogue import publishers, search
from portal.catalogue.publishers import Publisher
from portal.catalogue.rows import Found
from portal.web import structured
from portal.web.opening import opening
from portal.web.presenting import Shown
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading


async def listed(request: Request) -> Response:
    """The agencies with homes here, by name."""
    lang = language(request)
    return await page(
        request, "agencies/agencies.html", lang, publishers=await reading(request, publishers.everyone),
        canonical=addresses.agencies(lang),
    )  # fmt: skip


async def show(request: Request) -> Response:
    """One agency and a page of its homes, newest first; 404 where there is none of this name."""
    lang, slug = language(request), request.path_params["slug"]
    cursor = {name: _cursor(request, name) for name in ("after", "before")}
    agency, found = await reading(request, _with_homes, slug, *cursor.values())
    shown, hours = Shown(lang, db.utcnow()), agency.hours
    return await page(
        request, "agencies/agency.html", lang, shown=shown, agency=agency, homes=found.cards,
        opening=hours and opening(hours, lang, shown.quarter),
        previous=found.before and addresses.agency(lang, slug, before=found.before),
        canonical=addresses.agency(lang, slug, **cursor),
        structured=structured.agency(lang, site(request).settings.origin, agency),
        following=found.after and addresses.agency(lang, slug, after=found.after),
    )  # fmt: skip


def _cursor(request: Request, name: str) -> str | None:
    given = request.query_params.get(name, "")
    return given if re.fullmatch("[0-9a-z]{1,12}", given) else None


def _with_homes(session: Session, slug: str, after: str | None, before: str | None) -> tuple[Publisher, Found]:
    agency = publishers.called(session, slug)
    return agency, search.of_agency(session, agency.id, after, None if after else before)
