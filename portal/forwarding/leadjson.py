"""A lead as JSON, after the schema that the site publishes beside (`lead-1.json`, JSON Schema 2020-12).

Names are Optima-CRM's where it has one. What was not given has no property. Within `lead-1` properties are added,
never renamed, moved or taken away, and none changes its type: what breaks a reader would be `lead-2`, at an address of
its own.
"""

import json
from pathlib import Path
from typing import Any

from portal import addresses
from portal.catalogue import photos
from portal.consent.choices import HOLDING
from portal.forwarding.facts import Facts
from portal.language.formats import utc
from portal.mail.composing import Attachment, Letterhead, clean, one_line

NAME = "lead.json"
SCHEMA = Path(__file__).with_name("lead-1.json")
ADDRESS = f"https://immomarket.net{addresses.LEAD_SCHEMA}"  # the same wherever the portal runs: it is the schema's name
NEW = "1001"  # Optima-CRM's status of a lead nobody has looked at
BASIS = "6.1.b"  # of the GDPR: the visitor asked for it


def attachment(facts: Facts, letterhead: Letterhead) -> Attachment:
    """The lead as a file of JSON; its links begin with the site's origin."""
    said = {
        "$schema": ADDRESS,
        **_lead(facts),
        "listing": _given(_listing(facts, letterhead)),
        "consent": _consent(facts),
    }
    text = json.dumps(_given(said), ensure_ascii=False, indent=2)
    return Attachment(NAME, "application/json", f"{text}\n".encode())


def _lead(facts: Facts) -> dict[str, Any]:
    forename, _, surname = one_line(facts.name).partition(" ")
    phone = facts.phone_e164 or one_line(facts.phone)
    return {
        "external_reference": facts.reference,
        "source": "ImmoMarket",
        "lead_status": NEW,
        "received_at": utc(facts.received_at),
        "answer_by": utc(facts.answer_by),
        "answer_url": one_line(facts.answer_link),
        "forename": forename,
        "surname": surname,
        "name": one_line(facts.name),
        "email": one_line(facts.email),
        "phone": phone,
        "mobile_phone": facts.phone_e164 if facts.phone_is_mobile else "",
        "phone_typed": one_line(facts.phone),
        "phone_region": facts.phone_region,
        "reach": facts.reach,
        "language": facts.answer_locale,
        "professional": facts.professional,
        "company": one_line(facts.company),
        "intent": facts.intent,
        "timing": facts.timing,
        "funding": facts.funding,
        "message": clean(facts.words).strip(),
        "property": one_line(facts.property_reference),
        "listing_agency_id": facts.agency_slug,
        "listing_agency": one_line(facts.agency),
        "listing_agency_office": one_line(facts.office),
        "listing_agency_contact": one_line(facts.contact),
        "listing_agency_email": one_line(facts.recipient),
        "second_contact": facts.stands_in,
        "gdpr_status": facts.policy_name,
        "newsletter": any(consent.state in HOLDING for consent in facts.consents),
    }


def _listing(facts: Facts, letterhead: Letterhead) -> dict[str, Any]:
    return {
        "id": facts.property_id,
        "reference": one_line(facts.property_reference),
        "external_reference": one_line(facts.property_source_id),
        "title": one_line(facts.property_title),
        "type_one": facts.kind,
        "offer": facts.offer,
        "price_shown": one_line(facts.property_price),
        "current_price": _number(facts.price),
        "currency": facts.currency if facts.price is not None else "",
        "price_period": facts.price_period if facts.price is not None else "",
        "town": one_line(facts.town),
        "area": one_line(facts.area),
        "province": one_line(facts.province),
        "country": facts.country,
        "bedrooms": facts.bedrooms,
        "bathrooms": facts.bathrooms,
        "built": _number(facts.built_m2),
        "plot": _number(facts.plot_m2),
        "url": one_line(facts.page),
        "photo": _photo(facts, letterhead),
        "withdrawn": facts.property_withdrawn,
    }


def _photo(facts: Facts, letterhead: Letterhead) -> dict[str, Any] | None:
    if not facts.photo or not facts.photo_width or not facts.photo_height:
        return None
    width = photos.widths(facts.photo_width)[-1]
    pixels = {"width": facts.photo_width, "height": facts.photo_height}
    return {"url": letterhead.link(addresses.media(facts.photo, width, "jpg")), **pixels}


def _consent(facts: Facts) -> dict[str, Any]:
    choices = [
        _given({
            "purpose": each.purpose, "state": each.state, "at": utc(each.at), "label": one_line(each.label),
        }) for each in facts.consents
    ]  # fmt: skip
    return {
        "basis": BASIS,
        "recorder": facts.recorder,
        "policy": facts.policy_name,
        "policy_sha256": facts.policy_sha256,
        "notice_sha256": facts.notice_sha256,
        "notice_language": facts.notice_locale,
        "form_version": facts.form_version,
        "ledger_event": facts.ledger_event_id,
        "choices": choices,
    }


def _number(value: Any) -> int | float | None:
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)


def _given(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if value is not None and value != ""}
