"""The price of a home through time: what is kept, what it is measured by, and what the public never saw."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from portal.catalogue import prices, properties
from portal.catalogue.prices import Asked, PriceChange
from portal.catalogue.properties import Property
from portal.db import Database
from portal.feeds import applying, records, running
from portal.feeds.records import Feed
from tests import cast, feeds
from tests.cast import NOW

SALE = Asked(30_000_000, "sale", "EUR", None)
LATER = NOW + timedelta(days=30)


@pytest.fixture
def feed(database: Database) -> Feed:
    database.write(cast.agency)
    with database.read() as session:
        return records.by_slug(session, "costa-norte")


def run(database: Database, feed: Feed, *homes: str, now: datetime = NOW) -> None:
    assert running.run(database, feed, feeds.feed(*homes), by="ops", now=now).outcome == "applied"


def told(database: Database, source_id: str = "1") -> list[tuple[Any, ...]]:
    with database.read() as session:
        home = session.exec(select(Property).where(Property.source_id == source_id)).one()
        return [tuple(row) for row in prices.told(session, home.id or 0)[1]]


def test_first_publication_and_every_change_are_kept_newest_first(database, feed):
    run(database, feed, feeds.home("1", price="350000"))
    run(database, feed, feeds.home("1", price="329000"), now=LATER)
    run(database, feed, feeds.home("1", price="335000"), now=LATER + timedelta(days=1))
    assert told(database) == [
        (LATER + timedelta(days=1), "changed", 33_500_000, 32_900_000, "EUR"),
        (LATER, "changed", 32_900_000, 35_000_000, "EUR"),
        (NOW, "first_published", 35_000_000, None, "EUR"),
    ]


def test_what_changes_beside_the_price_leaves_no_row(database, feed):
    run(database, feed, feeds.home("1"))
    run(database, feed, feeds.home("1"), now=LATER)
    run(database, feed, feeds.home("1", desc="<nl>Een villa.</nl>"), now=LATER)
    assert [row[1] for row in told(database)] == ["first_published"]


def test_each_home_has_a_history_of_its_own_also_across_batches(database, feed, monkeypatch):
    monkeypatch.setattr(applying, "BATCH", 2)
    run(database, feed, *feeds.homes(5))
    run(database, feed, *feeds.homes(4), feeds.home("5", price="100000"), now=LATER)
    assert [len(told(database, str(number))) for number in range(1, 6)] == [1, 1, 1, 1, 2]


def test_what_was_asked_before_publication_is_not_kept(database, feed):
    feed.public_by_contract = False
    run(database, feed, feeds.home("1", price="350000"))
    run(database, feed, feeds.home("1", price="340000"), now=LATER)
    assert told(database) == []
    feed.public_by_contract = True
    run(database, feed, feeds.home("1", price="330000"), now=LATER)
    assert told(database) == [(LATER, "first_published", 33_000_000, None, "EUR")]


def test_a_home_that_was_away_comes_back_with_what_changed_meanwhile(database, feed):
    one, two = feeds.homes(2)
    run(database, feed, one, two)
    for days in (1, 3):
        run(database, feed, one, now=NOW + timedelta(days=days))
    run(database, feed, one, feeds.home("2", price="300000"), now=LATER)
    assert [(row[0], row[2]) for row in told(database, "2")] == [(LATER, 30_000_000), (NOW, 34_950_000)]


def test_a_price_withheld_and_a_sale_that_becomes_a_rent_are_changes_without_a_measure(database, feed):
    run(database, feed, feeds.home("1", price="350000"))
    run(database, feed, feeds.home("1", price="340000"), now=LATER)
    run(database, feed, feeds.home("1", price="1500", price_freq="month"), now=LATER)
    assert told(database)[0] == (LATER, "changed", 150_000, None, "EUR")
    with database.read() as session:
        assert session.exec(select(Property)).one().previous_price_minor is None


@pytest.mark.parametrize(
    ("after", "measure"),
    [
        (SALE._replace(price_minor=29_000_000), 30_000_000), (SALE._replace(price_minor=31_000_000), 30_000_000),
        (SALE, None), (SALE._replace(price_minor=None), None),
        (SALE._replace(price_minor=29_000_000, currency="GBP"), None),
        (Asked(120_000, "rent_long", "EUR", "month"), None),
    ],
)  # fmt: skip
def test_a_price_is_measured_by_the_one_before_only_where_both_are_of_one_kind(after, measure):
    assert prices.measure(SALE, after) == measure


def test_a_week_is_no_cheaper_month():
    month = Asked(200_000, "rent_short", "EUR", "month")
    assert prices.measure(month, month._replace(price_minor=60_000, price_period="week")) is None


def test_a_price_given_after_none_was_has_nothing_to_be_measured_by(database):
    def publish(session: Session) -> int:
        home = cast.home(session, cast.agency(session), price_minor=None)
        prices.keep(session, [(home, None)], NOW)
        before, home.price_minor = prices.asked(home), 30_000_000
        prices.keep(session, [(home, before)], LATER)
        return home.id or 0

    home_id = database.write(publish)
    with database.read() as session:
        assert prices.told(session, home_id)[1] == [
            (LATER, "changed", 30_000_000, None, "EUR"), (NOW, "first_published", None, None, "EUR"),
        ]  # fmt: skip


def test_blocking_and_unblocking_leave_the_history_alone(database, feed):
    run(database, feed, feeds.home("1"))

    def switch(session: Session, action: Any) -> None:
        action(session, session.exec(select(Property)).one(), "ops", "a doubt", NOW)

    database.write(partial(switch, action=properties.block))
    database.write(partial(switch, action=properties.unblock))
    run(database, feed, feeds.home("1"), now=LATER)
    assert len(told(database)) == 1


def test_the_database_refuses_another_kind_of_change(database):
    def wrong(session: Session) -> None:
        home = cast.home(session, cast.agency(session))
        session.add(PriceChange(property_id=home.id or 0, at=NOW, kind="rumour", currency="EUR"))

    with pytest.raises(IntegrityError):
        database.write(wrong)
