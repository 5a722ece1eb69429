"""Keep jobs in motion: hand them to the broker, notice what was lost, and run what is due.

The store tells of every commit; the relay never polls it. What was handed, leases and progress live in memory
only, and are made anew from the pending jobs when the gateway starts.
"""

import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime

import structlog

from services.gateway.domain.records import Delivery, DeliveryBody, Job, JobState
from services.gateway.errors import BrokerUnavailable
from services.gateway.ports import Committed, JobQueue, Store, Transaction
from services.gateway.relay.backlog import Entry
from services.gateway.relay.claims import Claims, GiveOrder
from services.gateway.relay.endings import DeadLetter, Endings
from services.gateway.relay.handing import Handing
from services.gateway.relay.options import RelayOptions
from services.gateway.relay.packing import Packing
from services.gateway.relay.progress import Progress, ProgressBoard
from services.gateway.relay.single_packing import Message, Packer, SinglePacking, WriteQuestion
from services.gateway.relay.stats import RelayStats, queue_stats
from services.gateway.relay.sweeping import Sweeping
from services.gateway.relay.timer_thread import TimerThread
from services.gateway.relay.unfinished import list_unfinished
from services.gateway.relay.window import Window
from services.gateway.relay.workers import Workers
from shared.adapters.tracing import NoTracer
from shared.contracts.messages import Beat, BeatAnswer, Claim, Claimed, Hello
from shared.contracts.queues import EXECUTE_ACTION, Queue
from shared.ids import new_id
from shared.ports import Clock, Tracer

log = structlog.get_logger(__name__)

_FIRST_BROKER_WAIT_SECONDS = 0.1
_LONGEST_BROKER_WAIT_SECONDS = 2.0
_LONGEST_SLEEP_SECONDS = 3_600.0


