"""The status page: where one enquiry is. Its address is a bearer token, so it never shows the person.

States: recorded, handed to the agency's mail server, answered by the agency; and what holds it up, said plainly. Who
wants to hear of the answer by e-mail says so here, with a button.
"""

from typing import Any, NamedTuple

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from portal import addresses, db, leads
from portal.catalogue import search
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.catalogue.rows import Home
from portal.forwarding import answering, confirmation
from portal.forwarding.answering import AgencyAnswer
from portal.leads import PARKED, Disclosure, Lead, person_of
from portal.mail.mails import REACHED, Mail
from portal.signing import TokenRefused
from portal.web.enquire import ELSEWHERE
from portal.web.presenting import Shown
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading, writing


class Standing(NamedTuple):
    """How far an enquiry has come; `mail` is the one to the agency, None while the lead waits for a recipient.

    `wish` says whether a mail about the answer is wanted: None where none can be wished for.
    """

    lead: Lead
    home: Home
    agency: Agency
    disclosure: Disclosure | None
    mail: Mail | None
    answer: AgencyAnswer | None
    wish: bool | None


async def show(request: Request) -> Response:
    """Where the enquiry is that this token stands for; 404 after ninety days, or where it is none of ours; 410 where
    its person is erased.
    """
    return await _status(request)


async def wish(request: Request) -> Response:
    """The visitor wants a mail once the agency has answered; 303 back to the page, which then says so."""
    await writing(request, _wish, _nonce(request))
    path = addresses.status(language(request), request.path_params["token"])
    return RedirectResponse(path, 303, {"Cache-Control": "no-store"})


async def returned(request: Request) -> Response:
    """The page again, where another site pressed its button (403)."""
    return await _status(request, 403, ELSEWHERE)


async def _status(request: Request, status: int = 200, problem: str | None = None) -> Response:
    lang, now = language(request), db.utcnow()
    standing = await reading(request, _standing, _nonce(request))
    found: dict[str, Any] = standing._asdict()
    return await page(
        request, "enquiries/status.html", lang, status=status, private=True, problem=problem, shown=Shown(lang, now),
        parked=PARKED.get(standing.lead.parked_reason or ""), contacted=answering.CONTACTED,
        unreached=answering.NOT_REACHABLE, **found,
    )  # fmt: skip


def _nonce(request: Request) -> str:
    return str(site(request).signer.read("status", request.path_params["token"]))


def _wish(session: Session, nonce: str) -> None:
    confirmation.wish_answer(session, _lead(session, nonce), db.utcnow())


def _lead(session: Session, nonce: str) -> Lead:
    lead = leads.by_status_nonce(session, nonce, db.utcnow())
    if lead is None:
        raise TokenRefused("the time of this token is over", expired=True)
    return lead


def _standing(session: Session, nonce: str) -> Standing:
    lead = _lead(session, nonce)
    kept = session.get_one(Property, lead.property_id)
    home = search.home(session, kept.public_id)
    assert home is not None
    agency = session.get_one(Agency, lead.agency_id)
    passing = session.exec(
        select(Disclosure, Mail)
        .join(Mail, col(Mail.id) == Disclosure.mail_id)
        .where(Disclosure.lead_id == lead.id)
        .order_by(col(Mail.state).in_(REACHED).desc(), col(Disclosure.id).desc())
    ).first()
    disclosure, mail = passing or (None, None)
    answer = answering.shown(session, lead)
    return Standing(lead, home, agency, disclosure, mail, answer, _wished(session, lead, answer))


def _wished(session: Session, lead: Lead, answer: AgencyAnswer | None) -> bool | None:
    has_answered = answer is not None and answer.answer == answering.CONTACTED
    if lead.screening != "forward" or has_answered or person_of(session, lead) is None:
        return None
    return confirmation.wishes_answer(session, lead)
