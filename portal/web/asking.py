"""What the enquiry form needs to know about a home: who receives an enquiry, and the notice shown beside the button."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.orm import defer
from sqlmodel import Session, col
from starlette.requests import Request

from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.rows import Home
from portal.consent import notices, policies, purposes
from portal.consent.notices import FirstLayer, Notice
from portal.consent.policies import PolicyVersion
from portal.consent.purposes import Purpose
from portal.web.site import Site, site
from portal.web.transactions import in_thread


@dataclass(frozen=True)
class Asking:
    """Who would receive an enquiry. `open` says whether the form is offered; without an office there is none at all."""

    agency: Agency
    office: Office | None
    policy: PolicyVersion | None
    purposes: tuple[Purpose, ...]
    latest: Notice | None
    open: bool


@dataclass(frozen=True)
class Served:
    """The notice as it is shown, and the token that says so."""

    layer: FirstLayer
    token: str


def about(session: Session, home: Home, lang: str, now: datetime) -> Asking:
    """Who receives an enquiry about this home, as `agencies.recipient` chooses. One statement."""
    receives = and_(
        col(Contact.office_id) == Office.id, col(Contact.confirmed_at).is_not(None), col(Contact.retired_at).is_(None)
    )
    policy = policies.number_in_force(policies.DATA_POLICY, lang, now)
    statement = (
        select(Agency, Office, Contact, PolicyVersion, Notice, Purpose)
        .options(defer(col(PolicyVersion.body)))  # type: ignore[arg-type]  # col() hides the attribute
        .outerjoin(Office, col(Office.agency_id) == Agency.id)
        .outerjoin(Contact, receives)
        .outerjoin(PolicyVersion, col(PolicyVersion.id) == policy)
        .outerjoin(Notice, col(Notice.id) == notices.number_of_latest(home.agency_id, lang))
        .outerjoin(Purpose, purposes.is_in_force(now))
        .where(col(Agency.id) == home.agency_id)
        .order_by(
            col(Contact.id).is_(None), col(Contact.role) != "primary", col(Contact.id), col(Office.id),
            col(Purpose.position), col(Purpose.id),
        )
    )  # fmt: skip
    # A row for each purpose, and for each other office and contact after those.
    found = session.execute(statement).all()
    agency, office, contact, in_force, latest, _ = found[0]
    whys = {row.Purpose.id: row.Purpose for row in found if row.Purpose is not None}
    takes = agency.paused_at is None and contact is not None and in_force is not None and bool(whys)
    return Asking(agency, office, in_force, tuple(whys.values()), latest, takes)


async def served(request: Request, asking: Asking, lang: str, now: datetime) -> Served | None:
    """The notice for the form, kept as served where its text is new; None where there is nobody to name in it."""
    if asking.office is None or asking.policy is None or not asking.purposes:
        return None
    layer = notices.first_layer(asking.agency, asking.office, asking.policy, asking.purposes, lang)
    return await in_thread(request, _serve, site(request), asking, layer, lang, now)


def _serve(site: Site, asking: Asking, layer: FirstLayer, lang: str, now: datetime) -> Served:
    assert asking.policy is not None and asking.policy.id is not None
    notice = notices.served(site.database, asking.agency, layer, asking.policy.id, lang, now, asking.latest)
    return Served(layer, notices.token(site.signer, notice))
