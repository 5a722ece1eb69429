"""Weekly hours: midnight, zones, and the two nights a year on which the clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.actions.policy.hours import WEEK, Hours, Weekday, minutes_of, span_after, span_at

BERLIN = "Europe/Berlin"
# In 2026 the clocks of Berlin go from 02:00 to 03:00 on 29 March, and from 03:00 back to 02:00 on 25 October.
ZONES = [BERLIN, "UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia"]

# When clocks are changed in 2026, in one of the zones or another, and a day and a half around it.
CHANGES = [
    datetime.fromisoformat(text)
    for text in (
        "2026-03-29T01:00Z",
        "2026-10-25T01:00Z",
        "2026-03-08T07:00Z",
        "2026-11-01T06:00Z",
        "2026-04-04T15:00Z",
        "2026-10-03T15:30Z",
        "2026-03-08T05:00Z",
        "2026-11-01T05:00Z",
        "2026-07-15T12:00Z",
    )
]
MOMENTS = st.builds(
    lambda change, minutes: change + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(-2_000, 2_000)
)


def hours(begins: str, ends: str, *days: str, zone: str = BERLIN) -> Hours:
    return Hours(days=tuple(map(Weekday, days)) or WEEK, from_time=begins, to_time=ends, zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "moment", "holds"),
    [
        pytest.param(hours("09:00", "17:00"), "2026-11-06T07:59:59", False, id="a second before it begins"),
        pytest.param(hours("09:00", "17:00"), "2026-11-06T08:00:00", True, id="when it begins"),
        pytest.param(hours("09:00", "17:00"), "2026-11-06T15:59:59", True, id="a second before it ends"),
        pytest.param(hours("09:00", "17:00"), "2026-11-06T16:00:00", False, id="when it ends"),
        pytest.param(hours("09:00", "17:00"), "2026-07-06T07:00:00", True, id="an hour earlier in summer"),
        pytest.param(hours("22:00", "06:00", "fri"), "2026-11-06T22:30:00", True, id="before midnight of its day"),
        pytest.param(hours("22:00", "06:00", "fri"), "2026-11-07T04:59:59", True, id="after midnight, still Friday's"),
        pytest.param(hours("22:00", "06:00", "fri"), "2026-11-07T05:00:00", False, id="over on Saturday morning"),
        pytest.param(hours("22:00", "06:00", "fri"), "2026-11-06T04:00:00", False, id="not the night before Friday"),
        pytest.param(hours("22:00", "06:00", "sun"), "2026-11-09T02:00:00", True, id="from Sunday into Monday"),
        pytest.param(hours("00:00", "24:00", "sat"), "2026-11-06T23:00:00", True, id="a whole day of that zone"),
        pytest.param(hours("00:00", "24:00", "sat"), "2026-11-07T23:00:00", False, id="and no more"),
        pytest.param(hours("16:00", "24:00", "fri"), "2026-11-06T22:59:59", True, id="until midnight"),
        pytest.param(hours("09:00", "17:00", "fri", zone="Asia/Tokyo"), "2026-11-06T00:00:00", True, id="Tokyo's nine"),
        pytest.param(
            hours("09:00", "17:00", "sat", zone="Pacific/Auckland"), "2026-11-06T20:30:00", True, id="is ahead"
        ),
    ],
)
def test_hours_hold_on_the_clocks_of_their_zone(window: Hours, moment: str, holds: bool):
    assert window.contains(utc(moment)) is holds


@pytest.mark.parametrize(
    ("window", "begins", "ends"),
    [
        pytest.param(hours("02:30", "04:00", "sun"), "2026-03-29T01:00", "2026-03-29T02:00", id="skipped beginning"),
        pytest.param(hours("01:00", "02:30", "sun"), "2026-03-29T00:00", "2026-03-29T01:00", id="skipped end"),
        pytest.param(hours("22:00", "06:00", "sat"), "2026-03-28T21:00", "2026-03-29T04:00", id="an hour shorter"),
        pytest.param(hours("02:30", "04:00", "sun"), "2026-10-25T00:30", "2026-10-25T03:00", id="first of two"),
        pytest.param(hours("01:00", "02:30", "sun"), "2026-10-24T23:00", "2026-10-25T01:30", id="second of two"),
        pytest.param(hours("22:00", "06:00", "sat"), "2026-10-24T20:00", "2026-10-25T05:00", id="an hour longer"),
    ],
)
def test_a_change_of_the_clocks_moves_no_end_further_than_the_clocks(window: Hours, begins: str, ends: str):
    found = span_at([window], utc(begins))

    assert found is not None
    assert (found.starts_at, found.ends_at) == (utc(begins), utc(ends))
    assert not window.contains(utc(begins) - timedelta(seconds=1))
    assert not window.contains(utc(ends))


def test_hours_that_the_clocks_skip_whole_do_not_hold_that_night():
    window = hours("02:10", "02:50", "sun")

    assert not any(window.contains(utc("2026-03-29T00:00") + timedelta(minutes=minute)) for minute in range(180))
    assert window.contains(utc("2026-03-22T01:30"))


@given(
    moment=MOMENTS,
    zone=st.sampled_from(ZONES),
    days=st.sets(st.sampled_from(WEEK), min_size=1),
    begins=st.integers(0, 1439),
    ends=st.integers(1, 1440),
)
def test_they_hold_for_no_less_than_the_clocks_show(moment, zone, days, begins, ends):
    window = hours(f"{begins // 60:02}:{begins % 60:02}", f"{ends // 60:02}:{ends % 60:02}", *days, zone=zone)
    shown = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    since = shown - datetime.combine(shown.date(), datetime.min.time())
    today, yesterday = WEEK[shown.weekday()] in days, WEEK[(shown.weekday() - 1) % 7] in days
    first, last = minutes_of(window.from_time), minutes_of(window.to_time)
    on_the_clocks = (
        today and first <= since < last if first < last else (today and first <= since) or (yesterday and since < last)
    )

    is_a_change_near = (
        len({(moment + timedelta(hours=h)).astimezone(ZoneInfo(zone)).utcoffset() for h in (-26, 0, 26)}) > 1
    )
    assert window.contains(moment) or not on_the_clocks
    assert is_a_change_near or window.contains(moment) is on_the_clocks


def test_what_follows_without_a_gap_is_one_span():
    weekend = [hours("16:00", "24:00", "fri"), hours("00:00", "24:00", "sat", "sun"), hours("00:00", "08:00", "mon")]

    found = span_at(weekend, utc("2026-11-07T12:00"))
    assert found is not None
    assert (found.starts_at, found.ends_at) == (utc("2026-11-06T15:00"), utc("2026-11-09T07:00"))
    after = span_after(weekend, utc("2026-11-07T12:00"))
    assert after is not None
    assert (after.starts_at, after.ends_at) == (utc("2026-11-13T15:00"), utc("2026-11-16T07:00"))


def test_hours_within_others_do_not_shorten_them():
    found = span_at([hours("10:00", "20:00", "fri"), hours("12:00", "13:00", "fri")], utc("2026-11-06T11:30"))

    assert found is not None
    assert found.ends_at == utc("2026-11-06T19:00")


def test_hours_without_a_gap_have_no_end():
    found = span_at([hours("00:00", "24:00")], utc("2026-11-07T12:00"))

    assert found is not None
    assert found.ends_at is None
    assert span_after([hours("00:00", "24:00")], utc("2026-11-07T12:00")) is None


@pytest.mark.parametrize("zone", ZONES)
def test_the_next_span_of_one_day_a_week_is_found_from_every_day(zone: str):
    window = hours("23:00", "01:00", "wed", zone=zone)
    for day in range(7):
        moment = utc("2026-11-02T12:00") + timedelta(days=day)
        after = span_after([window], moment)
        assert after is not None
        assert after.ends_at is not None
        assert moment < after.starts_at <= moment + timedelta(days=7)
        assert after.ends_at - after.starts_at == timedelta(hours=2)


def test_they_are_told_in_words():
    assert hours("18:00", "08:00", "fri", "mon").words() == "mon, fri 18:00-08:00 Europe/Berlin"
    assert Hours(zone="UTC").words() == "every day 00:00-24:00 UTC"
