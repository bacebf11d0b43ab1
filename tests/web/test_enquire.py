"""The enquiry form: what is asked, what is refused and how, and that nothing typed is ever lost."""

import unicodedata
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlmodel import Session, select
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.testclient import TestClient

from portal import db
from portal.catalogue.agencies import Agency, Contact
from portal.consent import choices
from portal.consent.notices import Notice
from portal.leads import INTENTS, REACHES, Disclosure, Lead, LeadPerson
from portal.ledger import LedgerEvent
from portal.mail.mails import Mail
from portal.web import enquire, forms
from portal.web.app import create
from tests.cast import NOW
from tests.clients import QUIET
from tests.web.reading import Page, get

JANE = {
    "intent": "viewing", "name": "Jane Smith", "email": "jane@example.com", "reach": "whatsapp",
    "phone": "07911 123456", "professional": "no", "company": "", "language": "en", "timing": "3_months",
    "funding": "own_money", "words": "May we see it in December?\n\nWe are two.",
}  # fmt: skip


@pytest.fixture
def form(client: TestClient, villa: str) -> dict[str, str]:
    """The villa's form as Jane filled it in."""
    return {**get(client, villa).form(), **JANE}


def send(client: TestClient, villa: str, fields: dict[str, Any], **headers: str) -> Any:
    return client.post(f"{villa}/enquire", data=fields, headers=headers)


def leads_of(database: db.Database) -> list[tuple[Lead, LeadPerson]]:
    with database.read() as session:
        return list(session.exec(select(Lead, LeadPerson).join(LeadPerson)).all())


def test_a_good_form_is_recorded_with_its_evidence_and_answers_303_to_the_status_page(client, villa, form, database):
    answer = send(client, villa, form)
    assert answer.status_code == 303
    assert answer.headers["cache-control"] == "no-store"
    ((lead, person),) = leads_of(database)
    assert lead.reference in client.get(answer.headers["location"]).text
    assert (lead.property_title, lead.property_price) == ("Villa in Nueva Andalucía, Marbella", "€1,250,000")
    assert (lead.intent, lead.locale, lead.page) == ("viewing", "en", villa)
    assert (person.name, person.email, person.words) == ("Jane Smith", "jane@example.com", JANE["words"])
    assert (person.phone, person.phone_e164) == ("07911 123456", "+447911123456")
    assert (person.timing, person.funding, person.answer_locale) == ("3_months", "own_money", "en")
    with database.read() as session:
        (choice,) = choices.of_lead(session, lead.id)
        assert (choice.state, choice.label) == ("refused", "ImmoMarket may also e-mail me about similar homes.")
        kinds = {event.type for event in session.exec(select(LedgerEvent))}
        assert {"lead_recorded", "disclosure_intended"} <= kinds
        assert session.exec(select(Mail.recipient).where(Mail.kind == "lead")).one() == "costa-norte@agency.example"
        assert session.exec(select(Disclosure)).one().passed_at is None


def test_the_form_alone_does_the_same_and_says_where_it_stood(client, villa, database):
    address = f"{villa}/enquire"
    page = get(client, address)
    assert page.title == "Enquiry about MB-1042, Villa in Nueva Andalucía, Marbella · ImmoMarket"
    assert send(client, villa, {**page.form(), **JANE}).status_code == 303
    assert leads_of(database)[0][0].page == address


def test_the_notice_beside_the_button_is_the_one_that_is_kept(client, villa, form, database):
    page = get(client, villa)
    (table,) = page.marked("notice")
    rows = [(row[0].text_content(), row[1].text_content().strip()) for row in table.xpath(".//tr")]
    send(client, villa, form)
    with database.read() as session:
        kept = session.exec(select(Notice)).one()
        assert session.exec(select(Lead)).one().notice_id == kept.id
    assert kept.text.splitlines()[1:-1] == [f"{label}: {value}" for label, value in rows]
    assert kept.text.splitlines()[0] in page.text
    assert len(rows) == 6
    assert list(page.links("notice").values()) == ["/en/policies/data-policy/1"]


def test_marketing_stands_apart_and_is_given_only_when_ticked(client, villa, form, database):
    assert "marketing" not in get(client, villa).form()
    send(client, villa, {**form, "marketing": "1"})
    with database.read() as session:
        assert choices.of_lead(session, session.exec(select(Lead)).one().id)[0].state == "given"