class Relay:
    """Owns the threads that move jobs. Its methods are safe to call from any thread."""

    def __init__(  # noqa: PLR0913 - a composition root hands each part by its name.
        self,
        store: Store,
        queue: JobQueue,
        clock: Clock,
        *,
        on_timer: Callable[[str], None],
        dead_letter: DeadLetter,
        write_question: WriteQuestion,
        on_moved: Callable[[Transaction, Job], None] | None = None,
        on_lost: Callable[[Transaction, Job, Progress | None], None] | None = None,
        give_order: GiveOrder | None = None,
        options: RelayOptions | None = None,
        tracer: Tracer | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._tracer = options or RelayOptions(), tracer or NoTracer()
        self._store, self._queue, self._clock, self._monotonic = store, queue, clock, monotonic
        self._endings = Endings(store, dead_letter, on_moved, on_lost)
        # Never held while the store or the broker is called: the store calls ``_on_commit`` from its own locks.
        self._changed = threading.Condition()
        self._windows = {str(name): self._new_window(name) for name in Queue}
        self._packing = Packing(store)
        self._packers: dict[str, Packer] = {
            Queue.INTAKE: self._packing,
            Queue.GRAPH: SinglePacking(store, write_question),
            Queue.ACTIONS: SinglePacking(store, write_question),
        }
        self._progress = ProgressBoard()
        # Running jobs somebody asked to stop: their workers learn of it and say how far they came.
        self._stopping_jobs: set[str] = set()
        self._workers = Workers(monotonic)
        self._sweeping = Sweeping(self._changed, self._endings, self._progress, self._workers, monotonic)
        self._claims = Claims(store, self._options.lease_seconds, on_moved, give_order)
        self._timers = TimerThread(store, clock, on_timer, self._give_up_timer, self._tracer)
        self._sleeps_until = self._broker_wait = 0.0
        self._broker_problem: str | None = None
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="relay", daemon=True)

    def _new_window(self, name: Queue) -> Window:
        o = self._options
        # Only deliveries travel in company.
        batch, linger = (o.batch_limit, o.linger_seconds) if name is Queue.INTAKE else (1, 0.0)
        return Window(o.window, batch, linger, o.lease_seconds)

    # --- life

    def start(self) -> None:
        """Learn what is unfinished and begin to hand it."""
        self._store.subscribe(self._on_commit)
        self._load()
        self._thread.start()
        self._timers.start()

    def stop(self) -> None:
        """Stop handing and wait for the threads; what is handed already stays with the broker."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._timers.stop()
        if self._thread.is_alive():
            self._thread.join(10)

    # --- what the door asks

    def claim(self, claim: Claim) -> Claimed:
        """Begin an attempt, durably; raise ``ClaimRefused`` unless it is the job's next and nobody began it."""
        return self._claims.begin(claim)

    def beat(self, beat: Beat) -> BeatAnswer:
        """Renew the lease of a claimed attempt; tell the worker to stop if it is not its own any more."""
        job_id, _, attempt = beat.token.rpartition(".")
        now = self._monotonic()
        with self._changed:
            windows = [window for window in self._windows.values() if job_id in window]
            is_live = attempt.isdecimal() and any(w.beat(job_id, attempt=int(attempt), now=now) for w in windows)
        if not is_live:
            # It counts as lost, or ended: how, only its record says.
            job = self._store.find(Job, job_id)
            return BeatAnswer(cancel=True, is_cancelled=job is not None and job.state is JobState.CANCELLED)
        self._progress.note(job_id, beat)
        is_stopping = job_id in self._stopping_jobs
        return BeatAnswer(cancel=is_stopping, is_cancelled=is_stopping)

    def hello(self, hello: Hello) -> None:
        """Note that a worker is there."""
        if self._workers.note(hello):
            with self._changed:
                for queue in hello.queues:
                    if queue in self._windows:
                        self._windows[queue].welcome_worker(self._monotonic())
                self._changed.notify_all()

    # --- figures

    def backlog(self, queue: str) -> int:
        """Return how many jobs of ``queue`` have no result yet."""
        return len(self._windows[queue])

    def progress(self, job_id: str) -> Progress | None:
        """Return how far a running job is by its worker's last word; None where nothing is known."""
        return self._progress.find(job_id)

    def health(self) -> str | None:
        """Return None when jobs can move, else one sentence saying why they cannot."""
        if self._thread.ident is not None and not self._thread.is_alive():
            return "the relay has stopped"
        return self._queue.health()

    def stats(self) -> RelayStats:
        """Return the figures of now."""
        now = self._monotonic()
        with self._changed:
            queues = {name: queue_stats(window, now) for name, window in self._windows.items()}
        return RelayStats(
            queues=queues,
            timers=len(self._timers),
            workers=self._workers.seen(),
            broker_problem=self._broker_problem,
        )

    # --- learning of jobs

    def _load(self) -> None:
        for job, source in list_unfinished(self._store):
            # What finishes while this runs is noticed at the latest when it is packed.
            self._learn(job, source, fresh=False)

    def _on_commit(self, committed: Committed) -> None:
        jobs = [record for record in committed.puts if isinstance(record, Job)]
        if not jobs:
            return
        deliveries = {r.id: r for r in committed.puts if isinstance(r, Delivery)}
        bodies = {r.delivery_id: r for r in committed.puts if isinstance(r, DeliveryBody)}
        for job in jobs:
            delivery = deliveries.get(job.delivery_id or "")
            body = bodies.get(job.delivery_id or "")
            if delivery is not None and body is not None and not job.state.is_final:
                self._packing.keep(job, delivery, body)
            self._learn(job, sys.intern(delivery.source) if delivery is not None else "", fresh=True)

    def _learn(self, job: Job, source: str, *, fresh: bool) -> None:
        if job.queue is None:
            self._timers.learn(job)
            return
        window = self._windows.get(job.queue)
        if window is None:
            log.warning("job of an unknown queue", **job.log_ids, queue=job.queue)
            return
        now = self._monotonic()
        with self._changed:
            if job.state is not JobState.RUNNING:
                self._progress.drop(job.id)
                self._stopping_jobs.discard(job.id)
            elif job.cancelling_by is not None:
                self._stopping_jobs.add(job.id)
            if job.state.is_final:
                # That an execution failed is the word of its action, and whoever asked for it looks at that.
                is_given_up = job.state is JobState.FAILED and job.kind != EXECUTE_ACTION
                window.finish(job.id, now=now, is_given_up=is_given_up)
                self._packing.drop(job.id)
            elif job.state is JobState.RUNNING:
                window.claim(job.id, source, attempt=job.attempt, now=now)
            elif fresh or job.id not in window:
                delay = self._seconds_until(job.not_before)
                window.fail(job.id, source, now=now, attempt=job.attempt, delay=delay)
            if window.wake_at(now) < self._sleeps_until:
                self._changed.notify_all()

    def _seconds_until(self, moment: datetime | None) -> float:
        return (moment - self._clock.now()).total_seconds() if moment is not None else 0.0

    # --- the thread

    def _run(self) -> None:
        while not self._stopping:
            try:
                # While the broker takes nothing, calling work lost would only put it in line twice.
                if not self._broker_wait:
                    for name, window in self._windows.items():
                        self._sweeping.sweep(name, window)
                is_refused = [not self._feed(name, window) for name, window in self._windows.items()]
                self._broker_wait = self._next_broker_wait() if any(is_refused) else 0.0
                self._sleep()
            except Exception:
                # The thread must outlive whatever one round met; the next round begins with what is known.
                log.exception("relay round failed")
                self._pause(1.0)

    def _sleep(self) -> None:
        if self._broker_wait:
            self._pause(self._broker_wait)
            return
        with self._changed:
            now = self._monotonic()
            self._sleeps_until = min([now + _LONGEST_SLEEP_SECONDS, *(w.wake_at(now) for w in self._windows.values())])
            if not self._stopping and self._sleeps_until > now:
                self._changed.wait(self._sleeps_until - now)
            self._sleeps_until = 0.0

    def _pause(self, seconds: float) -> None:
        with self._changed:
            if not self._stopping:
                self._changed.wait(seconds)

    def _next_broker_wait(self) -> float:
        return min(max(self._broker_wait * 2, _FIRST_BROKER_WAIT_SECONDS), _LONGEST_BROKER_WAIT_SECONDS)

    def _feed(self, name: str, window: Window) -> bool:
        """Hand messages until the window is full or nothing is due; False if the broker did not take one."""
        while not self._stopping:
            with self._changed:
                drawn = window.draw(self._monotonic())
            if not drawn:
                return True
            if not self._hand(name, window, drawn):
                return False
        return True

    def _hand(self, name: str, window: Window, drawn: list[Entry]) -> bool:
        try:
            packed = self._packers[name].pack(drawn)
        except Exception:
            with self._changed:
                window.give_back(drawn, now=self._monotonic())
            raise
        message_id = new_id("msg")
        with self._changed:
            now = self._monotonic()
            window.give_back(packed.left, now=now)
            for entry in packed.finished:
                window.finish(entry.job_id, now=now)
            # Before it is published, since the result may be back before ``publish`` returns.
            window.hand(message_id, packed.entries, now=now)
        self._sweeping.give_up_broken(window, packed.broken)
        return not packed.entries or self._publish(name, window, message_id, packed)

    def _publish(self, name: str, window: Window, message_id: str, message: Message) -> bool:
        with Handing(self._tracer, name, message_id, message) as handing:
            try:
                self._queue.publish(message.task, message.encode(message_id, handing.trails), queue=name)
            except BrokerUnavailable as error:
                handing.refuse(error.code, is_new=self._broker_problem is None)
                with self._changed:
                    window.take_back(message_id, now=self._monotonic())
                self._broker_problem = str(error)
                return False
        self._broker_problem = None
        return True

    def _give_up_timer(self, job: Job, error: str) -> None:
        self._endings.give_up(job.id, code="timer_failed", error=error)
