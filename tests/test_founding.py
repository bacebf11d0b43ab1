"""The first policy: the controller's text, byte for byte, published once."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from portal.consent import founding, policies
from portal.consent.founding import PolicyAltered, publish_first_policy
from portal.db import Database
from portal.ledger import LedgerEvent
from tests.cast import NOW


def test_the_text_in_the_repository_is_the_controllers():
    assert hashlib.sha256(founding.TEXT.read_bytes()).hexdigest() == founding.SHA256


def test_the_text_is_the_one_beside_the_repository(shared: Path):
    assert founding.TEXT.read_bytes() == (shared / "policy" / "data-policy-2021-08-12.en.txt").read_bytes()


def test_it_is_published_once_as_version_1_and_in_force_since_its_day(database: Database):
    first = database.write(lambda session: publish_first_policy(session, NOW))
    again = database.write(lambda session: publish_first_policy(session, NOW + timedelta(days=1)))
    assert (first.number, first.locale, first.body_sha256) == (1, "en", founding.SHA256)
    assert again.id == first.id
    with database.read() as session:
        assert policies.in_force(session, policies.DATA_POLICY, "es", founding.EFFECTIVE).id == first.id
        assert [event.type for event in session.exec(select(LedgerEvent))] == ["policy_published"]


def test_a_text_that_was_touched_is_not_published(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    touched = tmp_path / "touched.txt"
    touched.write_bytes(founding.TEXT.read_bytes().replace(b"Data Policy", b"Data policy", 1))
    monkeypatch.setattr(founding, "TEXT", touched)
    with pytest.raises(PolicyAltered):
        database.write(lambda session: publish_first_policy(session, NOW))
