"""Facts: everything that a lead's mail says, in no language. Its text, its HTML and its attachments are made of them.

Reads and never writes. What was asked, and about what, is as it was recorded; rooms, sizes and places of the home, and
its first photo, are as they stand when the mail is written.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import phonenumbers
from phonenumbers import PhoneNumberType
from sqlmodel import Session, col, select

from portal import forwarding
from portal.catalogue import opening
from portal.catalogue.agencies import Agency, Contact, Office
from portal.catalogue.photos import Media
from portal.catalogue.places import Place
from portal.catalogue.properties import Property, PropertyPhoto
from portal.consent import choices, notices
from portal.consent.notices import RECORDER, Notice
from portal.consent.policies import PolicyVersion
from portal.consent.purposes import AGENCY
from portal.forwarding import answering, second, smaller
from portal.language import formats
from portal.leads import Disclosure, Lead, LeadPerson, person_of
from portal.ledger import sealing
from portal.mail.composing import Letterhead
from portal.mail.mails import Mail

# One head in six hundred holds what filters take for the address of a Bitcoin wallet, and its mail for extortion: that
# head goes with none, and the next mail has another.
_COIN = re.compile(r"\b[13][1-9A-HJ-NP-Za-km-z]{29,34}\b")


class PersonGone(Exception):
    """The person was erased before the mail was written; there is nothing left to pass on."""


@dataclass(frozen=True)
class Consent:
    """What the visitor chose for one purpose of the agency's own, and when: a state of `choices.Choice`.

    `label` is what stood beside the box, in the language of the page.
    """

    purpose: str
    state: str
    at: datetime
    label: str


@dataclass(frozen=True)
class Facts:
    """One lead as its agency is told. Texts are empty and numbers None where something was not given.

    Moments are UTC, money is in minor units of `currency`, areas are m², `country` is ISO 3166 alpha-2. `price_minor`
    is None as well where the home costs another price by now than the visitor was shown (`property_price`, in words).
    `answer_by` is reckoned in the working time of the office, whose clock is `time_zone`. `page` and `answer_link` are
    addresses, `photo` a content hash with the pixels of its largest size. `attachments` are names of
    `agencies.ATTACHMENTS`.
    """

    reference: str
    received_at: datetime
    intent: str
    timing: str
    funding: str
    locale: str
    page: str
    ledger_event_id: str

    name: str
    email: str
    phone: str
    phone_e164: str
    phone_region: str
    phone_is_mobile: bool
    reach: str
    professional: bool
    company: str
    words: str
    answer_locale: str

    property_id: str
    property_reference: str
    property_source_id: str
    property_title: str
    property_price: str
    property_withdrawn: bool
    kind: str
    offer: str
    price_minor: int | None
    currency: str
    price_period: str
    town: str
    area: str
    province: str
    country: str
    bedrooms: int | None
    bathrooms: int | None
    built_m2: Decimal | None
    plot_m2: Decimal | None
    photo: str
    photo_width: int | None
    photo_height: int | None

    agency_id: int
    agency: str
    agency_slug: str
    office: str
    contact: str
    recipient: str
    stands_in: bool

    recorder: str
    policy: int
    policy_document: str
    policy_locale: str
    policy_sha256: str
    notice_sha256: str
    notice_locale: str
    form_version: int
    consents: tuple[Consent, ...]
    checkpoint: tuple[str, ...]

    answer_by: datetime
    time_zone: str
    answer_link: str
    attachments: tuple[str, ...]

    @property
    def policy_name(self) -> str:
        """The policy version whose notice was shown, as the ledger names it: `data-policy/1/en`."""
        return f"{self.policy_document}/{self.policy}/{self.policy_locale}"

    @property
    def price(self) -> Decimal | None:
        """The price in whole units of the currency; None where `price_minor` is."""
        return None if self.price_minor is None else (Decimal(self.price_minor) / 100).quantize(Decimal("0.01"))


def gather(session: Session, mail: Mail, letterhead: Letterhead) -> Facts:
    """What a lead's mail says. Raises `PersonGone`."""
    lead = forwarding.lead_of(session, mail)
    person = person_of(session, lead)
    if person is None:
        raise PersonGone(lead.reference)
    agency = session.get_one(Agency, lead.agency_id)
    return Facts(
        **_of_lead(lead, letterhead), **_of_person(person), **_of_home(session, lead), **_of_photo(session, lead),
        **_of_agency(session, agency, mail), **_of_evidence(session, lead),
        answer_link=answering.link(letterhead, mail), attachments=smaller.attached(session, mail, agency),
    )  # fmt: skip


