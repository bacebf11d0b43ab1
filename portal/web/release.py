"""Where a visitor releases an enquiry that was held: a page with a button, because mail filters follow links.

The link is worth something for that one lead, and nothing once it went on or a person decided otherwise. The page never
shows the person.
"""

from typing import NamedTuple

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db
from portal.catalogue.agencies import Agency
from portal.enquiries import releasing
from portal.leads import Lead
from portal.signing import Signer
from portal.web.enquire import ELSEWHERE
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing


class _Linked(NamedTuple):
    lead: Lead
    agency: Agency


async def show(request: Request) -> Response:
    """The button, or the sentence that the enquiry goes on. 410 where a person decided otherwise."""
    return await _button(request)


async def returned(request: Request) -> Response:
    """The button again, where another site pressed it (403)."""
    return await _button(request, 403, ELSEWHERE)


async def submit(request: Request) -> Response:
    """Release the enquiry; 303 back to the page, which then says so."""
    here, lang, token = site(request), language(request), request.path_params["token"]
    domain, now = here.settings.mail_domain, db.utcnow()
    await writing(request, releasing.release_by_link, here.signer, token, domain, now)
    return RedirectResponse(addresses.release(lang, token), 303, {"Cache-Control": "no-store"})


async def _button(request: Request, status: int = 200, problem: str | None = None) -> Response:
    linked = await reading(request, _linked, site(request).signer, request.path_params["token"])
    return await page(
        request, "release/release.html", language(request), status=status, private=True, lead=linked.lead,
        agency=linked.agency, problem=problem,
    )  # fmt: skip


def _linked(session: Session, signer: Signer, token: str) -> _Linked:
    lead = releasing.linked(session, signer, token)
    return _Linked(lead, session.get_one(Agency, lead.agency_id))
