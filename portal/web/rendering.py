"""Rendering: a template in the visitor's language becomes a response with its caching.

Public pages are the same bytes for everybody, kept and tagged by the page cache. What belongs to one visitor, and every
answer to a form, is `private` and kept by nobody.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from portal import addresses, db
from portal.language import locales
from portal.templating import render, static
from portal.web.site import Site, site
from portal.web.transactions import making

PUBLIC = {"Cache-Control": "public, max-age=0, must-revalidate"}
PRIVATE = {"Cache-Control": "no-store"}
# What a browser may fetch ahead when a visitor is about to follow a link: nothing inline, so it goes by header.
AHEAD = {"Speculation-Rules": f'"{static("speculation.json")}"'}


async def page(
    request: Request,
    template: str,
    lang: str,
    *,
    read: Callable[[Session], Mapping[str, Any]] | None = None,
    status: int = 200,
    private: bool = False,
    alternates: Mapping[str, str] | None = None,
    **context: Any,
) -> Response:
    """One page. `read` gives what else it shows, read and rendered on one thread: each change of thread costs time.

    `alternates` are its addresses by language, where they differ in more than the language.
    """
    others = alternates or _in_languages(request)
    html = await making(
        request, _html, site(request), template, lang, read, origin=site(request).settings.origin, alternates=others,
        names=locales.NAMES, indexed=not private and status == 200, announced=site(request).board.shown(db.utcnow()),
        **context,
    )  # fmt: skip
    caching = PRIVATE if private or status != 200 else {**PUBLIC, **AHEAD}
    return Response(html, status, caching, "text/html; charset=utf-8")


def _html(
    site: Site, template: str, lang: str, read: Callable[[Session], Mapping[str, Any]] | None, **context: Any
) -> str:
    if read is not None:
        with site.database.read() as session:
            context.update(read(session))
    return render(template, lang, **context)


def _in_languages(request: Request) -> dict[str, str]:
    first, _, rest = request.url.path.removeprefix("/").partition("/")
    if first not in locales.SITE:
        return {lang: addresses.home(lang) for lang in locales.SITE}
    query = f"?{request.url.query}" if request.url.query else ""
    return {lang: f"/{lang}/{rest}{query}" for lang in locales.SITE}
