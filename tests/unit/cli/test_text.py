"""Text as it is shown."""

from datetime import UTC, datetime

import pytest

from services.cli.text import ago, one_line, when

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-23T12:00:00Z", "now (2026-11-23 12:00:00Z)"),
        ("2026-11-23T11:59:18.500Z", "41 s ago (2026-11-23 11:59:18Z)"),
        ("2026-11-23T11:57:00Z", "3 min ago (2026-11-23 11:57:00Z)"),
        ("2026-11-23T09:00:00+01:00", "4 h ago (2026-11-23 08:00:00Z)"),
        ("2026-11-20T12:00:00Z", "3 d ago (2026-11-20 12:00:00Z)"),
        ("2026-11-23T12:05:00Z", "in 5 min (2026-11-23 12:05:00Z)"),
        (None, ""),
        ("not a time\x1b[2J", "not a time\\x1b[2J"),
    ],
)
def test_times_are_shown_relative_and_exact(moment: str | None, shown: str) -> None:
    assert when(moment, NOW) == shown


def test_distances_do_not_round_up() -> None:
    assert ago(119.9) == "1 min ago"


def test_an_escape_sequence_in_an_alert_does_not_reach_the_terminal() -> None:
    assert one_line("down\x1b]0;owned\x07\n now\x9b31m") == "down\\x1b]0;owned\\x07 now\\x9b31m"
