"""Money, areas, numbers and dates as each language writes them (CLDR through Babel).

Prices and areas are written a hundred times a page, and mostly the same ones: what was written is remembered.
"""

from copy import copy
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import NumberPattern, format_decimal

# Agencies, ops and the law of the site live on this clock.
ZONE = ZoneInfo("Europe/Madrid")
REMEMBERED = 20_000  # texts each; about 4 MB


@lru_cache(REMEMBERED)
def money(minor: int, currency: str, locale: str) -> str:
    """An amount in minor units as a price, without decimals where they are zero: `€1,250,000`, `1.250.000 €`."""
    pattern = _money_pattern(locale, 2 if minor % 100 else 0)
    return str(pattern.apply(Decimal(minor) / 100, _locale(locale), currency=currency, currency_digits=False))


@lru_cache(REMEMBERED)
def area(square_metres: Decimal, locale: str) -> str:
    """An area: `312 m²`, with a no-break space and at most one decimal."""
    return f"{number(square_metres.quantize(Decimal('0.1')).normalize(), locale)}\N{NO-BREAK SPACE}m²"


@lru_cache(REMEMBERED)
def number(value: Decimal | int, locale: str) -> str:
    """A number with the language's separators."""
    return format_decimal(value, locale=_locale(locale))


def day(moment: datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """The date of a moment, in Spain: `23 November 2026`, `23. November 2026`, `1er novembre 2026`."""
    there = moment.astimezone(zone)
    pattern = {"en": "d MMMM y", "fr": "d'er' MMMM y" if there.day == 1 else "long"}.get(locale, "long")
    return format_date(there, pattern, locale=locale)


def day_of_year(value: date, locale: str) -> str:
    """A date of which everybody knows the year: `8 December`, `8. Dezember`, `1er décembre`."""
    patterns = {"es": "d 'de' MMMM", "de": "d. MMMM", "fr": "d'er' MMMM" if value.day == 1 else "d MMMM"}
    return format_date(value, patterns.get(locale, "d MMMM"), locale=locale)


def weekday(number: int, locale: str) -> str:
    """A day of the week, Monday 0, as it stands in a sentence: `Monday`, `lunes`."""
    return str(_locale(locale).days["format"]["wide"][number])


def date_of(written: str, locale: str) -> str:
    """A date written as `2026-11-23`, as `day` writes it."""
    return day(datetime.fromisoformat(f"{written}T12:00:00+00:00"), locale)


def country(code: str, locale: str) -> str:
    """A country by its ISO 3166 code: `Spain`, `España`."""
    return str(_locale(locale).territories[code])


def language(code: str, locale: str) -> str:
    """A language by its ISO 639 code, as it stands in a sentence: `German`, `alemán`; the code where it has no name."""
    return str(_locale(locale).languages.get(code, code))


def moment(value: datetime, locale: str) -> str:
    """A moment in Spain to the second: `23 November 2026, 14:12:07`."""
    return f"{day(value, locale)}, {format_time(value.astimezone(ZONE), 'HH:mm:ss', locale=locale)}"


def minute(value: datetime, locale: str, zone: ZoneInfo = ZONE) -> str:
    """A moment to the minute, in Spain: `23 November 2026, 14:12`."""
    return f"{day(value, locale, zone)}, {format_datetime(value.astimezone(zone), 'HH:mm', locale=locale)}"


def start(value: datetime, locale: str) -> str:
    """From when something applies in Spain: the date where a day begins with it, else the minute."""
    is_midnight = value.astimezone(ZONE).time() == time()
    return day(value, locale) if is_midnight else minute(value, locale)


def utc(value: datetime) -> str:
    """A moment for machines, in UTC to the microsecond (ISO 8601): `2026-11-23T13:12:07.000000Z`."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@cache
def _locale(locale: str) -> Locale:
    # Babel would read the name of the language again for every number.
    return Locale.parse(locale)


@cache
def _money_pattern(locale: str, digits: int) -> NumberPattern:
    # `currency_digits=False` alone still prints ",00": the number of decimals stands in the pattern.
    pattern: NumberPattern = copy(_locale(locale).currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern
