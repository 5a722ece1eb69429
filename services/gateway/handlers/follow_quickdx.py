"""Keep what waits for a graph job in step with it, in the commit that changes the job."""

import msgspec

from services.gateway.domain.records import Job, JobState, QuickDx, QuickDxState
from services.gateway.handlers.keep_investigation import follow_investigation, wait_again
from services.gateway.ports import Transaction
from shared.contracts.queues import DIAGNOSE_RESOURCE, INVESTIGATE_INCIDENT

_STATES = {
    JobState.PENDING: QuickDxState.QUEUED,
    JobState.HANDED: QuickDxState.QUEUED,
    JobState.RUNNING: QuickDxState.RUNNING,
    JobState.SUCCEEDED: QuickDxState.DONE,
    JobState.FAILED: QuickDxState.FAILED,
    JobState.CANCELLED: QuickDxState.FAILED,
    JobState.UNKNOWN: QuickDxState.FAILED,
}


def follow_job(tx: Transaction, job: Job) -> None:
    """Give what waits for ``job``, a diagnosis or an investigation, the state the job has now."""
    if job.kind == INVESTIGATE_INCIDENT:
        follow_investigation(tx, job)
    if job.kind != DIAGNOSE_RESOURCE:
        return
    waiting = tx.find(QuickDx, str(job.payload.get("quickdxId", "")))
    if waiting is None or waiting.job_id != job.id:
        return
    tx.put(
        msgspec.structs.replace(
            waiting,
            state=_STATES[job.state],
            error=job.error,
            finished_at=tx.now if job.state.is_final else None,
        )
    )


def wait_for_retry(tx: Transaction, again: Job) -> None:
    """Let what waited for a job that failed wait for ``again``."""
    if again.kind == INVESTIGATE_INCIDENT:
        wait_again(tx, again)
    if again.kind != DIAGNOSE_RESOURCE:
        return
    waiting = tx.find(QuickDx, str(again.payload.get("quickdxId", "")))
    if waiting is not None and waiting.state is QuickDxState.FAILED:
        waits = msgspec.structs.replace(
            waiting, job_id=again.id, state=QuickDxState.QUEUED, error=None, finished_at=None
        )
        tx.put(waits)
