"""What an exported lead says: one record a lead, read in short batches, whatever their number.

The batches are transactions of their own: a reader slow enough to hold one long transaction open would make writers
wait, and an enquiry must never wait for an export.
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy
from sqlmodel import Session, col, select

from portal.catalogue.agencies import Agency
from portal.catalogue.properties import Property
from portal.consent import notices
from portal.consent.choices import Choice
from portal.consent.notices import Notice
from portal.consent.policies import PolicyVersion
from portal.db import Database, table_of
from portal.language.formats import utc
from portal.leads import Disclosure, Lead, LeadPerson, Selection
from portal.mail.outbox import Mail

BATCH = 500
CHOICES = "choices"
PURPOSES = (notices.MARKETING,)

# The columns in their order, each with what it says. A person's columns are empty once the person is erased.
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
    CHOICES: "each consent given, refused or withdrawn: purpose, state, the label shown, time",
    "screening": "forward, held or spam",
    "parked_reason": "why the lead waits for its agency, if it does",
    "delivery": "the state of the newest mail to the agency",
    "forwarded_at": "when the agency's mail server or our relay took responsibility for the lead, UTC, ISO 8601",
}


def records(database: Database, selection: Selection) -> Iterator[dict[str, Any]]:
    """Every selected lead as a record of `COLUMNS`, in the order recorded."""
    last: int | None = 0
    while last is not None:
        with database.read() as session:
            last, batch = _batch(session, selection, last)
        yield from batch


def _batch(session: Session, selection: Selection, after: int) -> tuple[int | None, list[dict[str, Any]]]:
    lead_id = table_of(Lead).c.id
    statement = _STATEMENT.where(lead_id > after, *selection.conditions()).order_by(lead_id).limit(BATCH)
    found = session.execute(statement).mappings().all()
    numbers = [row["id"] for row in found]
    choices, deliveries = _choices(session, numbers), _deliveries(session, numbers)
    batch = [_record(dict(row), choices.get(row["id"], []), deliveries.get(row["id"], {})) for row in found]
    return (numbers[-1] if len(found) == BATCH else None), batch


def _record(row: dict[str, Any], choices: list[dict[str, str]], delivery: dict[str, Any]) -> dict[str, Any]:
    says = {"delivery": None, "forwarded_at": None, **row, **delivery, CHOICES: choices, "recorder": notices.RECORDER}
    says["received_at"] = utc(row["received_at"])
    says["policy"] = f"{row['document']}/{row['number']}/{row['policy_locale']}"
    return {name: says[name] for name in COLUMNS}


def _choices(session: Session, numbers: list[int]) -> dict[int, list[dict[str, str]]]:
    grouped: dict[int, list[dict[str, str]]] = {}
    for choice in session.exec(select(Choice).where(col(Choice.lead_id).in_(numbers)).order_by(col(Choice.id))):
        grouped.setdefault(choice.lead_id, []).append(
            {"purpose": choice.purpose, "state": choice.state, "label": choice.label, "at": utc(choice.at)}
        )
    return grouped


def _deliveries(session: Session, numbers: list[int]) -> dict[int, dict[str, Any]]:
    statement = (
        select(Disclosure.lead_id, Disclosure.passed_at, Mail.state)
        .join(Mail, col(Mail.id) == Disclosure.mail_id)
        .where(col(Disclosure.lead_id).in_(numbers))
        .order_by(col(Disclosure.id))
    )
    found: dict[int, dict[str, Any]] = {}
    for lead_id, passed_at, state in session.exec(statement):  # oldest first: first time passed, newest mail's state
        delivery = found.setdefault(lead_id, {})
        delivery["delivery"] = state
        if passed_at is not None:
            delivery.setdefault("forwarded_at", utc(passed_at))
    return found


def _statement() -> sqlalchemy.Select[Any]:
    lead, person, agency, home, notice, policy = (
        table_of(model) for model in (Lead, LeadPerson, Agency, Property, Notice, PolicyVersion)
    )
    return (
        sqlalchemy.select(
            lead.c.id, lead.c.reference, lead.c.received_at, agency.c.slug.label("agency"),
            agency.c.name.label("agency_name"), home.c.public_id.label("property"), lead.c.property_reference,
            lead.c.property_title, lead.c.property_price, lead.c.property_withdrawn, lead.c.intent, person.c.name,
            person.c.email, person.c.phone_e164.label("phone"), person.c.phone.label("phone_raw"), person.c.reach,
            person.c.professional, person.c.company, person.c.words,
            person.c.answer_locale.label("answer_language"), person.c.timing, person.c.funding, lead.c.locale,
            lead.c.page, lead.c.form_version, notice.c.sha256.label("notice_sha256"), policy.c.document,
            policy.c.number, policy.c.locale.label("policy_locale"), policy.c.body_sha256.label("policy_sha256"),
            lead.c.screening, lead.c.parked_reason,
        )
        .join_from(lead, agency, agency.c.id == lead.c.agency_id)
        .join(home, home.c.id == lead.c.property_id)
        .join(notice, notice.c.id == lead.c.notice_id)
        .join(policy, policy.c.id == notice.c.policy_version_id)
        .join(person, person.c.lead_id == lead.c.id, isouter=True)
    )  # fmt: skip


_STATEMENT = _statement()
