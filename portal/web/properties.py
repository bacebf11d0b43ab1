"""A home's own page, and the page of one that is no longer published (410) with homes like it."""

from typing import Any, NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import db
from portal.catalogue import maps, prices, search
from portal.catalogue.prices import Row, Running
from portal.catalogue.properties import PropertyUnknown
from portal.catalogue.rows import Card, Home, Photo, Words
from portal.language import locales
from portal.web import asking, forms, particulars, structured
from portal.web.asking import Asking
from portal.web.presenting import Shown
from portal.web.rendering import PUBLIC, page
from portal.web.site import language, site
from portal.web.transactions import reading


class _Whole(NamedTuple):
    home: Home
    texts: list[Words]
    photos: list[Photo]
    costs: tuple[Running, list[Row]]
    similar: list[Card]
    asking: Asking


async def show(request: Request) -> Response:
    """The page of a published home; 301 from an old slug, 410 where it is published no more, 404 where it never was."""
    lang, now = language(request), db.utcnow()
    shown = Shown(lang, now)
    home = await reading(request, sought, request.path_params["key"])
    if not home.is_visible:
        return await gone(request, home)
    if request.url.path != shown.address(home.card):
        # Asked about again each time: a home may be called as before, and two kept answers would lead in a circle.
        return RedirectResponse(shown.address(home.card), 301, PUBLIC)
    whole = await reading(request, _whole, home, lang)
    text = _best(whole.texts, lang)
    served = await asking.served(request, whole.asking, lang, now)
    return await page(
        request, "properties/property.html", lang, shown=shown, home=home, card=home.card,
        text=text, others=[one.locale for one in whole.texts if one.description and one is not text],
        pictures=[photo for photo in whole.photos if photo.kind == "photo"],
        plans=[photo for photo in whole.photos if photo.kind == "floorplan"],
        mapped=_is_mapped(home), similar=whole.similar, asking=whole.asking, served=served,
        **_told(shown, home, *whole.costs),
        form=forms.empty(lang, "property"), problem=None,
        alternates={other: shown.address(home.card, other) for other in locales.SITE},
        written={one.locale for one in whole.texts if one.description}, canonical=shown.address(home.card),
        preview=home.card.picture, structured=structured.listing(shown, site(request).settings.origin, home),
    )  # fmt: skip


async def gone(request: Request, home: Home, words: str | None = None) -> Response:
    """The page of a home that is not published: what it was, and homes like it.

    `words` gives back what was typed into a form that was sent about it; None where none was sent.
    """
    lang, now = language(request), db.utcnow()
    similar = await reading(request, _instead, home)
    return await page(
        request, "properties/gone.html", lang, status=410, shown=Shown(lang, now), home=home, card=home.card,
        similar=similar, words=words,
    )  # fmt: skip


def sought(session: Session, key: str) -> Home:
    """The home that a key of an address (`id-slug`) means, in whatever state. Raises `PropertyUnknown`."""
    home = search.home(session, key.partition("-")[0][:12])
    if home is None or home.card.state == "pending":
        raise PropertyUnknown("no home has this address")
    return home


def _whole(session: Session, home: Home, lang: str) -> _Whole:
    return _Whole(
        home,
        search.words(session, home.id),
        search.photos(session, home.id),
        prices.told(session, home.id),
        search.similar(session, home),
        asking.about(session, home, lang, db.utcnow()),
    )


def _told(shown: Shown, home: Home, running: Running, history: list[Row]) -> dict[str, Any]:
    return {
        "buying": particulars.buying(shown, home.card), "running": particulars.running(shown, home.card, running),
        "why_no_costs": particulars.why_no_costs(shown, home.card), "papers": particulars.papers(shown, home),
        "events": particulars.events(shown, home.card, history),
    }  # fmt: skip


def _is_mapped(home: Home) -> bool:
    if home.latitude is None or home.longitude is None:
        return False
    return maps.map_svg(home.card.public_id, home.latitude, home.longitude, dark=False) is not None


def _instead(session: Session, home: Home) -> list[Card]:
    found = search.similar(session, home)
    return found if len(found) == 3 else search.newest(session, limit=3)


def _best(texts: list[Words], lang: str) -> Words | None:
    given = {text.locale: text for text in texts if text.description}
    chosen = locales.first_of((lang, "en", "es"), given)
    return given[chosen] if chosen else None
