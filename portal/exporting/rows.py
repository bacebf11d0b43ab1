"""What an exported lead says: the columns, and the one SELECT that fills them, a row a lead in the order recorded.

Times leave the database as text, so that rows are ready to be written as they come. Whoever reads holds one view of
the database for as long as it reads: must be given to files alone, never to a reader that may be slow.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, FromClause, Integer, String, func, text, type_coerce
from sqlmodel import Session

from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import notices, purposes
from portal.consent.choices import Choice
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.db import table_of
from portal.forwarding.answering import AgencyAnswer
from portal.leads import Disclosure, Lead, LeadPerson, Selection
from portal.mail.mails import Mail

BATCH = 2000
FLAGS = {"property_withdrawn", "professional"}
TIMES = {"received_at", "forwarded_at", "answered_at"}
CHOICE = {
    "": "the newest choice: given, refused, withdrawn, renewed or expired",
    "_label": "the words beside the box",
    "_at": "when that choice was made, UTC, ISO 8601",
}

# The columns in their order, each with what it says; those of the choices follow. A person's are empty once erased.
COLUMNS = {
    "recorder": "who recorded the lead and keeps it",
    "reference": "the lead's reference",
    "received_at": "when the enquiry arrived, UTC, ISO 8601",
    "agency": "the agency's name in addresses",
    "agency_name": "the agency's name",
    "property": "the property's public id, as in its address",
    "property_reference": "the agency's reference of the property, at that moment",
    "property_title": "the property's title as shown, at that moment",
    "property_price": "the property's price as shown, at that moment",
    "property_withdrawn": "whether the property had been withdrawn while the visitor was typing",
    "intent": "question, viewing or papers",
    "name": "the visitor's name, in one field as it was given",
    "email": "the visitor's e-mail address",
    "phone": "the visitor's phone number in E.164, where it could be read as one",
    "phone_raw": "the phone number as it was typed",
    "reach": "best reached by: email, phone or whatsapp",
    "professional": "whether the visitor asks as a professional",
    "company": "the professional's company",
    "words": "what the visitor wrote",
    "answer_language": "the language the answer is wanted in",
    "timing": "when the visitor means to buy or rent, where said",
    "funding": "how the visitor means to pay, where said",
    "locale": "the language of the page",
    "page": "the path of the page the form stood on",
    "form_version": "the version of the form",
    "notice_sha256": "SHA-256 of the notice shown beside the form",
    "policy": "the policy version in force: document/number/language",
    "policy_sha256": "SHA-256 of that policy version's text",
    "screening": "forward, held or spam",
    "parked_reason": "why the lead waits for its agency, if it does",
    "delivery": "the state of the newest mail to the agency",
    "forwarded_at": "when the agency's mail server or our relay took responsibility for the lead, UTC, ISO 8601",
    "answer": "the agency's newest answer: contacted, not_reachable, unavailable, or not_real, which no visitor sees",
    "answered_at": "when the agency gave that answer, UTC, ISO 8601",
}


def columns(asked: Sequence[str]) -> dict[str, str]:
    """The columns with what each says, where the form asks, or ever asked, for these purposes."""
    choices = {
        f"choice_{purpose}{suffix}": f"{says}, purpose {purpose}"
        for purpose in asked
        for suffix, says in CHOICE.items()
    }
    return COLUMNS | choices


def asked_for(session: Session) -> list[str]:
    """The codes of the purposes that a form ever asked consent for, oldest first."""
    return list(dict.fromkeys(row.code for row in purposes.every_row(session) if row.opt_in))


def batches(session: Session, selection: Selection, asked: Sequence[str]) -> Iterator[Sequence[Sequence[Any]]]:
    """Every selected lead as a row of `columns`, in the order recorded, some at a time: text, int or None.

    Flags come as the database has them: 0 and 1, or False and True.
    """
    if _is_postgresql(session):  # all rows will be fetched: the plan for the first few of them is the wrong one
        session.execute(text("SET LOCAL cursor_tuple_fraction = 1"))
    found = session.connection().execution_options(stream_results=True, max_row_buffer=BATCH)
    yield from found.execute(statement(selection, asked, _is_postgresql(session))).partitions(BATCH)


def statement(selection: Selection, asked: Sequence[str], postgresql: bool) -> sqlalchemy.Select[Any]:
    """The SELECT of an export."""
    lead, person, agency, home, notice, policy, mail = (
        table_of(model) for model in (Lead, LeadPerson, Agency, Property, Notice, PolicyVersion, Mail)
    )
    answer = table_of(AgencyAnswer).alias("newest_answer")
    chosen = {purpose: table_of(Choice).alias(f"choice_{purpose}") for purpose in asked}
    cells = _lead_cells(lead, postgresql) | _person_cells(person) | _choice_cells(chosen, postgresql)
    cells |= {
        "recorder": sqlalchemy.literal(notices.RECORDER), "agency": agency.c.slug, "agency_name": agency.c.name,
        "property": home.c.public_id, "notice_sha256": notice.c.sha256,
        "policy": policy.c.document + "/" + sqlalchemy.cast(policy.c.number, String) + "/" + policy.c.locale,
        "policy_sha256": policy.c.body_sha256, "delivery": mail.c.state, "answer": answer.c.answer,
        "answered_at": _utc(answer.c.answered_at, postgresql),
    }  # fmt: skip
    joined = (
        lead.join(agency, agency.c.id == lead.c.agency_id)
        .join(home, home.c.id == lead.c.property_id)
        .join(notice, notice.c.id == lead.c.notice_id)
        .join(policy, policy.c.id == notice.c.policy_version_id)
        .outerjoin(person, person.c.lead_id == lead.c.id)
        .outerjoin(mail, mail.c.id == _newest_mail(lead))
        .outerjoin(answer, answer.c.id == _newest_answer(lead))
    )
    for purpose, choice in chosen.items():
        joined = joined.outerjoin(choice, choice.c.id == _newest_choice(lead, purpose))
    named = [cells[name].label(name) for name in columns(asked)]
    return sqlalchemy.select(*named).select_from(joined).where(*selection.conditions()).order_by(lead.c.id)


def _lead_cells(lead: FromClause, postgresql: bool) -> dict[str, ColumnElement[Any]]:
    disclosure = table_of(Disclosure)
    passed = sqlalchemy.select(func.min(disclosure.c.passed_at)).where(disclosure.c.lead_id == lead.c.id)
    as_it_is = (
        "reference", "property_reference", "property_title", "property_price", "intent", "locale", "page",
        "form_version", "screening", "parked_reason",
    )  # fmt: skip
    return {name: lead.c[name] for name in as_it_is} | {
        "property_withdrawn": _flag(lead.c.property_withdrawn),
        "received_at": _utc(lead.c.received_at, postgresql),
        "forwarded_at": _utc(passed.scalar_subquery(), postgresql),
    }


def _person_cells(person: FromClause) -> dict[str, ColumnElement[Any]]:
    as_it_is = ("name", "email", "reach", "company", "words", "timing", "funding")
    return {name: person.c[name] for name in as_it_is} | {
        "professional": _flag(person.c.professional),
        "phone": person.c.phone_e164,
        "phone_raw": person.c.phone,
        "answer_language": person.c.answer_locale,
    }


def _choice_cells(chosen: dict[str, Any], postgresql: bool) -> dict[str, ColumnElement[Any]]:
    cells = {}
    for purpose, choice in chosen.items():
        cells[f"choice_{purpose}"] = choice.c.state
        cells[f"choice_{purpose}_label"] = choice.c.label
        cells[f"choice_{purpose}_at"] = _utc(choice.c.at, postgresql)
    return cells


def _newest_mail(lead: FromClause) -> ColumnElement[int]:
    disclosure = table_of(Disclosure)
    newest = sqlalchemy.select(disclosure.c.mail_id).where(disclosure.c.lead_id == lead.c.id)
    return newest.order_by(disclosure.c.id.desc()).limit(1).scalar_subquery()


def _newest_answer(lead: FromClause) -> ColumnElement[int]:
    answer = table_of(AgencyAnswer)
    return sqlalchemy.select(func.max(answer.c.id)).where(answer.c.lead_id == lead.c.id).scalar_subquery()


def _newest_choice(lead: FromClause, purpose: str) -> ColumnElement[int]:
    choice = table_of(Choice)
    newest = sqlalchemy.select(func.max(choice.c.id)).where(choice.c.lead_id == lead.c.id, choice.c.purpose == purpose)
    return newest.scalar_subquery()


def _utc(moment: ColumnElement[Any], postgresql: bool) -> ColumnElement[str]:
    # As `formats.utc` writes it. SQLite keeps times as text in UTC, with a space where ISO 8601 has a T.
    if postgresql:
        return func.to_char(func.timezone("UTC", moment), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    return func.replace(type_coerce(moment, String), " ", "T") + "Z"


def _flag(flag: ColumnElement[bool]) -> ColumnElement[int]:
    # Where any column needs Python to read it, SQLAlchemy takes twice the time for every row.
    return type_coerce(flag, Integer)


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"
