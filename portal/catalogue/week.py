"""The week of an office in writing: `Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00`.

Owns the form, a strict part of OpenStreetMap's `opening_hours`: days, a space, times; rules parted by `; `. What it
does not understand it refuses and says what to write, because a week misread would be shown to visitors and reckoned
with. Knows nothing of dates, zones and holidays.
"""

import re
from itertools import groupby, pairwise
from typing import NamedTuple

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY = 24 * 60  # minutes
LONGEST = 400  # characters; seven days of MOST intervals take 370
MOST = 4  # intervals a day
EXAMPLE = "Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00"

_DAYS = re.compile(rf"({'|'.join(DAYS)})(?:-({'|'.join(DAYS)}))?")
_TIMES = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")


class HoursRefused(ValueError):
    """These are no hours an office can have; the message says what to write."""


class Interval(NamedTuple):
    """From when to when an office is open on one day, in minutes of its wall clock; `closes` is 1440 at most."""

    opens: int
    closes: int


Week = tuple[tuple[Interval, ...], ...]  # seven days, Monday first; each in order, with a pause between intervals


class Run(NamedTuple):
    """Days that follow each other with the same intervals, by number from Monday, 0; no interval: closed."""

    first: int
    last: int
    intervals: tuple[Interval, ...]


def parsed(text: str) -> Week:
    """The week a text tells. Raises `HoursRefused`."""
    if len(text) > LONGEST:
        raise HoursRefused(f"the hours have more than {LONGEST} characters; write them like {EXAMPLE}")
    week: list[tuple[Interval, ...]] = [()] * len(DAYS)
    for rule in re.split("; ?", text):
        days, parted, times = rule.partition(" ")
        if not parted:
            raise HoursRefused(f"“{rule}” does not say days and times; write them like {EXAMPLE}")
        intervals = _intervals(times)
        for day in _days(days):
            if week[day]:
                raise HoursRefused(f"{DAYS[day]} is told twice; put all its times behind it, with commas between")
            week[day] = intervals
    return tuple(week)


def written(week: Week) -> str:
    """A week as `parsed` reads it, each rule as short as it can be."""
    return "; ".join(
        (DAYS[run.first] if run.first == run.last else f"{DAYS[run.first]}-{DAYS[run.last]}")
        + " "
        + ",".join(f"{clock(opens)}-{clock(closes)}" for opens, closes in run.intervals)
        for run in runs(week)
        if run.intervals
    )


def runs(week: Week) -> list[Run]:
    """The whole week, days of the same hours that follow each other together."""
    grouped = [list(run) for _, run in groupby(range(len(DAYS)), key=lambda day: week[day])]
    return [Run(run[0], run[-1], week[run[0]]) for run in grouped]


def clock(minutes: int) -> str:
    """A time of day in minutes as `09:30`; the end of the day is `24:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        told = _DAYS.fullmatch(part)
        if told is None:
            raise HoursRefused(f"“{part}” is no day and no days; write Mo, Tu, We, Th, Fr, Sa, Su or like Mo-Fr")
        first = DAYS.index(told[1])
        last = DAYS.index(told[2] or told[1])
        if last < first:
            raise HoursRefused(f"“{part}” goes over the end of the week; write {part.replace('-', ',')} one by one")
        days += range(first, last + 1)
    if len(set(days)) < len(days):
        raise HoursRefused(f"“{text}” tells a day twice; name each day once")
    return days


def _intervals(text: str) -> tuple[Interval, ...]:
    intervals = tuple(_interval(part) for part in text.split(","))
    if len(intervals) > MOST:
        raise HoursRefused(f"a day has {MOST} times from and to at most, not {len(intervals)}")
    for former, later in pairwise(intervals):
        if later.opens <= former.closes:
            raise HoursRefused(f"“{text}” is not in order with a pause between; write like 09:30-14:00,16:30-19:30")
    return intervals


def _interval(text: str) -> Interval:
    told = _TIMES.fullmatch(text)
    if told is None:
        raise HoursRefused(f"“{text}” is not from when to when; write like 09:30-14:00")
    opens, closes = int(told[1]) * 60 + int(told[2]), int(told[3]) * 60 + int(told[4])
    if closes > DAY:
        raise HoursRefused(f"“{text}” ends after 24:00, the end of the day; write what lies after it on the next day")
    if closes <= opens:
        advice = "times past midnight stand on the day they are on, like Fr 20:00-24:00; Sa 00:00-02:00"
        raise HoursRefused(f"“{text}” does not end after it begins; {advice}")
    return Interval(opens, closes)
