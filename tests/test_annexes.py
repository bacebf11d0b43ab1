"""Annexes: what a policy's purposes say, frozen in every language when it is published."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from portal.consent import annexes, announcing, founding, policies, purposes, wording
from portal.consent.annexes import PolicyAnnex
from portal.consent.policies import PolicyVersion
from portal.db import Database
from portal.language import locales
from portal.language.messages import translated
from portal.ledger import LedgerPayload
from portal.web.policies import blocks
from tests.cast import NOW

LATER = datetime(2030, 1, 1, tzinfo=UTC)


def add(session: Session, locale: str = "en", day: str = "2029-12-01", at: datetime | None = LATER) -> PolicyVersion:
    return policies.add(session, "data-policy", locale, "Data Policy", "Title\n\nText.\n", day, at, "ops")


@pytest.fixture
def first(database: Database) -> PolicyVersion:
    return database.write(lambda session: founding.publish_first_policy(session, NOW))


@pytest.mark.parametrize("locale", locales.SITE)
def test_an_annex_says_everything_of_every_purpose_in_its_language(database, first, locale):
    with database.read() as session:
        annex = annexes.of(session, first.id, locale)
        whys = purposes.in_force(session, founding.EFFECTIVE)
    assert annex is not None and annex.sha256 == hashlib.sha256(annex.text.encode()).hexdigest()
    for why in whys:
        for label, says in wording.particulars(why, locale):
            assert translated(locale, "%(label)s: %(text)s") % {"label": label, "text": says} in annex.text
    headings = [block.lines[0] for block in blocks(annex.text) if block.kind == "heading"]
    assert headings[0] == f"1. {translated(locale, 'Your enquiry')}" and len(headings) == len(whys) + 1
    assert "Calle Alfredo Palma 10" in annex.text
    with database.read() as session:
        (half,) = session.exec(select(LedgerPayload)).all()
    assert annex.sha256 == json.loads(half.payload)["annexes"][locale]


def test_a_draft_has_no_annex_until_it_is_announced(database, first):
    draft = database.write(lambda session: add(session, at=None))
    with database.read() as session:
        assert annexes.of(session, draft.id, "en") is None
    database.write(lambda session: announcing.announce(session, "data-policy", 2, LATER, 30, "Ana", NOW))
    with database.read() as session:
        annex = annexes.of(session, draft.id, "en")
        assert annex is not None and "In force from 1 January 2030" in annex.text


def test_a_translation_has_the_annex_of_what_it_translates(database, first):
    new = database.write(add)
    translation = database.write(lambda session: add(session, "es", at=datetime(2030, 2, 1, tzinfo=UTC)))
    with database.read() as session:
        for locale in locales.SITE:
            assert annexes.of(session, new.id, locale).text == annexes.of(session, translation.id, locale).text


def test_an_installation_from_before_there_were_annexes_gets_them_at_its_next_migration(database, first):
    database.write(lambda session: [session.delete(annex) for annex in session.exec(select(PolicyAnnex))])
    database.write(lambda session: founding.publish_first_policy(session, NOW))
    with database.read() as session:
        assert len(session.exec(select(PolicyAnnex)).all()) == len(locales.SITE)
