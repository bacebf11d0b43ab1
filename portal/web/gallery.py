"""Every photo and plan of a home on a page of its own, and the map of where it roughly lies."""

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import db
from portal.catalogue import maps, search
from portal.catalogue.rows import Home, Photo
from portal.language import locales
from portal.web.presenting import Shown
from portal.web.properties import gone, sought
from portal.web.rendering import PUBLIC, page
from portal.web.site import language
from portal.web.transactions import in_thread, reading

THEMES, SHAPES = ("light", "dark"), ("wide", "narrow")
FOR_A_DAY = {"Cache-Control": "public, max-age=86400"}


async def show(request: Request) -> Response:
    """All pictures of a published home, one below the other; 301 from an old slug, 410 where it is gone."""
    lang = language(request)
    shown = Shown(lang, db.utcnow())
    home, photos = await reading(request, _pictures, request.path_params["key"])
    if not home.is_visible:
        return await gone(request, home)
    if request.url.path != shown.gallery(home.card):
        return RedirectResponse(shown.gallery(home.card), 301, PUBLIC)
    return await page(
        request, "properties/gallery.html", lang, shown=shown, home=home, card=home.card,
        pictures=[photo for photo in photos if photo.kind == "photo"],
        plans=[photo for photo in photos if photo.kind == "floorplan"], canonical=shown.gallery(home.card),
        alternates={other: shown.gallery(home.card, other) for other in locales.SITE},
    )  # fmt: skip


async def drawn(request: Request) -> Response:
    """The map of a published home, in one theme and shape; 404 where there is none."""
    public_id, theme, shape = (request.path_params[name] for name in ("public_id", "theme", "shape"))
    if theme not in THEMES or shape not in SHAPES:
        raise HTTPException(404)
    home = await reading(request, sought, public_id)
    if not home.is_visible or home.latitude is None or home.longitude is None:
        raise HTTPException(404)
    drawing = await in_thread(
        request, maps.map_svg, home.card.public_id, home.latitude, home.longitude, theme == "dark", shape == "narrow"
    )
    if drawing is None:
        raise HTTPException(404)
    return Response(drawing, headers=FOR_A_DAY, media_type="image/svg+xml")


def _pictures(session: Session, key: str) -> tuple[Home, list[Photo]]:
    home = sought(session, key)
    return home, search.photos(session, home.id)
