"""The week of an office in writing: read strictly, written back, and what is not understood is refused with advice."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.catalogue import week
from portal.catalogue.week import DAY, MOST, HoursRefused, Interval, Week


def day_of(times: set[int]) -> tuple[Interval, ...]:
    return tuple(Interval(*pair) for pair in zip(*[iter(sorted(times))] * 2, strict=False))


days = st.sets(st.integers(0, DAY), max_size=2 * MOST).map(day_of)
weeks: st.SearchStrategy[Week] = st.tuples(*[days] * 7).filter(
    lambda told: sum(closes - opens for day in told for opens, closes in day) >= 120
)


# However busy the machine is.
calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@calm
@given(weeks)
def test_what_is_written_is_read_back(told):
    text = week.written(told)
    assert len(text) <= week.LONGEST
    assert week.parsed(text) == told


@calm
@given(st.text(alphabet="MoTuWeThFrSa Su0123456789:-,;", max_size=60) | st.text(max_size=40))
def test_whatever_is_typed_is_a_week_in_order_or_refused(text):
    try:
        told = week.parsed(text)
    except HoursRefused:
        return
    assert week.parsed(week.written(told)) == told
    for day in told:
        assert all(former.closes < later.opens for former, later in pairwise(day))
        assert all(0 <= interval.opens < interval.closes <= DAY for interval in day)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00", "Mo-Fr 09:30-14:00,16:30-19:30; Sa 10:00-14:00"),
        ("Sa 10:00-14:00;Mo,Tu,We,Th 09:00-17:00", "Mo-Th 09:00-17:00; Sa 10:00-14:00"),
        ("Mo,We-Fr 09:00-17:00; Tu 09:00-17:00", "Mo-Fr 09:00-17:00"),
        ("Mo,We 09:00-17:00", "Mo 09:00-17:00; We 09:00-17:00"),
        ("Fr 20:00-24:00; Sa 00:00-02:00", "Fr 20:00-24:00; Sa 00:00-02:00"),
        ("Mo-Su 00:00-24:00", "Mo-Su 00:00-24:00"),
    ],
)
def test_a_week_is_kept_as_short_as_it_can_be(typed, kept):
    assert week.written(week.parsed(typed)) == kept


@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("", "write them like Mo-Fr"),
        ("Mo-Fr", "write them like Mo-Fr"),
        ("Mo-Fr 09:00-17:00;", "write them like Mo-Fr"),
        ("24/7", "write them like Mo-Fr"),
        ("mo-fr 09:00-17:00", "write Mo, Tu"),
        ("Mon-Fri 09:00-17:00", "write Mo, Tu"),
        ("Mo–Fr 09:00-17:00", "write Mo, Tu"),
        ("PH 09:00-17:00", "write Mo, Tu"),
        ("Mo-Fr-Sa 09:00-17:00", "write Mo, Tu"),
        ("Fr-Mo 09:00-17:00", "write Fr,Mo one by one"),
        ("Mo,Mo 09:00-17:00", "name each day once"),
        ("Mo-Fr 09:00-14:00; Fr 16:00-18:00", "put all its times behind it"),
        ("Mo 9:00-17:00", "write like 09:30-14:00"),
        ("Mo 09:00–17:00", "write like 09:30-14:00"),
        ("Mo 09:00-17:60", "write like 09:30-14:00"),
        ("Mo 09:00-17:00 off", "write like 09:30-14:00"),
        ("Mo ٠٩:٠٠-١٧:٠٠", "write like 09:30-14:00"),
        ("Mo 09:00-17:00\n", "write like 09:30-14:00"),
        ("Mo  09:00-17:00", "write like 09:30-14:00"),
        ("Mo 09:00-24:01", "write what lies after it on the next day"),
        ("Fr 22:00-02:00", "like Fr 20:00-24:00; Sa 00:00-02:00"),
        ("Mo 09:00-09:00", "does not end after it begins"),
        ("Mo 09:00-14:00,13:00-18:00", "a pause between"),
        ("Mo 09:00-14:00,14:00-18:00", "a pause between"),
        ("Mo 16:00-18:00,09:00-14:00", "not in order"),
        ("Mo 08:00-09:00,10:00-11:00,12:00-13:00,14:00-15:00,16:00-17:00", "4 times"),
        ("Mo 09:00-17:00\x00", "write like 09:30-14:00"),
        ("<script>alert(1)</script> 09:00-17:00", "write Mo, Tu"),
        ("Mo 09:00-17:00; " * 10_000, "more than 400 characters"),
    ],
)
def test_what_is_no_week_is_refused_with_what_to_write(typed, advice):
    with pytest.raises(HoursRefused) as refused:
        week.parsed(typed)
    assert advice in str(refused.value)
