"""The status page: where one enquiry is. Its address is a bearer token, so it never shows the person.

States: recorded, handed to the agency's mail server, confirmed by the agency; and what holds it up, said plainly.
"""

from typing import NamedTuple

from sqlmodel import Session, col, select
from starlette.requests import Request
from starlette.responses import Response

from portal import db, leads
from portal.catalogue import search
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.catalogue.rows import Home
from portal.leads import PARKED, Disclosure, Lead
from portal.mail.mails import Mail
from portal.signing import TokenRefused
from portal.web.presenting import Shown
from portal.web.rendering import page
from portal.web.site import language, site
from portal.web.transactions import reading


class Standing(NamedTuple):
    """How far an enquiry has come; `mail` is the one to the agency, None while the lead waits for a recipient."""

    lead: Lead
    home: Home
    agency: Agency
    disclosure: Disclosure | None
    mail: Mail | None


async def show(request: Request) -> Response:
    """Where the enquiry is that this token stands for; 404 after ninety days, or where it is none of ours; 410 where
    its person is erased.
    """
    lang, now = language(request), db.utcnow()
    nonce = site(request).signer.read("status", request.path_params["token"])
    standing = await reading(request, _standing, str(nonce))
    return await page(
        request, "enquiries/status.html", lang, private=True, shown=Shown(lang, now), standing=standing,
        lead=standing.lead, home=standing.home, agency=standing.agency,
        parked=PARKED.get(standing.lead.parked_reason or ""),
    )  # fmt: skip


def _standing(session: Session, nonce: str) -> Standing:
    lead = leads.by_status_nonce(session, nonce, db.utcnow())
    if lead is None:
        raise TokenRefused("the time of this token is over", expired=True)
    kept = session.get_one(Property, lead.property_id)
    home = search.home(session, kept.public_id)
    assert home is not None
    agency = session.get_one(Agency, lead.agency_id)
    passing = session.exec(
        select(Disclosure, Mail)
        .join(Mail, col(Mail.id) == Disclosure.mail_id)
        .where(Disclosure.lead_id == lead.id)
        .order_by(col(Disclosure.id).desc())
    ).first()
    return Standing(lead, home, agency, *(passing or (None, None)))
