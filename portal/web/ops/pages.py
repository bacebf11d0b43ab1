"""Pages of the ops face: rendered in English, kept by nobody, each error mapped once."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses
from portal.language.messages import N_
from portal.mail.outbox import MailUnknown
from portal.templating import render
from portal.web.rendering import PRIVATE
from portal.web.site import site
from portal.web.transactions import in_thread

LANGUAGE = "en"


async def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
    """One page of the ops face."""
    origin = site(request).settings.origin
    body = await in_thread(request, render, template, LANGUAGE, origin=origin, **context)
    return Response(body, status, PRIVATE, "text/html; charset=utf-8")


async def begin(request: Request) -> Response:
    """From the bare address to the first page."""
    return RedirectResponse(addresses.OPS, 302)


async def later(request: Request) -> Response:
    """What stands here outside demo mode."""
    text = N_("The console comes later. Until then the portal command shows and changes everything: portal --help.")
    return await page(request, "ops/note.html", title=N_("The ops console"), text=text)


async def refused(request: Request, error: Exception) -> Response:
    """The page of an HTTP error."""
    assert isinstance(error, HTTPException)
    text = N_("There is nothing at this address.") if error.status_code == 404 else error.detail
    return await page(request, "ops/note.html", error.status_code, title=N_("Not found"), text=text)


async def unknown(request: Request, error: Exception) -> Response:
    """The page of a mail that is not there, or has no such part."""
    return await page(
        request, "ops/note.html", 404, title=N_("Not found"), text=N_("The outbox has no such mail, or not this part.")
    )


HANDLERS: Mapping[Any, Any] = {HTTPException: refused, MailUnknown: unknown}
