"""Auditing: whether the live rows of leads, choices, disclosures and answers still say what the ledger recorded.

Compares each row with the payload of its event, by the same functions that wrote it; a field that an older event did
not record yet is passed over. What may change later (where a lead stands, by whom it was released, that a disclosure
has happened) is told by further events. Changes nothing. That the payloads are genuine is for `ledger.verifying`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from sqlalchemy import bindparam, select, text
from sqlmodel import Session

from portal import forwarding, leads
from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import choices
from portal.consent.choices import Choice
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.db import Database, UTCDateTime, table_of
from portal.forwarding import answering
from portal.forwarding.answering import ANSWERED, DOUBTED, NOT_REAL, AgencyAnswer
from portal.leads import Disclosure, Lead, LeadPerson
from portal.ledger import said
from portal.ledger.verifying import NAMED, Problem, ordered
from portal.mail.mails import Mail

AT_ONCE = 500  # leads
SCREENING = {"lead_released": "forward", "lead_marked_spam": "spam"}
_EVENTS = (
    text("""
    SELECT e.about, l.idx, e.id, e.type, e.at, b.payload AS business, p.payload AS person,
        EXISTS (SELECT 1 FROM ledger_tombstone t WHERE t.event_id = e.id AND t.half = 'person') AS erased
    FROM ledger_event e LEFT JOIN ledger_leaf l ON l.event_id = e.id
    LEFT JOIN ledger_payload b ON b.event_id = e.id AND b.half = 'business'
    LEFT JOIN ledger_payload p ON p.event_id = e.id AND p.half = 'person'
    WHERE e.about IN :about ORDER BY e.at, l.idx
""")
    .bindparams(bindparam("about", expanding=True))
    .columns(at=UTCDateTime)
)
_WITHOUT_LEAD = text("""
    SELECT l.idx, e.about, e.id FROM ledger_event e JOIN ledger_payload b ON b.event_id = e.id AND b.half = 'business'
    LEFT JOIN ledger_leaf l ON l.event_id = e.id
    WHERE e.type = 'lead_recorded' AND NOT EXISTS (
        SELECT 1 FROM lead WHERE lead.reference = e.about AND lead.ledger_event_id = e.id)
