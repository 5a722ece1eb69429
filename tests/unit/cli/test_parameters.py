"""What options are read as: durations and moments."""

from datetime import UTC, datetime, timedelta

import click
import pytest

from services.cli.parameters import Duration, Moment, rfc3339


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2h", timedelta(hours=2)),
        ("90m", timedelta(minutes=90)),
        ("45s", timedelta(seconds=45)),
        ("1d12h", timedelta(days=1, hours=12)),
        ("1h30m", timedelta(hours=1, minutes=30)),
    ],
)
def test_a_duration_is_its_parts_in_sum(text: str, length: timedelta) -> None:
    assert Duration().convert(text, None, None) == length


@pytest.mark.parametrize("text", ["", "2", "0h", "-2h", "2 h", "1.5h", "30m1h", "2h later", "9999999d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a duration"):
        Duration().convert(text, None, None)


def test_a_moment_keeps_its_offset() -> None:
    # A window that recurs begins at that wall-clock time; the API knows which.
    assert rfc3339(Moment().convert("2026-11-02T12:00:00+01:00", None, None)) == "2026-11-02T12:00:00+01:00"


def test_a_moment_in_utc_is_written_with_z() -> None:
    assert rfc3339(datetime(2026, 11, 2, 12, tzinfo=UTC)) == "2026-11-02T12:00:00Z"


@pytest.mark.parametrize("text", ["2026-11-02", "2026-11-02T12:00:00", "tomorrow", ""])
def test_a_moment_without_its_offset_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="not a time with its offset"):
        Moment().convert(text, None, None)
