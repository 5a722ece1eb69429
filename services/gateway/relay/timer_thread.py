"""Run timers when they are due, one at a time."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from structlog.contextvars import bound_contextvars

from services.gateway.domain.records import Job
from services.gateway.ports import Store
from services.gateway.relay.timers import Timers
from services.gateway.trail import following
from shared.contracts.trail import Trail
from shared.errors import TransientError
from shared.ports import Clock, SpanKind, Tracer

log = structlog.get_logger(__name__)

# The wall clock may be set while we sleep; looking this often keeps timers right all the same.
_LONGEST_SLEEP_SECONDS = 30.0
_FIRST_RETRY_SECONDS = 1.0
_LONGEST_RETRY_SECONDS = 300.0
_NOWHERE = Trail()


class TimerThread:
    """Owns the thread that calls ``on_timer`` with the id of each due job. One that fails is tried again, later.

    After the job's ``max_attempts`` a timer that fails for a reason that will not pass is dead-lettered.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        on_timer: Callable[[str], None],
        give_up: Callable[[Job, str], None],
        tracer: Tracer,
    ) -> None:
        self._tracer = tracer
        self._store, self._clock, self._on_timer, self._give_up = store, clock, on_timer, give_up
        self._changed = threading.Condition()
        self._timers = Timers()
        self._failures: dict[str, int] = {}
        self._sleeps_until: datetime | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="timers", daemon=True)

    def __len__(self) -> int:
        return len(self._timers)

    def start(self) -> None:
        """Begin to run timers."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the timer under way, and stop."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(10)

    def learn(self, job: Job) -> None:
        """Take in what a commit says of a timer."""
        with self._changed:
            if job.state.is_final:
                self._timers.drop(job.id)
                self._failures.pop(job.id, None)
                return
            due = job.not_before or job.created_at
            self._timers.put(job.id, due)
            if self._sleeps_until is None or due < self._sleeps_until:
                self._changed.notify_all()

    def _run(self) -> None:
        while not self._stopping:
            with self._changed:
                job_id = self._timers.take_due(self._clock.now())
                if job_id is None:
                    self._sleep()
                    continue
            self._fire(job_id)

    def _sleep(self) -> None:
        due = self._timers.next_due()
        self._sleeps_until = due
        seconds = _LONGEST_SLEEP_SECONDS
        if due is not None:
            seconds = min(seconds, max((due - self._clock.now()).total_seconds(), 0.001))
        if not self._stopping:
            self._changed.wait(seconds)

    def _fire(self, job_id: str) -> None:
        job: Job | None = None
        try:
            job = self._store.find(Job, job_id)
            if job is not None and not job.state.is_final:
                with bound_contextvars(**job.log_ids):
                    self._do(job)
            self._failures.pop(job_id, None)
        except Exception as error:
            # A timer must never end the thread of all others.
            log.exception("timer failed", **(job.log_ids if job is not None else {"job_id": job_id}))
            self._retry(job_id, job, error)

    def _do(self, job: Job) -> None:
        """Do the work for the request that set the timer, but, since that may be weeks ago, in a trace of its own."""
        trail = job.trail or _NOWHERE
        about = {f"faultline.{name}": value for name, value in job.log_ids.items()} if self._tracer.is_on else None
        links = (trail.trace,) if trail.trace is not None else ()
        with self._tracer.begin(job.kind, SpanKind.INTERNAL, links=links, attributes=about) as span:
            own = Trail(request_id=trail.request_id, trace=span.context)
            # Nothing is kept with what it puts where there is nothing to say.
            with following(own if own != _NOWHERE else None):
                self._on_timer(job.id)

    def _retry(self, job_id: str, job: Job | None, error: Exception) -> None:
        failures = self._failures[job_id] = self._failures.get(job_id, 0) + 1
        if job is not None and failures >= job.max_attempts and not isinstance(error, TransientError):
            try:
                self._give_up(job, f"{type(error).__name__}: {error}")
            except TransientError:
                log.warning("a failed timer could not be given up yet", job_id=job_id)
            else:
                return
        wait = min(_FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 20), _LONGEST_RETRY_SECONDS)
        with self._changed:
            self._timers.put(job_id, self._clock.now() + timedelta(seconds=wait))
