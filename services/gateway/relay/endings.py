"""Decide what becomes of a job that was begun and never reported, and write it down."""

from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from services.gateway.domain.records import Job, JobState
from services.gateway.ports import Store, Transaction
from services.gateway.relay.progress import Progress
from shared.contracts.queues import REPEATABLE_TASKS

log = structlog.get_logger(__name__)


class DeadLetter(Protocol):
    """Gives a job up, and its delivery with it, inside the transaction."""

    def __call__(self, tx: Transaction, job: Job, *, attempt: int, code: str, error: str) -> None: ...


class Endings:
    """The relay's own writes that finish a job. Each finishes it once, whoever else tries at the same time."""

    def __init__(
        self,
        store: Store,
        dead_letter: DeadLetter,
        on_ended: Callable[[Transaction, Job], None] | None = None,
        on_lost: Callable[[Transaction, Job, Progress | None], None] | None = None,
    ) -> None:
        self._store = store
        # Told within the commit, as of every other end of a job; ``on_lost`` in its place, with the worker's last word.
        self._on_ended, self._on_lost = on_ended, on_lost
        self._dead_letter = dead_letter

    def give_up(self, job_id: str, *, code: str, error: str) -> None:
        """Dead-letter the job, unless it is finished."""

        def work(tx: Transaction) -> Job | None:
            job = tx.find(Job, job_id)
            if job is None or job.state.is_final:
                return None
            self._dead_letter(tx, job, attempt=job.attempt, code=code, error=error)
            return job

        job = self._store.transact(work)
        if job is not None:
            log.error("job is dead-lettered", **job.log_ids, code=code)

    def settle_lost_attempt(self, job_id: str, last: Progress | None) -> bool:
        """Answer whether a begun attempt that fell silent is to be followed by another; else the job is finished.

        ``last`` is what its worker said last.
        """
        job = self._store.find(Job, job_id)
        if job is None or job.state.is_final:
            return False
        log.warning("the worker of a job fell silent", **job.log_ids, kind=job.kind)
        if job.kind not in REPEATABLE_TASKS:
            self._store.transact(lambda tx: self._mark_unknown(tx, job_id, last))
            return False
        if job.attempt >= job.max_attempts:
            self.give_up(job_id, code="worker_lost", error="the worker was lost each time it worked on this")
            return False
        return True

    def _mark_unknown(self, tx: Transaction, job_id: str, last: Progress | None) -> None:
        job = tx.find(Job, job_id)
        if job is None or job.state.is_final:
            return
        at = f" at: {last.note}" if last is not None and last.note else ""
        what = "that" if at else "the work"
        error = f"the worker fell silent{at}; whether {what} was done is not known, so a person must look"
        ended = msgspec.structs.replace(job, state=JobState.UNKNOWN, error=error, finished_at=tx.now)
        tx.put(ended)
        if self._on_lost is not None:
            self._on_lost(tx, ended, last)
        elif self._on_ended is not None:
            self._on_ended(tx, ended)
