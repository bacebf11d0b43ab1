"""Silence: leads whose agency has not said what came of them after 24 hours of its working time; its reminder.

A contact is reminded once of each lead, of several in one mail, while its office is open. The mail names references and
homes and never the person, so that it discloses nothing; each lead's own answer link stands beside it.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.opening import hours_of
from portal.db import one_at_a_time
from portal.forwarding import answering
from portal.forwarding.answering import VALID, AgencyAnswer
from portal.leads import Disclosure, Lead, LeadPerson
from portal.mail import outbox
from portal.mail.composing import Letter, Letterhead, one_line, written
from portal.mail.mails import REACHED, Mail

KIND = "unanswered"
PATIENCE = timedelta(hours=24)  # of the office's working time
LISTED = 50  # leads in one mail


class Silent(NamedTuple):
    """An agency with leads that it has not answered: how many, and when the first of them was passed to it."""

    agency: Agency
    leads: int
    since: datetime


class _Waiting(NamedTuple):
    disclosure: Disclosure
    lead: Lead
    contact: Contact
    office: Office


def silent(session: Session, now: datetime) -> list[Silent]:
    """The agencies that keep somebody waiting longer than they should, most leads first."""
    found: dict[int, Silent] = {}
    for waiting in _overdue(session, now):
        since, number = waiting.disclosure.passed_at, waiting.lead.agency_id
        assert since is not None
        counted = found.get(number, Silent(session.get_one(Agency, number), 0, since))
        found[number] = Silent(counted.agency, counted.leads + 1, min(counted.since, since))
    return sorted(found.values(), key=lambda each: (-each.leads, each.agency.slug))


def remind_due(session: Session, domain: str, now: datetime) -> int:
    """Queue a mail to each contact with leads it is to be reminded of; how many mails. Any number of workers may."""
    if next(_overdue(session, now, only_new=True), None) is None:
        return 0
    one_at_a_time(session, KIND)
    due: dict[int, list[_Waiting]] = defaultdict(list)
    for waiting in _overdue(session, now, only_new=True):
        in_use = waiting.contact.retired_at is None and waiting.contact.refused_at is None
        if in_use and hours_of(waiting.office).is_open(now):
            due[waiting.contact.id or 0].append(waiting)
    for number, leads in due.items():
        about = f"contact:{number}"
        newest = select(func.max(col(Mail.generation))).where(Mail.kind == KIND, Mail.about == about)
        mail = outbox.queue(
            session, KIND, about, leads[0].contact.email, leads[0].office.locale, now, domain,
            generation=(session.exec(newest).one() or 0) + 1,
        )  # fmt: skip
        for waiting in leads[:LISTED]:
            waiting.disclosure.reminder_id = mail.id
    return len(due)


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The reminder, in the office's language."""
    named = select(Disclosure, Lead, Mail).join(Lead, col(Lead.id) == Disclosure.lead_id)
    named = named.join(Mail, col(Mail.id) == Disclosure.mail_id).where(Disclosure.reminder_id == mail.id)
    rows = session.exec(named.order_by(col(Disclosure.passed_at))).all()
    facts = {
        "leads": [
            {
                "reference": lead.reference, "property": one_line(lead.property_title),
                "property_reference": one_line(lead.property_reference), "passed_at": disclosure.passed_at,
                "link": answering.link(letterhead, sent),
            }
            for disclosure, lead, sent in rows
        ],
    }  # fmt: skip
    return written(mail.kind, mail.locale, facts, automatic=True, headers={"Feedback-ID": f"{KIND}:immomarket"})


def _overdue(session: Session, now: datetime, only_new: bool = False) -> Iterator[_Waiting]:
    # An answer by any contact of the agency ends it for all; who is erased waits for nothing.
    answered = select(AgencyAnswer.lead_id).where(AgencyAnswer.lead_id == Disclosure.lead_id).exists()
    asked = (
        select(Disclosure, Lead, Contact, Office)
        .join(Lead, col(Lead.id) == Disclosure.lead_id)
        .join(LeadPerson, col(LeadPerson.lead_id) == Lead.id)
        .join(Mail, col(Mail.id) == Disclosure.mail_id)
        .join(Contact, col(Contact.id) == Disclosure.contact_id)
        .join(Office, col(Office.id) == Contact.office_id)
        # So much working time never passes within as much time by the clock; and a link lasts so long.
        .where(col(Disclosure.passed_at) < now - PATIENCE, col(Disclosure.passed_at) > now - VALID)
        .where(col(Mail.state).in_(REACHED), ~answered)
        .order_by(col(Disclosure.passed_at), col(Disclosure.id))
    )
    if only_new:
        asked = asked.where(col(Disclosure.reminder_id).is_(None))
    for row in session.exec(asked):
        waiting = _Waiting(*row)
        since = waiting.disclosure.passed_at
        assert since is not None
        if hours_of(waiting.office).working_seconds(since, now) >= PATIENCE.total_seconds():
            yield waiting
