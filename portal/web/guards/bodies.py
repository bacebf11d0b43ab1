"""The body guard: what a body may weigh, hold and take, and how a form is read from it.

Refusals are raised where the body is read, so that each becomes a page like every other.
"""

import anyio
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024  # bytes
MAX_FIELDS = 40
BODY_SECONDS = 10.0
URLENCODED = "application/x-www-form-urlencoded"
TYPED = "portal.typed"  # under which a request keeps its fields: the page of a later fault gives them back


class BodyGuard:
    """Refuses a body of more than 64 KiB (413), or one that takes longer than ten seconds in all (408).

    One whose length is told in two ways is refused too (400; RFC 9112 §6.3), where the server let it through.
    """

    def __init__(self, app: ASGIApp, size: int = MAX_BODY, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.size = size
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; nothing here reads the body of a GET, so it needs no limits."""
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD"):
            receive = _Body(receive, _known(scope, self.size), self.size, anyio.current_time() + self.seconds)
        await self.app(scope, receive, send)


class _Body:
    """One body on its way: counted, with a clock running until it is complete."""

    def __init__(self, receive: Receive, refusal: int | None, size: int, deadline: float) -> None:
        self.receive = receive
        self.refusal = refusal
        self.left = size
        self.deadline = deadline
        self.complete = False

    async def __call__(self) -> Message:
        if self.complete:  # afterwards receive only waits for the visitor to leave
            return await self.receive()
        if self.refusal is None:
            with anyio.move_on_after(self.deadline - anyio.current_time()) as clock:
                message = await self.receive()
            self.refusal = 408 if clock.cancelled_caught else self._counted(message)
        if self.refusal is not None:
            raise HTTPException(self.refusal)
        return message

    def _counted(self, message: Message) -> int | None:
        self.left -= len(message.get("body", b""))
        self.complete = not message.get("more_body", False)
        return 413 if self.left < 0 else None


def _known(scope: Scope, size: int) -> int | None:
    """The refusal that the head of a request calls for already."""
    told = {name: value for name, value in scope["headers"] if name in (b"content-length", b"transfer-encoding")}
    if len(told) == 2:
        return 400
    length = told.get(b"content-length", b"")
    return 413 if length.isdigit() and int(length[:20]) > size else None


async def posted(request: Request) -> FormData:
    """The fields of a form, which is urlencoded as all ours are; anything else is refused (415).

    A request that does not say what it carries is an empty form: it comes back saying what is missing.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not kind:
        return FormData()
    if kind != URLENCODED:
        raise HTTPException(415, headers={"Accept-Post": URLENCODED})
    form = await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BODY)
    request.scope[TYPED] = form.multi_items()
    return form
