"""Where our mail about enquiries is stopped: by a button, by the one click of a mail program; and where it is undone.

The address stands in the link as a keyed fingerprint only, so the page cannot show it, and nobody can make such a link
for somebody else. A link alone stops nothing, because mail filters follow links.
"""

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import Response

from portal import db
from portal.consent.controller import CONTROLLER
from portal.forwarding import stopping
from portal.web.guards.bodies import URLENCODED, posted
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing

PROOF = "the signed fingerprint in the address, which stands in our mail alone (RFC 8058)"
UNDO = "undo"


async def show(request: Request) -> Response:
    """The button that stops the mail, or, once it is stopped, the one that brings it back."""
    mailbox = stopping.read(site(request).signer, request.path_params["token"])
    stopped = await reading(request, stopping.is_stopped, mailbox)
    return await page(
        request, "stop/stop.html", language(request), private=True, stopped=stopped, undo=UNDO, controller=CONTROLLER
    )


async def submit(request: Request) -> Response:
    """Stop the mail, or start it again; answered with the page itself, because one click follows no redirect (§3.1)."""
    mailbox = stopping.read(site(request).signer, request.path_params["token"])
    await writing(request, _change, mailbox, await _is_undone(request))
    return await show(request)


async def _is_undone(request: Request) -> bool:
    # A mail program may send its click as multipart; only our own button says `undo`, and that is urlencoded.
    ours = request.headers.get("content-type", "").startswith(URLENCODED)
    return ours and UNDO in await posted(request)


def _change(session: Session, mailbox: str, undone: bool) -> None:
    if undone:
        stopping.undo(session, mailbox)
    else:
        stopping.stop(session, mailbox, db.utcnow())