def _of_lead(lead: Lead, letterhead: Letterhead) -> dict[str, Any]:
    return {
        "reference": lead.reference, "received_at": lead.received_at, "intent": lead.intent, "locale": lead.locale,
        "page": letterhead.link(lead.page), "ledger_event_id": lead.ledger_event_id,
        "property_reference": lead.property_reference, "property_title": lead.property_title,
        "property_price": lead.property_price, "property_withdrawn": lead.property_withdrawn,
        "form_version": lead.form_version,
    }  # fmt: skip


def _of_person(person: LeadPerson) -> dict[str, Any]:
    return {
        **person.model_dump(exclude={"lead_id"}), "phone_is_mobile": is_mobile(person.phone_e164),
    }  # fmt: skip


def is_mobile(e164: str) -> bool:
    """Whether a number is certainly a mobile phone's; never where a country writes both alike."""
    if not e164:
        return False
    return bool(phonenumbers.number_type(phonenumbers.parse(e164)) == PhoneNumberType.MOBILE)


def _of_home(session: Session, lead: Lead) -> dict[str, Any]:
    home = session.get_one(Property, lead.property_id)
    town = session.get_one(Place, home.town_id)
    area = session.get_one(Place, home.area_id) if home.area_id else None
    return {
        "property_id": home.public_id, "property_source_id": home.source_id, "kind": home.kind, "offer": home.offer,
        "price_minor": home.price_minor if _is_as_shown(home, lead) else None, "currency": home.currency,
        "price_period": home.price_period or "", "town": town.name, "area": area.name if area else "",
        "province": town.province, "country": home.country, "bedrooms": home.bedrooms, "bathrooms": home.bathrooms,
        "built_m2": home.built_m2, "plot_m2": home.plot_m2,
    }  # fmt: skip


def _is_as_shown(home: Property, lead: Lead) -> bool:
    if home.price_minor is None:
        return False
    price = formats.money(home.price_minor, home.currency, lead.locale)
    return lead.property_price == price or lead.property_price.startswith(f"{price} ")  # a rent, with its period


def _of_photo(session: Session, lead: Lead) -> dict[str, Any]:
    ready = (PropertyPhoto.property_id == lead.property_id, PropertyPhoto.kind == "photo", Media.state == "ready")
    found = session.exec(
        select(Media)
        .join(PropertyPhoto, col(PropertyPhoto.media) == Media.hash)
        .where(*ready)
        .order_by(col(PropertyPhoto.position))
    ).first()
    if found is None:
        return {"photo": "", "photo_width": None, "photo_height": None}
    return {"photo": found.hash, "photo_width": found.width, "photo_height": found.height}


def _of_agency(session: Session, agency: Agency, mail: Mail) -> dict[str, Any]:
    asked = select(Contact, Office).join(Disclosure, col(Disclosure.contact_id) == Contact.id)
    lead = forwarding.lead_of(session, mail)
    contact, office = session.exec(
        asked.join(Office, col(Office.id) == Contact.office_id).where(Disclosure.mail_id == mail.id)
    ).one()
    return {
        "agency_id": agency.id, "agency": agency.name, "agency_slug": agency.slug, "office": office.name,
        "contact": contact.name, "recipient": mail.recipient, "stands_in": second.stands_in(session, mail),
        "answer_by": opening.answer_by(office, lead.received_at), "time_zone": office.time_zone,
    }  # fmt: skip


def _of_evidence(session: Session, lead: Lead) -> dict[str, Any]:
    notice = session.get_one(Notice, lead.notice_id)
    policy = session.get_one(PolicyVersion, notice.policy_version_id)
    head = sealing.latest(session)
    return {
        "recorder": RECORDER, "policy": policy.number, "policy_document": policy.document,
        "policy_locale": policy.locale, "policy_sha256": policy.body_sha256, "notice_sha256": notice.sha256,
        "notice_locale": notice.locale, "consents": _consents(session, lead, notice),
        # The newest head of the ledger line by line: what agencies keep of it contradicts any later change.
        "checkpoint": tuple(head.note.splitlines()) if head and not _COIN.search(head.note) else (),
    }  # fmt: skip


def _consents(session: Session, lead: Lead, notice: Notice) -> tuple[Consent, ...]:
    # Only what was asked for in the agency's name: what the visitor agreed to with us is none of its business.
    assert lead.id is not None
    agencys = {
        purpose.code
        for purpose in notices.purposes_of(session, notice)
        if purpose.opt_in and any(each["kind"] == AGENCY for each in purpose.recipients)
    }
    newest = {choice.purpose: choice for choice in choices.of_lead(session, lead.id)}
    return tuple(
        Consent(choice.purpose, choice.state, choice.at, choice.label)
        for code, choice in newest.items() if code in agencys
    )  # fmt: skip
