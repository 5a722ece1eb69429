"""What the supervisor does about a child that ended."""

import pytest

from services.cli.supervisor.policy import Exit, GiveUp, History, Restart, RestartPolicy, decide, describe_exit

POLICY = RestartPolicy(jitter=0.2)
UP = History(was_up=True)


def crash(ran_seconds: float = 0.1, code: int = 1, *, was_ready: bool = True) -> Exit:
    return Exit(code, ran_seconds, was_ready)


def delays(*runs: Exit, history: History = UP) -> list[float]:
    found = []
    for ended in runs:
        decision, history = decide(ended, history, POLICY, essential=True, chance=0.0)
        assert isinstance(decision, Restart)
        found.append(decision.delay_seconds)
    return found


def test_delays_of_a_crash_loop_double_from_a_fifth_of_a_second_to_half_a_minute() -> None:
    assert delays(*[crash()] * 10) == [0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30.0, 30.0]


def test_a_minute_of_health_resets_the_delay() -> None:
    assert delays(*[crash()] * 5, crash(60.0), crash())[-2:] == [0.2, 0.4]


def test_a_child_that_is_killed_every_few_seconds_is_back_at_once_each_time() -> None:
    assert set(delays(*[crash(10.0, code=-9)] * 50)) == {0.2}


def test_jitter_only_shortens_and_by_a_fifth_at_most() -> None:
    decision, _ = decide(crash(), UP, POLICY, essential=True, chance=1.0)

    assert decision == Restart(0.2 * 0.8)


def test_a_thousand_crashes_in_a_row_do_not_overflow() -> None:
    assert delays(*[crash()] * 1000)[-1] == 30.0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (78, "its settings are not usable"),
        (75, "another process owns the data folder"),
        (65, "its data is damaged"),
    ],
)
def test_a_child_that_says_there_is_no_hope_is_given_up_at_once(code: int, reason: str) -> None:
    decision, _ = decide(crash(code=code, was_ready=False), History(), POLICY, essential=True, chance=0.0)

    assert decision == GiveUp(reason)


def test_three_failed_starts_are_given_up() -> None:
    history = History()
    for _ in range(2):
        decision, history = decide(crash(was_ready=False), history, POLICY, essential=True, chance=0.0)
        assert isinstance(decision, Restart)

    decision, _ = decide(crash(was_ready=False), history, POLICY, essential=True, chance=0.0)

    assert decision == GiveUp("it ended 3 times without ever being up")


def test_being_killed_before_it_is_up_is_no_reason_to_give_up() -> None:
    assert len(delays(*[crash(code=-9, was_ready=False)] * 10, history=History())) == 10


def test_a_child_that_was_up_once_is_never_given_up() -> None:
    assert len(delays(crash(), *[crash(code=78, was_ready=False)] * 10, history=History())) == 11


def test_a_child_nobody_needs_is_never_given_up() -> None:
    history = History()
    for _ in range(10):
        decision, history = decide(crash(code=78, was_ready=False), history, POLICY, essential=False, chance=0.0)
        assert isinstance(decision, Restart)


def test_exits_are_worded_for_people() -> None:
    assert [describe_exit(code) for code in (0, 78, -9, -250)] == [
        "exit code 0",
        "exit code 78",
        "killed by SIGKILL",
        "killed by signal 250",
    ]
