"""A lead as `openimmo_feedback` 1.2.5, the XML that Germany's estate software takes enquiries from.

Nothing changed in it since, so newer readers take it too. Elements stand in the order of its schema, and there are
no others. The agency's own number of the home is `oobj_id`, by which software finds it; ours is `portal_obj_id`, the
feed's `zusatz_refnr`. What the schema has no element for is in `user_defined_extend`, a list of name and value.
"""

import re

from lxml import etree
from lxml.etree import SubElement, _Element

from portal.forwarding.facts import Facts
from portal.language.formats import ZONE, utc
from portal.mail.composing import Attachment, Letterhead, clean, one_line

NAME = "kontaktanfrage_openimmo_feedback.xml"
VERSION = "1.2.5"
SENDER = "ImmoMarket"
OFFERS = {"sale": "KAUF", "rent_long": "MIETE_PACHT", "rent_short": "MIETE_PACHT"}
# OpenImmo writes ISO 3166 alpha-3; a country that is not among these is left out.
COUNTRIES = {"ES": "ESP", "PT": "PRT", "FR": "FRA", "AD": "AND", "GI": "GIB"}
WISHES = {"viewing": "BESICHTIGUNG", "papers": "DETAIL"}
# XML 1.0 §2.2; line ends are `\n` already, other controls are gone.
_NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def attachment(facts: Facts, letterhead: Letterhead) -> Attachment:
    """The lead as a file of OpenImmo."""
    root = etree.Element("openimmo_feedback")
    _add(root, "version", VERSION)
    sender = SubElement(root, "sender")
    _add(sender, "name", SENDER)
    _add(sender, "datum", f"{facts.received_at.astimezone(ZONE):%Y-%m-%d}")
    _add(sender, "makler_id", facts.agency_slug)
    _home(SubElement(root, "objekt"), facts)
    # lxml's own declaration has single quotes, which some readers that look for it by hand do not know.
    body = etree.tostring(root, encoding="UTF-8", pretty_print=True, xml_declaration=False)
    return Attachment(NAME, "application/xml", b'<?xml version="1.0" encoding="UTF-8"?>\n' + body)


def _home(element: _Element, facts: Facts) -> None:
    _add(element, "portal_obj_id", facts.property_id)
    _add(element, "oobj_id", facts.property_reference)
    _add(element, "zusatz_refnr", facts.property_source_id)
    _add(element, "expose_url", facts.page)
    _add(element, "vermarktungsart", OFFERS[facts.offer])
    _add(element, "bezeichnung", facts.property_title)
    _add(element, "ort", facts.town)
    _add(element, "land", COUNTRIES.get(facts.country, ""))
    _add(element, "stadtbezirk", facts.area)
    if facts.price is not None:
        _add(element, "preis", str(facts.price))
        _add(element, "wae", facts.currency)
    if facts.built_m2 is not None:
        _add(element, "flaeche", f"{facts.built_m2.normalize():f}")
    _person(SubElement(element, "interessent"), facts)


def _person(element: _Element, facts: Facts) -> None:
    forename, _, surname = one_line(facts.name).partition(" ")
    phone = facts.phone_e164 or facts.phone
    _add(element, "int_id", facts.reference)
    _add(element, "vorname", forename if surname else "")
    _add(element, "nachname", surname or forename)
    _add(element, "firma", facts.company)
    _add(element, "mobil" if facts.phone_is_mobile else "tel", phone)
    _add(element, "email", facts.email)
    _add(element, "bevorzugt", _preferred(facts))
    for wish in _wishes(facts):
        _add(element, "wunsch", wish)
    words = _NOT_XML.sub("", clean(facts.words)).strip()
    if words:
        SubElement(element, "anfrage").text = words
    extend = SubElement(element, "user_defined_extend")
    for name, value in _extended(facts):
        if value:
            field = SubElement(extend, "feld")
            _add(field, "name", name)
            _add(field, "wert", value)


def _preferred(facts: Facts) -> str:
    if facts.reach == "email":
        return "EMAIL"
    return "MOBIL" if facts.phone_is_mobile else "TEL"


def _wishes(facts: Facts) -> list[str]:
    wishes = [WISHES[facts.intent]] if facts.intent in WISHES else []
    return [*wishes, "ANRUF"] if facts.reach == "phone" else wishes


def _extended(facts: Facts) -> list[tuple[str, str]]:
    return [
        ("sprache", facts.answer_locale),
        ("kontaktweg", facts.reach),
        ("anliegen", facts.intent),
        ("zeitrahmen", facts.timing),
        ("finanzierung", facts.funding),
        ("eingegangen", utc(facts.received_at)),
        ("verantwortlicher", facts.recorder),
        ("datenschutz_version", facts.policy_name),
        ("datenschutz_sha256", facts.policy_sha256),
        ("hinweis_sha256", facts.notice_sha256),
        ("registereintrag", facts.ledger_event_id),
        *((f"einwilligung_{consent.purpose}", f"{consent.state} {utc(consent.at)}") for consent in facts.consents),
    ]


def _add(parent: _Element, name: str, text: str) -> None:
    written = _NOT_XML.sub("", one_line(text))
    if written:
        SubElement(parent, name).text = written
