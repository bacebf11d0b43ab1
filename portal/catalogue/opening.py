"""Opening: the hours ops enter for an office, and what is reckoned with them.

Owns how the columns of `office` become `Hours`. An office that has not given its hours is reckoned with the usual ones
of Spain; nobody is ever told that it is closed because of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlmodel import Session

from portal.catalogue import agencies, versions, week
from portal.catalogue import hours as working
from portal.catalogue.agencies import Agency, Office
from portal.catalogue.hours import ANSWER_WITHIN, USUAL, Hours, NeverOpen
from portal.catalogue.week import HoursRefused

MOST_CLOSED = 100  # days
AHEAD = timedelta(days=731)


@dataclass(frozen=True)
class Change:
    """What ops change about an office's hours. None and no days leave what is there.

    An empty `hours` forgets them; an empty `holidays` lets the office work on public holidays.
    """

    hours: str | None = None
    time_zone: str | None = None
    holidays: str | None = None
    closed_on: Sequence[date] = ()
    open_on: Sequence[date] = ()


@lru_cache(1024)
def hours(opening_hours: str | None, time_zone: str, holidays: str, local_holidays: str) -> Hours:
    """The hours the columns of an office tell, the usual ones where it has not given them."""
    told = USUAL if opening_hours is None else week.parsed(opening_hours)
    return Hours(told, ZoneInfo(time_zone), holidays, frozenset(map(date.fromisoformat, local_holidays.split())))


def hours_of(office: Office) -> Hours:
    """When an office works, as given or as usual."""
    return hours(office.opening_hours, office.time_zone, office.holidays, office.local_holidays)


def answer_by(office: Office, received_at: datetime) -> datetime:
    """Until when an enquiry received then may expect an answer: `ANSWER_WITHIN` of the office's working time."""
    return hours_of(office).add_working(received_at, ANSWER_WITHIN)


def change(session: Session, agency: Agency, changed: Change, now: datetime) -> None:
    """Enter the hours of the agency's first office. Raises `HoursRefused`, and then nothing is changed."""
    office = agencies.office_of(session, agency)
    given, zone, holidays = office.opening_hours, office.time_zone, office.holidays
    if changed.hours is not None:
        given = week.written(week.parsed(changed.hours)) if changed.hours else None
    if changed.time_zone is not None:
        zone = working.zone_named(changed.time_zone).key
    if changed.holidays is not None:
        holidays = working.region_named(changed.holidays) if changed.holidays else ""
    today = now.astimezone(ZoneInfo(zone)).date()
    closed = " ".join(sorted(day.isoformat() for day in _closed(office, changed, today)))
    try:
        hours(given, zone, holidays, closed).next_opening(now)
    except NeverOpen:
        raise HoursRefused("with these hours and holidays the office never opens; one of them is wrong") from None
    office.opening_hours, office.time_zone, office.holidays, office.local_holidays = given, zone, holidays, closed
    versions.raise_version(session)


def _closed(office: Office, changed: Change, today: date) -> set[date]:
    for day in changed.closed_on:
        if not today <= day <= today + AHEAD:
            raise HoursRefused(f"{day} is not within the next two years; closed days are entered for days to come")
    closed = {date.fromisoformat(day) for day in office.local_holidays.split()}
    unknown = set(changed.open_on) - closed
    if unknown:
        raise HoursRefused(f"{min(unknown)} is not among its closed days; `portal agencies list --json` shows them")
    closed = {day for day in closed if day > today - AHEAD} - set(changed.open_on) | set(changed.closed_on)
    if len(closed) > MOST_CLOSED:
        raise HoursRefused(f"{len(closed)} closed days are more than {MOST_CLOSED}; take some back with --open-on DATE")
    return closed
