"""Working hours: midday breaks, weekends, holidays, changes of the clock, other zones; and the arithmetic holds."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.catalogue import hours, opening, week
from portal.catalogue.agencies import Office
from portal.catalogue.hours import USUAL, Hours, NeverOpen, instant
from portal.catalogue.week import HoursRefused
from tests.test_week import weeks

MADRID, CANARY, LONDON = ZoneInfo("Europe/Madrid"), ZoneInfo("Atlantic/Canary"), ZoneInfo("Europe/London")
MARBELLA = Hours(USUAL, MADRID, "ES-AN", frozenset({date(2026, 12, 24)}))
NIGHT = week.parsed("Mo-Su 01:00-05:00")


def at(text: str, zone: ZoneInfo = MADRID) -> datetime:
    """A moment by the wall clock of a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "is_open", "opens"),
    [
        ("2026-11-23 09:29:59", False, "2026-11-23 09:30"),  # a Monday
        ("2026-11-23 09:30", True, "2026-11-23 09:30"),
        ("2026-11-23 13:59:59.999999", True, "2026-11-23 13:59:59.999999"),
        ("2026-11-23 14:00", False, "2026-11-23 16:30"),  # the midday break
        ("2026-11-23 15:12", False, "2026-11-23 16:30"),
        ("2026-11-27 19:30", False, "2026-11-28 10:00"),  # Friday evening
        ("2026-11-28 14:00", False, "2026-11-30 09:30"),  # Saturday afternoon
        ("2026-11-29 11:00", False, "2026-11-30 09:30"),  # Sunday
        ("2026-02-28 11:00", False, "2026-03-02 09:30"),  # the day of Andalucía, a Saturday
        ("2027-03-01 11:00", False, "2027-03-02 09:30"),  # the same, of a Sunday, kept on the Monday
        ("2026-04-02 11:00", False, "2026-04-04 10:00"),  # Maundy Thursday in Andalucía, and Good Friday
        ("2026-10-12 11:00", False, "2026-10-13 09:30"),
        ("2026-12-23 19:30", False, "2026-12-26 10:00"),  # 24 by the office, 25 by law, 26 a Saturday as any
        ("2026-12-24 11:00", False, "2026-12-26 10:00"),
        ("2026-12-26 10:00", True, "2026-12-26 10:00"),
        ("2026-12-31 20:00", False, "2027-01-02 10:00"),
    ],
)
def test_an_office_is_open_by_its_week_and_closed_on_its_holidays(moment, is_open, opens):
    assert MARBELLA.is_open(at(moment)) is is_open
    assert MARBELLA.next_opening(at(moment)) == at(opens)


@pytest.mark.parametrize(
    ("region", "day", "is_holiday"),
    [
        ("ES", date(2028, 2, 28), False),
        ("ES-AN", date(2028, 2, 28), True),
        ("ES-CT", date(2028, 2, 28), False),
        ("ES-CT", date(2026, 12, 26), True),
        ("ES-AN", date(2026, 12, 24), False),
        ("ES-CN", date(2026, 5, 30), True),
        ("GB-ENG", date(2026, 12, 28), True),  # Boxing Day of a Saturday
        ("", date(2026, 12, 25), False),
    ],
)
def test_each_region_keeps_its_own_holidays(region, day, is_holiday):
    assert Hours(USUAL, MADRID, region).is_holiday(day) is is_holiday


@pytest.mark.parametrize(
    ("since", "until", "worked"),
    [
        ("2026-11-23 13:00", "2026-11-23 17:00", 1.5),  # the break does not count
        ("2026-11-23 00:00", "2026-11-24 00:00", 7.5),
        ("2026-11-23 00:00", "2026-11-30 00:00", 41.5),
        ("2026-11-27 19:00", "2026-11-30 10:00", 5),  # Friday evening, Saturday, Monday morning
        ("2026-11-28 15:00", "2026-11-30 09:00", 0),
        ("2026-12-23 19:00", "2026-12-28 10:00", 5),  # over Christmas
        ("2026-11-24 00:00", "2026-11-23 00:00", 0),  # never less than none
    ],
)
def test_working_time_is_counted_in_hours_of_the_office(since, until, worked):
    assert MARBELLA.working_seconds(at(since), at(until)) == worked * 3600


