"""What agencies' software reads in a lead's mail is whole and says what was typed, whatever strangers typed."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import vobject
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from lxml import html

from portal.forwarding import leadjson, openimmo, vcard
from portal.forwarding.facts import Consent, Facts, is_mobile
from portal.language import locales
from portal.mail.composing import clean, one_line
from tests import openimmo as reader
from tests.cast import NOW
from tests.lettering import FACTS, changed, composed, files, typed_into_the_form
from tests.smtp import read, text

XML, JSON, CARD = "kontaktanfrage_openimmo_feedback.xml", "lead.json", "contact.vcf"
SCHEMA = json.loads(leadjson.SCHEMA.read_text(encoding="utf-8"))
PERSON = "objekt/interessent"
ENCODED = "=?utf-8?q?a=0D=0ABcc=3A x?="
HOSTILE = (
    "Jane\r\nBcc: all@example.com", "Jane\0Smith", "Jane\u2028Price: €1", "\u202eenaJ\u200f\u2066", "👩‍👩‍👧 Smith",
    "Ж" * 120,
    "Jane\udcff", "</anfrage><email>x@example.com</email>", "]]> Jane <![CDATA[", "BEGIN:VCARD\r\nFN:Eve", "END:VCARD",
    "Smith;Jane,Dr.\\n", "=?utf-8?q?Jane?=", ENCODED, '"Jane" <x@example.com>,', "李小龙", "--=_x--", "\x1b[31m",
    "a\tb\x0bc", "&amp; &#0;", '","email":"x@example.com', "\ufffe\uffff", "مرحبا", "Jane: x\n\nMessage:\nall mine",
)  # fmt: skip
TEXTS = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=120))
WORDS = st.one_of(TEXTS, st.sampled_from(("x" * 10_000, "\n".join(HOSTILE), "ü" * 2000, ".\n..\nFrom x\n")))
EMAILS = st.sampled_from(
    ("jane@example.com", "jane@bücher.example", "jürgen@example.com", "jane+a@xn--bcher-kva.example",
     '"a b"@example.com', "o'neil_%x@sub.example.com", "jane@example.com\r\nBcc: x@example.com",
     "jane@\u202eexample.com")
)  # fmt: skip
PHONES = st.one_of(st.sampled_from(("+34 612 345 678", "07911 123456", "0034952000142", "ask\r\nfor Jane", "")), TEXTS)
ONCE = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "X-ImmoMarket-Lead")


def written_card(raw: bytes) -> Any:
    """The contact card of a mail, as vobject reads it."""
    (card,) = vobject.readComponents(files(raw)[CARD].get_content())
    return card


@settings(max_examples=60, deadline=None)
@given(name=TEXTS, email=EMAILS, phone=PHONES, company=TEXTS, words=WORDS)
@example(name="]]>", email="jane@bücher.example", phone="</tel>", company=";,\\", words="</anfrage>\r\n]]>\x00\ud800")
def test_every_enquiry_that_is_taken_makes_a_mail_that_can_be_read_and_says_what_was_typed(
    name, email, phone, company, words
):
    facts = typed_into_the_form(name=name, email=email, phone=phone, company=company, words=words)
    assume(facts is not None)
    assert facts is not None
    raw = composed(facts)
    assert raw == composed(facts), "written again it is the same"
    assert_read_by_every_reader(raw)
    assert_xml_says(files(raw)[XML].get_payload(decode=True), facts)
    assert_json_says(json.loads(files(raw)[JSON].get_payload(decode=True)), facts)
    assert_card_says(files(raw)[CARD].get_payload(decode=True), written_card(raw), facts)


def assert_read_by_every_reader(raw: bytes) -> None:
    assert raw.isascii() and b"\0" not in raw and max(len(line) for line in raw.split(b"\r\n")) <= 998
    assert raw.count(b"\n") == raw.count(b"\r\n") == raw.count(b"\r")
    got = read(raw)
    assert all(part.defects == [] for part in got.walk())
    assert [part.get_content_type() for part in got.walk()] == [
        "multipart/mixed", "multipart/alternative", "text/plain", "text/html", "application/xml", "application/json",
        "text/vcard",
    ]  # fmt: skip
    assert list(files(raw)) == [XML, JSON, CARD]
    for header in ONCE:
        assert len(got.get_all(header, [])) == 1, header
    assert got["Bcc"] is None and got["Cc"] is None and len(got["Reply-To"].addresses) == 1


def assert_xml_says(raw: bytes, facts: Facts) -> None:
    said = reader.read(raw)
    assert raw.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<openimmo_feedback>')
    forename, surname = said.get(f"{PERSON}/vorname", [""])[0], said[f"{PERSON}/nachname"][0]
    assert f"{forename} {surname}".strip() == facts.name
    assert said[f"{PERSON}/email"] == [facts.email]
    assert said.get(f"{PERSON}/firma", [""]) == [facts.company]
    assert said.get(f"{PERSON}/anfrage", [""]) == [facts.words]
    phone = said.get(f"{PERSON}/tel", []) + said.get(f"{PERSON}/mobil", [])
    assert phone == ([facts.phone_e164 or facts.phone] if facts.phone else [])


def assert_json_says(said: dict[str, Any], facts: Facts) -> None:
    Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(said)
    assert [said.get(name, "") for name in ("name", "email", "company", "message", "phone_typed")] == [
        facts.name, facts.email, facts.company, facts.words, facts.phone,
    ]  # fmt: skip
    assert f"{said['forename']} {said.get('surname', '')}".strip() == facts.name
    assert said.get("phone", "") == (facts.phone_e164 or facts.phone)


def assert_card_says(raw: bytes, card: Any, facts: Facts) -> None:
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 75 and lines[-1] == b"" and b"\n" not in b"".join(lines)
    assert [line for line in lines if line.startswith((b"BEGIN", b"END"))] == [b"BEGIN:VCARD", b"END:VCARD"]
    assert all(line.decode() is not None for line in lines), "no line ends inside a character"
    assert card.fn.value == facts.name and f"{card.n.value.given} {card.n.value.family}".strip() == facts.name
    assert card.email.value == facts.email and card.lang.value == facts.answer_locale
    assert [org.value for org in card.contents.get("org", [])] == ([[facts.company]] if facts.company else [])
    phone = facts.phone_e164 or facts.phone
    assert [tel.value for tel in card.contents.get("tel", [])] == ([phone] if phone else [])
    assert "IM-7K4Q-2MXD · MB-1042 · Villa in Nueva Andalucía, Marbella" in card.note.value


def test_an_encoded_word_is_never_decoded_into_a_header_and_is_read_as_it_was_typed():
    """RFC 2047: what looks like an encoded word would be decoded by a mail program, line ends and all."""
    facts = typed_into_the_form(name=ENCODED, email="jane@example.com", company=ENCODED, words=ENCODED)
    assert facts is not None
    raw = composed(replace(facts, property_reference=ENCODED))
    assert_read_by_every_reader(raw)
    got = read(raw)
    for header in ("Reply-To", "Subject", "X-ImmoMarket-Property-Ref"):
        assert "= ?utf-8?q?a=0D=0ABcc=3A x?=" in str(got[header]), header
    assert got["Reply-To"].addresses[0].addr_spec == "jane@example.com"
    for label in ("Name", "Company", "Property reference"):
        assert f"\n{label}: {ENCODED}\n" in text(got)
    assert text(got).endswith(f"Message:\n{ENCODED}\n") and ENCODED in html.fromstring(text(got, "html")).text_content()


def test_no_text_of_the_visitor_stands_outside_its_place():
    marked = changed(
        name="Markname Twoname", email="markmail@example.com", phone="Markphone", phone_e164="", company="Markcompany",
        words="Markwords", phone_is_mobile=False,
    )  # fmt: skip
    raw = composed(marked)
    xml = reader.read(files(raw)[XML].get_payload(decode=True))
    said = json.loads(files(raw)[JSON].get_payload(decode=True))
    card = files(raw)[CARD].get_content().splitlines()
    for mark, places in {
        "Markname": ("Reply-To Subject", "vorname", "forename name", "N FN"),
        "Twoname": ("Reply-To Subject", "nachname", "surname name", "N FN"),
        "markmail": ("Reply-To", "email", "email", "EMAIL"),
        "Markphone": ("", "tel", "phone phone_typed", "TEL"),
        "Markcompany": ("", "firma", "company", "ORG"),
        "Markwords": ("", "anfrage", "message", ""),
    }.items():
        headers = [header for header, value in read(raw).items() if mark in str(value)]
        assert headers == places[0].split(), mark
        assert [path for path, values in xml.items() if mark in str(values)] == [
            f"{PERSON}/{name}" for name in places[1].split()
        ]
        assert sorted(name for name, value in said.items() if mark in str(value)) == sorted(places[2].split())
        assert [re.split("[;:]", line)[0] for line in card if mark in line] == places[3].split()


@pytest.mark.parametrize("locale", locales.SITE)
@pytest.mark.parametrize(
    "facts",
    [FACTS, changed(company="", timing="", funding="", phone="", phone_e164="", reach="email", words="", checkpoint=()),
     changed(stands_in=True, property_withdrawn=True, intent="question", reach="phone", attachments=()),
     changed(consents=(Consent("a", "given", NOW, "News of homes: by e-mail"), Consent("b", "refused", NOW, "Calls")))],
)  # fmt: skip
def test_text_and_html_carry_the_same_facts(locale: str, facts: Facts):
    mail = read(composed(facts, locale))
    page = html.fromstring(text(mail, "html"))
    seen = " ".join(" ".join(page.itertext()).split())
    _, lines, rest = text(mail).split("\n\n", 2)
    for label, _, value in (line.partition(": ") for line in lines.splitlines()):
        shown = page.xpath("//a/@href") if value == facts.answer_link else [seen]
        assert any(value in each for each in shown) and label in seen, label
    rest, _, message = rest.rpartition(":\n")
    for line in (*rest.splitlines()[:-1], *message.splitlines()):
        assert " ".join(line.split()) in seen, line


def test_the_mail_says_what_the_visitor_agreed_to_in_the_agencys_name_and_when():
    said = [Consent("a", state, NOW, f"The {state} box") for state in ("given", "renewed", "refused", "withdrawn")]
    mail = read(composed(changed(consents=tuple(said))))
    moment = "23 November 2026, 14:12"
    for state, words in {"given": "Agreed on", "renewed": "Agreed on", "refused": "Not agreed to, as of",
                         "withdrawn": "Not agreed to, as of"}.items():  # fmt: skip
        for kind in ("plain", "html"):
            assert f"{words} {moment}: The {state} box" in " ".join(text(mail, kind).split())
    assert "greed" not in text(read(composed())), "where the agency asks for nothing, nothing is said"


def test_attachments_are_named_in_the_text_in_the_order_they_come():
    raw = composed(changed(attachments=("json", "vcard")))
    assert list(files(raw)) == [JSON, CARD]
    for kind in ("plain", "html"):
        assert "Attached for your software (lead.json, contact.vcf)" in text(read(raw), kind)
    bare = composed(changed(attachments=()))
    assert read(bare).get_content_type() == "multipart/alternative" and "Attached" not in text(read(bare))


def test_each_level_of_a_mail_has_a_boundary_of_its_own_made_from_the_message_id():
    first, second = (composed(FACTS, date=date) for date in (NOW, NOW.replace(year=2027)))
    outer, inner = (part.get_boundary() for part in read(first).walk() if part.is_multipart())
    assert outer and inner and outer != inner and not outer.startswith(inner) and not inner.startswith(outer)
    assert first == second.replace(b"2027", b"2026").replace(b"Tue, 23", b"Mon, 23")


# OpenImmo


@pytest.mark.parametrize(
    ("changes", "preferred", "wishes"),
    [
        ({"intent": "question", "reach": "email"}, "EMAIL", []),
        ({"intent": "question", "reach": "phone"}, "MOBIL", ["ANRUF"]),
        ({"intent": "viewing", "reach": "phone", "phone_is_mobile": False}, "TEL", ["BESICHTIGUNG", "ANRUF"]),
        ({"intent": "papers", "reach": "whatsapp"}, "MOBIL", ["DETAIL"]),
    ],
)
def test_what_is_wanted_is_said_in_openimmos_words(changes, preferred, wishes):
    said = reader.read(files(composed(changed(**changes)))[XML].get_payload(decode=True))
    assert said[f"{PERSON}/bevorzugt"] == [preferred] and said.get(f"{PERSON}/wunsch", []) == wishes


def test_openimmo_has_the_agencys_number_ours_and_what_it_knows_of_the_home():
    consent = (Consent("marketing_agency", "given", NOW, "News of homes by e-mail"),)
    said = reader.read(files(composed(changed(consents=consent)))[XML].get_payload(decode=True))
    assert said["sender/datum"] == ["2026-11-23"] and said["sender/makler_id"] == ["costa-norte"]
    assert said["objekt/oobj_id"] == ["MB-1042"] and said["objekt/portal_obj_id"] == ["k7m2q9x4tb"]
    assert said["objekt/zusatz_refnr"] == ["1042"] and said["objekt/vermarktungsart"] == ["KAUF"]
    assert [said[f"objekt/{name}"][0] for name in ("ort", "land", "stadtbezirk", "preis", "wae", "flaeche")] == [
        "Marbella", "ESP", "Nueva Andalucía", "1250000.00", "EUR", "312.5",
    ]  # fmt: skip
    extended = f"{PERSON}/user_defined_extend/feld"
    assert said[f"{extended}:sprache"] == ["de"] and said[f"{extended}:datenschutz_version"] == ["data-policy/1/en"]
    assert said[f"{extended}:einwilligung_marketing_agency"] == ["given 2026-11-23T13:12:07.000000Z"]
    rented = changed(offer="rent_long", price_minor=None, built_m2=None, area="", country="AR")
    said = reader.read(files(composed(rented))[XML].get_payload(decode=True))
    assert said["objekt/vermarktungsart"] == ["MIETE_PACHT"]
    assert not {f"objekt/{name}" for name in ("land", "stadtbezirk", "preis", "wae", "flaeche")} & said.keys()


def test_the_reader_of_the_tests_refuses_what_is_not_of_the_schema():
    raw = files(composed())[XML].get_payload(decode=True)
    assert isinstance(raw, bytes) and reader.read(raw)
    vorname, mail = re.findall(rb"<vorname>.*</vorname>|<email>.*</email>", raw)
    for wrong in (
        raw.replace(b"1.2.5", b"1.2.7"), raw.replace(b"MOBIL", b"MOBILE"), raw.replace(b"BESICHTIGUNG", b"RUECKRUF"),
        raw.replace(vorname, b"").replace(mail, mail + vorname), raw.replace(mail, mail + mail),
        raw.replace(b"ort>", b"town>"), raw.replace(b"<makler_id>costa-norte</makler_id>", b""),
        raw.replace(b"<openimmo_feedback>", b'<openimmo_feedback xmlns="x">'), raw.replace(mail, b"<email/>"),
        re.sub(rb"<interessent>.*</interessent>", b"", raw, flags=re.DOTALL),
    ):  # fmt: skip
        assert wrong != raw
        with pytest.raises(reader.NotOfTheSchema):
            reader.read(wrong)


def test_signs_that_xml_cannot_hold_are_left_out():
    odd = changed(words="a\ufffe\uffff\x00\x0b\ud800b", name="\ufffe", company="\x1f")
    said = reader.read(openimmo.attachment(odd, None).content)  # type: ignore[arg-type]
    assert said[f"{PERSON}/anfrage"] == ["ab"] and f"{PERSON}/firma" not in said


# JSON


def test_the_schema_is_one_and_knows_every_property_that_is_sent():
    Draft202012Validator.check_schema(SCHEMA)
    consent = (Consent("marketing_agency", "renewed", NOW, "News of homes by e-mail"),)
    said = json.loads(files(composed(changed(consents=consent)))[JSON].get_payload(decode=True))
    assert said["$schema"] == SCHEMA["$id"] == "https://immomarket.net/schemas/lead-1.json"
    known = SCHEMA["properties"]
    assert said.keys() <= known.keys()
    assert said["listing"].keys() <= known["listing"]["properties"].keys()
    assert said["consent"].keys() == known["consent"]["properties"].keys()
    assert (said["answer_by"], said["answer_url"]) == ("2026-11-24T11:12:07.000000Z", FACTS.answer_link)
    assert said["consent"]["choices"] == [{
        "purpose": "marketing_agency", "state": "renewed", "at": "2026-11-23T13:12:07.000000Z",
        "label": "News of homes by e-mail",
    }]  # fmt: skip
    assert said["newsletter"] is True and said["property"] == "MB-1042" and said["lead_status"] == "1001"
    assert said["listing"]["current_price"] == 1_250_000 and said["listing"]["built"] == 312.5
    assert said["listing"]["photo"]["url"] == f"https://portal.example/media/{FACTS.photo}/1600.jpg"


@pytest.mark.parametrize(
    "wrong",
    [{"external_reference": "IM-7K4Q-2MXI"}, {"email": "nobody"}, {"reach": "fax"}, {"received_at": "23.11.2026"},
     {"newsletter": "no"}, {"forename": ""}, {"surname": "a\nb"}, {"listing": {}}],
)  # fmt: skip
def test_the_schema_refuses_what_is_not_a_lead(wrong):
    said = json.loads(files(composed())[JSON].get_payload(decode=True))
    check = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert check.is_valid(said) and not check.is_valid(said | wrong)
    assert check.is_valid(said | {"added_later": 1}), "readers pass over what they do not know"
    for name in SCHEMA["required"]:
        assert not check.is_valid({key: value for key, value in said.items() if key != name})


def test_what_was_not_given_has_no_property():
    little = changed(
        name="Zoë", company="", phone="", phone_e164="", phone_region="", phone_is_mobile=False, timing="", funding="",
        words="", price_minor=None, bedrooms=None, bathrooms=0, built_m2=None, plot_m2=Decimal("0.50"), photo="",
        area="", contact="",
    )  # fmt: skip
    said = json.loads(files(composed(little))[JSON].get_payload(decode=True))
    assert_json_says(said, little)
    gone = {
        "surname",
        "company",
        "phone",
        "phone_typed",
        "mobile_phone",
        "phone_region",
        "timing",
        "funding",
        "message",
    }
    assert not gone & said.keys() and "listing_agency_contact" not in said
    assert not {"current_price", "currency", "bedrooms", "built", "photo", "area"} & said["listing"].keys()
    assert said["listing"]["bathrooms"] == 0 and said["listing"]["plot"] == 0.5


# The contact card


@pytest.mark.parametrize(
    ("number", "kind"), [("+34612345678", "CELL"), ("+34952000142", "HOME"), ("+12125550123", "HOME"), ("", "HOME")]
)
def test_a_card_says_whether_a_number_is_a_mobile_phones(number, kind):
    facts = changed(phone_e164=number, phone_is_mobile=is_mobile(number))
    assert written_card(composed(facts)).tel.params["TYPE"] == [kind, "VOICE"]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(0, 120))
def test_a_long_line_of_a_card_is_folded_by_octets_and_unfolds_to_what_it_was(words, padding):
    facts = changed(name="x" * padding + one_line(words) + "y", company="")
    raw = vcard.attachment(facts, None).content  # type: ignore[arg-type]
    assert max(len(line) for line in raw.split(b"\r\n")) <= 75
    (line,) = re.findall(rb"\r\nFN(?:;CHARSET=UTF-8)?:(.*)", raw.replace(b"\r\n ", b""))
    escaped = re.sub(r"\\(.)", r"\1", line.decode().rstrip("\r"))
    assert escaped == facts.name == clean(facts.name)


def test_only_lines_beyond_ascii_name_their_letters():
    raw = vcard.attachment(replace(FACTS, name="Jane Smith", company="Smith; Sons, Ltd\\"), None).content  # type: ignore[arg-type]
    assert b"\r\nN:Smith;Jane;;;\r\nFN:Jane Smith\r\nORG:Smith\\; Sons\\, Ltd\\\\\r\n" in raw
    assert b"\r\nNOTE;CHARSET=UTF-8:ImmoMarket IM-7K4Q-2MXD" in raw
