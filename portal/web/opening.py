"""How an agency's hours are told: its week, whether it is open, on which days it is closed, in one language.

Says nothing of an agency that has not given its hours. Depends on nothing finer than the quarter of an hour, because
pages are kept so long: with "open now" stands until when, which stays true.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from babel.dates import get_timezone_location
from babel.lists import format_list

from portal.catalogue import week
from portal.catalogue.hours import Hours
from portal.catalogue.week import DAYS, Run
from portal.language import formats
from portal.language.messages import translations

SOON = 28  # days for which holidays are told


class Row(NamedTuple):
    """Days with the same hours: `Monday–Friday`, and from when to when; `times` is empty where it is closed."""

    days: str
    times: tuple[str, ...]


class Opening(NamedTuple):
    """An agency's hours in words. `closed` and `clock` are empty where there is nothing to say."""

    status: str
    rows: tuple[Row, ...]
    closed: str
    clock: str


def opening(hours: Hours, lang: str, quarter: datetime) -> Opening:
    """An agency's hours as its page tells them in the quarter of an hour that begins at `quarter`."""
    return Opening(
        _status(hours, lang, quarter), tuple(_row(run, lang) for run in week.runs(hours.week)),
        _closed(hours, lang, quarter), _clock(hours, lang, quarter),
    )  # fmt: skip


def _status(hours: Hours, lang: str, quarter: datetime) -> str:
    _ = translations(lang).gettext
    if hours.is_open(quarter):
        closing = hours.next_closing(quarter).astimezone(hours.zone)
        # At midnight the next day's hours may go on.
        if closing.hour == closing.minute == 0:
            return _("Open now")
        return _("Open now, until %(time)s") % {"time": f"{closing:%H:%M}"}
    opens = hours.next_opening(quarter).astimezone(hours.zone)
    told = {
        "time": f"{opens:%H:%M}",
        "weekday": formats.weekday(opens.weekday(), lang),
        "date": formats.day_of_year(opens.date(), lang),
    }
    days = (opens.date() - quarter.astimezone(hours.zone).date()).days
    if days < len(DAYS):
        near = {0: _("Opens today at %(time)s"), 1: _("Opens tomorrow at %(time)s")}
        return near.get(days, _("Opens on %(weekday)s at %(time)s")) % told
    return _("Opens on %(date)s at %(time)s") % told


def _row(run: Run, lang: str) -> Row:
    days = "–".join(formats.weekday(day, lang) for day in dict.fromkeys((run.first, run.last)))
    times = tuple(f"{week.clock(opens)}–{week.clock(closes)}" for opens, closes in run.intervals)
    return Row(days[:1].upper() + days[1:], times)


def _closed(hours: Hours, lang: str, quarter: datetime) -> str:
    today = quarter.astimezone(hours.zone).date()
    coming = (today + timedelta(days=after) for after in range(SOON))
    closed = [day for day in coming if hours.week[day.weekday()] and hours.is_holiday(day)]
    days = format_list([formats.day_of_year(day, lang) for day in closed], locale=lang)
    return translations(lang).gettext("Closed on %(days)s") % {"days": days} if closed else ""


def _clock(hours: Hours, lang: str, quarter: datetime) -> str:
    if quarter.astimezone(hours.zone).utcoffset() == quarter.astimezone(formats.ZONE).utcoffset():
        return ""
    place = get_timezone_location(hours.zone.key, locale=lang, return_city=True)
    return translations(lang).gettext("Local time: %(place)s") % {"place": place}