@pytest.mark.parametrize(
    ("received", "answered"),
    [
        ("2026-11-23 09:30", "2026-11-24 10:00"),
        ("2026-11-23 15:00", "2026-11-24 17:00"),  # in the break
        ("2026-11-27 19:30", "2026-11-30 13:30"),  # Friday evening
        ("2026-11-28 15:00", "2026-12-01 10:00"),  # Saturday afternoon
        ("2026-12-23 19:29", "2026-12-28 13:29"),  # before Christmas
        ("2026-02-27 19:30", "2026-03-03 10:00"),  # before the day of Andalucía
    ],
)
def test_an_answer_may_be_expected_within_eight_hours_of_work(received, answered):
    office = Office(agency_id=1, name="x", town="Marbella", holidays="ES-AN", local_holidays="2026-12-24")
    assert opening.answer_by(office, at(received)) == at(answered)


def test_where_hours_are_not_given_the_usual_ones_are_reckoned_with():
    office = Office(agency_id=1, name="x", town="Marbella")
    assert opening.hours_of(office) == Hours(USUAL, MADRID, "ES")
    office.opening_hours = "Mo-Fr 09:00-17:00"
    assert opening.hours_of(office) == Hours(week.parsed("Mo-Fr 09:00-17:00"), MADRID, "ES")


@pytest.mark.parametrize(
    ("zone", "week_", "day", "worked"),
    [
        (MADRID, NIGHT, "2026-03-29", 3),  # 02:00 is followed by 03:00
        (MADRID, NIGHT, "2026-10-25", 5),  # 03:00 is followed by 02:00
        (MADRID, NIGHT, "2026-10-26", 4),
        (MADRID, week.parsed("Su 00:00-24:00"), "2026-03-29", 23),
        (MADRID, week.parsed("Su 00:00-24:00"), "2026-10-25", 25),
        (MADRID, week.parsed("Su 02:15-02:45,03:00-04:00"), "2026-03-29", 1),  # the first half hour is left out
        (MADRID, week.parsed("Su 02:30-04:00"), "2026-03-29", 1),
        (MADRID, week.parsed("Su 02:30-04:00"), "2026-10-25", 2.5),  # from the first 02:30 on
        (CANARY, NIGHT, "2026-03-29", 3),
        (LONDON, week.parsed("Su 00:00-02:00"), "2026-03-29", 1),
    ],
)
def test_an_interval_over_a_change_of_the_clocks_has_its_true_length(zone, week_, day, worked):
    begins = at(day, zone)
    there = Hours(week_, zone)
    assert there.working_seconds(begins, begins + timedelta(days=1)) == worked * 3600
    assert there.add_working(begins, timedelta(hours=worked)) - there.next_opening(begins) >= timedelta(hours=worked)


