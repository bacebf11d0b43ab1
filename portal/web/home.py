"""The front page: search, the towns along the coast, the newest homes, and what happens to an enquiry."""

from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db
from portal.catalogue import search
from portal.catalogue.filters import Filters
from portal.catalogue.rows import Card, Town
from portal.language import locales
from portal.web import structured
from portal.web.presenting import Shown
from portal.web.rendering import page
from portal.web.search import options
from portal.web.site import language, site
from portal.web.transactions import reading

# The towns of the drawn coast, west to east: slug → class of its place on it, and on which side its label stands.
COAST = {
    "manilva": "t-manilva", "casares": "t-casares", "estepona": "t-estepona", "benahavis": "t-benahavis",
    "marbella": "t-marbella", "mijas": "t-mijas", "fuengirola": "t-fuengirola sea-side",
    "benalmadena": "t-benalmadena", "torremolinos": "t-torremolinos sea-side", "malaga": "t-malaga",
    "rincon-de-la-victoria": "t-rincon sea-side", "velez-malaga": "t-velez", "torrox": "t-torrox sea-side",
    "nerja": "t-nerja",
}  # fmt: skip


class _Front(NamedTuple):
    newest: list[Card]
    towns: list[Town]


async def choose(request: Request) -> Response:
    """`/` leads to the front page in the language the browser likes best."""
    lang = locales.negotiated(request.headers.get("accept-language", ""))
    headers = {"Vary": "Accept-Language", "Cache-Control": "public, max-age=0, must-revalidate"}
    return RedirectResponse(addresses.home(lang), 302, headers)


async def show(request: Request) -> Response:
    """The front page."""
    lang = language(request)
    front = await reading(request, _front)
    known = {town.slug: town for town in front.towns}
    coast = [(place, known[slug]) for slug, place in COAST.items() if slug in known]
    if len(coast) < 3:  # a coast without towns is no map
        coast = []
    drawn = {town.slug for _, town in coast}
    return await page(
        request, "home/home.html", lang, shown=Shown(lang, db.utcnow()), newest=front.newest, towns=front.towns,
        coast=coast, elsewhere=[town for town in front.towns if town.slug not in drawn][:24], typed="",
        filters=Filters("buy"), options=options(lang, Filters("buy")), homes=sum(town.homes for town in front.towns),
        canonical=addresses.home(lang), structured=structured.website(lang, site(request).settings.origin),
    )  # fmt: skip


def _front(session: Session) -> _Front:
    return _Front(search.newest(session), search.towns(session, "buy"))
