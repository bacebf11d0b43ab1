"""Money, areas and dates as each language writes them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from portal.language import formats
from portal.language.locales import first_of, negotiated


@pytest.mark.parametrize(
    ("minor", "locale", "shown"),
    [
        (125_000_000, "en", "€1,250,000"),
        (125_000_000, "es", "1.250.000\N{NO-BREAK SPACE}€"),
        (125_000_000, "de", "1.250.000\N{NO-BREAK SPACE}€"),
        (125_000_000, "sv", "1\xa0250\xa0000\xa0€"),
        (125_000_000, "fr", "1\u202f250\u202f000\xa0€"),
        (125_000_000, "nl", "€\N{NO-BREAK SPACE}1.250.000"),
        (99_550, "en", "€995.50"),
        (95_000, "es", "950\N{NO-BREAK SPACE}€"),
        (123_450, "de", "1.234,50\N{NO-BREAK SPACE}€"),
        (123_450, "fr", "1\u202f234,50\xa0€"),
        (123_450, "nl", "€\N{NO-BREAK SPACE}1.234,50"),
        (123_450, "sv", "1\xa0234,50\xa0€"),
    ],
)
def test_a_price_has_no_decimals_unless_it_has_cents(minor, locale, shown):
    assert formats.money(minor, "EUR", locale) == shown


@pytest.mark.parametrize(
    ("locale", "large", "small"),
    [
        ("en", "1,040\xa0m²", "85.5\xa0m²"),
        ("es", "1.040\xa0m²", "85,5\xa0m²"),
        ("de", "1.040\xa0m²", "85,5\xa0m²"),
        ("fr", "1\u202f040\xa0m²", "85,5\xa0m²"),
        ("nl", "1.040\xa0m²", "85,5\xa0m²"),
        ("sv", "1\xa0040\xa0m²", "85,5\xa0m²"),
    ],
)
def test_an_area_keeps_its_unit_and_at_most_one_decimal(locale, large, small):
    assert formats.area(Decimal("1040.00"), locale) == large
    assert formats.area(Decimal("85.46"), locale) == small


@pytest.mark.parametrize(
    ("locale", "first", "later"),
    [
        ("en", "1 March 2027", "23 November 2026"),
        ("es", "1 de marzo de 2027", "23 de noviembre de 2026"),
        ("de", "1. März 2027", "23. November 2026"),
        ("fr", "1er mars 2027", "23 novembre 2026"),
        ("nl", "1 maart 2027", "23 november 2026"),
        ("sv", "1 mars 2027", "23 november 2026"),
    ],
)
def test_a_moment_is_told_by_the_clock_of_spain_as_each_language_writes_dates(locale, first, later):
    assert formats.day(datetime(2027, 2, 28, 23, 30, tzinfo=UTC), locale) == first
    moment = datetime(2026, 11, 23, 13, 12, 7, tzinfo=UTC)
    assert formats.day(moment, locale) == later
    assert formats.minute(moment, locale) == f"{later}, 14:12"
    assert formats.moment(moment, locale) == f"{later}, 14:12:07"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"), ("es-ES,es;q=0.9,en;q=0.8", "es"), ("pl,es;q=0.5,en;q=0.7", "en"), ("fr", "fr"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"), ("nl-BE", "nl"), ("sv-SE,sv;q=0.8,en;q=0.5", "sv"), ("it", "en"),
        ("en;q=0, es;q=0.1", "es"), ("*;q=x,es", "es"), ("x" * 600 + ",es", "en"),
    ],
)  # fmt: skip
def test_a_browser_gets_the_language_it_likes_best(header, locale):
    assert negotiated(header) == locale


def test_the_first_wanted_language_that_is_offered_is_taken():
    assert first_of(["es", "en"], ["nl", "en"]) == "en"
    assert first_of(["es"], ["nl", "en"]) == "nl"
    assert first_of(["es"], []) is None


@pytest.mark.parametrize(
    ("locale", "first", "later", "weekday"),
    [
        ("en", "1 December", "8 December", "Monday"),
        ("es", "1 de diciembre", "8 de diciembre", "lunes"),
        ("de", "1. Dezember", "8. Dezember", "Montag"),
        ("fr", "1er décembre", "8 décembre", "lundi"),
        ("nl", "1 december", "8 december", "maandag"),
        ("sv", "1 december", "8 december", "måndag"),
    ],
)
def test_a_day_near_by_is_told_without_its_year(locale, first, later, weekday):
    assert formats.day_of_year(date(2026, 12, 1), locale) == first
    assert formats.day_of_year(date(2026, 12, 8), locale) == later
    assert formats.weekday(0, locale) == weekday