def test_opening_is_by_the_wall_clock_on_both_sides_of_a_change():
    for spring in ("2026-03-27 19:30", "2026-10-23 19:30"):  # the Fridays before
        friday = at(spring)
        monday = MARBELLA.next_opening(friday + timedelta(days=2))
        assert monday.astimezone(MADRID).strftime("%a %H:%M") == "Mon 09:30"
    assert MARBELLA.next_opening(at("2026-03-29 12:00")) == datetime(2026, 3, 30, 7, 30, tzinfo=UTC)
    assert MARBELLA.next_opening(at("2026-10-25 12:00")) == datetime(2026, 10, 26, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize("zone", [CANARY, LONDON, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")])
def test_an_office_elsewhere_opens_by_its_own_clock(zone):
    there = Hours(USUAL, zone)
    assert there.next_opening(at("2026-11-23 00:00", zone)) == at("2026-11-23 09:30", zone)
    assert there.is_open(at("2026-11-23 09:30", zone)) and not there.is_open(at("2026-11-23 09:29", zone))


@pytest.mark.parametrize(
    ("zone", "day", "minutes", "shown"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 150, "2026-03-29 01:00"),  # 02:30 is left out
        ("Europe/Madrid", date(2026, 10, 25), 150, "2026-10-25 00:30"),  # 02:30 is shown twice
        ("Europe/Madrid", date(2026, 10, 25), 1440, "2026-10-25 23:00"),
        ("America/Havana", date(2026, 3, 8), 0, "2026-03-08 05:00"),  # midnight is left out
        ("Pacific/Apia", date(2011, 12, 30), 600, "2011-12-30 10:00"),  # the whole day is left out
    ],
)
def test_a_time_the_clock_leaves_out_or_shows_twice_is_one_moment(zone, day, minutes, shown):
    assert instant(day, minutes, ZoneInfo(zone)) == at(shown, ZoneInfo("UTC"))


def test_hours_past_midnight_stand_on_two_days_and_count_as_one():
    bar = Hours(week.parsed("Fr 20:00-24:00; Sa 00:00-02:00"), MADRID)
    evening = at("2026-11-27 20:00")
    assert bar.is_open(at("2026-11-28 00:00")) and not bar.is_open(at("2026-11-28 02:00"))
    assert bar.working_seconds(evening, evening + timedelta(days=1)) == 6 * 3600
    assert bar.add_working(evening, timedelta(hours=5)) == at("2026-11-28 01:00")


def test_closing_is_told_from_the_present_or_the_next_opening():
    assert MARBELLA.next_closing(at("2026-11-23 10:00")) == at("2026-11-23 14:00")
    assert MARBELLA.next_closing(at("2026-11-23 14:00")) == at("2026-11-23 19:30")


def test_an_office_that_never_opens_is_said_not_waited_for():
    never = Hours(((),) * 7, MADRID)
    assert never.working_seconds(at("2026-01-01"), at("2026-12-31")) == 0
    with pytest.raises(NeverOpen):
        never.next_opening(at("2026-01-01"))
    with pytest.raises(NeverOpen):
        never.add_working(at("2026-01-01"), timedelta(hours=1))


def test_a_moment_has_a_zone_and_working_time_is_not_taken_back():
    with pytest.raises(ValueError, match="zone"):
        MARBELLA.is_open(datetime(2026, 11, 23, 12))  # noqa: DTZ001 - that is the point
    with pytest.raises(ValueError, match="taken back"):
        MARBELLA.add_working(at("2026-11-23"), timedelta(seconds=-1))


@pytest.mark.parametrize("name", ["", "Madrid", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/Madrid\x00"])
def test_a_zone_that_is_none_is_refused_before_anything_is_opened(name):
    with pytest.raises(HoursRefused, match="Europe/Madrid"):
        hours.zone_named(name)


@pytest.mark.parametrize("code", ["", "Spain", "es", "XX", "ES-", "ES-XX", "ES-AN-1", "__import__", "ES-AN\n", "ESP"])
def test_a_region_whose_holidays_are_not_known_is_refused(code):
    with pytest.raises(HoursRefused, match="write a country or its region"):
        hours.region_named(code)


# The arithmetic, for any week in any of these zones

zones = st.sampled_from([MADRID, CANARY, LONDON, ZoneInfo("America/Havana"), ZoneInfo("Australia/Lord_Howe")])
offices = st.builds(Hours, weeks, zones, st.sampled_from(["", "ES", "ES-AN"]))
# However busy the machine is.
calm = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.integers(0, 5 * 365 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))
spans = st.integers(0, 40 * 86_400).map(lambda seconds: timedelta(seconds=seconds))
works = st.integers(0, 30 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@calm
@given(offices, moments, spans, spans)
def test_working_time_adds_up_and_is_never_negative_nor_more_than_passed(office, since, first, second):
    middle, until = since + first, since + first + second
    parts = office.working_seconds(since, middle), office.working_seconds(middle, until)
    assert sum(parts) == office.working_seconds(since, until)
    assert 0 <= parts[0] <= first.total_seconds()
    assert office.working_seconds(until, since) == 0 or until == since


@calm
@given(offices, moments, works)
def test_adding_working_time_is_undone_by_counting_it(office, moment, duration):
    reached = office.add_working(moment, duration)
    assert office.working_seconds(moment, reached) == duration.total_seconds()
    if duration:  # and no earlier moment would do
        assert office.working_seconds(moment, reached - timedelta(seconds=1)) == duration.total_seconds() - 1


@calm
@given(offices, moments, spans, works, works)
def test_later_or_more_is_never_earlier(office, moment, later, work, more):
    assert office.add_working(moment, work) <= office.add_working(moment + later, work)
    assert office.add_working(moment, work) <= office.add_working(moment, work + more)
    assert office.working_seconds(moment, moment + later) <= office.working_seconds(moment, moment + later * 2)


@calm
@given(offices, moments)
def test_it_is_open_when_it_opens_and_closed_until_then(office, moment):
    opens = office.next_opening(moment)
    assert office.is_open(opens) and opens >= moment
    assert office.is_open(moment) == (opens == moment)
    assert office.working_seconds(moment, opens) == 0
    assert office.working_seconds(opens, office.next_closing(moment)) > 0


@calm
@given(offices, moments, spans)
def test_the_zone_a_moment_is_told_in_does_not_matter(office, since, span):
    until = since + span
    elsewhere = office.working_seconds(since.astimezone(MADRID), until.astimezone(ZoneInfo("Asia/Tokyo")))
    assert elsewhere == office.working_seconds(since, until)
