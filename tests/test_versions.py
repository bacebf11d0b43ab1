"""The site version: it rises with every transaction that changes public pages, and with no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from sqlmodel import Session, select

from portal.catalogue import agencies, photos, properties, versions
from portal.catalogue.agencies import Agency, Contact
from portal.catalogue.properties import Property
from portal.consent import policies
from portal.db import Database
from portal.feeds import records, running
from tests import cast, feeds
from tests.cast import NOW
from tests.web.conftest import statements


def version(database: Database) -> int:
    with database.read() as session:
        return session.exec(select(versions.SiteVersion.number)).one()


@pytest.fixture
def home(database: Database) -> Property:
    return database.write(lambda session: cast.home(session, cast.agency(session)))


@contextmanager
def raising(database: Database, by: int = 1) -> Iterator[None]:
    before = version(database)
    yield
    assert version(database) == before + by


def owner(session: Session) -> Agency:
    return agencies.by_slug(session, "costa-norte")


def test_it_rises_once_however_often_a_transaction_says_so(database):
    with raising(database):
        database.write(lambda session: [versions.raise_version(session) for _ in range(3)])


def test_a_transaction_that_is_rolled_back_raises_nothing(database):
    def work(session: Session) -> None:
        versions.raise_version(session)
        raise RuntimeError

    with raising(database, by=0), pytest.raises(RuntimeError):
        database.write(work)


def test_what_changes_no_page_raises_nothing(database, home):
    with raising(database, by=0):
        database.write(lambda session: agencies.add_contact(session, owner(session), "new@agency.example", NOW))


@pytest.mark.parametrize("what", ["added", "edited", "paused", "resumed", "confirmed"])
def test_it_rises_with_an_agency(database, home, what):
    def work(session: Session) -> None:
        agency = owner(session)
        if what == "added":
            agencies.add(session, "casa-alba", "Casa Alba", "Nerja", "alba@agency.example", NOW)
        elif what == "edited":
            agencies.edit(session, agency, "Costa Norte", None)
        elif what == "paused":
            agencies.pause(session, agency, "ops", "holidays", NOW)
        elif what == "resumed":
            agencies.resume(session, agency, "ops", NOW)
        else:
            contact = agencies.add_contact(session, agency, "new@agency.example", NOW)
            agencies.confirm(session, contact, NOW, "link")

    with raising(database):
        database.write(work)


def test_it_rises_with_a_property_that_ops_block_and_unblock(database, home):
    def named(session: Session) -> Property:
        return properties.named(session, home.public_id)

    with raising(database):
        database.write(lambda session: properties.block(session, named(session), "ops", "doubtful", NOW))
    with raising(database):
        database.write(lambda session: properties.unblock(session, named(session), "ops", "cleared", NOW))


def test_it_rises_with_a_policy_and_the_count_of_texts_in_force_with_its_hour(database):
    start = datetime(2030, 1, 1, tzinfo=UTC)
    with raising(database):
        database.write(
            lambda session: policies.add(session, "data-policy", "en", "Data Policy", "x\n", "2029-12-01", start, "ops")
        )
    statement = select(policies.IN_FORCE)
    with database.read() as session:
        assert session.execute(statement, {"now": NOW}).scalar_one() == 0
        assert session.execute(statement, {"now": start}).scalar_one() == 1


def test_it_rises_with_each_batch_of_an_import_and_with_its_end(database, home):
    with database.read() as session:
        feed = records.by_slug(session, "costa-norte")
    with raising(database, by=2):
        running.run(database, feed, feeds.feed(feeds.home("1")), by="ops", now=NOW)
    with raising(database, by=0):
        running.run(database, feed, b"no feed at all", by="ops", now=NOW)


def test_it_rises_when_photos_arrive(database):
    with raising(database):
        database.write(lambda session: photos.settle(session, [photos.Made("a" * 64, None, 480, 320, "p-01")], NOW))


def test_transactions_at_the_same_time_all_count(database):
    together = threading.Barrier(4)

    def work() -> None:
        together.wait()
        database.write(versions.raise_version)

    threads = [threading.Thread(target=work) for _ in range(4)]
    with raising(database, by=4):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_it_is_raised_last_so_that_nobody_waits_for_it_longer_than_needed(database, home):
    def work(session: Session) -> None:
        versions.raise_version(session)
        session.exec(select(Contact)).first()
        owner(session).name = "Costa Norte"

    with statements() as seen:
        database.write(work)
    assert [statement.split()[1] for statement in seen if statement.startswith("UPDATE")] == ["agency", "site_version"]
