"""What a worker counts: its tasks and its calls of the door, in files that its processes share."""

from collections.abc import Iterable, MutableMapping
from pathlib import Path

from celery.utils.log import current_process_index  # type: ignore[attr-defined]  # The annotations lack it.
from prometheus_client import CollectorRegistry, Counter, Histogram, values

from shared.adapters.metrics.folder import MAIN

# From a batch of one alert to the longest that any task may take.
_TASK_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_DOOR_SECONDS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_OUTCOMES = ("done", "failed", "lost", "timed_out")
# Hello is none of them: it is called from the main process, and its age says all there is to it.
DOOR_CALLS = ("results", "claim", "beat", "get_blob", "put_blob")


def count_in(folder: Path, environ: MutableMapping[str, str]) -> None:
    """Let everything that is counted from now on in this process, and those forked from it, be kept in ``folder``.

    A process counts in the files of its place in the pool, and not of its id: the one that follows a killed one goes
    on in its files, so that however many are killed there are never more files than places.
    """
    environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(process_identifier=_place_in_pool)  # type: ignore[no-untyped-call]


def _place_in_pool() -> str:
    index = current_process_index()
    return MAIN if index is None else str(index)


class Figures:
    """The counters of a worker. They are made in the main process before it forks, and filled in any."""

    def __init__(self, tasks: Iterable[str], registry: CollectorRegistry | None = None) -> None:
        """``tasks`` and the calls of the door are there from the start with 0, so that the first of them is seen."""
        self.tasks = tuple(tasks)
        self._tasks = Counter("faultline_tasks", "Tasks that ended.", ["task", "outcome"], registry=registry)
        self._task_seconds = Histogram(
            "faultline_task_seconds", "How long tasks took.", ["task"], buckets=_TASK_SECONDS, registry=registry
        )
        self._door_seconds = Histogram(
            "faultline_door_seconds",
            "How long calls of the gateway's door took, with all their tries.",
            ["call"],
            buckets=_DOOR_SECONDS,
            registry=registry,
        )
        self._door_failures = Counter(
            "faultline_door_failures", "Calls of the door that came to nothing.", ["call"], registry=registry
        )
        for task in self.tasks:
            self._task_seconds.labels(task)
            for outcome in _OUTCOMES:
                self._tasks.labels(task, outcome)
        for call in DOOR_CALLS:
            self._door_seconds.labels(call)
            self._door_failures.labels(call)

    def count_task(self, task: str, outcome: str, seconds: float | None = None) -> None:
        """Count a task that ended; ``seconds`` are known only of one that came to its end by itself."""
        self._tasks.labels(task, outcome).inc()
        if seconds is not None:
            self._task_seconds.labels(task).observe(seconds)

    def count_call(self, call: str, seconds: float, *, failed: bool) -> None:
        """Count a call of the door."""
        self._door_seconds.labels(call).observe(seconds)
        if failed:
            self._door_failures.labels(call).inc()
