"""An export says everything of each lead, harms no spreadsheet and no phone number, and is never unrecorded."""

import csv
import hashlib
import io
import json
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from sqlmodel import Session, select

from portal import exporting, forwarding
from portal.catalogue import agencies
from portal.consent import notices
from portal.db import Database
from portal.enquiries import receiving
from portal.enquiries.receiving import Enquiry
from portal.exporting import Export, Order, rows
from portal.exporting.encoding import guarded
from portal.forwarding import answering
from portal.leads import LeadPerson, Selection, selected
from portal.ledger import LedgerEvent, LedgerPayload
from portal.mail.mails import Mail
from tests import cast
from tests.cast import NOW

COLUMNS = rows.columns(["marketing_portal"])
LATER = NOW + timedelta(days=1)
SETTINGS = cast.SETTINGS.model_copy(update={"data_directory": Path(tempfile.gettempdir())})  # where no keys are


@pytest.fixture
def enquiry(database: Database) -> Enquiry:
    def publish(session: Session):
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    return cast.enquiry(database, database.write(publish), marketing=True)


def receive(database, enquiry, now=NOW, **changes):
    enquiry = replace(enquiry, **changes)
    work = lambda session: receiving.receive(session, enquiry, cast.SENDING, cast.SIGNER, cast.SETTINGS, now)  # noqa: E731
    return database.write(work).lead


def exported(database, form, **selection):
    output = io.BytesIO()
    order = Order(form, "Ana", "monthly copy for the controller", Selection(**selection))
    export = exporting.to_stream(database, order, output, SETTINGS, LATER, lambda count: None)
    return output.getvalue(), export


