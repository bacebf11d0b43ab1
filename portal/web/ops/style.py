"""The style guide, in demo mode only: every part of the pages, in every state, in the light and in the dark theme.

Each theme has an address and a stylesheet of its own, made of the site's: nothing here is styled twice.
"""

import re
from decimal import Decimal
from typing import Any

from sqlmodel import Session
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses
from portal.catalogue import search
from portal.catalogue.rows import Card
from portal.db import utcnow
from portal.language.messages import N_
from portal.templating import STATIC
from portal.web.forms import EnquiryForm
from portal.web.ops.pages import LANGUAGE, page
from portal.web.presenting import Shown
from portal.web.transactions import in_thread, reading

THEMES = {"light": N_("Light"), "dark": N_("Dark")}
TOKEN = re.compile(r"--([a-z][a-z-]*): (#[0-9a-f]{3,6});")
SIZES = ("t13", "t15", "t17", "t20", "t25", "t31", "t39")
# What cards may lack or add, each over a home as complete as they come.
STATES: tuple[tuple[str, dict[str, Any]], ...] = (
    (N_("Complete"), {}),
    (N_("Reduced"), {"previous_price_minor": 52_500_000}),
    (N_("Under offer"), {"market_status": "under_offer"}),
    (N_("To rent"), {"offer": "rent_long", "price_minor": 145_000, "price_period": "month"}),
    (N_("Photo on its way"), {"media_width": None, "media_height": None, "media_colour": "p-13"}),
    (N_("Without photo"), {"media": None}),
    (N_("Without price"), {"price_minor": None}),
    (N_("Without rooms"), {"bedrooms": None, "bathrooms": None}),
    (N_("Without size"), {"built_m2": None, "terrace_m2": None}),
    (N_("Without energy letter"), {"energy_state": "unknown", "energy_consumption": None}),
    (N_("Energy: exempt"), {"energy_state": "exempt", "energy_consumption": None}),
    (N_("Energy: in progress"), {"energy_state": "in_process", "energy_consumption": None}),
)


async def begin(request: Request) -> Response:
    """From the bare address to the light theme."""
    return RedirectResponse(addresses.style("light"), 302)


async def guide(request: Request) -> Response:
    """The guide in one theme."""
    theme = _theme(request)
    cards, now = await reading(request, _cards), utcnow()
    styles = await in_thread(request, _styles, theme)
    form = EnquiryForm(name="", email="lucia@")
    form.validate()
    return await page(
        request, "ops/style.html", theme=theme, themes=THEMES, tokens=_tokens(styles), sizes=SIZES, cards=cards,
        shown=Shown(LANGUAGE, now), form=form, plain=EnquiryForm(), now=now,
    )  # fmt: skip


async def sheet(request: Request) -> Response:
    """The site's stylesheet with one theme, whatever the reader's machine prefers."""
    return Response(await in_thread(request, _styles, _theme(request)), media_type="text/css")


def _theme(request: Request) -> str:
    theme = str(request.path_params["theme"])
    if theme not in THEMES:
        raise HTTPException(404)
    return theme


def _styles(theme: str) -> str:
    styles = (STATIC / "site.css").read_text(encoding="utf-8").replace('url("fonts/', 'url("/static/fonts/')
    styles = styles.replace("color-scheme: light dark", f"color-scheme: {theme}")
    return styles.replace("(prefers-color-scheme: dark)", "all" if theme == "dark" else "not all")


def _tokens(styles: str) -> list[str]:
    # The names of the colours; photos' mean colours are no choice of ours.
    return [name for name in dict.fromkeys(name for name, _ in TOKEN.findall(styles)) if name not in ("photo", "e")]


def _cards(session: Session) -> list[tuple[str, Card]]:
    complete = next((card for card in search.newest(session, 50) if card.media_width and card.bedrooms), None)
    if complete is None:
        return []
    whole = complete._replace(
        offer="sale", price_minor=49_500_000, price_period=None, previous_price_minor=None, market_status="available",
        bathrooms=2, built_m2=Decimal(112), terrace_m2=Decimal(18), plot_m2=None, energy_state="rated",
        energy_consumption="C",
    )  # fmt: skip
    return [(label, whole._replace(**changes)) for label, changes in STATES]
