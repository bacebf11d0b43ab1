"""Guards around every request: response headers, what a body may weigh and take, and where a form was sent from.

Pure ASGI. The headers are the same for every answer, errors of the server included; a page adds only its caching.
"""

from urllib.parse import urlsplit

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
BODY_SECONDS = 10.0
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), xr-spatial-tracking=()"
    ),
}


class SafeHeaders:
    """Adds the security headers to every response that does not carry its own."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self.app = app
        headers = {**HEADERS, "Content-Security-Policy": POLICY + ("; upgrade-insecure-requests" if https else "")}
        if https:
            headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the response back with its headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in self.headers if pair[0] not in own)]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


class BodyLimits:
    """Refuses a body of more than 64 KiB (413) or one that takes longer than ten seconds in all (408).

    The refusal is raised where the body is read, so that it becomes a page like every other.
    """

    def __init__(self, app: ASGIApp, size: int = MAX_BODY, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.size = size
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body counted and a clock running until it is complete."""
        deadline = anyio.current_time() + self.seconds
        read, complete = 0, False

        async def within_limits() -> Message:
            nonlocal read, complete
            if complete:  # afterwards receive only waits for the visitor to leave
                return await receive()
            with anyio.move_on_after(deadline - anyio.current_time()):
                message = await receive()
                read += len(message.get("body", b""))
                complete = not message.get("more_body", False)
                if read > self.size:
                    raise HTTPException(413)
                return message
            raise HTTPException(408)

        await self.app(scope, within_limits if scope["type"] == "http" else receive, send)


def came_from_elsewhere(request: Request, origin: str) -> bool:
    """Whether a browser says that another site sent this form (Fetch Metadata, then `Origin`; RFC 6454 §7).

    Missing headers and `Origin: null` say nothing and are no reason to refuse a visitor.
    """
    if request.headers.get("sec-fetch-site") == "cross-site":
        return True
    sender = request.headers.get("origin", "null")
    here = {origin.lower(), f"{urlsplit(origin).scheme}://{request.headers.get('host', '')}".lower()}
    return sender != "null" and sender.lower() not in here