def csv_rows(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_a_lead_stands_in_the_export_with_everything_recorded_of_it(database, enquiry):
    lead = receive(database, enquiry)
    content, _ = exported(database, "jsonl")
    row = json.loads(content)
    assert list(row) == ["schema_version", *COLUMNS]
    with database.read() as session:
        notice = session.get_one(notices.Notice, lead.notice_id)
    expected = {
        "schema_version": 3, "recorder": "OptimaSys Group Spain S.L.", "reference": lead.reference,
        "received_at": "2026-11-23T13:12:07.000000Z", "agency": "costa-norte", "agency_name": "Costa Norte Homes",
        "property": enquiry.public_id, "property_reference": "MB-1042", "property_title": "Villa in Nueva Andalucía",
        "property_price": "€1,250,000", "property_withdrawn": False, "name": "Jane Smith",
        "email": "jane@example.com", "phone": "+447911123456", "phone_raw": "07911 123456", "reach": "whatsapp",
        "professional": False, "company": "", "words": enquiry.words, "answer_language": "en", "timing": "",
        "funding": "own_money", "locale": "en", "page": "/en/p/x-villa", "form_version": 2,
        "notice_sha256": notice.sha256, "policy": "data-policy/1/en", "screening": "forward", "parked_reason": None,
        "delivery": "queued", "forwarded_at": None, "answer": None, "answered_at": None,
        "choice_marketing_portal": "given",
        "choice_marketing_portal_label": "ImmoMarket may also e-mail me about similar homes.",
        "choice_marketing_portal_at": "2026-11-23T13:12:07.000000Z",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_a_csv_says_the_same_in_cells(database, enquiry):
    receive(database, enquiry)
    content, _ = exported(database, "csv")
    assert content.startswith(b"\xef\xbb\xbfrecorder,reference,received_at,")
    assert content.split(b"\r\n", 1)[0].decode("utf-8-sig").split(",") == list(COLUMNS)
    assert content.endswith(b"\r\n")
    (row,) = csv_rows(content)
    assert row["choice_marketing_portal"] == "given"
    assert row["choice_marketing_portal_label"] == "ImmoMarket may also e-mail me about similar homes."
    assert row["choice_marketing_portal_at"] == "2026-11-23T13:12:07.000000Z"
    assert row["phone"] == "+447911123456"
    assert row["professional"] == "false"
    assert row["words"] == enquiry.words
    assert row["forwarded_at"] == ""


@pytest.mark.parametrize("cell", ["=1+1", "+44 7911", "-2", "@home", "\tx", "\rx", "+34", "+1234567890123456", "=+1"])
def test_a_cell_that_looks_like_a_formula_is_guarded(cell):
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["+447911123456", "+1234567", "Jane", "", "a=b", "'=1"])
def test_a_phone_number_and_plain_words_are_left_alone(cell):
    assert guarded(cell) == cell


def test_the_guard_holds_in_every_cell_a_stranger_fills(database, enquiry):
    receive(database, enquiry, name="=HYPERLINK(1)", company="@x", words="-1\n=2", phone="+44 (0)7911")
    (row,) = csv_rows(exported(database, "csv")[0])
    assert (row["name"], row["company"], row["words"]) == ("'=HYPERLINK(1)", "'@x", "'-1\n=2")
    assert (row["phone_raw"], row["phone"]) == ("'+44 (0)7911", "+447911123456")


def test_no_character_inside_a_text_ends_a_line_of_json(database, enquiry):
    receive(database, enquiry, words="a\u2028b\x85c\x0bd\re\nf")
    content, _ = exported(database, "jsonl")
    (line,) = content.decode().splitlines()
    assert json.loads(line)["words"] == "a\u2028b\x85c\x0bd\re\nf"


def test_an_erased_person_leaves_blanks_and_the_lead_stays(database, enquiry):
    lead = receive(database, enquiry)
    database.write(lambda session: session.delete(session.get_one(LeadPerson, lead.id)))
    (row,) = csv_rows(exported(database, "csv")[0])
    person = ("name", "email", "phone", "phone_raw", "reach", "professional", "company", "words", "answer_language")
    assert {row[name] for name in person} == {""}
    assert row["reference"] == lead.reference
    assert json.loads(exported(database, "jsonl")[0])["name"] is None


def test_a_lead_handed_over_says_when(database, enquiry):
    receive(database, enquiry)

    def hand_over(session: Session) -> None:
        mail = session.exec(select(Mail).where(Mail.kind == "lead")).one()
        mail.state = "accepted"
        forwarding.passed(session, [mail], NOW + timedelta(seconds=2))

    database.write(hand_over)
    row = json.loads(exported(database, "jsonl")[0])
    assert (row["delivery"], row["forwarded_at"]) == ("accepted", "2026-11-23T13:12:09.000000Z")


@pytest.mark.parametrize("said", [[answering.CONTACTED], [answering.CONTACTED, answering.NOT_REAL]])
def test_a_lead_says_what_its_agency_answered_last_and_when_whatever_the_visitor_sees(database, enquiry, said):
    receive(database, enquiry)
    with database.read() as session:
        token = cast.SIGNER.sign(answering.PURPOSE, session.exec(select(Mail.id).where(Mail.kind == "lead")).one())
    for minutes, each in enumerate(said):
        moment = NOW + timedelta(minutes=minutes)
        database.write(
            lambda session, each=each, moment=moment: answering.answer(
                session, cast.SIGNER, token, each, "portal.example", moment
            )
        )
    given = (said[-1], f"2026-11-23T13:{11 + len(said)}:07.000000Z")
    row = json.loads(exported(database, "jsonl")[0])
    assert (row["answer"], row["answered_at"]) == given
    (row,) = csv_rows(exported(database, "csv")[0])
    assert (row["answer"], row["answered_at"]) == given


def test_a_parked_lead_says_why(database, enquiry):
    database.write(lambda session: setattr(agencies.by_slug(session, "costa-norte"), "paused_at", NOW))
    receive(database, enquiry)
    row = json.loads(exported(database, "jsonl")[0])
    assert (row["parked_reason"], row["delivery"]) == ("agency_paused", None)


def test_an_export_takes_what_was_asked_for(database, enquiry):
    first = receive(database, enquiry)
    second = receive(database, enquiry, NOW + timedelta(hours=1), words="And the garage?")

    def references(**selection):
        return [json.loads(line)["reference"] for line in exported(database, "jsonl", **selection)[0].splitlines()]

    assert references() == [first.reference, second.reference]
    assert references(since=NOW + timedelta(hours=1)) == [second.reference]
    assert references(until=NOW + timedelta(hours=1)) == [first.reference]
    assert references(agency="costa-norte", state="forward") == [first.reference, second.reference]
    assert references(agency="another") == references(state="spam") == []


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_leads_come_in_batches_none_twice_and_none_left_out(database, enquiry, monkeypatch, count):
    monkeypatch.setattr(rows, "BATCH", 2)
    received = [receive(database, enquiry, words=f"Question {number}").reference for number in range(count)]
    content, export = exported(database, "jsonl")
    assert [json.loads(line)["reference"] for line in content.splitlines()] == received
    assert export.rows == count


def test_an_export_is_recorded_with_who_why_what_and_its_fingerprint(database, enquiry):
    receive(database, enquiry)
    content, export = exported(database, "csv", since=NOW, agency="costa-norte")
    with database.read() as session:
        (kept,) = exporting.history(session)
        assert (kept.by, kept.reason, kept.format) == ("Ana", "monthly copy for the controller", "csv")
        assert kept.filters == {"since": "2026-11-23T13:12:07.000000Z", "agency": "costa-norte"}
        assert (kept.rows, kept.sha256) == (1, hashlib.sha256(content).hexdigest())
        event = session.exec(select(LedgerEvent).where(LedgerEvent.type == "exported")).one()
        (payload,) = session.exec(select(LedgerPayload).where(LedgerPayload.event_id == event.id))
        assert json.loads(payload.payload) == {
            "export": export.id, "by": "Ana", "reason": kept.reason, "format": "csv", "rows": 1, "sha256": kept.sha256,
            "root": kept.root, "manifest": ANY,
        }  # fmt: skip


class BrokenPipe(io.BytesIO):
    """An output whose reader has gone away."""

    def write(self, data):
        raise BrokenPipeError


def test_an_interrupted_export_stays_recorded_as_begun(database, enquiry):
    receive(database, enquiry)
    with pytest.raises(BrokenPipeError):
        exporting.to_stream(database, Order("csv", "Ana", "copy"), BrokenPipe(), SETTINGS, LATER, lambda count: None)
    with database.read() as session:
        (kept,) = exporting.history(session)
        assert (kept.rows, kept.sha256) == (None, None)
        assert session.exec(select(LedgerEvent).where(LedgerEvent.type == "export_begun")).one()


def test_a_file_appears_whole_and_for_its_owner_alone(database, enquiry, tmp_path):
    receive(database, enquiry)
    counted = []
    path = tmp_path / "leads.csv"
    export = exporting.to_file(database, Order("csv", "Ana", "copy"), path, SETTINGS, LATER, counted.append)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == export.sha256
    assert path.stat().st_mode & 0o077 == 0
    assert counted == [1]


def test_a_file_that_failed_leaves_nothing_behind(database, enquiry, tmp_path):
    receive(database, enquiry)

    def stop(count):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        exporting.to_file(database, Order("csv", "Ana", "copy"), tmp_path / "leads.csv", SETTINGS, LATER, stop)
    assert not list(tmp_path.glob("*leads*"))
    with database.read() as session:
        assert session.exec(select(Export)).one().sha256 is None


def test_an_empty_ledger_exports_its_columns_alone(database):
    content, export = exported(database, "csv")
    assert (csv_rows(content), export.rows) == ([], 0)
    assert exported(database, "jsonl")[0] == b""


def test_the_newest_leads_are_selected_first(database, enquiry):
    first, second = receive(database, enquiry), receive(database, enquiry, words="And the garage?")
    with database.read() as session:
        assert [lead.id for lead in selected(session, Selection(), 10)] == [second.id, first.id]
        assert [lead.id for lead in selected(session, Selection(), 1)] == [second.id]