def test_an_empty_form_comes_back_with_a_summary_that_leads_to_the_fields(client, villa):
    page = Page(send(client, villa, {}))
    assert page.status == 422
    assert page.response.headers["cache-control"] == "no-store"
    assert page.title.startswith("Error: ")
    assert page.errors() == {
        "name": "Enter your full name",
        "email": "Enter an e-mail address like name@example.com",
        "words": "Write your question",
    }
    first = page.tree.xpath(".//main/*")[0]
    assert first.get("class") == "summary-error" and first.get("tabindex") == "-1" and "autofocus" in first.attrib
    assert first[0].get("role") == "alert"
    for field in page.errors():
        element = page.tree.get_element_by_id(field)
        assert element.get("aria-invalid") == "true"
        assert f"{field}-error" in element.get("aria-describedby").split()
        assert page.errors()[field] in page.tree.get_element_by_id(f"{field}-error").text_content()


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"name": " \u200e "}, "name", "Enter your full name"),
        ({"name": "J" * 121}, "name", "Shorten your name to 120 characters"),
        ({"email": "jane.smith@gmail"}, "email", "Enter an e-mail address like name@example.com"),
        ({"email": "jané@example.com"}, "email", "Enter an e-mail address like name@example.com"),
        ({"email": f"{'j' * 250}@example.com"}, "email", "Enter an e-mail address like name@example.com"),
        ({"phone": ""}, "phone", "Enter a phone number, or choose to be reached by e-mail"),
        ({"phone": "1" * 41}, "phone", "Shorten the phone number to 40 characters"),
        ({"professional": "yes"}, "company", "Enter your company, or choose to write as a private person"),
        ({"intent": "question", "words": " \n "}, "words", "Write your question"),
        ({"words": "x" * 2001}, "words", "Shorten your message to 2,000 characters"),
        ({"words": "x" * 10_000}, "words", "Shorten your message to 2,000 characters"),
        ({"intent": "steal"}, "intent", "Choose one of the answers"),
        ({"language": "tlh"}, "language", "Choose one of the answers"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_everything_typed_is_kept(
    client, villa, form, database, change, field, sentence
):
    sent = {**form, **change}
    page = Page(send(client, villa, sent))
    assert page.status == 422
    assert page.errors() == {field: sentence}
    back = page.form()
    for name in ("email", "phone", "company", "timing", "funding", "reach", "professional"):
        assert back[name] == sent[name]
    assert back["words"].strip() == sent["words"].strip()
    assert leads_of(database) == []


def test_the_corrected_form_is_taken_as_it_came_back(client, villa, form, database):
    page = Page(send(client, villa, {**form, "name": "", "marketing": "1"}))
    assert page.form()["marketing"] == "1"
    assert send(client, villa, {**page.form(), "name": "Jane Smith"}).status_code == 303
    assert leads_of(database)[0][0].page == villa


def test_a_question_needs_words_but_a_viewing_does_not(client, villa, form):
    assert send(client, villa, {**form, "words": ""}).status_code == 303


def test_a_phone_is_optional_and_any_way_of_writing_it_is_taken(client, villa, form, database):
    assert send(client, villa, {**form, "reach": "email", "phone": ""}).status_code == 303
    assert send(client, villa, {**form, "phone": "ask my secretary"}).status_code == 303
    assert {(person.phone, person.phone_e164) for _, person in leads_of(database)} == {
        ("", ""), ("ask my secretary", ""),
    }  # fmt: skip


def test_a_professional_names_a_company_and_a_private_person_has_none(client, villa, form, database):
    send(client, villa, {**form, "professional": "yes", "company": "Smith & Co"})
    send(client, villa, {**form, "company": "typed by mistake", "words": "Another"})
    assert {(person.professional, person.company) for _, person in leads_of(database)} == {
        (True, "Smith & Co"), (False, ""),
    }  # fmt: skip


def test_a_probable_slip_in_the_address_is_asked_about_and_never_blocks(client, villa, form):
    page = Page(send(client, villa, {**form, "email": "jane@gmial.com", "name": ""}))
    assert page.errors() == {"name": "Enter your full name"}
    assert "Did you mean jane@gmail.com?" in page.text
    assert send(client, villa, {**form, "email": "jane@gmial.com"}).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "same-site", "origin": "https://sub.testserver"},
        {"origin": "http://testserver.evil.example"},
    ],
)
def test_a_form_sent_from_elsewhere_comes_back_to_be_sent_from_here(client, villa, form, database, headers):
    page = Page(send(client, villa, form, **headers))
    assert page.status == 403
    assert "nothing has been recorded" in page.text
    assert leads_of(database) == []
    assert send(client, villa, page.form(), **{"sec-fetch-site": "same-origin"}).status_code == 303
    assert leads_of(database)[0][1].words == JANE["words"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "http://testserver"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "same-origin"},
    ],
)
def test_headers_that_say_nothing_or_name_us_are_no_reason_to_refuse(client, villa, form, headers):
    assert send(client, villa, form, **headers).status_code == 303


