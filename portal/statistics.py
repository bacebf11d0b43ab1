"""Statistics: how fast agencies answer, in their own working time, as the public pages tell it.

Owns the response record on `agency`. It is reckoned once an hour, and the site's version rises only where it changed.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

from sqlmodel import Session, col, func, select

from portal.catalogue import versions
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.opening import hours_of
from portal.forwarding.answering import NOT_REAL, AgencyAnswer
from portal.leads import Disclosure

LATELY = timedelta(days=90)


def reckon(session: Session, now: datetime) -> int:
    """Write down of each agency how many leads of the last 90 days it answered, and the median of its working time
    until then, in seconds; how many records changed.

    Counted is the first answer about a lead, from when it was first passed on; that an enquiry is not real answers
    nobody. Whoever answered nothing has no record.
    """
    found: dict[int, list[float]] = defaultdict(list)
    for agency_id, seconds in _answers(session, now - LATELY):
        found[agency_id].append(seconds)
    changed = 0
    for agency in session.exec(select(Agency).order_by(col(Agency.id))):
        times = found.get(agency.id or 0, [])
        record = (len(times), round(median(times)) if times else None)
        if record != (agency.response_count, agency.response_seconds):
            agency.response_count, agency.response_seconds = record
            changed += 1
    if changed:
        versions.raise_version(session)
    return changed


def _answers(session: Session, since: datetime) -> Iterable[tuple[int, float]]:
    first = (
        select(col(AgencyAnswer.lead_id), func.min(AgencyAnswer.answered_at).label("at"))
        .where(AgencyAnswer.answer != NOT_REAL)
        .group_by(col(AgencyAnswer.lead_id))
        .subquery()
    )
    passed = (
        select(col(Disclosure.lead_id), func.min(Disclosure.passed_at).label("at"), func.min(Disclosure.id).label("id"))
        .where(col(Disclosure.passed_at) > since)
        .group_by(col(Disclosure.lead_id))
        .subquery()
    )
    asked = (
        select(Disclosure.agency_id, passed.c.at, first.c.at, Office)
        .join(passed, passed.c.id == Disclosure.id)
        .join(first, first.c.lead_id == Disclosure.lead_id)
        .join(Contact, col(Contact.id) == Disclosure.contact_id)
        .join(Office, col(Office.id) == Contact.office_id)
    )
    for agency_id, passed_at, answered_at, office in session.exec(asked):
        yield agency_id, hours_of(office).working_seconds(passed_at, answered_at)
