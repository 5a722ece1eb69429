"""What is counted of a task and of a call of the door, and only then."""

import pytest
from celery.exceptions import TimeLimitExceeded, WorkerLostError
from prometheus_client import CollectorRegistry, generate_latest

from shared.adapters.metrics.figures import Figures
from shared.adapters.metrics.worker_metrics import WorkerMetrics
from shared.settings import read_settings
from shared.worker_settings import WORKER_SETTINGS, worker_settings
from tests.support.metrics_page import value_of

TASK = "intake.normalise_deliveries"


class Sender:
    """A task, as Celery's signals name it."""

    name = TASK


class Counting:
    """A worker's metrics whose figures stay in memory."""

    def __init__(self) -> None:
        environ = {"FAULTLINE_BROKER_URL": "redis://x", "FAULTLINE_DOOR_KEY": "a-key-of-the-door"}
        settings = worker_settings(read_settings(environ, WORKER_SETTINGS))
        self.metrics = WorkerMetrics("intake", "1", settings, {})
        self._registry = CollectorRegistry()
        self.metrics._figures = Figures([TASK], self._registry)

    def tasks(self) -> dict[str, float | None]:
        text = generate_latest(self._registry).decode()
        outcomes = ("done", "failed", "lost", "timed_out")
        return {one: value_of(text, "faultline_tasks_total", task=TASK, outcome=one) for one in outcomes}

    def value(self, metric: str, /, **labels: str) -> float | None:
        return value_of(generate_latest(self._registry).decode(), metric, **labels)


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_all_outcomes_are_there_before_the_first_task(counting: Counting) -> None:
    assert counting.tasks() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 0}
    assert counting.value("faultline_door_failures_total", call="results") == 0


@pytest.mark.parametrize(("state", "outcome"), [("SUCCESS", "done"), ("FAILURE", "failed"), ("RETRY", "failed")])
def test_a_task_that_ended_is_counted_with_its_time(counting: Counting, state: str, outcome: str) -> None:
    counting.metrics._note_begun(task_id="t")
    assert counting.tasks() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 0}

    counting.metrics._note_ended(sender=Sender, task_id="t", state=state)  # type: ignore[arg-type]

    assert counting.tasks() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 0} | {outcome: 1}
    assert counting.value("faultline_task_seconds_count", task=TASK) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(WorkerLostError("signal 9"), "lost"), (TimeLimitExceeded(120), "timed_out")],
)
def test_a_task_whose_process_was_killed_is_counted_without_a_time(
    counting: Counting, error: Exception, outcome: str
) -> None:
    # As Celery does: the task's process is told that it has no state, the main process, more than once, that it failed.
    counting.metrics._note_begun(task_id="t")
    counting.metrics._note_ended(sender=Sender, task_id="t", state=None)  # type: ignore[arg-type]
    for _ in range(2):
        counting.metrics._note_killed(sender=Sender, task_id="t", exception=error)  # type: ignore[arg-type]
    counting.metrics._note_ended(sender=Sender, task_id="t", state="FAILURE")  # type: ignore[arg-type]

    assert counting.tasks() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 0} | {outcome: 1}
    assert counting.value("faultline_task_seconds_count", task=TASK) == 0


def test_a_task_that_raised_counts_for_itself_and_not_once_more(counting: Counting) -> None:
    counting.metrics._note_killed(sender=Sender, task_id="t", exception=ValueError("x"))  # type: ignore[arg-type]

    assert counting.tasks() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 0}


def test_a_failed_call_of_the_door_is_a_call_too(counting: Counting) -> None:
    counting.metrics.count_call("results", 0.004, failed=False)
    counting.metrics.count_call("results", 61.0, failed=True)

    assert counting.value("faultline_door_seconds_count", call="results") == 2
    assert counting.value("faultline_door_seconds_bucket", call="results", le="0.005") == 1
    assert counting.value("faultline_door_failures_total", call="results") == 1


def test_before_it_begins_nothing_is_counted_and_nothing_fails() -> None:
    counting = Counting()
    counting.metrics._figures = None

    counting.metrics.count_call("results", 1.0, failed=True)
    counting.metrics._note_ended(sender=Sender, task_id="t", state="SUCCESS")  # type: ignore[arg-type]
