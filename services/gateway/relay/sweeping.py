"""Take up what was handed and did not come back, and decide what becomes of it."""

import threading
from collections.abc import Callable, Iterable

import structlog

from services.gateway.relay.backlog import Entry
from services.gateway.relay.endings import Endings
from services.gateway.relay.progress import ProgressBoard
from services.gateway.relay.window import Lost, Window
from services.gateway.relay.workers import Workers

log = structlog.get_logger(__name__)

_STORE_WAIT_SECONDS = 5.0


class Sweeping:
    """The relay's thread sweeps by it. ``changed`` guards the windows; it is never held while the store is called."""

    def __init__(
        self,
        changed: threading.Condition,
        endings: Endings,
        progress: ProgressBoard,
        workers: Workers,
        monotonic: Callable[[], float],
    ) -> None:
        self._changed, self._endings, self._progress = changed, endings, progress
        self._workers, self._monotonic = workers, monotonic
        # Queues of which it was said that no worker is there, until something comes back.
        self._missing: set[str] = set()

    def sweep(self, name: str, window: Window) -> None:
        """Let what was lost in the queue of this name wait anew, or end it."""
        is_attended = self._workers.is_there(name)
        with self._changed:
            if not window.is_untaken:
                self._missing.discard(name)
            found = window.take_lost(self._monotonic(), is_attended=is_attended)
            unfinished = len(window)
        if any(one.untaken for one in found) and not is_attended and name not in self._missing:
            self._missing.add(name)
            log.warning("work waits: no worker is there to take it", queue=name, jobs=unfinished)
        lost = [one for one in found if not one.untaken]
        if lost:
            log.warning("work was lost and is handed again", queue=name, jobs=len(lost))
        for one in lost:
            if one.claimed:
                self._settle(window, one)

    def give_up_broken(self, window: Window, broken: Iterable[Entry]) -> None:
        """End what cannot be handed, since what it is about is gone."""
        for entry in broken:
            try:
                self._endings.give_up(entry.job_id, code="delivery_gone", error="what it is about was removed unread")
            except Exception:
                log.exception("a job could not be given up yet", job_id=entry.job_id)
                self._wait_again(window, entry, delay=_STORE_WAIT_SECONDS)

    def _settle(self, window: Window, lost: Lost) -> None:
        """Decide on an attempt that a worker began and never reported."""
        try:
            if not self._endings.settle_lost_attempt(lost.job_id, self._progress.find(lost.job_id)):
                return
        except Exception:
            # The window has let go of it, so nobody else would ever look at it, nor at those after it.
            log.exception("a lost attempt could not be settled yet", job_id=lost.job_id)
            self._judge_again(window, lost)
            return
        window.republished_total += 1
        self._wait_again(window, lost, delay=0.0)

    def _judge_again(self, window: Window, lost: Lost) -> None:
        with self._changed:
            if lost.job_id not in window:
                # Claimed still: handing it on undecided could do twice what must be done once.
                window.claim(lost.job_id, lost.source, attempt=lost.attempt, now=self._monotonic())

    def _wait_again(self, window: Window, job: Lost | Entry, *, delay: float) -> None:
        with self._changed:
            now = self._monotonic()
            window.add(job.job_id, job.source, now=now, attempt=job.attempt, delay=delay, suspect=True)
