"""Working hours: when an office is open, and how much of its working time lies between two moments.

Pure arithmetic on the office's week, time zone and holidays: no database, no clock of its own. A week is told in wall
clock, everything is counted in UTC, so that an interval over a change of the clocks has its true length. Moments come
with their zone and go back in UTC.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from portal.catalogue import week
from portal.catalogue.week import HoursRefused, Week

# What most agencies in Spain keep, with the closed midday: reckoned with where an office has not given its hours,
# and never shown as its own.
USUAL = week.parsed("Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00")
# The working time within which a visitor may expect an agency's answer: about one working day.
ANSWER_WITHIN = timedelta(hours=8)
HORIZON = timedelta(days=3653)
ONE_DAY = timedelta(days=1)
INSTANT = datetime.resolution


class NeverOpen(Exception):
    """The working time asked for does not come within ten years."""


@dataclass(frozen=True)
class Hours:
    """When an office is open.

    `holidays` is a country with or without its region (ISO 3166, `ES-AN`), on whose public holidays the office is
    closed; empty: it works on them. `closed` are further days.
    """

    week: Week
    zone: ZoneInfo
    holidays: str = ""
    closed: frozenset[date] = frozenset()

    def is_open(self, moment: datetime) -> bool:
        """Whether the office is open; it is at the moment it opens, and no more at the moment it closes."""
        return any(True for _ in self._spans(_utc(moment), _utc(moment) + INSTANT))

    def is_holiday(self, day: date) -> bool:
        """Whether the office is closed all day, whatever day of the week it is."""
        return day in self.closed or day in public_holidays(self.holidays, day.year)

    def working_seconds(self, since: datetime, until: datetime) -> float:
        """The working time from one moment to another, in seconds; 0 where `until` is not the later one."""
        spans = self._spans(_utc(since), _utc(until))
        return sum((closes - opens for opens, closes in spans), timedelta()).total_seconds()

    def add_working(self, moment: datetime, duration: timedelta) -> datetime:
        """The first moment at which that much working time has passed; `moment` itself where it is none.

        Raises `NeverOpen`, and `ValueError` for less than none.
        """
        if duration < timedelta():
            raise ValueError("working time cannot be taken back")
        begun, left = _utc(moment), duration
        if not left:
            return begun
        for opens, closes in self._spans(begun, begun + HORIZON):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise NeverOpen("there is not that much working time within ten years")

    def next_opening(self, moment: datetime) -> datetime:
        """The first moment from this one on at which the office is open: this one, if it is. Raises `NeverOpen`."""
        return self._next_span(moment)[0]

    def next_closing(self, moment: datetime) -> datetime:
        """When the office closes, from the present or else the next opening on. Raises `NeverOpen`."""
        return self._next_span(moment)[1]

    def _next_span(self, moment: datetime) -> tuple[datetime, datetime]:
        for span in self._spans(_utc(moment), _utc(moment) + HORIZON):
            return span
        raise NeverOpen("the office does not open within ten years")

    def _spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """From when to when it is open between two moments, in order, in UTC."""
        # A day more on both sides: clocks that go back over midnight make a date begin twice.
        day, last = since.astimezone(self.zone).date() - ONE_DAY, until.astimezone(self.zone).date() + ONE_DAY
        while day <= last:
            for opens, closes in _spans_on(self, day):
                if max(opens, since) < min(closes, until):
                    yield max(opens, since), min(closes, until)
            day += ONE_DAY


@lru_cache(8192)  # a record of 90 days asks for the same days again for every lead
def _spans_on(hours: Hours, day: date) -> tuple[tuple[datetime, datetime], ...]:
    if hours.is_holiday(day):
        return ()
    return tuple(
        (instant(day, opens, hours.zone), instant(day, closes, hours.zone))
        for opens, closes in hours.week[day.weekday()]
    )


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """When the wall clock of a zone shows so many minutes after midnight (0 to 1440), in UTC.

    Of a time it shows twice, the first; for one it leaves out, the moment at which it is put forward (PEP 495).
    """
    local = datetime.combine(day, time(), tzinfo=zone) + timedelta(minutes=minutes)
    latest, earliest = local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
    if latest <= earliest:
        return latest
    offset = local.replace(fold=1).utcoffset()
    assert offset is not None
    seconds = range(int((latest - earliest).total_seconds()))
    changed = bisect_left(
        seconds, True, key=lambda after: (earliest + timedelta(seconds=after)).astimezone(zone).utcoffset() == offset
    )
    return earliest + timedelta(seconds=changed)


@lru_cache(1024)
def public_holidays(region: str, year: int) -> frozenset[date]:
    """The public holidays of a country or region (ISO 3166, `ES`, `ES-AN`) in a year; none for the empty text."""
    if not region:
        return frozenset()
    # Made whole for one year: an object of the library that grows by itself is not safe between threads.
    return frozenset(_calendar(region, year))


def zone_named(name: str) -> ZoneInfo:
    """The time zone of this name. Raises `HoursRefused`."""
    if name not in available_timezones():  # before it is opened: a name may be a path
        raise HoursRefused(f"there is no time zone “{name}”; write one of IANA’s like Europe/Madrid, Atlantic/Canary")
    return ZoneInfo(name)


def region_named(code: str) -> str:
    """The code of a country or region whose public holidays are known. Raises `HoursRefused`."""
    advice = "write a country or its region (ISO 3166) like ES, ES-AN, GB-ENG"
    refused = HoursRefused(f"the public holidays of “{code}” are not known; {advice}")
    if not re.fullmatch("[A-Z]{2}(-[A-Z0-9]{1,3})?", code):
        raise refused
    try:
        _calendar(code)
    except NotImplementedError:
        raise refused from None
    return code


def _calendar(region: str, year: int | None = None) -> Iterable[date]:
    from holidays import country_holidays  # here: it takes a third of a second, which no command should wait for

    country, _, part = region.partition("-")
    return country_holidays(country, subdiv=part or None, years=year, expand=False)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
    return moment.astimezone(UTC)
