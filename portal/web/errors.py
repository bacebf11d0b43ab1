"""Errors as pages, each mapped once: what the business refuses is told plainly and is never a 500."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from portal.catalogue.agencies import AgencyUnknown
from portal.catalogue.invitations import InvitationVoid
from portal.catalogue.properties import PropertyUnknown
from portal.catalogue.search import PlaceUnknown
from portal.consent.policies import PolicyUnknown
from portal.language import locales
from portal.language.messages import N_
from portal.observing import log
from portal.signing import TokenRefused
from portal.web.rendering import page

TEXTS = {
    400: (N_("We could not read this request"), N_("Go back and try again. What you typed is still in the form.")),
    403: (N_("This address is not for you"), N_("It may be used from this site only.")),
    404: (N_("There is no page at this address"), N_("It may have been mistyped, or cut short by a mail program.")),
    405: (N_("This address does not take that"), N_("Go back and use the links and buttons of the page.")),
    408: (N_("The form took too long to arrive"), N_("Nothing was recorded. Go back and send it again.")),
    410: (N_("This link is no longer valid"), N_("A newer one may have been sent to you, or it has been used up.")),
    413: (
        N_("The text is too long"),
        N_("Nothing was recorded. Go back and shorten your message."),
    ),
    500: (N_("Something is broken on our side"), N_("Nothing you did was wrong. Please try again in a few minutes.")),
}
NOT_FOUND = (AgencyUnknown, PropertyUnknown, PlaceUnknown, PolicyUnknown, TokenRefused)


async def refused(request: Request, error: Exception) -> Response:
    """The page of an HTTP error."""
    assert isinstance(error, HTTPException)
    return await _page(request, error.status_code, error.headers)


async def unknown(request: Request, error: Exception) -> Response:
    """The page of something that is not there."""
    return await _page(request, 404)


async def void(request: Request, error: Exception) -> Response:
    """The page of a link that was valid once."""
    return await _page(request, 410)


async def broken(request: Request, error: Exception) -> Response:
    """The page of a fault of ours; the fault itself goes on to the log."""
    log.error("request failed", method=request.method, exc_info=error)
    return await _page(request, 500)


HANDLERS: Mapping[Any, Any] = {
    HTTPException: refused,
    **dict.fromkeys(NOT_FOUND, unknown),
    InvitationVoid: void,
    Exception: broken,
}


async def _page(request: Request, status: int, headers: Mapping[str, str] | None = None) -> Response:
    title, text = TEXTS.get(status, TEXTS[400 if status < 500 else 500])
    response = await page(
        request, "errors/error.html", _language(request), status=status, title=title, text=text, code=status
    )
    response.headers.update(headers or {})
    return response


def _language(request: Request) -> str:
    first = request.url.path.split("/")[1]
    return first if first in locales.SITE else locales.negotiated(request.headers.get("accept-language", ""))
