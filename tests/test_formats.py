"""Money, areas and dates as each language writes them."""

from datetime import UTC, datetime
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
    ],
)
def test_a_price_has_no_decimals_unless_it_has_cents(minor, locale, shown):
    assert formats.money(minor, "EUR", locale) == shown


def test_an_area_keeps_its_unit_and_at_most_one_decimal():
    assert formats.area(Decimal("1040.00"), "en") == "1,040\N{NO-BREAK SPACE}m²"
    assert formats.area(Decimal("1040.00"), "es") == "1.040\N{NO-BREAK SPACE}m²"
    assert formats.area(Decimal("85.46"), "es") == "85,5\N{NO-BREAK SPACE}m²"


def test_a_moment_is_told_by_the_clock_of_spain():
    moment = datetime(2026, 11, 23, 13, 12, 7, tzinfo=UTC)
    assert formats.moment(moment, "en") == "23 November 2026, 14:12:07"
    assert formats.moment(moment, "es") == "23 de noviembre de 2026, 14:12:07"
    assert formats.minute(moment, "es") == "23 de noviembre de 2026, 14:12"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "en"), ("es-ES,es;q=0.9,en;q=0.8", "es"), ("de,es;q=0.5,en;q=0.7", "en"), ("fr", "en"),
        ("en;q=0, es;q=0.1", "es"), ("*;q=x,es", "es"), ("x" * 600 + ",es", "en"),
    ],
)  # fmt: skip
def test_a_browser_gets_the_language_it_likes_best(header, locale):
    assert negotiated(header) == locale


def test_the_first_wanted_language_that_is_offered_is_taken():
    assert first_of(["es", "en"], ["nl", "en"]) == "en"
    assert first_of(["es"], ["nl", "en"]) == "nl"
    assert first_of(["es"], []) is None
