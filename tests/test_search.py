"""Search: filters, keyset pages in both directions, and what a search without a result offers instead."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from portal.catalogue import naming, places, properties, search, statements
from portal.catalogue.filters import SORTS, Filters
from portal.db import Database
from tests import cast
from tests.cast import NOW

BUY = Filters("buy")


@pytest.fixture
def catalogue(database: Database) -> Database:
    """Sixty homes for sale, every seventh without a price, some with equal prices; one to rent, one withdrawn."""

    def publish(session: Session) -> None:
        agency = cast.agency(session)
        nerja = places.town(session, "Nerja", "Málaga")
        for number in range(60):
            cast.home(
                session, agency, str(number), price_minor=None if number % 7 == 0 else (number // 2) * 1_000_000,
                published_at=NOW - timedelta(hours=number // 3), bedrooms=number % 5 or None,
                kind="apartment" if number % 2 else "villa",
                **({"town_id": nerja.id, "area_id": None} if number % 10 == 0 else {}),
            )  # fmt: skip
        cast.home(session, agency, "rented", offer="rent_long", price_minor=180_000, price_period="month")
        cast.home(session, agency, "gone", state="withdrawn", withdrawn_at=NOW)

    database.write(publish)
    return database


def walk(session: Session, filters: Filters) -> tuple[list[list[str]], list[list[str]]]:
    """Every page forwards, then every page backwards from the last."""
    forwards, found = [], search.page(session, filters, None)
    forwards.append([card.reference for card in found.cards])
    while found.after:
        found = search.page(session, filters, None, after=found.after)
        forwards.append([card.reference for card in found.cards])
    backwards = [forwards[-1]]
    while found.before:
        found = search.page(session, filters, None, before=found.before)
        backwards.insert(0, [card.reference for card in found.cards])
    return forwards, backwards


@pytest.mark.parametrize("sort", SORTS)
def test_pages_show_every_home_once_and_lead_back_the_same_way(catalogue: Database, sort: str):
    with catalogue.read() as session:
        forwards, backwards = walk(session, Filters("buy", sort=sort))
    assert [len(page) for page in forwards] == [24, 24, 12]
    assert len({reference for page in forwards for reference in page}) == 60
    assert backwards == forwards


@pytest.mark.parametrize(("sort", "factor"), [("price_asc", 1), ("price_desc", -1)])
def test_homes_without_a_price_stand_last_whichever_way_prices_run(catalogue: Database, sort: str, factor: int):
    with catalogue.read() as session:
        prices, after = [], None
        while True:
            found = search.page(session, Filters("buy", sort=sort), None, after=after)
            prices += [card.price_minor for card in found.cards]
            if not (after := found.after):
                break
    priced = [price for price in prices if price is not None]
    assert prices[: len(priced)] == priced == sorted(priced, key=lambda price: price * factor)


@pytest.mark.parametrize("sort", SORTS)
def test_a_page_knows_how_many_homes_stand_before_it(catalogue: Database, sort: str):
    filters = Filters("buy", sort=sort)
    with catalogue.read() as session:
        first = search.page(session, filters, None)
        second = search.page(session, filters, None, after=first.after)
        third = search.page(session, filters, None, after=second.after)
        assert search.count(session, filters, None) == (60, 0)
        assert search.count(session, filters, None, after=first.after) == (60, 24)
        assert search.count(session, filters, None, after=second.after) == (60, 48)
        assert search.count(session, filters, None, before=third.before) == (60, 24)
        assert search.count(session, filters, None, before=second.before) == (60, 0)


def test_a_page_goes_on_where_it_was_when_homes_come_and_go(catalogue: Database):
    with catalogue.read() as session:
        first = search.page(session, BUY, None)
    with catalogue.read() as session:
        expected = [card.reference for card in search.page(session, BUY, None, after=first.after).cards]

    def change(session: Session) -> None:
        properties.by_public_id(session, first.cards[0].public_id).state = "withdrawn"
        properties.by_public_id(session, first.cards[-1].public_id).state = "withdrawn"

    catalogue.write(change)
    with catalogue.read() as session:
        assert [card.reference for card in search.page(session, BUY, None, after=first.after).cards] == expected


@pytest.mark.parametrize(
    ("filters", "homes"),
    [
        (BUY, 60),
        (Filters("rent"), 1),
        (Filters("buy", town="nerja"), 6),
        (Filters("buy", town="marbella", area="nueva-andalucia"), 54),
        (Filters("buy", price_min=100_000, price_max=110_000), 3),
        (Filters("buy", bedrooms=4), 12),
        (Filters("buy", type="villa"), 30),
        (Filters("buy", type="villa", town="nerja", bedrooms=1), 0),
    ],
)
def test_filters_narrow_a_search(catalogue: Database, filters: Filters, homes: int):
    with catalogue.read() as session:
        at = search.where(session, filters.town, filters.area)
        assert search.count(session, filters, at).homes == homes
        assert len(search.page(session, filters, at).cards) == min(homes, statements.PAGE)


def test_a_search_without_result_says_what_each_filter_costs(catalogue: Database):
    filters = Filters("buy", town="nerja", type="villa", bedrooms=1, price_max=10**9)
    with catalogue.read() as session:
        without = search.without_each(session, filters, search.where(session, "nerja", ""))
        assert without == {"bedrooms": 5, "type": 0, "price_max": 0, "town": 20}
        assert search.without_each(session, BUY, None) == {}


def test_an_unknown_place_is_refused(catalogue: Database):
    with catalogue.read() as session:
        for town, area in (("atlantis", ""), ("nerja", "nueva-andalucia"), ("nueva-andalucia", "")):
            with pytest.raises(search.PlaceUnknown):
                search.where(session, town, area)
        assert search.where(session, "", "") is None


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Marbella", ("marbella", "")),
        ("nueva andalucia", ("marbella", "nueva-andalucia")),
        ("Nueva Andalucía, Marbella", ("marbella", "nueva-andalucia")),
        ("Nueva Andalucía, Nerja", None),
        ("Atlantis", None),
        (",,,", None),
    ],
)
def test_a_place_is_found_as_people_type_it(catalogue: Database, typed: str, found: tuple[str, str] | None):
    with catalogue.read() as session:
        assert search.place_called(session, typed) == found


def test_a_reference_is_found_in_any_case_and_only_while_published(catalogue: Database):
    with catalogue.read() as session:
        public_id = search.reference_called(session, " mb-7 ")
        home = search.home(session, public_id or "")
        assert home is not None and home.card.reference == "MB-7"
        assert search.reference_called(session, "MB-gone") is None


def test_similar_homes_are_others_for_the_same_purpose_nearest_first(catalogue: Database):
    with catalogue.read() as session:
        home = search.home(session, search.reference_called(session, "MB-10") or "")
        assert home is not None
        similar = search.similar(session, home)
    assert len(similar) == 3
    assert all(card.offer == "sale" and card.public_id != home.card.public_id for card in similar)
    assert {card.town for card in similar} == {"Nerja"}


def test_towns_are_counted_by_purpose_and_the_newest_come_first(catalogue: Database):
    with catalogue.read() as session:
        assert [(town.slug, town.homes) for town in search.towns(session, "buy")] == [("marbella", 54), ("nerja", 6)]
        assert [(town.slug, town.homes) for town in search.towns(session, "rent")] == [("marbella", 1)]
        newest = search.newest(session, 5)
    assert [card.published_at for card in newest] == sorted((card.published_at for card in newest), reverse=True)


def test_a_home_is_called_by_type_and_place_in_every_language():
    assert naming.title("villa", "sale", "Marbella", "Nueva Andalucía", "en") == "Villa in Nueva Andalucía, Marbella"
    assert naming.slug("apartment", "rent_long", "Nerja", None, "es") == "piso-en-alquiler-en-nerja"
    assert naming.heading("villa", "sale", "Marbella", "Nueva Andalucía", "en").count("\N{NO-BREAK SPACE}") == 1
    assert set(naming.KINDS) == set(properties.KINDS)
    assert set(naming.TITLES) == set(properties.OFFERS)


def test_common_features_are_said_in_the_readers_language_and_others_as_they_are():
    assert naming.feature("SEA VIEWS", "es") == "Vistas al mar"
    assert naming.feature("Elevator", "en") == "Lift"
    assert naming.feature("Mirador", "en") == "Mirador"
