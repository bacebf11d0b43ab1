"""Purposes: one set of rows that make the form, the annex, the receipt and the register, all at one moment."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from portal.catalogue import properties
from portal.catalogue.properties import Property
from portal.commands import context
from portal.consent import annexes, choices, founding, notices, policies, purposes
from portal.consent import register as registers
from portal.consent.purposes import PurposeRefused
from portal.db import Database
from portal.enquiries import receiving
from portal.enquiries.receiving import Enquiry
from portal.language import locales
from portal.leads import Lead
from portal.receipts import documents, reading
from portal.web import asking
from portal.web.properties import sought
from tests import cast
from tests.cast import NOW

CHANGE = datetime(2026, 12, 24, 9, 15, tzinfo=UTC)
BEFORE = CHANGE - timedelta(microseconds=1)
NEW = {
    "code": "valuation", "position": 5, "title": "Valuation", "text": "To value homes like it.",
    "dpv": "https://w3id.org/dpv#ServiceOptimisation", "basis": "6.1.f",
    "basis_iri": "https://w3id.org/dpv/legal/eu/gdpr#A6-1-f", "basis_text": "Our interest in fair prices (Art. 6.1.f).",
    "data": [founding.SEARCH], "recipients": [{"kind": "named", "text": "Tasaciones del Sur S.L."}],
    "locations": ["ES", "CH"], "transfers": [
        {"country": "CH", "iri": f"{founding.GDPR}A45-3", "text": founding.UNITED_KINGDOM["text"], "until": ""},
    ], "retention": "P6M", "retention_text": "Six months.",
}  # fmt: skip
TEXTS = (
    "Valuation", "To value homes like it.", "Our interest in fair prices (Art. 6.1.f).", "Tasaciones del Sur S.L.",
    "Six months.",
)  # fmt: skip
NEW["translations"] = {locale: {text: f"{text} [{locale}]" for text in TEXTS} for locale in locales.SITE[1:]}


def publish(session: Session, written: object, at: datetime = CHANGE) -> policies.PolicyVersion:
    """Purposes and the policy version they come with, in force from the same moment."""
    purposes.add(session, purposes.read(session, json.dumps(written), at))
    return policies.add(session, "data-policy", "en", "Data Policy", "Data Policy\n\nNew.\n", "2026-12-01", at, "ops")


def everything(database: Database, now: datetime, public_id: str, locale: str = "en") -> dict[str, str]:
    """What the form, the annex, the register and a receipt say at a moment, each as one text."""

    def form(session: Session) -> str:
        home = sought(session, f"{public_id}-x")
        asked = asking.about(session, home, locale, now)
        assert asked.office is not None and asked.policy is not None and asked.policy.id is not None
        return notices.first_layer(asked.agency, asked.office, asked.policy, asked.purposes, locale).text

    with database.read() as session:
        home = home_of(session, public_id)
    sent = cast.enquiry(database, home, now, name=f"Jane at {now:%H%M%S%f} {locale}")
    lead = database.write(lambda session: receive(session, sent, now))
    with database.read() as session:
        version = policies.in_force(session, "data-policy", locale, now)
        annex = annexes.of(session, version.id or 0, locale)
        assert annex is not None
        facts = reading.read(session, lead)
        return {
            "form": form(session), "annex": annex.text, "register": json.dumps(registers.register(session, now)),
            "receipt": json.dumps(documents.document(facts, "https://portal.example", locale)),
        }  # fmt: skip


def home_of(session: Session, public_id: str) -> Property:
    return properties.by_public_id(session, public_id)


def receive(session: Session, sent: Enquiry, now: datetime) -> Lead:
    return receiving.receive(session, sent, cast.SENDING, cast.SIGNER, cast.SETTINGS, now).lead


@pytest.fixture
def public_id(database: Database) -> str:
    def fill(session: Session) -> str:
        cast.policy(session)
        return cast.home(session, cast.agency(session)).public_id

    return database.write(fill)


def test_a_new_purpose_changes_form_annex_receipt_and_register_at_its_moment_and_none_before(database, public_id):
    old = everything(database, NOW, public_id)
    database.write(lambda session: publish(session, [NEW]))
    told = everything(database, BEFORE, public_id)
    assert not [name for name, says in (old | told).items() if "value homes" in says or "Tasaciones" in says]
    assert (told["form"], told["annex"]) == (old["form"], old["annex"])
    then = everything(database, CHANGE, public_id)
    assert all("To value homes like it." in says for says in then.values())
    assert "Tasaciones del Sur S.L." in then["form"] and "Nobody else receives it" not in then["form"]
    assert "Nobody else receives it" in told["form"]
    assert "Switzerland (adequacy decision of the European Commission)" in then["form"]


def test_a_lead_stays_bound_to_the_purposes_it_was_shown(database, public_id):
    with database.read() as session:
        home = home_of(session, public_id)
    shown = cast.enquiry(database, home, BEFORE)
    database.write(lambda session: publish(session, [NEW]))
    cast.enquiry(database, home, CHANGE)  # whoever looks now is shown the new ones
    lead = database.write(lambda session: receive(session, shown, CHANGE + timedelta(hours=23)))
    with database.read() as session:
        notice = session.get_one(notices.Notice, lead.notice_id)
        codes = [why.code for why in notices.purposes_of(session, notice)]
        assert codes == ["enquiry", "security", "proof", "marketing_portal"]
    late, again = CHANGE + timedelta(hours=25), replace(shown, words="Later")
    with pytest.raises(notices.NoticeSuperseded):
        database.write(lambda session: receive(session, again, late))


def test_a_row_gives_only_what_changes_and_a_retired_one_ends_its_purpose(database, public_id):
    changed = [{"code": "security", "retention": "P1D"}, {"code": "marketing_portal", "retired": True}]
    database.write(lambda session: publish(session, changed))
    with pytest.raises(PurposeRefused, match="already"):
        database.write(lambda session: publish(session, changed))
    with database.read() as session:
        was = {why.code: why for why in purposes.in_force(session, BEFORE)}
        now = {why.code: why for why in purposes.in_force(session, CHANGE)}
        assert list(now) == ["enquiry", "security", "proof"]
        assert (was["security"].retention, now["security"].retention) == ("P2D", "P1D")
        assert now["security"].text == was["security"].text
    assert "[ ]" not in everything(database, CHANGE, public_id)["form"]


def test_another_box_is_shown_and_recorded_as_a_choice_of_its_own(database, public_id):
    box = {
        "code": "marketing_agency", "position": 6, "basis": "6.1.a", "opt_in": True, "control": "agency_news",
        "label": "The agency may e-mail me.", "consent_months": 6, "dpv": f"{founding.DPV}DirectMarketing",
    }  # fmt: skip
    words = {
        locale: {"The agency may e-mail me.": f"[{locale}]", **texts} for locale, texts in NEW["translations"].items()
    }
    database.write(lambda session: publish(session, [{**NEW, **box, "translations": words}]))
    with database.read() as session:
        home = home_of(session, public_id)
    sent = cast.enquiry(database, home, CHANGE, agreed=("agency_news", "unheard_of"))
    lead = database.write(lambda session: receive(session, sent, CHANGE))
    with database.read() as session:
        made = choices.of_lead(session, lead.id or 0)
        assert {(one.purpose, one.state, one.label) for one in made} == {
            ("marketing_portal", "refused", "ImmoMarket may also e-mail me about similar homes."),
            ("marketing_agency", "given", "The agency may e-mail me."),
        }  # fmt: skip


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("{", "not a list"),
        ('{"code": "x"}', "not a list"),
        ('[{"title": "x"}]', "not a list"),
        ([{"code": "security", "valid_from": "2020-01-01"}], "valid_from is not for you to give"),
        ([{"code": "security", "colour": "red"}], "colour is not for you to give"),
        ([{"code": "valuation"}], "Field required"),
        ([{"code": "security", "text": "To do something new."}], "not in “es”"),
        ([{"code": "security", "basis": "6.1.a"}], "a consent is Art. 6.1.a"),
        ([{"code": "marketing_portal", "consent_months": None}], "the months it holds"),
    ],
)
def test_what_could_not_be_shown_or_agreed_to_is_refused(database, public_id, written, says):
    text = written if isinstance(written, str) else json.dumps(written)
    with pytest.raises(PurposeRefused, match=says):
        database.write(lambda session: purposes.add(session, purposes.read(session, text, CHANGE)))


def test_every_term_is_one_of_the_vocabulary(shared: Path):
    known = set((shared / "vectors" / "dpv-2.3-terms.txt").read_text().split())
    for why in founding.first_purposes():
        used = {why.dpv, why.basis_iri, *(kind["iri"] for kind in why.data), *(tool["iri"] for tool in why.transfers)}
        assert used | {f"https://w3id.org/dpv/loc#{country}" for country in why.locations} <= known


def test_the_register_is_printed_as_of_any_moment_and_for_machines(run, tmp_path):
    context.database().write(lambda session: founding.publish_first_policy(session, NOW))
    assert "To prove what was recorded" in run("policies", "register").stdout
    new, text = tmp_path / "purposes.json", tmp_path / "policy.txt"
    new.write_text(json.dumps([NEW]))
    text.write_text("Data Policy\n\nNew.\n")
    options = (
        "--locale", "en", "--title", "Data Policy", "--revised-on", "2026-12-01", "--approved-by", "Ana", "--purposes",
        new,
    )  # fmt: skip
    assert "when the draft is announced" in run("policies", "add", "data-policy", text, *options, code=1).stderr
    later = ("--effective-at", "2030-12-24T09:15Z")
    run("policies", "add", "data-policy", text, *options, *later)
    found = [
        json.loads(run("policies", "register", "--json", "--at", f"2030-12-24T{at}Z").stdout)
        for at in ("09:14", "09:15")
    ]
    codes = [[each["code"] for each in one["activities"]] for one in found]
    assert codes[0] == ["enquiry", "security", "proof", "marketing_portal"] and codes[1] == [*codes[0], "valuation"]
    assert [one["policy"] for one in found] == ["data-policy/1", "data-policy/2"]


def test_a_purpose_may_be_read_in_every_language_of_the_site():
    for why in founding.first_purposes():
        for locale in locales.SITE[1:]:
            assert not [text for text in why.messages() if why.says(text, locale) == text]
