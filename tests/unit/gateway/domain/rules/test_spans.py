from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.records import SilenceState
from services.gateway.domain.rules import Span, current_span, next_span
from tests.unit.gateway.domain.rules.cases import NOW, a_silence

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def recurring(starts: str, ends: str, repeat: str, timezone: str = "Europe/Berlin"):
    return a_silence(starts_at=at(starts), ends_at=at(ends), repeat=repeat, timezone=timezone)


def spans(silence, since: datetime, count: int) -> list[tuple[str, str]]:
    found = []
    for _ in range(count):
        span = next_span(silence, since)
        if span is None:
            break
        found.append((f"{span.starts_at:%m-%d %H:%M}", f"{span.ends_at:%m-%d %H:%M}"))
        since = span.starts_at
    return found


def test_a_silence_holds_from_its_start_until_before_its_end():
    silence = a_silence()
    span = Span(NOW, NOW + 2 * HOUR)

    assert current_span(silence, NOW - timedelta.resolution) is None
    assert current_span(silence, NOW) == current_span(silence, NOW + 2 * HOUR - timedelta.resolution) == span
    assert current_span(silence, NOW + 2 * HOUR) is None
    assert next_span(silence, NOW - HOUR) == span
    assert next_span(silence, NOW) is None


def test_one_that_was_ended_holds_no_more():
    ended = a_silence(state=SilenceState.ENDED)

    assert current_span(ended, NOW) is None
    assert next_span(ended, NOW - HOUR) is None


def test_a_window_recurs_at_the_same_time_on_the_wall():
    # 22:00 to 06:00 in Berlin, which leaves summer time in the night to the 25th of October.
    nightly = recurring("2026-10-23T20:00", "2026-10-24T04:00", "FREQ=DAILY")

    assert spans(nightly, at("2026-10-23T00:00"), 3) == [
        ("10-23 20:00", "10-24 04:00"),
        ("10-24 20:00", "10-25 05:00"),
        ("10-25 21:00", "10-26 05:00"),
    ]


def test_a_time_the_clocks_skip_is_later_by_what_they_skip():
    # 02:30 to 02:45 in Berlin; in the night of the 29th of March there is no such time.
    nightly = recurring("2026-03-28T01:30", "2026-03-28T01:45", "FREQ=DAILY")

    assert spans(nightly, at("2026-03-28T12:00"), 2) == [("03-29 01:30", "03-29 01:45"), ("03-30 00:30", "03-30 00:45")]


def test_a_span_whose_beginning_alone_is_skipped_keeps_its_length():
    nightly = recurring("2026-03-28T01:30", "2026-03-28T02:00", "FREQ=DAILY")

    assert spans(nightly, at("2026-03-28T12:00"), 1) == [("03-29 01:30", "03-29 02:00")]


def test_of_a_time_that_comes_twice_the_first_counts():
    nightly = recurring("2026-10-24T00:30", "2026-10-24T00:45", "FREQ=DAILY")

    assert spans(nightly, at("2026-10-24T12:00"), 2) == [("10-25 00:30", "10-25 00:45"), ("10-26 01:30", "10-26 01:45")]


@pytest.mark.parametrize(
    ("repeat", "days"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,WE", ["11-23", "11-25", "11-30", "12-02"]),
        ("freq=weekly;interval=2", ["11-23", "12-07", "12-21", "01-04"]),
        ("RRULE:FREQ=DAILY;COUNT=2", ["11-23", "11-24"]),
        ("FREQ=DAILY;UNTIL=20261125", ["11-23", "11-24", "11-25"]),
        ("FREQ=DAILY;UNTIL=20261125T110000Z", ["11-23", "11-24"]),
        ("FREQ=DAILY;UNTIL=20261125T120000Z", ["11-23", "11-24", "11-25"]),
        ("FREQ=DAILY;UNTIL=20261125T120000", ["11-23", "11-24"]),
        ("FREQ=MONTHLY", ["11-23", "12-23", "01-23", "02-23"]),
        ("FREQ=MONTHLY;BYDAY=4MO", ["11-23", "12-28", "01-25", "02-22"]),
        ("FREQ=MONTHLY;BYDAY=-2MO", ["11-23", "12-21", "01-18", "02-15"]),
    ],
)
def test_what_repeat_understands(repeat, days):
    silence = recurring("2026-11-23T12:00", "2026-11-23T13:00", repeat)

    assert [starts[:5] for starts, _ in spans(silence, at("2026-11-23T00:00"), 4)] == days


def test_between_two_spans_none_is_current_and_years_later_it_still_recurs():
    silence = recurring("2026-11-23T12:00", "2026-11-23T13:00", "FREQ=WEEKLY", "UTC")

    assert current_span(silence, at("2026-11-24T12:30")) is None
    assert current_span(silence, at("2036-11-24T12:30")) == Span(at("2036-11-24T12:00"), at("2036-11-24T13:00"))


def test_a_span_that_lasts_for_days_is_found_on_each_of_them():
    silence = recurring("2026-11-20T20:00", "2026-11-25T20:00", "FREQ=WEEKLY")

    assert current_span(silence, at("2026-12-02T19:59")).starts_at == at("2026-11-27T20:00")


@given(
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia")),
    starts=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001 - hypothesis wants them so
        lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
    ),
    minutes=st.integers(1, 1_200),
    later=st.timedeltas(timedelta(0), timedelta(days=500)),
)
def test_spans_follow_each_other_without_overlap(zone, starts, minutes, later):
    silence = a_silence(
        starts_at=starts, ends_at=starts + timedelta(minutes=minutes), repeat="FREQ=DAILY", timezone=zone
    )
    now = starts + later

    upcoming, current = next_span(silence, now), current_span(silence, now)

    assert upcoming.ends_at > upcoming.starts_at > now
    assert current_span(silence, upcoming.starts_at).ends_at >= upcoming.ends_at
    if current is not None:
        assert current.contains(now)
        assert current.ends_at <= upcoming.starts_at
