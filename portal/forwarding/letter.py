"""The lead's mail to the agency: who asks, how to reach them, what they want, in their words, about which home.

The plain text is for people and for agencies' software alike: one `Label: value` line a fact, in the order below; a
fact that was not given has no line; the message comes last and is the only one with several lines. Labels are in the
office's language and never change. HTML says the same beside it. Order (English labels):

Reference, Name, E-mail, Phone, Reach by, Language, Company, Wish, Timing, Paying with, Property reference, Property,
Price, Address of the page, Received, Mark as contacted, Message. Before the message stands the newest head of the
ledger, as signed. What stands in it, and in what is attached for software, comes from `facts` alone.
"""

from typing import Any
from urllib.parse import quote

from sqlmodel import Session

from portal.forwarding import leadjson, openimmo, vcard
from portal.forwarding.facts import Facts, gather
from portal.language import formats, locales
from portal.language.messages import N_, translations
from portal.leads import FUNDINGS, INTENTS, REACHES, TIMINGS
from portal.mail.composing import Attachment, Letter, Letterhead, clean, one_line, written
from portal.mail.mails import Mail

HEADLINES = {
    "question": N_("%(name)s asks about %(reference)s"),
    "viewing": N_("%(name)s would like to see %(reference)s"),
    "papers": N_("%(name)s would like the papers of %(reference)s"),
}
ATTACHED = {"openimmo": openimmo.attachment, "json": leadjson.attachment, "vcard": vcard.attachment}
Lines = list[tuple[str, str]]


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The letter about one lead, in the office's language. Raises `facts.PersonGone`."""
    return of_facts(gather(session, mail, letterhead), mail, letterhead)


def of_facts(facts: Facts, mail: Mail, letterhead: Letterhead) -> Letter:
    """The letter that says these facts in the language of the mail."""
    attachments = tuple(ATTACHED[name](facts, letterhead) for name in facts.attachments)
    return written(
        mail.kind, mail.locale, _said(facts, mail.locale, attachments),
        reply_to=(facts.name, facts.email),
        headers={
            "X-ImmoMarket-Lead": facts.reference,
            "X-ImmoMarket-Property-Ref": facts.property_reference,
            "Feedback-ID": f"{facts.agency_id}:lead:immomarket",
        },
        attachments=attachments,
    )  # fmt: skip


def _said(facts: Facts, locale: str, attachments: tuple[Attachment, ...]) -> dict[str, Any]:
    _ = translations(locale).gettext
    name = one_line(facts.name)
    return {
        "lead": facts,
        "name": name,
        "answer": f"mailto:{quote(one_line(facts.email), safe='@')}",
        "headline": _(HEADLINES[facts.intent]) % {"name": name, "reference": one_line(facts.property_reference)},
        "sender": _about_person(facts, locale),
        "home": _about_home(facts, locale),
        "message": [line.rstrip() for line in clean(facts.words).strip().split("\n")],
        "call": facts.phone_e164,
        "whatsapp": facts.phone_e164.removeprefix("+") if facts.reach == "whatsapp" else "",
        "page": facts.page,
        "answering": facts.answer_link,
        "stands_in": facts.stands_in,
        "recorder": facts.recorder,
        "checkpoint": facts.checkpoint,
        "policy": facts.policy,
        "files": ", ".join(attachment.name for attachment in attachments),
    }


def _about_person(facts: Facts, locale: str) -> Lines:
    _ = translations(locale).gettext
    return _given([
        (_("Reference"), facts.reference),
        (_("Name"), facts.name),
        (_("E-mail"), facts.email),
        (_("Phone"), facts.phone_e164 or facts.phone),
        (_("Reach by"), _(REACHES[facts.reach])),
        (_("Language"), locales.NAMES.get(facts.answer_locale, facts.answer_locale)),
        (_("Company"), facts.company),
        (_("Wish"), _(INTENTS[facts.intent])),
        (_("Timing"), _(TIMINGS[facts.timing]) if facts.timing else ""),
        (_("Paying with"), _(FUNDINGS[facts.funding]) if facts.funding else ""),
    ])  # fmt: skip


def _about_home(facts: Facts, locale: str) -> Lines:
    _ = translations(locale).gettext
    return _given([
        (_("Property reference"), facts.property_reference),
        (_("Property"), facts.property_title),
        (_("Price"), facts.property_price),
        (_("Address of the page"), facts.page),
        (_("Received"), formats.minute(facts.received_at, locale)),
    ])  # fmt: skip


def _given(lines: Lines) -> Lines:
    return [(label, one_line(value)) for label, value in lines if value]
