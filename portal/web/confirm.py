"""Where an agency's contact confirms its address, and the present one agrees to a successor.

Each is a page with a button, because mail filters follow links.
"""

from datetime import datetime
from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db, forwarding
from portal.catalogue import invitations, succession
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.invitations import InvitationVoid
from portal.web.enquire import ELSEWHERE
from portal.web.rendering import page
from portal.web.site import Site, language, site
from portal.web.transactions import reading, writing


class _Invited(NamedTuple):
    contact: Contact
    office: Office
    agency: Agency
    asked: Contact | None


async def show(request: Request) -> Response:
    """The button, or the sentence that says what it led to. 410 where the link is void."""
    return await _button(request)


async def returned(request: Request) -> Response:
    """The button again, where another site pressed it (403)."""
    return await _button(request, 403, ELSEWHERE)


async def submit(request: Request) -> Response:
    """Confirm or agree, and forward what waited for it; 303 back to the page, which then says so."""
    lang, token = language(request), request.path_params["token"]
    await writing(request, _confirm, site(request), token, db.utcnow())
    return RedirectResponse(addresses.confirm_contact(lang, token), 303, {"Cache-Control": "no-store"})


async def _button(request: Request, status: int = 200, problem: str | None = None) -> Response:
    invited = await reading(request, _invited, site(request), request.path_params["token"])
    return await page(
        request, "confirm/confirm.html", language(request), status=status, private=True, contact=invited.contact,
        office=invited.office, agency=invited.agency, asked=invited.asked, problem=problem,
    )  # fmt: skip


def _confirm(session: Session, site: Site, token: str, now: datetime) -> None:
    invited = _invited(session, site, token)
    if invited.asked is not None:
        succession.agree(session, invited.contact, invited.asked, now)
    else:
        succession.prove(session, invited.contact, now)
    forwarding.forward_parked(session, invited.agency, domain=site.settings.mail_domain, now=now)


def _invited(session: Session, site: Site, token: str) -> _Invited:
    try:
        contact, asked = invitations.read(session, site.signer, token), None
    except InvitationVoid:
        contact, asked = succession.read(session, site.signer, token)
    office = session.get_one(Office, contact.office_id)
    return _Invited(contact, office, session.get_one(Agency, office.agency_id), asked)
