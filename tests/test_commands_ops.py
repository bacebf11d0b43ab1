"""The commands ops work with: agencies, properties, leads, exports, policies; what they say and how they refuse."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from portal import leads
from portal.catalogue import agencies, properties, reports
from portal.commands import context
from portal.db import utcnow
from portal.enquiries import receiving
from portal.exporting import Export
from portal.leads import LeadPerson
from portal.mail.mails import Mail
from tests import cast


@pytest.fixture
def home(database):
    def publish(session: Session):
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    return database.write(publish)


HELD = cast.SETTINGS.model_copy(update={"screening_held": 0})


def receive(database, home, words="May we see it?", settings=cast.SETTINGS):
    """One lead from Jane Smith about this home, received just now."""
    now = utcnow()
    enquiry = cast.enquiry(database, home, now, words=words)
    work = lambda session: receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, settings, now)  # noqa: E731
    return database.write(work).lead


def mails(database, kind):
    with database.read() as session:
        return list(session.exec(select(Mail).where(Mail.kind == kind).order_by(Mail.id)))


def listed(run, *arguments):
    return json.loads(run(*arguments, "--json").stdout)


def test_an_agency_is_entered_and_its_contact_invited(run, database):
    done = run(
        "agencies", "add", "nerja-casas", "--name", "Nerja Casas", "--town", "Nerja", "--email", "info@nerja.example",
        "--contact-name", "Luis", "--locale", "en",
    )  # fmt: skip
    assert done.stdout == "" and "confirmed by the link" in done.stderr
    (invitation,) = mails(database, "invitation")
    assert (invitation.recipient, invitation.locale) == ("info@nerja.example", "en")
    (agency,) = listed(run, "agencies", "list")
    assert (agency["slug"], agency["takes_enquiries"]) == ("nerja-casas", False)
    assert (agency["contacts"][0]["name"], agency["contacts"][0]["state"]) == ("Luis", "waiting")
    assert "no contact" in run("agencies", "list").stdout


@pytest.mark.parametrize(
    ("slug", "email", "says"),
    [("costa-norte", "a@b.example", "already"), ("Bad Slug", "a@b.example", "bad-slug"), ("new", "nobody", "not an")],
)
def test_an_agency_that_cannot_be_entered_is_refused_with_the_reason(run, home, slug, email, says):
    done = run("agencies", "add", slug, "--name", "N", "--town", "T", "--email", email, code=1)
    assert done.stderr.startswith("Refused: ") and says in done.stderr


def test_a_language_the_site_does_not_speak_is_used_wrongly(run):
    run("agencies", "add", "n", "--name", "N", "--town", "T", "--email", "a@b.example", "--locale", "xx", code=2)


def test_a_new_contact_is_invited_and_the_old_one_receives_until_it_confirms(run, database, home):
    run("agencies", "edit", "costa-norte", "--name", "Costa Norte", "--phone", "+34 1", "--email", "new@agency.example")
    (agency,) = listed(run, "agencies", "list")
    assert (agency["name"], agency["phone"], agency["takes_enquiries"]) == ("Costa Norte", "+34 1", True)
    assert [contact["state"] for contact in agency["contacts"]] == ["confirmed", "waiting"]
    assert mails(database, "invitation")[0].recipient == "new@agency.example"
    receive(database, home)
    assert mails(database, "lead")[0].recipient == "costa-norte@agency.example"
    run("agencies", "confirm", "costa-norte", "--email", "new@agency.example", "--reason", "rang them")
    receive(database, home, "And the garage?")
    assert mails(database, "lead")[1].recipient == "new@agency.example"


def test_hours_are_entered_changed_and_forgotten(run, home):
    day, other = (f"{utcnow() + timedelta(days=days):%Y-%m-%d}" for days in (10, 20))
    (agency,) = listed(run, "agencies", "list")
    assert (agency["opening_hours"], agency["time_zone"], agency["holidays"]) == (None, "Europe/Madrid", "ES")
    assert agency["working_hours"] == "Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00"
    run(
        "agencies", "edit", "costa-norte", "--hours", "Mo,Tu,We 09:00-17:00", "--time-zone", "Atlantic/Canary",
        "--holidays", "ES-CN", "--closed-on", other, "--closed-on", day,
    )  # fmt: skip
    (agency,) = listed(run, "agencies", "list")
    assert agency["opening_hours"] == agency["working_hours"] == "Mo-We 09:00-17:00"
    assert (agency["time_zone"], agency["holidays"]) == ("Atlantic/Canary", "ES-CN")
    assert agency["local_holidays"] == [day, other]
    run("agencies", "edit", "costa-norte", "--hours", "", "--holidays", "", "--open-on", day)
    (agency,) = listed(run, "agencies", "list")
    assert (agency["opening_hours"], agency["holidays"], agency["local_holidays"]) == (None, "", [other])
    run("agencies", "edit", "costa-norte", "--name", "Costa")
    assert listed(run, "agencies", "list")[0]["time_zone"] == "Atlantic/Canary"


def test_an_agency_is_entered_with_its_hours(run):
    run(
        "agencies", "add", "n", "--name", "N", "--town", "T", "--email", "a@b.example", "--hours", "Mo-Fr 09:00-15:00",
        "--time-zone", "Europe/London", "--holidays", "GB-ENG",
    )  # fmt: skip
    (agency,) = listed(run, "agencies", "list")
    assert (agency["opening_hours"], agency["time_zone"]) == ("Mo-Fr 09:00-15:00", "Europe/London")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--hours", "Fr 22:00-02:00"), "times past midnight"),
        (("--hours", "Mon-Fri 09:00-17:00"), "write Mo, Tu"),
        (("--time-zone", "Marbella"), "write one of IANA"),
        (("--holidays", "Andalucía"), "ES-AN"),
        (("--closed-on", "2020-12-24"), "days to come"),
        (("--closed-on", "2126-12-24"), "next two years"),
        (("--open-on", "2026-12-24"), "not among its closed days"),
    ],
)
def test_hours_that_cannot_be_are_refused_and_nothing_is_changed(run, home, options, says):
    before = run("agencies", "list", "--json").stdout
    done = run("agencies", "edit", "costa-norte", "--name", "Changed", *options, code=1)
    assert done.stderr.startswith("Refused: ") and says in done.stderr
    assert run("agencies", "list", "--json").stdout == before


def test_a_closed_day_that_is_no_date_is_used_wrongly(run, home):
    run("agencies", "edit", "costa-norte", "--closed-on", "24 December", code=2)


def test_what_is_attached_to_an_agencys_mails_is_chosen_and_listed(run, home):
    (agency,) = listed(run, "agencies", "list")
    assert agency["attachments"] == ["openimmo", "json", "vcard"]
    for asked, kept in (("vcard,json", ["json", "vcard"]), ("none", []), ("openimmo", ["openimmo"])):
        run("agencies", "edit", "costa-norte", "--attach", asked)
        run("agencies", "edit", "costa-norte", "--phone", "+34 2")
        assert listed(run, "agencies", "list")[0]["attachments"] == kept
    for wrong in ("pdf", "", "json,none"):
        run("agencies", "edit", "costa-norte", "--attach", wrong, code=2)


def test_vouching_for_the_first_contact_forwards_what_waited(run, database, home):
    def forget(session: Session) -> None:
        ((contact, _),) = agencies.contacts(session, agencies.by_slug(session, "costa-norte"))
        contact.confirmed_at = contact.confirmed_how = None

    database.write(forget)
    assert receive(database, home).parked_reason == "no_confirmed_contact"
    done = run("agencies", "confirm", "costa-norte", "--email", "costa-norte@agency.example", "--reason", "rang them")
    assert "1 waiting leads" in done.stderr
    assert len(mails(database, "lead")) == 1
    (agency,) = listed(run, "agencies", "list")
    contact = agency["contacts"][0]
    assert (contact["confirmed_how"], contact["confirmed_by"], contact["confirmed_reason"]) == (
        "ops", "Ana", "rang them",
    )  # fmt: skip


def test_a_pause_parks_leads_and_resuming_forwards_them(run, database, home):
    run("agencies", "pause", "costa-norte", "--reason", "on holiday", "--by", "Berta")
    assert "paused" in run("agencies", "list").stdout
    assert receive(database, home).parked_reason == "agency_paused"
    assert "1 waiting leads" in run("agencies", "pause", "costa-norte", "--resume").stderr
    assert len(mails(database, "lead")) == 1


@pytest.mark.parametrize("options", [(), ("--reason", "x", "--resume")])
def test_a_pause_wants_either_a_reason_or_to_be_ended(run, options):
    run("agencies", "pause", "costa-norte", *options, code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("agencies", "edit", "nobody", "--name", "x"),
        ("agencies", "confirm", "nobody", "--email", "x@y.example", "--reason", "x"),
        ("agencies", "confirm", "costa-norte", "--email", "x@y.example", "--reason", "x"),
        ("agencies", "pause", "nobody", "--resume"),
        ("properties", "block", "nothing", "--reason", "x"),
        ("properties", "unblock", "MB-1042", "--reason", "x"),
        ("leads", "show", "IM-0000-0001"),
        ("leads", "release", "IM-0000-0000", "--reason", "x"),
        ("leads", "spam", "IM-7K4Q-2MXD", "--reason", "x"),
        ("leads", "list", "--agency", "nobody"),
        ("leads", "export", "--format", "csv", "--reason", "x", "--agency", "nobody"),
        ("leads", "export", "--format", "csv", "--reason", "x", "--output", "/nowhere/leads.csv"),
    ],
)
def test_what_the_business_refuses_ends_with_one_and_a_reason_on_stderr(run, home, arguments):
    done = run(*arguments, code=1)
    assert done.stdout == "" and done.stderr


def test_whoever_acts_must_be_named(run, home, monkeypatch):
    monkeypatch.delenv("PORTAL_OPERATOR")
    context.settings.cache_clear()
    for arguments in (("properties", "block", "MB-1042"), ("leads", "export", "--format", "csv")):
        assert "--by" in run(*arguments, "--reason", "x", code=2).stderr


def test_a_property_is_blocked_and_unblocked(run, database, home):
    run("properties", "block", "MB-1042", "--reason", "the owner objects")
    with database.read() as session:
        blocked = properties.by_public_id(session, home.public_id)
        assert (blocked.state, blocked.blocked_reason) == ("blocked", "the owner objects")
    assert "published" in run("properties", "unblock", home.public_id, "--reason", "settled").stderr


def test_leads_are_listed_without_the_people_in_them(run, database, home):
    first, second = receive(database, home), receive(database, home, "And the garage?")
    printed = run("leads", "list").stdout
    assert printed.index(second.reference) < printed.index(first.reference)
    rows = listed(run, "leads", "list", "--agency", "costa-norte", "--since", "2020-01-01", "--screening", "forward")
    assert [row["reference"] for row in rows] == [second.reference, first.reference]
    assert rows[0]["mails"][0]["state"] == "queued"
    assert "Jane" not in printed and "jane@example.com" not in json.dumps(rows)
    assert listed(run, "leads", "list", "--screening", "spam") == []
    assert len(listed(run, "leads", "list", "--limit", "1")) == 1


def test_a_lead_is_shown_with_all_that_is_recorded_of_it(run, database, home):
    lead = receive(database, home)
    shown = listed(run, "leads", "show", lead.reference.lower())
    assert (shown["person"]["name"], shown["person"]["words"]) == ("Jane Smith", "May we see it?")
    assert [mail["kind"] for mail in shown["mails"]] == ["lead", "confirmation"]
    assert shown["choices"][0]["state"] == "refused"
    assert shown["disclosures"][0]["passed_at"] is None
    assert (shown["ledger_event"], shown["attempts"]) == (lead.ledger_event_id, [])
    assert "name: Jane Smith" in run("leads", "show", lead.reference).stdout


def test_held_leads_are_listed_looked_at_by_somebody_named_and_released_with_a_reason(run, database, home, monkeypatch):
    lead = receive(database, home, settings=HELD)
    (row,) = listed(run, "leads", "list", "--screening", "held")
    assert (row["reference"], row["screening"], row["screening_score"]) == (lead.reference, "held", 0)
    assert listed(run, "outbox", "status")["leads"]["held"] == 1
    monkeypatch.delenv("PORTAL_OPERATOR")
    context.settings.cache_clear()
    assert "--by" in run("leads", "show", lead.reference).stderr
    assert listed(run, "leads", "show", lead.reference)["screening_seen_at"] is None
    assert listed(run, "leads", "show", lead.reference, "--by", "Berta")["screening_seen_by"] == "Berta"
    assert listed(run, "leads", "show", lead.reference, "--by", "Ana")["screening_seen_by"] == "Berta"
    assert run("leads", "release", lead.reference, "--reason", "rang her", code=2).stderr.startswith("Say who acts")
    done = run("leads", "release", lead.reference, "--reason", "rang her", "--by", "Ana")
    assert done.stdout == "" and f"{lead.reference} is released" in done.stderr
    shown = listed(run, "leads", "show", lead.reference)
    assert (shown["screening"], shown["released_by"], shown["release_reason"]) == ("forward", "Ana", "rang her")
    assert (
        "neither held nor spam"
        in run("leads", "release", lead.reference, "--reason", "again", "--by", "Ana", code=1).stderr
    )
    assert "passed on already" in run("leads", "spam", lead.reference, "--reason", "x", "--by", "Ana", code=1).stderr


def test_a_held_lead_is_taken_for_spam_and_released_again_while_its_agency_is_away(run, database, home):
    lead = receive(database, home, settings=HELD)
    run("agencies", "pause", "costa-norte", "--reason", "on holiday")
    run("leads", "spam", lead.reference, "--reason", "a robot")
    assert [row["reference"] for row in listed(run, "leads", "list", "--screening", "spam")] == [lead.reference]
    assert "It waits there" in run("leads", "release", lead.reference, "--reason", "no robot").stderr
    assert listed(run, "outbox", "status")["leads"]["parked"] == 1


def test_each_reason_of_the_screening_is_said_in_words(run, database, home):
    lead = receive(database, home, settings=HELD)

    def judge(session: Session) -> None:
        leads.by_reference(session, lead.reference).screening_reasons = [["unheard_of", 7]]

    database.write(judge)
    (reason,) = listed(run, "leads", "show", lead.reference)["screening_reasons"]
    assert reason == {"code": "unheard_of", "points": 7, "says": "unheard_of"}


def test_an_erased_lead_is_shown_without_its_person(run, database, home):
    lead = receive(database, home)
    database.write(lambda session: session.delete(session.get_one(LeadPerson, lead.id)))
    assert listed(run, "leads", "show", lead.reference)["person"] is None
    assert "person: –" in run("leads", "show", lead.reference).stdout


def test_an_export_goes_to_stdout_alone_and_is_listed(run, database, home):
    lead = receive(database, home)
    done = run("leads", "export", "--format", "csv", "--reason", "monthly copy", "--since", "2020-01-01")
    (row,) = csv.DictReader(io.StringIO(done.stdout_bytes.decode("utf-8-sig"), newline=""))
    assert row["reference"] == lead.reference
    (export,) = listed(run, "exports", "list")
    assert export["sha256"] == hashlib.sha256(done.stdout_bytes).hexdigest()
    assert (export["by"], export["reason"], export["rows"]) == ("Ana", "monthly copy", 1)
    assert export["filters"] == {"since": "2019-12-31T23:00:00.000000Z"}
    assert export["sha256"] in done.stderr
    assert "since=2019-12-31T23:00:00.000000Z" in run("exports", "list").stdout


def test_an_export_goes_to_a_file(run, database, home, tmp_path):
    lead = receive(database, home)
    path = tmp_path / "leads.jsonl"
    done = run("leads", "export", "--format", "jsonl", "--reason", "copy", "--output", str(path), "--by", "Berta")
    assert done.stdout == ""
    assert json.loads(path.read_text())["reference"] == lead.reference
    assert listed(run, "exports", "list")[0]["by"] == "Berta"


def test_an_export_is_verified_with_its_manifest_until_a_byte_of_it_changes(run, database, home, tmp_path):
    receive(database, home)
    run("keys", "new")
    path = tmp_path / "leads.xlsx"
    asked = ("--format", "xlsx", "--preset", "optima-crm", "--reason", "copy", "--output", path)
    run("leads", "export", *asked)
    assert "Export 1, asked for by Ana" in run("leads", "verify", path).stderr
    path.write_bytes(path.read_bytes() + b" ")
    run("leads", "verify", path, code=1)
    assert "cannot be read" in run("leads", "verify", tmp_path / "other.csv", code=1).stderr


def test_a_preset_for_another_format_is_refused(run, database, home):
    asked = ("--format", "xlsx", "--preset", "excel-es", "--reason", "copy")
    assert "excel-es is for csv only" in run("leads", "export", *asked, code=1).stderr
    assert listed(run, "exports", "list") == []


def test_the_dictionary_says_what_each_column_is(run, database, home):
    assert "choice_marketing_portal_at" in run("leads", "dictionary").stdout
    assert listed(run, "leads", "dictionary", "--preset", "optima-crm")["source"] == "ImmoMarket"


def test_an_export_into_a_pipe_nobody_reads_ends_with_one_and_stays_recorded(run, database, home):
    receive(database, home)
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "portal", "leads", "export", "--format", "csv", "--reason", "copy"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, "recorded as incomplete" in done.stderr, "Traceback" in done.stderr) == (1, True, False)
    with database.read() as session:
        assert session.exec(select(Export)).one().rows is None


@pytest.mark.parametrize("when", ["yesterday", "2026-13-01"])
def test_a_time_that_is_none_is_used_wrongly(run, when):
    assert "not a date" in run("leads", "list", "--since", when, code=2).stderr


def test_a_policy_is_published_byte_by_byte_and_its_translation_joins_it(run, tmp_path):
    english, spanish = tmp_path / "policy.txt", tmp_path / "politica.txt"
    english.write_bytes("Data Policy\r\n\r\n“We” …\n".encode())
    spanish.write_bytes("Política de datos\n".encode())

    def add(file, locale, revised="2021-08-12"):
        return run(
            "policies", "add", "data-policy", str(file), "--locale", locale, "--title", "Data Policy",
            "--revised-on", revised, "--effective-at", "2021-08-12", "--approved-by", "the controller",
        )  # fmt: skip

    assert hashlib.sha256(english.read_bytes()).hexdigest() in add(english, "en").stderr
    add(spanish, "es")
    add(english, "en", "2026-01-01")
    versions = listed(run, "policies", "list")
    assert [(version["number"], version["locale"]) for version in versions] == [(2, "en"), (1, "en"), (1, "es")]
    assert "the controller" in run("policies", "list").stdout


def test_a_draft_is_announced_in_time_and_by_somebody(run, tmp_path):
    file = tmp_path / "policy.txt"
    for day, dates in (("2021-08-12", ("--effective-at", "2021-08-12")), ("2026-11-01", ("--change", "material"))):
        file.write_text(f"Data Policy of {day}\n")
        run("policies", "add", "data-policy", file, "--locale", "en", "--title", "P", "--revised-on", day, *dates,
            "--approved-by", "the controller", "--summary", "What is new.")  # fmt: skip
    (draft, first) = listed(run, "policies", "list")
    assert (draft["announced_at"], draft["effective_at"], draft["change_class"]) == (None, None, "material")
    assert first["announced_at"] == first["effective_at"] == "2021-08-11T22:00:00.000000Z"

    soon = (utcnow() + timedelta(days=2)).date().isoformat()
    assert "at least 30 days" in run("policies", "announce", "data-policy", 2, "--effective-at", soon, code=1).stderr
    run("policies", "announce", "data-policy", 7, "--effective-at", soon, code=1)
    assert "is announced" in run("policies", "announce", "data-policy", 2, "--effective-at", "2099-01-01").stderr
    assert listed(run, "policies", "list")[0]["effective_at"] == "2098-12-31T23:00:00.000000Z"


def test_a_policy_that_is_not_text_is_refused(run, tmp_path):
    (tmp_path / "p").write_bytes(b"\xff\xfe")
    options = ("--title", "P", "--revised-on", "2026-01-01", "--effective-at", "2026-01-01", "--approved-by", "x")
    run("policies", "add", "data-policy", str(tmp_path / "p"), "--locale", "en", *options, code=1)
    run("policies", "add", "data-policy", str(tmp_path / "p"), "--locale", "xx", *options, code=2)
    run("policies", "add", "data-policy", str(tmp_path / "absent"), "--locale", "en", *options, code=2)


def test_reports_of_listings_are_shown_newest_first_on_one_line_each(run, database, home):
    def report(session: Session) -> None:
        for reason, words in (("gone", ""), ("wrong", "One bath\nnot two")):
            reports.record(session, session.get_one(properties.Property, home.id), reason, words, "en", "x.example",
                           utcnow())  # fmt: skip

    database.write(report)
    lines = run("properties", "reports").stdout.splitlines()
    assert len(lines) == 3
    assert "wrong" in lines[1] and "One bath not two" in lines[1]
    found = json.loads(run("properties", "reports", "--json").stdout)
    assert [(row["reason"], row["words"], row["told"]) for row in found] == [
        ("wrong", "One bath\nnot two", True), ("gone", "", True),
    ]  # fmt: skip