@pytest.mark.parametrize("token", ["", "forged", "\x00"])
def test_a_form_without_its_notice_comes_back_filled_with_the_present_one(client, villa, form, database, token):
    page = Page(send(client, villa, {**form, "notice": token}))
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert "The notice beside the button has changed" in page.text
    assert leads_of(database) == []
    assert send(client, villa, page.form()).status_code == 303


def test_a_notice_superseded_for_more_than_a_day_brings_the_form_back(client, villa, form, database, change):
    change(Agency, name="Costa Norte")
    get(client, villa)
    assert send(client, villa, form).status_code == 303

    def a_day_passes(session: Session) -> None:
        newest = session.exec(select(Notice).order_by(Notice.id.desc())).first()
        newest.first_served_at -= timedelta(days=2)

    database.write(a_day_passes)
    page = Page(send(client, villa, {**form, "words": "Again"}))
    assert page.status == 422
    assert "Send enquiry to Costa Norte" in page.text
    assert page.form()["words"].strip() == "Again"


def test_the_same_form_twice_is_one_lead_with_a_status_page_each(client, villa, form, database):
    first, second = send(client, villa, form), send(client, villa, form)
    assert first.headers["location"] != second.headers["location"]
    assert len(leads_of(database)) == 1


def test_a_home_withdrawn_while_typing_takes_the_enquiry_for_seven_days(client, villa, form, database, change):
    change(state="withdrawn", withdrawn_at=db.utcnow() - timedelta(days=6))
    page = Page(send(client, villa, {**form, "name": ""}))
    assert page.status == 422
    answer = send(client, villa, page.form() | {"name": "Jane Smith"})
    assert answer.status_code == 303
    assert leads_of(database)[0][0].property_withdrawn
    assert "had withdrawn this home while you were writing" in get(client, answer.headers["location"]).text


@pytest.mark.parametrize(
    "values", [{"state": "withdrawn", "withdrawn_at": NOW - timedelta(days=400)}, {"state": "blocked"}]
)
def test_an_enquiry_too_late_gives_the_words_back(client, villa, form, database, change, values):
    change(**values)
    page = Page(send(client, villa, form))
    assert page.status == 410
    assert page.tree.get_element_by_id("words").text.strip() == JANE["words"]
    without = Page(send(client, villa, {**form, "intent": "viewing", "words": ""})).text
    assert "Nothing was recorded." in page.text and "Nothing was recorded." in without
    assert "its status page remains" not in without
    assert leads_of(database) == []


def test_an_agency_paused_or_without_contact_meanwhile_parks_the_enquiry(client, villa, form, database, change):
    change(Agency, paused_at=NOW)
    answer = send(client, villa, form)
    assert answer.status_code == 303
    assert leads_of(database)[0][0].parked_reason == "agency_paused"
    change(Agency, paused_at=None)
    database.write(lambda session: setattr(session.get_one(Contact, 1), "retired_at", NOW))
    page = Page(send(client, villa, {**form, "words": "x" * 2001}))
    assert page.status == 422
    assert send(client, villa, page.form() | {"words": "Short"}).status_code == 303
    assert leads_of(database)[1][0].parked_reason == "no_confirmed_contact"


def test_an_unknown_home_takes_nothing(client, form):
    assert client.post("/en/p/zzzzzzzzzz-x/enquire", data=form).status_code == 404
    assert client.post("/xx/p/zzzzzzzzzz-x/enquire", data=form).status_code == 404


def test_the_spanish_form_is_spanish_to_its_errors(client, villa):
    address = get(client, villa).links("top-own")["Español"]
    page = Page(client.post(f"{address}/enquire", data={"language": "es"}))
    assert page.title.startswith("Error: ")
    assert page.errors()["name"] == "Escriba su nombre y apellidos"
    assert "Enviar la consulta a Costa Norte Homes" in page.text


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "text/plain", "application/json"])
def test_a_body_of_another_kind_is_refused_and_one_of_none_is_an_empty_form(client, villa, content_type):
    answer = client.post(f"{villa}/enquire", content=b"--x\r\n\r\n", headers={"content-type": content_type})
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "application/x-www-form-urlencoded")
    assert client.post(f"{villa}/enquire", content=b"").status_code == 422


TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
HOSTILE = st.text(
    st.characters(codec="utf-8") | st.sampled_from("\x00\r\n\t\x85\u2028\u2029\u202e\u200e\u2066\ufeff\u200d😀=@+-"),
    max_size=60,
)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    fields=st.fixed_dictionaries(
        {"name": HOSTILE, "words": HOSTILE},
        optional={
            "email": HOSTILE | st.just("jane@münchen.example"), "phone": HOSTILE, "company": HOSTILE,
            "intent": st.sampled_from(list(INTENTS)) | HOSTILE, "reach": st.sampled_from(list(REACHES)) | HOSTILE,
            "professional": st.sampled_from(["yes", "no"]) | HOSTILE, "language": HOSTILE, "timing": HOSTILE,
            "funding": HOSTILE, "marketing": HOSTILE, "notice": HOSTILE, "shown_on": HOSTILE, "other": HOSTILE,
        },
    )
)  # fmt: skip
def test_whatever_is_posted_is_taken_or_comes_back_and_what_is_taken_is_clean(client, villa, form, database, fields):
    answer = send(client, villa, {**form, **fields})
    assert answer.status_code in (303, 422)
    for _, person in leads_of(database):
        for name in ("name", "email", "phone", "phone_e164", "company", "words"):
            text = getattr(person, name)
            assert unicodedata.is_normalized("NFC", text)
            for character in text.replace("\n", "") if name == "words" else text:
                assert unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
                assert unicodedata.bidirectional(character) not in TURNING


def test_a_rent_is_kept_with_what_it_is_counted_by(client, database):
    address = client.get("/en/rent?place=MB-7").headers["location"]
    assert send(client, address, {**get(client, address).form(), **JANE}).status_code == 303
    assert leads_of(database)[0][0].property_price == "€1,800 a month"


def test_a_field_that_people_do_not_see_is_a_hint_and_costs_nobody_the_enquiry(client, villa, form, database):
    page = get(client, villa)
    (field,) = page.tree.xpath(".//input[@name='afterword']")
    assert (field.get("autocomplete"), field.get("tabindex"), field.get("value")) == ("off", "-1", "")
    wrapping = field.getparent()
    assert (wrapping.get("class"), wrapping.get("aria-hidden"), "style" in wrapping.attrib) == ("hide", "true", False)
    filled = {**form, "afterword": "filled by a browser"}
    again = Page(send(client, villa, {**filled, "name": ""}))
    assert again.form()["afterword"] == "filled by a browser"
    assert send(client, villa, filled).status_code == 303
    assert len(leads_of(database)) == 1


def test_a_ceiling_answers_503_with_what_was_typed_and_when_to_come_back(client, villa, form, database, settings):
    low = create(settings.model_copy(update={"ceiling_network_hour": 1}))
    with TestClient(low, follow_redirects=False, client=("198.51.100.7", 4711), headers=dict(QUIET)) as office:
        assert send(office, villa, form).status_code == 303
        answer = send(office, villa, {**form, "words": "And the garage?"})
    page = Page(answer)
    assert answer.status_code == 503 and 0 < int(answer.headers["retry-after"]) <= 3600
    assert page.form()["name"] == "Jane Smith" and "And the garage?" in page.text and "recorded" in page.text
    assert len(leads_of(database)) == 1
    assert send(client, villa, {**form, "words": "And the garage?"}).status_code == 303, "nobody else is stopped"


def test_what_a_program_says_of_itself_is_told_and_nothing_else():
    told = [("User-Agent", "x" * 900), ("Referer", "https://a.example/p?secret=1"), ("Cookie", "a=b"), ("Host", "h")]
    head = [(name.lower().encode(), value.encode()) for name, value in told]
    request = Request({"type": "http", "headers": head, "client": ("198.51.100.7", 1)})
    sending = enquire._sending(request, forms.sent(FormData({"afterword": " trapped "}), "en"))
    assert sending.headers == (("user-agent", "x" * 500), ("referer", "https://a.example/p"))
    assert (sending.address, sending.trap) == ("198.51.100.7", "trapped")
    assert "198" not in repr(sending) and "trapped" not in repr(sending)
