"""The guard against forms sent from elsewhere: each POST route declares one of these rules in the list of routes.

`PublicForm`: only what a browser itself calls foreign is stopped, and it comes back filled in, to be sent from here.
`TokenForm`: for people who are signed in. `Exempt`: where a mail program or a machine sends, with its own proof.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response
from starlette.types import Receive, Scope, Send

from portal.signing import Signer, TokenRefused
from portal.web.guards.bodies import posted
from portal.web.site import site

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]

FIELD = "form_token"
SALT = "form"
LIFETIME = 24 * 3600  # seconds
SAID, SENDER = "sec-fetch-site", "origin"


@dataclass(frozen=True)
class PublicForm:
    """A form anybody may send. One that came from elsewhere goes to `returned`, which shows it again, filled in (403).

    Headers that are missing and `Origin: null` say too little to turn a visitor away.
    """

    submit: Handler
    returned: Handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to one of the two."""
        request = Request(scope)
        elsewhere = request.headers.get(SAID) == "cross-site" or _is_foreign(request)
        await request_response(self.returned if elsewhere else self.submit)(scope, receive, send)


@dataclass(frozen=True)
class TokenForm:
    """A form of somebody signed in: sent by our own page, with a token made for that session (403 otherwise).

    `session` tells the session of a request, so that nobody's token is worth anything in another's.
    """

    submit: Handler
    session: Callable[[Request], str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then hand the request on."""
        await request_response(self._checked)(scope, receive, send)

    async def _checked(self, request: Request) -> Response:
        typed = await posted(request)  # first, so that the page of the refusal gives back what was typed
        ours = request.headers.get(SAID, "same-origin") in ("same-origin", "none") and not _is_foreign(request)
        if not ours or not self._is_token(site(request).signer, request, str(typed.get(FIELD, ""))):
            raise HTTPException(403)
        return await self.submit(request)

    def _is_token(self, signer: Signer, request: Request, given: str) -> bool:
        try:
            return bool(signer.read_timed(SALT, given, LIFETIME) == self.session(request))
        except TokenRefused:
            return False


@dataclass(frozen=True)
class Exempt:
    """A route that is sent to from elsewhere by its nature; `proof` says what it checks instead."""

    submit: Handler
    proof: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        await request_response(self.submit)(scope, receive, send)


Rule: TypeAlias = PublicForm | TokenForm | Exempt


def token(signer: Signer, session: str) -> str:
    """What a page of somebody signed in puts into the field `form_token` of its forms; good for a day."""
    return signer.sign_timed(SALT, session)


def _is_foreign(request: Request) -> bool:
    """Whether `Origin` names another site (RFC 6454 §7). The host guard has seen to it that `Host` is one of ours."""
    origin = site(request).settings.origin
    here = {origin, f"{urlsplit(origin).scheme}://{request.headers.get('host', '')}".lower()}
    return request.headers.get(SENDER, "null").lower() not in {*here, "null"}
