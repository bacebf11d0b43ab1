"""Policies are announced before they change, take effect at their hour and none before, and stay as they are."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError
from sqlmodel import Session, select

from portal.catalogue.properties import Property
from portal.consent import announcing, policies
from portal.consent.announcing import RUNNING, Announcement
from portal.consent.policies import PolicyRefused, PolicyUnknown, PolicyVersion
from portal.db import Database
from portal.ledger import LedgerEvent, payloads_of
from portal.settings import ROOT
from tests import cast

NOW = datetime(2026, 11, 23, 13, 15, tzinfo=UTC)
START = NOW + timedelta(days=30)


def draft(session: Session, locale: str = "en", change: str = "material", revised: str = "2026-11-01") -> PolicyVersion:
    return policies.add(
        session, "data-policy", locale, f"Data Policy ({locale})", "Data Policy\n\nNew.\n", revised, None, "the board",
        "It is new.", change,
    )  # fmt: skip


def announce(database: Database, number: int = 2, start: datetime = START, now: datetime = NOW, days: int = 30):
    return database.write(lambda session: announcing.announce(session, "data-policy", number, start, days, "Ana", now))


def running(database: Database, now: datetime) -> Announcement | None:
    with database.read() as session:
        found = session.execute(select(*RUNNING.c), {"now": now}).one_or_none()
    return Announcement(*found) if found else None


def number(database: Database, now: datetime, locale: str = "en") -> int:
    with database.read() as session:
        return policies.in_force(session, "data-policy", locale, now).number


def events(database: Database) -> list[tuple[str, dict]]:
    with database.read() as session:
        found = session.exec(select(LedgerEvent).where(LedgerEvent.type.startswith("policy")).order_by(LedgerEvent.at))
        return [(event.type, json.loads(payloads_of(session, event.id)[0].payload)) for event in found]


@pytest.fixture
def drafted(database: Database) -> Database:
    """A policy in force, and a draft of the next version in two languages."""
    database.write(cast.policy)
    database.write(draft)
    database.write(lambda session: draft(session, "es"))
    return database


def test_a_draft_is_neither_in_force_nor_announced(drafted):
    assert number(drafted, START + timedelta(days=999)) == 1
    assert running(drafted, NOW) is None


def test_an_announcement_runs_until_the_version_is_in_force_in_every_language_at_once(drafted):
    assert {version.locale for version in announce(drafted)} == {"en", "es"}
    just_before, second = START - timedelta(microseconds=1), timedelta(seconds=1)
    assert running(drafted, NOW - second) is None
    expected = Announcement("data-policy", 2, "Data Policy (en)", START)
    assert running(drafted, NOW) == running(drafted, just_before) == expected
    assert running(drafted, START) is None
    assert [number(drafted, at, locale) for locale in ("en", "es") for at in (just_before, START)] == [1, 2, 1, 2]


def test_a_translation_that_comes_later_announces_nothing(drafted):
    announce(drafted)
    drafted.write(lambda session: draft(session, "de"))
    announce(drafted, start=START + timedelta(days=1), now=START)
    assert running(drafted, START + timedelta(hours=1)) is None
    with drafted.read() as session:
        spoken = [policies.in_force(session, "data-policy", "de", START + timedelta(days=n)).locale for n in (0, 1)]
    assert spoken == ["en", "de"]


@pytest.mark.parametrize(
    ("start", "days", "why"),
    [
        (START - timedelta(minutes=15), 30, "at least 30 days"),
        (START + timedelta(minutes=1), 30, "quarter of an hour"),
        (NOW, 0, "comes before"),
    ],
)
def test_an_announcement_that_comes_too_late_or_off_the_quarter_is_refused(drafted, start, days, why):
    with pytest.raises(PolicyRefused, match=why):
        announce(drafted, start=start, days=days)
    assert running(drafted, NOW) is None


def test_an_editorial_change_needs_no_days_and_nothing_is_announced_twice_or_out_of_turn(database):
    database.write(cast.policy)
    database.write(lambda session: draft(session, change="editorial"))
    soon = NOW + timedelta(minutes=15)
    database.write(lambda session: draft(session, revised="2026-11-02", change="editorial"))
    announce(database, 3, soon)
    for late, why in ((3, "announced already"), (2, "later version")):
        with pytest.raises(PolicyRefused, match=why):
            announce(database, late, soon + timedelta(hours=1))
    with pytest.raises(PolicyUnknown):
        announce(database, 9)


def test_a_material_change_is_not_published_unannounced_and_no_text_ahead_of_its_version(drafted):
    def publish(locale: str, revised: str, change: str) -> None:
        drafted.write(
            lambda session: policies.add(
                session, "data-policy", locale, "T", "T\n", revised, START - timedelta(days=1), "ops", "", change
            )
        )

    for arguments, why in (
        (("en", "2027-01-01", "material"), "announced before"), (("de", "2026-11-01", "editorial"), "is a draft"),
    ):  # fmt: skip
        with pytest.raises(PolicyRefused, match=why):
            publish(*arguments)
    announce(drafted)
    with pytest.raises(PolicyRefused, match="version 2 takes effect at"):
        publish("de", "2026-11-01", "editorial")


def test_the_worker_records_once_what_took_effect_and_retires_what_it_replaces(drafted):
    announce(drafted)
    early, late = START - timedelta(seconds=1), START + timedelta(minutes=1)
    took = [drafted.write(lambda session, at=at: announcing.take_effect(session, at)) for at in (early, late, late)]
    assert took == [0, 1, 0]
    (first, told), (second, effect) = events(drafted)
    assert (first, second) == ("policy_announced", "policy_effective")
    assert (told["by"], told["change"], told["effective_at"]) == ("Ana", "material", "2026-12-23T13:15:00.000000Z")
    assert effect["retires"] == 1 and [text["locale"] for text in effect["texts"]] == ["en", "es"]
    with drafted.read() as session:
        assert [version.retired_at for version in policies.everything(session)] == [None, None, START]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE policy_version SET body = 'other'",
        "UPDATE policy_version SET effective_at = announced_at WHERE number = 2",
        "UPDATE policy_version SET announced_at = NULL, effective_at = NULL",
        "DELETE FROM policy_version WHERE number = 2",
    ],
)
def test_the_database_refuses_to_change_what_is_public_and_every_text(drafted, change):
    announce(drafted)
    with pytest.raises(DatabaseError, match="stays as it is"):
        drafted.write(lambda session: session.execute(text(change)))


def test_what_was_published_before_announcements_were_stays_in_force(database):
    def publish(session: Session) -> Property:
        cast.policy(session)
        return cast.home(session, cast.agency(session))

    cast.enquiry(database, database.write(publish))  # its notice names the version
    configuration = Config(ROOT / "alembic.ini")
    configuration.attributes["url"] = database.url
    command.downgrade(configuration, "0010")
    command.upgrade(configuration, "head")
    with database.read() as session:
        (version,) = policies.everything(session)
    assert (version.announced_at, version.summary, version.change_class) == (version.effective_at, "", "material")
    assert number(database, NOW) == 1 and running(database, NOW) is None
