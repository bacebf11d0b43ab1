"""What the enquiry form needs to know about a home: who receives an enquiry, and the notice shown beside the button."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select
from starlette.requests import Request

from portal.catalogue import agencies
from portal.catalogue.agencies import Agency, Office
from portal.catalogue.search import Home
from portal.consent import notices, policies
from portal.consent.notices import FirstLayer
from portal.consent.policies import PolicyVersion
from portal.web.site import Site, site
from portal.web.transactions import in_thread


@dataclass(frozen=True)
class Asking:
    """Who would receive an enquiry. `open` says whether the form is offered; without an office there is none at all."""

    agency: Agency
    office: Office | None
    policy: PolicyVersion | None
    open: bool


@dataclass(frozen=True)
class Served:
    """The notice as it is shown, and the token that says so."""

    layer: FirstLayer
    token: str


def about(session: Session, home: Home, lang: str, now: datetime) -> Asking:
    """Who receives an enquiry about this home. Three statements, four where nobody is confirmed."""
    agency = session.get_one(Agency, home.agency_id)
    recipient = agencies.recipient(session, home.agency_id)
    office = recipient[1] if recipient else _any_office(session, home.agency_id)
    policy = _policy(session, lang, now)
    takes = agency.paused_at is None and recipient is not None and policy is not None
    return Asking(agency, office, policy, takes)


async def served(request: Request, asking: Asking, lang: str, now: datetime) -> Served | None:
    """The notice for the form, kept as served where its text is new; None where there is nobody to name in it."""
    if asking.office is None or asking.policy is None:
        return None
    layer = notices.first_layer(asking.agency, asking.office, asking.policy, lang)
    return await in_thread(request, _serve, site(request), asking.agency, layer, asking.policy, lang, now)


def _serve(site: Site, agency: Agency, layer: FirstLayer, policy: PolicyVersion, lang: str, now: datetime) -> Served:
    notice = notices.served(site.database, agency, layer, policy.id or 0, lang, now)
    return Served(layer, notices.token(site.signer, notice))


def _policy(session: Session, lang: str, now: datetime) -> PolicyVersion | None:
    try:
        return policies.in_force(session, policies.DATA_POLICY, lang, now)
    except policies.PolicyUnknown:
        return None


def _any_office(session: Session, agency_id: int) -> Office | None:
    return session.exec(select(Office).where(Office.agency_id == agency_id).order_by(col(Office.id))).first()
