"""Errors as pages, each mapped once: what the business refuses is told plainly and is never a 500.

Where a form had been read, its page gives back what was typed. Nothing of a fault itself is ever shown.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from portal import db
from portal.catalogue.agencies import AgencyUnknown
from portal.catalogue.invitations import InvitationVoid
from portal.catalogue.properties import PropertyUnknown
from portal.catalogue.search import PlaceUnknown
from portal.consent.policies import PolicyUnknown
from portal.enquiries.releasing import ReleaseVoid
from portal.language import locales
from portal.language.messages import N_
from portal.leads import Erased
from portal.observing import log
from portal.receipts.links import ReceiptGone
from portal.signing import TokenRefused
from portal.web.guards.bodies import TYPED
from portal.web.rendering import page

RETRY = {"Retry-After": "30"}  # seconds: a database that restarts is back by then


class Told(NamedTuple):
    """What the page of a status says; `again` offers to send the same form once more."""

    title: str
    text: str
    again: bool = False


TEXTS = {
    400: Told(N_("We could not read this request"), N_("Go back and try again. What you typed is still in the form.")),
    403: Told(N_("This address is not for you"), N_("It may be used from this site only.")),
    404: Told(N_("There is no page at this address"), N_("It may have been mistyped, or cut short by a mail program.")),
    405: Told(N_("This address does not take that"), N_("Go back and use the links and buttons of the page.")),
    408: Told(N_("The form took too long to arrive"), N_("Nothing was recorded. Go back and send it again.")),
    410: Told(N_("This link is no longer valid"), N_("A newer one may have been sent to you, or it has been used up.")),
    413: Told(N_("The text is too long"), N_("Nothing was recorded. Go back and shorten your message.")),
    415: Told(
        N_("We cannot read what was sent"),
        N_("Nothing was recorded. Go back and send the form with the button on its page."),
    ),
    429: Told(N_("That was too often"), N_("Nothing was recorded. Please try again in a few minutes."), again=True),
    500: Told(
        N_("Something is broken on our side"),
        N_("Nothing you did was wrong. Please try again in a few minutes."),
        again=True,
    ),
    503: Told(
        N_("We cannot reach our records at the moment"),
        N_("Nothing you did was wrong. Please try again in a minute."),
        again=True,
    ),
}
ERASED = Told(
    N_("This receipt is gone"), N_("The data it was about has been erased, and the receipt with it.")
)  # fmt: skip
FORGOTTEN = Told(
    N_("This enquiry has been erased"), N_("Its personal data has been deleted, and this page with it.")
)  # fmt: skip
NOT_FOUND = (AgencyUnknown, PropertyUnknown, PlaceUnknown, PolicyUnknown, TokenRefused)


class Refusal:
    """An application that answers every request with the page of one status. `Host` is not looked at."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = [pair for pair in scope["headers"] if pair[0] != b"host"]
        response = await _page(Request({**scope, "headers": headers}), self.status)
        await response(scope, receive, send)


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


async def erased(request: Request, error: Exception) -> Response:
    """The page of a receipt whose person was erased."""
    return await _page(request, 410, told=ERASED)


async def forgotten(request: Request, error: Exception) -> Response:
    """The page of an enquiry whose person was erased."""
    return await _page(request, 410, told=FORGOTTEN)


async def away(request: Request, error: Exception) -> Response:
    """The page of a database that cannot answer now. Raises the error again where the statement is to blame."""
    if not db.is_away(error):
        raise error
    log.error("database away", method=request.method, exc_info=error)
    return await _page(request, 503, RETRY)


async def broken(request: Request, error: Exception) -> Response:
    """The page of a fault of ours; the fault itself goes on to the log."""
    log.error("request failed", method=request.method, exc_info=error)
    return await _page(request, 500)


HANDLERS: Mapping[Any, Any] = {
    HTTPException: refused,
    **dict.fromkeys(NOT_FOUND, unknown),
    InvitationVoid: void,
    ReleaseVoid: void,
    ReceiptGone: erased,
    Erased: forgotten,
    **dict.fromkeys(db.AWAY, away),
    Exception: broken,
}


async def _page(
    request: Request, status: int, headers: Mapping[str, str] | None = None, told: Told | None = None
) -> Response:  # fmt: skip
    response = await page(
        request, "errors/error.html", _language(request), status=status,
        told=told or TEXTS.get(status, TEXTS[400 if status < 500 else 500]), typed=request.scope.get(TYPED, ()),
    )  # fmt: skip
    response.headers.update(headers or {})
    return response


def _language(request: Request) -> str:
    first = request.url.path.split("/")[1]
    return first if first in locales.SITE else locales.negotiated(request.headers.get("accept-language", ""))
