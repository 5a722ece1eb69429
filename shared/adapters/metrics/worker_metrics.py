"""Decide whether a worker counts, and let Celery's signals fill what it counts."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from celery import Celery, Task, signals, states
from celery.exceptions import TimeLimitExceeded, WorkerLostError

from shared.adapters.metrics.folder import keep_folder, make_folder, remove_abandoned
from shared.adapters.metrics.listener import MetricsListener
from shared.worker_settings import WorkerSettings

if TYPE_CHECKING:
    from shared.adapters.metrics.figures import Figures

log = structlog.get_logger(__name__)

# Celery tells of one killed task several times, at once or nearly so; this many later ones do not make it new.
_KILLED_KNOWN = 256


class WorkerMetrics:
    """The metrics of one worker: begun in its main process, filled in those of its pool, served by the main one."""

    def __init__(self, service: str, version: str, settings: WorkerSettings, environ: MutableMapping[str, str]) -> None:
        self._service, self._version = service, version
        self._settings, self._environ = settings, environ
        self._figures: Figures | None = None
        self._listener: MetricsListener | None = None
        self._heard_at = time.monotonic()
        self._began: dict[str, float] = {}
        self._killed: deque[str] = deque(maxlen=_KILLED_KNOWN)
        self._problem: str | None = None
        self._main_process = os.getpid()

    def follow(self, app: Celery) -> None:
        """Count and serve what the worker of ``app`` does, once it starts. Where no port is set, nothing happens."""
        if self._settings.metrics_port is None:
            return
        signals.worker_init.connect(lambda sender, **_: self._begin(app.tasks, sender.concurrency), weak=False)
        signals.worker_process_init.connect(self._enter_pool, weak=False)
        # Only then are logs as the settings say.
        signals.worker_ready.connect(self._say, weak=False)

    def count_call(self, call: str, seconds: float, *, failed: bool) -> None:
        """Count a call of the door."""
        self._count(lambda figures: figures.count_call(call, seconds, failed=failed))

    def note_heard(self) -> None:
        """Note that the gateway heard our hello."""
        self._heard_at = time.monotonic()

    def _begin(self, names: Iterable[str], processes: int) -> None:
        settings, port = self._settings, self._settings.metrics_port or 0
        try:
            # First of all, so that no other worker of this port has its counts in the folder that is emptied.
            listener = MetricsListener(settings.metrics_host, port, settings.metrics_key)
        except OSError as error:
            # Work goes on without: whoever scrapes finds nobody.
            self._problem = str(error)
            return
        try:
            folder = make_folder(f"metrics-{self._service}-{port}", processes)
            keep_folder(folder)
            remove_abandoned("metrics", but=folder)
        except OSError as error:
            listener.server_close()
            self._problem = str(error)
            return
        self._heard_at = time.monotonic()
        self._serve(listener, folder, sorted(name for name in names if not name.startswith("celery.")))
        signals.task_prerun.connect(self._note_begun, weak=False)
        signals.task_postrun.connect(self._note_ended, weak=False)
        signals.task_failure.connect(self._note_killed, weak=False)

    def _serve(self, listener: MetricsListener, folder: Path, tasks: list[str]) -> None:
        # Whoever serves no metrics does not pay for the library; and it must find the folder when it is there.
        from shared.adapters.metrics import figures, main_process  # noqa: PLC0415

        figures.count_in(folder, self._environ)
        self._figures = figures.Figures(tasks)
        own = main_process.MainProcessFigures(
            self._service, self._version, tasks, lambda: time.monotonic() - self._heard_at
        )
        listener.start(main_process.renderer(folder, own))
        self._listener = listener

    def _say(self, **_: Any) -> None:
        host, port = self._settings.metrics_host, self._settings.metrics_port
        if self._problem is not None:
            log.error("metrics are not served", host=host, port=port, problem=self._problem)
        else:
            log.info("metrics are served", host=host, port=port)

    def _enter_pool(self, **_: Any) -> None:
        """Leave the listener to the main process, so that it ends with that."""
        # A pool without processes says the same, of the main one.
        if self._listener is not None and os.getpid() != self._main_process:
            self._listener.server_close()

    def _note_begun(self, task_id: str, **_: Any) -> None:
        self._began[task_id] = time.perf_counter()

    def _note_ended(self, sender: "Task[..., Any]", task_id: str, state: str | None = None, **_: Any) -> None:
        began = self._began.pop(task_id, None)
        # Of a killed task its process is told without a state, and the main process, which never saw it begin, too.
        if began is not None and state is not None:
            outcome, seconds = "done" if state == states.SUCCESS else "failed", time.perf_counter() - began
            self._count(lambda figures: figures.count_task(str(sender.name), outcome, seconds))

    def _note_killed(self, sender: "Task[..., Any]", task_id: str, exception: Exception, **_: Any) -> None:
        """Count in the main process what a killed process of the pool cannot; others count for themselves."""
        outcome = {WorkerLostError: "lost", TimeLimitExceeded: "timed_out"}.get(type(exception))
        if outcome is not None and task_id not in self._killed:
            self._killed.append(task_id)
            self._count(lambda figures: figures.count_task(str(sender.name), outcome))

    def _count(self, count: Callable[["Figures"], None]) -> None:
        if self._figures is None:
            return
        try:
            count(self._figures)
        except Exception:
            # Files that were taken away must not fail the work that is counted: a claim would be lost by it.
            self._figures = None
            log.exception("this process counts no more; its metrics are wrong from now on")
