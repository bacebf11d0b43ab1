"""The headers guard: what every answer of a face tells browsers, errors of the server included.

One table, and a random number of the request, which stands in each of its log lines too. A page adds only its caching;
the frame for a mail's own HTML is the one place with a policy of its own.
"""

import random
from collections.abc import Awaitable, Mapping
from typing import TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portal.observing import REQUEST

# A number must only be new, not secret, and the system's own source costs a call each time.
_chance = random.Random()

Headers: TypeAlias = list[tuple[bytes, bytes]]

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
# What anybody may read: the public site. Its pages say themselves how they are cached.
PUBLIC = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()"
    ),
}
# What belongs to one reader: the ops face, and my data. Kept by nobody and in no index, whatever a page forgets.
PRIVATE = {**PUBLIC, "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}


class HeadersGuard:
    """Adds a face's headers to every answer, but for those it carries already."""

    def __init__(self, app: ASGIApp, face: Mapping[str, str], https: bool) -> None:
        self.app = app
        headers = {**face}
        if https:  # on plain loopback they would lock visitors out
            headers["Content-Security-Policy"] += "; upgrade-insecure-requests"
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self.names = frozenset(name for name, _ in self.headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with its headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        number = f"{_chance.getrandbits(64):016x}"
        REQUEST.set(number)  # the server gives each request a context of its own

        def with_headers(message: Message) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                message["headers"] = self._added(message["headers"], number)
            return send(message)

        await self.app(scope, receive, with_headers)

    def _added(self, own: Headers, number: str) -> Headers:
        said = dict(own)
        added = [*own, *self.headers]
        if not self.names.isdisjoint(said):  # hardly ever
            added = [*own, *(pair for pair in self.headers if pair[0] not in said)]
        # An answer that caches may keep is given to others, who would find a stranger's number on it.
        if b"public" not in said.get(b"cache-control", b""):
            added.append((b"x-request-id", number.encode()))
        return added