""")


@dataclass(frozen=True)
class Told:
    """One event about a lead: its index, if sealed, and what its halves say, where they are still there."""

    index: int | None
    id: str
    type: str
    at: datetime
    business: Mapping[str, Any] | None
    person: Mapping[str, Any] | None
    erased: bool

    @classmethod
    def of(cls, row: Any) -> "Told":
        """The event of one row."""
        business, person = (half and said(bytes(half)) for half in (row.business, row.person))
        return cls(row.idx, row.id, row.type, row.at, business, person, bool(row.erased))


@dataclass
class Known:
    """What stands in few rows and is needed for many: agencies, notices and policy versions by their numbers."""

    agencies: dict[int, Agency]
    notices: dict[int, Notice]
    policies: dict[int, PolicyVersion]

    @classmethod
    def read(cls, session: Session) -> "Known":
        """All of them."""
        agencies, notices, policies = (
            {row.id: row for row in session.scalars(select(cast(Any, kind)))}
            for kind in (Agency, Notice, PolicyVersion)
        )
        return cls(agencies, notices, policies)

    def shown(self, notice_id: int) -> tuple[Notice, PolicyVersion]:
        """A notice, and the policy version it was shown under."""
        notice = self.notices[notice_id]
        return notice, self.policies[notice.policy_version_id]


@dataclass
class Case:
    """One lead with its rows and everything the ledger recorded about it, oldest first."""

    lead: Lead
    homes: list[Property]
    person: LeadPerson | None = None
    disclosures: list[tuple[Disclosure, Mail]] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    answers: list[tuple[AgencyAnswer, Mail]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)

    def of_type(self, *kinds: str) -> list[Told]:
        """The events of these types."""
        return [told for told in self.told if told.type in kinds]


def audit(database: Database, progress: Callable[[int], None] = lambda done: None) -> list[Problem]:
    """What is wrong, the first wrong index first: rows that say something else than their events, or lack one.

    `progress` is told how many leads are done.
    """
    problems: list[Problem] = []
    with database.view() as session:
        known, done = Known.read(session), 0
        for cases in _cases(session):
            for case in cases:
                problems += [
                    Problem(index, f"lead {case.lead.reference}: {what}") for index, what in faults(case, known)
                ]
            done += len(cases)
            progress(done)
            if len(problems) > NAMED:
                break
        for index, reference, _ in session.execute(_WITHOUT_LEAD):
            problems.append(Problem(index, f"lead {reference}: it is missing"))
    return ordered(problems)


def faults(case: Case, known: Known) -> Iterator[tuple[int | None, str]]:
    """What is wrong with one lead: the index of the event that says otherwise, and what."""
    recorded = next((told for told in case.of_type("lead_recorded") if told.id == case.lead.ledger_event_id), None)
    if recorded is None:
        yield None, "no event says that it was recorded"
        return
    try:
        yield from _lead_faults(case, known, recorded)
        yield from _screening_faults(case, recorded)
        yield from _person_faults(case)
        yield from _disclosure_faults(case, known)
        yield from _choice_faults(case, known, recorded)
        yield from _answer_faults(case, known)
    except LookupError:
        yield recorded.index, "a row of it points to what is not there"


def _lead_faults(case: Case, known: Known, recorded: Told) -> Iterator[tuple[int | None, str]]:
    lead = case.lead
    live = leads.evidence(lead, known.agencies[lead.agency_id], case.homes[0], *known.shown(lead.notice_id))
    del live["screening"]
    yield from _differing(recorded, live, recorded.business)
    if lead.received_at != recorded.at:
        yield recorded.index, "it was received at another time"


def _screening_faults(case: Case, recorded: Told) -> Iterator[tuple[int | None, str]]:
    lead, changes = case.lead, case.of_type(*SCREENING)
    if recorded.business is not None:
        told = changes[-1] if changes else recorded
        if lead.screening != SCREENING.get(told.type, recorded.business["screening"]):
            yield told.index, "the ledger does not say that it stands where it does (screening)"
    released = next((told for told in reversed(changes) if told.type == "lead_released"), None)
    if released is None:
        if (lead.released_at, lead.released_by, lead.release_reason) != (None, None, None):
            yield recorded.index, "no event says that it was released"
    elif lead.released_at != released.at:
        yield released.index, "it was released at another time (released_at)"
    else:
        yield from _differing(released, {"by": lead.released_by, "reason": lead.release_reason}, released.business)


def _person_faults(case: Case) -> Iterator[tuple[int | None, str]]:
    told = case.of_type("lead_recorded", "lead_rectified")
    current = next((each for each in reversed(told) if each.person is not None), None)
    if current is None:
        if case.person is not None and all(each.erased for each in told[-1:]):
            yield told[-1].index, "its person is there, though erased"
    elif case.person is None:
        yield current.index, "its person is missing, and was not erased"
    else:
        live = leads.person_evidence(case.lead.reference, case.person)
        if "phone_e164" not in (current.person or {}):  # as it was recorded once
            live["phone"] = case.person.phone_e164 or case.person.phone
        yield from _differing(current, live, current.person)


def _disclosure_faults(case: Case, known: Known) -> Iterator[tuple[int | None, str]]:
    live = {}
    for disclosure, mail in case.disclosures:
        agency = known.agencies.get(disclosure.agency_id)
        if agency is not None:
            live[mail.message_id] = (disclosure, forwarding.evidence(disclosure, case.lead, agency, mail))
    for kind, happened in (("disclosure_intended", False), ("disclosure_passed", True)):
        events = {told.business["mail"]: told for told in case.of_type(kind) if told.business}
        rows = {name: row for name, row in live.items() if row[0].passed_at is not None or not happened}
        for name in sorted(events.keys() - rows.keys()):
            yield events[name].index, f"a disclosure the ledger knows is missing ({kind})"
        if rows.keys() - events.keys():
            yield None, f"a disclosure the ledger does not know ({kind})"
        for name in sorted(rows.keys() & events.keys()):
            (disclosure, evidence), told = rows[name], events[name]
            yield from _differing(told, evidence, told.business)
            if told.at != (disclosure.passed_at if happened else disclosure.intended_at):
                yield told.index, f"a disclosure was at another time ({kind})"


def _choice_faults(case: Case, known: Known, recorded: Told) -> Iterator[tuple[int | None, str]]:
    events = {told.id: told for told in case.told if told.type.startswith("consent_")}
    for choice in case.choices:
        told = events.pop(choice.ledger_event_id or "", None)
        if told is None:
            if choice.ledger_event_id is not None or "received_at" in (recorded.business or {}):
                yield None, f"no event says that its choice for {choice.purpose} was made"
        elif told.type != f"consent_{choice.state}":
            yield told.index, f"its choice for {choice.purpose} was another one"
        else:
            evidence = choices.evidence(choice, case.lead.reference, *known.shown(choice.notice_id))
            yield from _differing(told, evidence, told.business)
    for told in events.values():
        yield told.index, f"a choice the ledger knows is missing ({told.type})"


def _answer_faults(case: Case, known: Known) -> Iterator[tuple[int | None, str]]:
    # Each answer has one event of its moment; the same contact may say one thing twice, with another in between.
    events = [told for told in case.of_type(ANSWERED, DOUBTED) if told.business]
    for given, mail in case.answers:
        evidence = answering.evidence(case.lead, known.agencies[given.agency_id], given, mail)
        at_once = [told for told in events if told.at == given.answered_at]
        told = next((told for told in at_once if told.business == evidence), next(iter(at_once), None))
        if told is None:
            yield None, "an answer the ledger does not know"
            continue
        events.remove(told)
        yield from _differing(told, evidence, told.business)
        if (told.type == DOUBTED) != (given.answer == NOT_REAL):
            yield told.index, "an answer is of another kind than its event"
    for told in events:
        yield told.index, f"an answer the ledger knows is missing ({told.type})"


def _differing(
    told: Told, live: Mapping[str, Any], recorded: Mapping[str, Any] | None
) -> Iterator[tuple[int | None, str]]:
    wrong = sorted(
        name for name, value in live.items() if recorded is not None and name in recorded and recorded[name] != value
    )
    if wrong:
        yield told.index, f"the row says something else than the event {told.type}: {', '.join(wrong)}"


def _cases(session: Session) -> Iterator[list[Case]]:
    """Every lead, by its number, with all that belongs to it."""
    lead, last = table_of(Lead).c, 0
    while found := list(session.scalars(select(Lead).where(lead.id > last).order_by(lead.id).limit(AT_ONCE))):
        homes = _by(session, Property, "id", {each.property_id for each in found})
        cases = {cast(int, each.id): Case(each, homes[each.property_id]) for each in found}
        for number, people in _by(session, LeadPerson, "lead_id", cases).items():
            cases[number].person = people[0]
        for number, chosen in _by(session, Choice, "lead_id", cases).items():
            cases[number].choices = chosen
        statement = select(Disclosure, Mail).join(Mail, table_of(Mail).c.id == table_of(Disclosure).c.mail_id)
        for row in session.execute(statement.where(table_of(Disclosure).c.lead_id.in_(cases))):
            cases[row[0].lead_id].disclosures.append((row[0], row[1]))
        given = select(AgencyAnswer, Mail).join(Mail, table_of(Mail).c.id == table_of(AgencyAnswer).c.mail_id)
        answers = given.where(table_of(AgencyAnswer).c.lead_id.in_(cases)).order_by(table_of(AgencyAnswer).c.id)
        for row in session.execute(answers):
            cases[row[0].lead_id].answers.append((row[0], row[1]))
        told = _told(session, [each.reference for each in found])
        for case in cases.values():
            case.told = told[case.lead.reference]
        yield list(cases.values())
        last = max(cases)
        session.expunge_all()


def _by(session: Session, kind: Any, name: str, numbers: Any) -> dict[int, list[Any]]:
    found = defaultdict(list)
    for row in session.scalars(
        select(kind).where(getattr(kind, name).in_(numbers)).order_by(*table_of(kind).primary_key)
    ):
        found[getattr(row, name)].append(row)
    return found


def _told(session: Session, references: list[str]) -> dict[str, list[Told]]:
    found = defaultdict(list)
    for row in session.execute(_EVENTS, {"about": references}):
        found[row.about].append(Told.of(row))
    return found
