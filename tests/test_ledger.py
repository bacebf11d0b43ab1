"""Ledger events commit to their payloads, each half under a salt of its own."""

import json

import rfc8785
from sqlmodel import select

from portal import ledger
from portal.ledger import LedgerEvent, LedgerPayload, commitment
from portal.ledger.shredding import LedgerTombstone
from tests.cast import NOW


def test_an_event_is_canonical_and_its_commitments_open_with_salt_and_payload(database):
    event = database.write(
        lambda session: ledger.record(session, "lead_recorded", NOW, {"lead": "IM-1"}, {"name": "Jane"})
    )
    with database.read() as session:
        stored = session.exec(select(LedgerEvent)).one()
        leaf = json.loads(stored.leaf)
        assert rfc8785.dumps(leaf) == stored.leaf
        assert (leaf["id"], leaf["type"], leaf["at"]) == (event.id, "lead_recorded", "2026-11-23T13:12:07.000000+00:00")
        for row in ledger.payloads_of(session, event.id):
            assert commitment(row.half, row.salt, row.payload).hex() == leaf["commitments"][row.half]
            assert len(row.salt) == 32


def test_equal_contents_make_different_commitments(database):
    for _ in range(2):
        database.write(lambda session: ledger.record(session, "exported", NOW, {"rows": 1}))
    with database.read() as session:
        rows = session.exec(select(LedgerPayload)).all()
    assert rows[0].payload == rows[1].payload
    assert commitment("business", rows[0].salt, rows[0].payload) != commitment(
        "business", rows[1].salt, rows[1].payload
    )


def test_deleting_the_person_half_leaves_the_business_half_provable(database):
    event = database.write(
        lambda session: ledger.record(session, "lead_recorded", NOW, {"lead": "IM-1"}, {"name": "Jane"})
    )

    def shred(session):
        session.add(LedgerTombstone(event_id=event.id, half="person", tombstone_event_id=event.id, at=NOW))
        session.flush()
        session.delete(session.get_one(LedgerPayload, (event.id, "person")))

    database.write(shred)
    with database.read() as session:
        (left,) = ledger.payloads_of(session, event.id)
        assert left.half == "business"
        assert commitment("business", left.salt, left.payload).hex().encode() in event.leaf
        assert b"Jane" not in event.leaf
