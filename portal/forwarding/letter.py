"""The lead's mail to the agency: who asks, how to reach them, what they want, in their words, about which home.

The plain text is for people and for agencies' software alike: one `Label: value` line a fact, in the order below; a
fact that was not given has no line; the message comes last and is the only one with several lines. Labels are in the
office's language and never change. HTML says the same beside it. Order (English labels):

Reference, Name, E-mail, Phone, Reach by, Language, Company, Wish, Timing, Paying with, Property reference, Property,
Price, Address of the page, Received, Answer by, Mark as contacted, Message. Before the message stands the newest head
of the ledger, as signed. What stands in it, and in what is attached for software, comes from `facts` alone.
"""

from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import phonenumbers
from markupsafe import Markup
from sqlmodel import Session

from portal import addresses
from portal.catalogue import photos
from portal.consent.choices import HOLDING
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
AGREED = N_("Agreed on %(moment)s: %(label)s")
NOT_AGREED = N_("Not agreed to, as of %(moment)s: %(label)s")
SHORT = 12  # characters of a reference
PHOTO = 120  # pixels of the photo's longer side
Lines = list[tuple[str, str]]


def render(session: Session, mail: Mail, letterhead: Letterhead) -> Letter:
    """The letter about one lead, in the office's language. Raises `facts.PersonGone`."""
    return of_facts(gather(session, mail, letterhead), mail, letterhead)


def of_facts(facts: Facts, mail: Mail, letterhead: Letterhead) -> Letter:
    """The letter that says these facts in the language of the mail."""
    attachments = tuple(ATTACHED[name](facts, letterhead) for name in facts.attachments)
    return written(
        mail.kind, mail.locale, _said(facts, letterhead, mail.locale, attachments),
        reply_to=(facts.name, facts.email),
        headers={
            "X-ImmoMarket-Lead": facts.reference,
            "X-ImmoMarket-Property-Ref": facts.property_reference,
            "Feedback-ID": f"{facts.agency_id}:lead:immomarket",
        },
        attachments=attachments,
    )  # fmt: skip


def _said(facts: Facts, letterhead: Letterhead, locale: str, attachments: tuple[Attachment, ...]) -> dict[str, Any]:
    email, answer = one_line(facts.email), f"mailto:{quote(one_line(facts.email), safe='@')}"
    return {
        **_in_short(facts, letterhead, locale),
        "lead": facts,
        "email": email,
        "answer": answer,
        "sender": _about_person(facts, locale),
        "home": _about_home(facts, locale),
        "links": {email: answer, facts.phone_e164: f"tel:{facts.phone_e164}", one_line(facts.page): facts.page},
        "message": [line.rstrip() for line in clean(facts.words).strip().split("\n")],
        "call": facts.phone_e164,
        "whatsapp": facts.phone_e164.removeprefix("+") if facts.reach == "whatsapp" else "",
        "answering": facts.answer_link,
        "stands_in": facts.stands_in,
        "recorder": facts.recorder,
        "consents": _chosen(facts, locale),
        "checkpoint": facts.checkpoint,
        "policy": facts.policy,
        "files": ", ".join(attachment.name for attachment in attachments),
    }


def _in_short(facts: Facts, letterhead: Letterhead, locale: str) -> dict[str, Any]:
    """What stands at the top: who wants what, in which language to answer and until when, and the home."""
    _ = translations(locale).gettext
    name, reference = one_line(facts.name), one_line(facts.property_reference)
    # A short reference stays whole on a phone; a long one may break.
    whole = Markup('<span style="white-space:nowrap">%s</span>') % reference if len(reference) <= SHORT else reference
    price = one_line(facts.property_price)
    return {
        "name": name,
        "headline": _(HEADLINES[facts.intent]) % {"name": name, "reference": reference},
        "heading": Markup(_(HEADLINES[facts.intent])) % {"name": name, "reference": whole},  # noqa: S704 - filled in escaped
        "language": formats.language(facts.answer_locale, locale),
        "answer_by": _until(facts, locale),
        "phone": _dialled(facts),
        "photo": _photo(facts, letterhead),
        "property_reference": reference,
        "property": one_line(facts.property_title),
        "price": price,
        "place": ", ".join(part for part in (one_line(facts.town), price) if part),
    }


def _until(facts: Facts, locale: str) -> str:
    return formats.minute(facts.answer_by, locale, ZoneInfo(facts.time_zone))


def _dialled(facts: Facts) -> str:
    """The number as people read it; as it was typed where it is none."""
    if not facts.phone_e164:
        return one_line(facts.phone)
    number = phonenumbers.parse(facts.phone_e164)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))


def _photo(facts: Facts, letterhead: Letterhead) -> dict[str, Any] | None:
    """The first photo, small: within 120 by 120 pixels, in its own proportions."""
    if not facts.photo or not facts.photo_width or not facts.photo_height:
        return None
    scale = PHOTO / max(facts.photo_width, facts.photo_height)
    # An address that ends with a picture's name after a long hash is taken for a web bug by filters, hence the query.
    width, height = (round(side * scale) for side in (facts.photo_width, facts.photo_height))
    return {
        "address": letterhead.link(addresses.media(facts.photo, photos.WIDTHS[0], "jpg")) + "?mail",
        "width": width, "height": height, "room": width + 16,
    }  # fmt: skip


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
        (_("Answer by"), _until(facts, locale)),
    ])  # fmt: skip


def _chosen(facts: Facts, locale: str) -> list[str]:
    """What the visitor agreed to in the agency's name, or did not, and when: a line each."""
    _ = translations(locale).gettext
    return [
        _(AGREED if each.state in HOLDING else NOT_AGREED)
        % {"moment": formats.minute(each.at, locale, ZoneInfo(facts.time_zone)), "label": one_line(each.label)}
        for each in facts.consents
    ]


def _given(lines: Lines) -> Lines:
    return [(label, one_line(value)) for label, value in lines if value]
