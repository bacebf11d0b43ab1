"""The ledger is verified against what was signed, and live rows against the ledger; the first wrong index is named."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlmodel import Session, select

from portal import auditing, ledger
from portal.commands import context
from portal.db import Database, table_of, utcnow
from portal.enquiries import receiving
from portal.leads import Lead, LeadPerson
from portal.ledger import LedgerEvent, LedgerPayload, keys, mirror, verifying
from portal.ledger.sealing import LedgerLeaf
from tests import cast


@pytest.fixture
def lead(database: Database) -> Lead:
    home = database.write(lambda s: (cast.policy(s), cast.home(s, cast.agency(s)))[1])
    enquiry = cast.enquiry(database, home, utcnow())
    return database.write(
        lambda s: receiving.receive(s, enquiry, cast.SENDING, cast.SIGNER, cast.SETTINGS, utcnow())
    ).lead


def test_the_command_verifies_a_sealed_ledger_and_names_the_entry_that_a_live_row_contradicts(
    database, lead, run, tmp_path
):
    run("keys", "new")
    run("ledger", "seal")
    kept = tmp_path / "kept.txt"
    kept.write_text(run("ledger", "checkpoint").stdout)
    said = json.loads(run("ledger", "verify", "--anchor", kept, "--json").stdout)
    assert (said["ok"], said["problems"], said["first_wrong_index"]) == (True, [], None) and said["size"] >= 3
    database.write(lambda s: s.execute(update(table_of(Lead)).values(property_price="€1")))
    with database.read() as session:
        told = LedgerLeaf.event_id == LedgerEvent.id, LedgerEvent.type == "lead_recorded"
        index = session.exec(select(LedgerLeaf.idx).where(*told)).one()
    said = json.loads(run("ledger", "verify", "--json", code=1).stdout)
    assert (said["ok"], said["first_wrong_index"]) == (False, index)
    assert "property_price" in run("ledger", "verify", code=1).stdout


def test_a_payload_changed_past_the_triggers_is_found_on_either_database(database, lead, run):
    run("keys", "new")
    run("ledger", "seal")

    def attack(session: Session) -> None:
        if database.is_sqlite:
            session.execute(text("DROP TRIGGER ledger_payload_update"))
        else:
            session.execute(text("SET LOCAL session_replication_role = replica"))
        session.execute(
            update(table_of(LedgerPayload)).where(LedgerPayload.event_id == lead.ledger_event_id).values(salt=bytes(32))
        )

    database.write(attack)
    trusted = [keys.sealing(context.settings()).vkey]
    with database.read() as session:
        index = session.exec(select(LedgerLeaf.idx).where(LedgerLeaf.event_id == lead.ledger_event_id)).one()
    found = verifying.verify(database, trusted, None, utcnow()).problems
    assert [problem.index for problem in found] == [index, index]  # both halves


def test_an_event_that_nobody_seals_is_told_after_a_minute(database, run):
    run("keys", "new")
    database.write(lambda s: ledger.record(s, "exported", utcnow(), {"rows": 1}))
    trusted = [keys.sealing(context.settings()).vkey]
    assert verifying.verify(database, trusted, None, utcnow()).ok
    (problem,) = verifying.verify(database, trusted, None, utcnow() + timedelta(minutes=2)).problems
    assert problem.index is None and "longer than a minute" in problem.what


def test_a_key_that_no_trusted_one_leads_to_may_not_have_signed(database, lead, run, tmp_path):
    run("keys", "new")
    run("ledger", "seal")
    other = keys.SigningKey.new("elsewhere.example/ledger").vkey
    verdict = verifying.verify(database, [other], None, utcnow(), mirrored=mirror.every_leaf(tmp_path / "ledger"))
    assert not verdict.ok and verdict.problems[0].index == 0


def test_a_lead_recorded_with_fewer_facts_is_held_to_those(database, lead):
    old = {
        "lead": lead.reference, "recorder": "OptimaSys Group Spain S.L.", "agency": "costa-norte",
        "property_reference": "MB-1042", "locale": "en", "page": "/en/p/x-villa", "screening": "forward",
    }  # fmt: skip
    person = {"lead": lead.reference, "name": "Jane Smith", "email": "jane@example.com", "phone": "+447911123456",
              "words": "May we see it, in “December”?\nOr later"}  # fmt: skip

    def as_once(session: Session) -> None:
        event = ledger.record(session, "lead_recorded", lead.received_at, old, person)
        session.get_one(Lead, lead.id).ledger_event_id = event.id
        for kind in ("DROP TRIGGER ledger_payload_delete", "DROP TRIGGER ledger_event_delete"):
            session.execute(
                text(kind if database.is_sqlite else f"{kind} ON {kind.split()[2].removesuffix('_delete')}")
            )
        session.flush()
        session.execute(text("DELETE FROM ledger_payload WHERE event_id = :id"), {"id": lead.ledger_event_id})
        session.execute(text("DELETE FROM ledger_event WHERE id = :id"), {"id": lead.ledger_event_id})

    database.write(as_once)
    assert auditing.audit(database) == []
    database.write(lambda s: s.execute(update(table_of(LeadPerson)).values(name="Jean")))
    (problem,) = auditing.audit(database)
    assert problem.what.endswith("lead_recorded: name")
