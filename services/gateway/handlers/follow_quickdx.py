"""Keep a diagnosis in step with its job."""

import msgspec

from services.gateway.domain.records import Job, JobState, QuickDx, QuickDxState
from services.gateway.ports import Transaction

_STATES = {
    JobState.PENDING: QuickDxState.QUEUED,
    JobState.HANDED: QuickDxState.QUEUED,
    JobState.RUNNING: QuickDxState.RUNNING,
    JobState.SUCCEEDED: QuickDxState.DONE,
    JobState.FAILED: QuickDxState.FAILED,
    JobState.CANCELLED: QuickDxState.FAILED,
    JobState.UNKNOWN: QuickDxState.FAILED,
}


def follow_quickdx(tx: Transaction, job: Job) -> None:
    """Give the diagnosis that waits for ``job`` the state the job has now."""
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


def wait_for_diagnosis(tx: Transaction, again: Job) -> None:
    """Let the diagnosis that waited for a job that failed wait for ``again``."""
    waiting = tx.find(QuickDx, str(again.payload.get("quickdxId", "")))
    if waiting is not None and waiting.state is QuickDxState.FAILED:
        waits = msgspec.structs.replace(
            waiting, job_id=again.id, state=QuickDxState.QUEUED, error=None, finished_at=None
        )
        tx.put(waits)
