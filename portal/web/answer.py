"""Where an agency's contact says what came of a lead: one page with four buttons, because mail filters follow links.

Never shows the person: the contact has the mail, and whoever else has the link learns nothing of them.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db
from portal.catalogue import search
from portal.catalogue.properties import Property
from portal.catalogue.rows import Home
from portal.forwarding import answering
from portal.forwarding.answering import Asked
from portal.language.messages import N_
from portal.signing import Signer
from portal.web.enquire import ELSEWHERE
from portal.web.guards.bodies import posted
from portal.web.presenting import Shown
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing

UNKNOWN = N_("Nothing has been recorded. Press one of the buttons.")


async def show(request: Request) -> Response:
    """The buttons, under the newest answer given here. 404 after ninety days, 410 where the person is erased."""
    return await _buttons(request)


async def returned(request: Request) -> Response:
    """The buttons again, where another site pressed one (403)."""
    return await _buttons(request, 403, ELSEWHERE)


async def submit(request: Request) -> Response:
    """Write the answer down; 303 back to the page, which then says so. 422 where it is none of the four."""
    here, lang, token = site(request), language(request), request.path_params["token"]
    said = (await posted(request)).get("answer", "")
    try:
        await writing(
            request, answering.answer, here.signer, token, str(said), here.settings.mail_domain, db.utcnow()
        )  # fmt: skip
    except answering.AnswerUnknown:
        return await _buttons(request, 422, UNKNOWN)
    return RedirectResponse(addresses.answer(lang, token), 303, {"Cache-Control": "no-store"})


async def _buttons(request: Request, status: int = 200, problem: str | None = None) -> Response:
    lang, token, now = language(request), request.path_params["token"], db.utcnow()
    asked, home = await reading(request, _asked, site(request).signer, token, now)
    found: dict[str, Any] = asked._asdict()
    return await page(
        request, "answer/answer.html", lang, status=status, private=True, problem=problem, shown=Shown(lang, now),
        home=home, answers=answering.ANSWERS, hidden=answering.NOT_REAL, given=found.pop("answer"), **found,
    )  # fmt: skip


def _asked(session: Session, signer: Signer, token: str, now: datetime) -> tuple[Asked, Home]:
    asked = answering.asked(session, signer, token, now)
    home = search.home(session, session.get_one(Property, asked.lead.property_id).public_id)
    assert home is not None
    return asked, home
