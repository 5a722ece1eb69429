import threading

import pytest

from shared.adapters.heartbeat import MOST_STEPS, OUTPUT_TAIL, Heartbeat, JobCancelled, JobStopped, TookTooLong
from shared.contracts.messages import Beat, BeatAnswer, Claimed

CLAIMED = Claimed(token="job_1.1", lease_seconds=0.03)


class Gateway:
    """Hears beats, and cancels when it is told to."""

    def __init__(self, *, cancel: bool = False, is_cancelled: bool = False) -> None:
        self.beats: list[Beat] = []
        self.heard = threading.Semaphore(0)
        self._answer = BeatAnswer(cancel=cancel, is_cancelled=is_cancelled)

    def beat(self, beat: Beat) -> BeatAnswer:
        self.beats.append(beat)
        self.heard.release()
        return self._answer


def test_what_is_told_goes_with_the_next_beat() -> None:
    gateway = Gateway()
    with Heartbeat(gateway.beat, CLAIMED) as pulse:
        pulse.tell(0.5, "list pods")
        while not any(beat.note == "list pods" for beat in gateway.beats):
            assert gateway.heard.acquire(timeout=10)

    assert gateway.beats[-1] == Beat(token="job_1.1", progress=0.5, note="list pods")


@pytest.mark.parametrize(("is_cancelled", "why"), [(True, JobCancelled), (False, JobStopped)])
def test_work_nobody_wants_any_more_is_stopped_between_two_reads(is_cancelled: bool, why: type[JobStopped]) -> None:
    gateway = Gateway(cancel=True, is_cancelled=is_cancelled)
    with Heartbeat(gateway.beat, CLAIMED) as pulse:
        # The second beat begins after the answer to the first was taken.
        for _ in range(2):
            assert gateway.heard.acquire(timeout=10)
        with pytest.raises(JobStopped) as stopped:
            pulse.tell(None, "list pods")

    assert type(stopped.value) is why


def test_work_that_takes_too_long_ends_with_the_last_it_did() -> None:
    now = iter([0.0, 5.0, 11.0])
    with Heartbeat(Gateway().beat, CLAIMED, most_seconds=10.0, monotonic=lambda: next(now)) as pulse:
        pulse.tell(None, "list pods")
        with pytest.raises(TookTooLong, match="list services"):
            pulse.tell(None, "list services")


def test_the_end_of_what_was_put_out_goes_along() -> None:
    gateway = Gateway()
    with Heartbeat(gateway.beat, CLAIMED) as pulse:
        pulse.show("x" * OUTPUT_TAIL)
        pulse.show("the end")
        while not any(beat.output.endswith("the end") for beat in gateway.beats):
            assert gateway.heard.acquire(timeout=10)

    assert len(gateway.beats[-1].output) == OUTPUT_TAIL


def test_work_that_must_not_be_broken_off_is_told_and_not_stopped() -> None:
    gateway = Gateway(cancel=True)
    with Heartbeat(gateway.beat, CLAIMED) as pulse:
        for _ in range(2):
            assert gateway.heard.acquire(timeout=10)
        pulse.say(0.5, "evict")
        assert pulse.is_stopped


def test_a_step_is_told_at_once_with_those_that_are_done() -> None:
    gateway = Gateway()
    seldom = Claimed(token="job_1.1", lease_seconds=3_600)
    with Heartbeat(gateway.beat, seldom) as pulse:
        pulse.say(0.5, "evict shop/b", ("cordon n1", "evict shop/a"))
        assert gateway.heard.acquire(timeout=10)
        pulse.say(0.5, "evict shop/c", tuple(f"evict shop/{number}" for number in range(MOST_STEPS + 1)))
        assert gateway.heard.acquire(timeout=10)

    first, second = gateway.beats
    assert (first.note, first.done) == ("evict shop/b", ("cordon n1", "evict shop/a"))
    assert (len(second.done), second.done[-1]) == (MOST_STEPS, f"evict shop/{MOST_STEPS}")
