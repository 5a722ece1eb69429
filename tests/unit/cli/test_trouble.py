"""Which lines of a child's output are hinted on the screen."""

import pytest

from services.cli.supervisor.trouble import HintBudget, Trouble, find_trouble


@pytest.mark.parametrize(
    ("line", "trouble"),
    [
        ('{"level":"error","event":"disk full","path":"/x"}', Trouble("error", "disk full")),
        ('{"level":"warning","event":"slow\\nfsync"}', Trouble("warning", "slow fsync")),
        ("[2026-11-23 10:00:00,000: ERROR/MainProcess] consumer: lost", Trouble("error", "consumer: lost")),
        ("[W 261123 10:00:00 command:10] No password", Trouble("warning", "No password")),
        ("12:M 23 Nov 2026 10:00:00.000 # Bad file format", Trouble("warning", "Bad file format")),
        ('{"level":"info","event":"ready"}', None),
        ("[2026-11-23 10:00:00,000: INFO/MainProcess] ready", None),
        ("12:M 23 Nov 2026 10:00:00.000 # Valkey is now ready to exit, bye bye...", None),
        ("{not json", None),
        ("plain words with ERROR in them", None),
    ],
)  # fmt: skip
def test_warnings_and_errors_of_every_child_are_found(line: str, trouble: Trouble | None) -> None:
    assert find_trouble(line) == trouble


def test_a_long_message_is_cut() -> None:
    found = find_trouble('{"level":"error","event":"' + "x" * 500 + '"}')

    assert found is not None
    assert len(found.message) == 160


def test_a_storm_of_errors_becomes_one_hint_with_a_count() -> None:
    budget = HintBudget(every_seconds=15)

    assert budget.take(0.0) == 0
    assert [budget.take(float(second)) for second in range(1, 6)] == [None] * 5
    assert budget.take(15.0) == 5
    assert budget.take(30.0) == 0
