"""How values read: the same on the server as in the page's script (web/test/times.test.ts asks the same)."""

import pytest

from services.gateway.ui.words import ago, duration

_DAY = 86_400


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        *((0, "now"), (-9, "now"), (9, "now"), (-10, "10s ago"), (59, "in 59s"), (-60, "1m ago"), (-3_599, "59m ago")),
        *((3_600, "in 1h"), (-86_399, "23h ago"), (-_DAY, "1d ago"), (-40 * _DAY, "40d ago")),
    ],
)
def test_a_moment_is_said_by_how_far_it_is(seconds: int, said: str):
    assert ago(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "\N{EN DASH}"), (0.2, "0s"), (61, "1m 1s"), (7_500, "2h 5m"), (_DAY + 60, "1d 1m")]
)
def test_a_length_of_time_is_said_in_its_largest_units(seconds: float | None, said: str):
    assert duration(seconds) == said
