"""Whoever holds an export and its manifest can check both without the portal; a copy of it can follow what changed."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import Session

from portal import exporting
from portal.consent import choices
from portal.consent.choices import Act
from portal.db import Database
from portal.exporting import Order, manifest, verifying
from portal.exporting.verifying import ExportWrong
from portal.leads import LeadPerson, Selection, by_reference
from portal.ledger import keys, mirror, tree
from portal.ledger.notes import VerifierKey, opened
from portal.rights import erasure, rectification
from portal.settings import Settings
from tests import cast
from tests.cast import NOW
from tests.test_exporting import LATER, enquiry, receive  # noqa: F401 (a fixture)


@pytest.fixture
def settings(database: Database, tmp_path) -> Settings:
    made = cast.SETTINGS.model_copy(update={"data_directory": tmp_path / "data"})
    keys.new(made, database, NOW)
    return made


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def exported(database, path, settings, now=LATER, **order):
    order = Order(path.suffix[1:], "Ana", "monthly copy", **order)
    export = exporting.to_file(database, order, path, settings, now, lambda count: None)
    return export, json.loads(manifest.place(path).read_text())


def stand_alone(path, settings):
    program = path.with_name("immomarket_verify.py")
    command = [sys.executable, "-I", str(program), str(path), "--key", keys.sealing(settings).vkey]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_an_export_is_verified_by_the_program_beside_it_and_by_the_installation(
    database, enquiry, settings, folder, form  # noqa: F811
):  # fmt: skip
    receive(database, enquiry, words='He said "no",\r\ntwice')
    receive(database, enquiry, words="Again")
    path = folder / f"leads.{form}"
    export, beside = exported(database, path, settings)
    done = stand_alone(path, settings)
    assert done.returncode == 0 and "sealed, index" in done.stdout, done.stdout + done.stderr
    with database.read() as session:
        assert verifying.verify(session, path).id == export.id
    assert beside["export"]["rows"] == 2
    assert sorted(each.name for each in folder.iterdir()) == sorted(
        [path.name, f"{path.name}.manifest.json", "immomarket_verify.py"]
    )


def test_the_root_is_over_the_lines_as_they_stand_in_the_file(database, enquiry, settings, folder):  # noqa: F811
    for number in range(3):
        receive(database, enquiry, words=f"{number}\r\n“{number}”")
    path = folder / "leads.csv"
    _, beside = exported(database, path, settings)
    with path.open("rb") as file:
        _heading, *rows = verifying.lines(file)
    assert len(rows) == 3
    root = tree.root(hashlib.sha256(b"\0" + row).digest() for row in rows)
    assert root.hex() == beside["export"]["root"]


def test_one_changed_byte_of_the_file_or_its_manifest_is_found(database, enquiry, settings, folder):  # noqa: F811
    receive(database, enquiry)
    path = folder / "leads.csv"
    exported(database, path, settings)
    whole, beside = path.read_bytes(), manifest.place(path).read_text()
    path.write_bytes(whole.replace(b"Jane", b"Joan"))
    assert stand_alone(path, settings).returncode == 1
    with database.read() as session, pytest.raises(ExportWrong):
        verifying.verify(session, path)
    path.write_bytes(whole)
    manifest.place(path).write_text(beside.replace('"rows": 1', '"rows": 2'))
    assert stand_alone(path, settings).returncode == 1
    with database.read() as session, pytest.raises(ExportWrong):
        verifying.verify(session, path)


def test_an_export_says_what_a_copy_must_follow_since_the_one_before(database, enquiry, settings, folder):  # noqa: F811
    lead, erased = receive(database, enquiry), receive(database, enquiry, words="Another")
    first, before = exported(database, folder / "first.csv", settings)
    assert (before["export"]["previous"], before["export"]["changes"], before["consistency"]) == (None, [], None)

    def change(session: Session) -> None:
        mine, theirs = by_reference(session, lead.reference), by_reference(session, erased.reference)
        choices.withdraw(session, mine.id, "marketing_portal", Act("visitor", "link", "Withdraw", "/en"), LATER)
        rectification.rectify(session, mine, {"name": "Jane Smyth"}, cast.SIGNER, "Ana", LATER + timedelta(minutes=1))
        erasure.erase(session, theirs, "request", "Ana", LATER + timedelta(minutes=2))

    database.write(change)
    _, after = exported(database, folder / "second.csv", settings, now=LATER + timedelta(hours=1))
    followed = [(each["lead"], each["what"], each["purpose"]) for each in after["export"]["changes"]]
    assert followed == [
        (lead.reference, "withdrawn", "marketing_portal"), (lead.reference, "rectified", None),
        (erased.reference, "erased", None),
    ]  # fmt: skip
    assert {each["half"] for each in after["export"]["erased"]} == {"person"} and len(after["export"]["erased"]) >= 2
    assert after["export"]["previous"] == {"export": first.id, "checkpoint": before["export"]["checkpoint"]}
    opened(after["consistency"]["from"], [VerifierKey.parse(keys.sealing(settings).vkey)])
    assert stand_alone(folder / "second.csv", settings).returncode == 0
    _, third = exported(database, folder / "third.csv", settings, now=LATER + timedelta(hours=2))
    assert third["export"]["changes"] == []


def test_a_copy_follows_its_own_exports_and_nobody_elses(database, enquiry, settings, folder):  # noqa: F811
    receive(database, enquiry)
    mine = {"selection": Selection(agency="costa-norte"), "preset": "optima-crm"}
    first, _ = exported(database, folder / "mine.csv", settings, **mine)
    exported(database, folder / "all.csv", settings)
    later = Selection(since=NOW, agency="costa-norte")
    _, beside = exported(database, folder / "again.jsonl", settings, **{**mine, "selection": later})
    assert beside["export"]["previous"]["export"] == first.id


def test_a_host_without_the_sealing_key_leaves_the_sealing_to_the_other(database, enquiry, settings, folder):  # noqa: F811
    receive(database, enquiry)
    path = folder / "leads.csv"
    _, beside = exported(database, path, settings.model_copy(update={"sealing_key": path}))
    assert beside["export"]["checkpoint"] is None and beside["proof"]["events"][0]["proof"] is None
    done = stand_alone(path, settings)
    assert done.returncode == 0 and "promised" in done.stdout, done.stdout + done.stderr


def test_rows_and_manifest_are_of_one_moment(database, enquiry, settings, folder, monkeypatch):  # noqa: F811
    monkeypatch.setattr("portal.exporting.rows.BATCH", 1)
    first, second = receive(database, enquiry), receive(database, enquiry, words="Another")

    def interfere(count: int) -> None:  # while the first rows are written, leads come, go and are sealed
        if count == 1:
            receive(database, enquiry, words="Too late")
            database.write(lambda session: session.delete(session.get_one(LeadPerson, second.id)))
            mirror.sealed(settings, database, LATER)

    path = folder / "leads.jsonl"
    exporting.to_file(database, Order("jsonl", "Ana", "copy"), path, settings, LATER, interfere)
    written = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [(row["reference"], row["name"]) for row in written] == [
        (first.reference, "Jane Smith"), (second.reference, "Jane Smith")
    ]  # fmt: skip


def test_only_leads_whose_consent_holds_are_exported_for_its_purpose(database, enquiry, settings, folder):  # noqa: F811
    agreed, gone = receive(database, enquiry), receive(database, enquiry, words="Another")
    receive(database, replace(enquiry, agreed=()), words="No")

    def withdraw(session: Session) -> None:
        choices.withdraw(session, gone.id, "marketing_portal", Act("visitor", "link", "Withdraw", "/en"), LATER)

    database.write(withdraw)
    path = folder / "leads.jsonl"
    exported(database, path, settings, selection=Selection(purpose="marketing_portal"))
    assert [json.loads(line)["reference"] for line in path.read_bytes().splitlines()] == [agreed.reference]
