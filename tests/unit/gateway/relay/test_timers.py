from datetime import timedelta

from services.gateway.relay.timers import Timers
from tests.support.clock import START


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_timers_come_in_the_order_they_are_due() -> None:
    timers = Timers()
    timers.put("late", START + after(20))
    timers.put("soon", START + after(10))

    assert timers.next_due() == START + after(10)
    assert timers.take_due(START + after(9)) is None
    assert [timers.take_due(START + after(30)) for _ in range(3)] == ["soon", "late", None]


def test_a_timer_set_anew_is_due_once_at_its_new_time() -> None:
    timers = Timers()
    timers.put("a", START + after(10))
    timers.put("a", START + after(20))

    assert timers.take_due(START + after(15)) is None
    assert timers.take_due(START + after(20)) == "a"
    assert timers.take_due(START + after(99)) is None


def test_a_dropped_timer_is_never_due() -> None:
    timers = Timers()
    timers.put("a", START)
    timers.drop("a")
    timers.drop("unknown")

    assert timers.next_due() is None
    assert len(timers) == 0


def test_a_timer_that_is_set_over_and_over_does_not_grow_the_heap() -> None:
    timers = Timers()
    for second in range(10_000):
        timers.put("a", START + after(second))

    assert len(timers._heap) < 100
