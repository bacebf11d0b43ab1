"""The lead's mail to the agency: who asks, how to reach them, what they want, in their words, about which home.

The plain text is for people and for agencies' software alike: one `Label: value` line a fact, in the order below; a
fact that was not given has no line; the message comes last and is the only one with several lines. Labels are in the
office's language and never change. HTML says the same beside it. Order (English labels):

Reference, Name, E-mail, Phone, Reach by, Language, Company, Wish, Timing, Paying with, Property reference, Property,
Price, Address of the page, Received, Mark as contacted, Message. Before the message stands the newest head of the
ledger, as signed.
"""

from urllib.parse import quote

from sqlmodel import Session

from portal import forwarding
from portal.consent.notices import RECORDER, Notice
from portal.consent.policies import PolicyVersion
from portal.forwarding import answering, second
from portal.language import formats, locales
from portal.language.messages import N_, translations
from portal.leads import FUNDINGS, INTENTS, REACHES, TIMINGS, Lead, LeadPerson, person_of
from portal.ledger import sealing
from portal.mail.composing import Letter, Letterhead, clean, one_line, written
from portal.mail.mails import Mail

HEADLINES = {
    "question": N_("%(name)s asks about %(reference)s"),
    "viewing": N_("%(name)s would like to see %(reference)s"),
    "papers": N_("%(name)s would like the papers of %(reference)s"),
}
Facts = list[tuple[str, str]]


class PersonGone(Exception):
    """The person was erased before the mail was written; there is nothing left to pass on."""


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The letter about one lead, in the office's language. Raises `PersonGone`."""
    lead = forwarding.lead_of(session, mail)
    person = person_of(session, lead)
    if person is None:
        raise PersonGone(lead.reference)
    _ = translations(mail.locale).gettext
    name = one_line(person.name)
    facts = {
        "lead": lead,
        "name": name,
        "answer": f"mailto:{quote(one_line(person.email), safe='@')}",
        "headline": _(HEADLINES[lead.intent]) % {"name": name, "reference": one_line(lead.property_reference)},
        "sender": _about_person(lead, person, mail.locale),
        "home": _about_home(lead, letterhead, mail.locale),
        "answering": answering.link(letterhead, mail),
        "message": [line.rstrip() for line in clean(person.words).strip().split("\n")],
        "call": person.phone_e164,
        "whatsapp": person.phone_e164.removeprefix("+") if person.reach == "whatsapp" else "",
        "page": letterhead.link(lead.page),
        "stands_in": second.stands_in(session, mail),
        "recorder": RECORDER,
        "checkpoint": _checkpoint(session),
        "policy": session.get_one(PolicyVersion, session.get_one(Notice, lead.notice_id).policy_version_id).number,
    }
    return written(
        mail.kind, mail.locale, facts,
        reply_to=(person.name, person.email),
        headers={
            "X-ImmoMarket-Lead": lead.reference,
            "X-ImmoMarket-Property-Ref": lead.property_reference,
            "Feedback-ID": f"{lead.agency_id}:lead:immomarket",
        },
    )  # fmt: skip


def _checkpoint(session: Session) -> list[str]:
    """The newest head of the ledger line by line: what agencies keep of it contradicts any later change."""
    head = sealing.latest(session)
    return head.note.splitlines() if head else []


def _about_person(lead: Lead, person: LeadPerson, locale: str) -> Facts:
    _ = translations(locale).gettext
    return _given([
        (_("Reference"), lead.reference),
        (_("Name"), person.name),
        (_("E-mail"), person.email),
        (_("Phone"), person.phone_e164 or person.phone),
        (_("Reach by"), _(REACHES[person.reach])),
        (_("Language"), locales.NAMES.get(person.answer_locale, person.answer_locale)),
        (_("Company"), person.company),
        (_("Wish"), _(INTENTS[lead.intent])),
        (_("Timing"), _(TIMINGS[person.timing]) if person.timing else ""),
        (_("Paying with"), _(FUNDINGS[person.funding]) if person.funding else ""),
    ])  # fmt: skip


def _about_home(lead: Lead, letterhead: Letterhead, locale: str) -> Facts:
    _ = translations(locale).gettext
    return _given([
        (_("Property reference"), lead.property_reference),
        (_("Property"), lead.property_title),
        (_("Price"), lead.property_price),
        (_("Address of the page"), letterhead.link(lead.page)),
        (_("Received"), formats.minute(lead.received_at, locale)),
    ])  # fmt: skip


def _given(facts: Facts) -> Facts:
    return [(label, one_line(value)) for label, value in facts if value]
