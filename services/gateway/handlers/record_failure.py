"""Record that an attempt failed: another follows a little later, or the job is given up."""

from datetime import timedelta

import msgspec

from services.gateway.domain.records import Job, JobState
from services.gateway.handlers.finish_job import ERROR_LIMIT, dead_letter
from services.gateway.handlers.follow_job import follow_job
from services.gateway.ports import Transaction
from shared.contracts.messages import JobFailed
from shared.redaction import redact

_FIRST_RETRY = timedelta(seconds=1)
_LONGEST_RETRY = timedelta(minutes=5)


def record_failure(tx: Transaction, job: Job, result: JobFailed) -> None:
    """Let ``job`` wait for its next attempt, each time for longer; give it up where there is none."""
    if result.retryable and result.attempt < job.max_attempts:
        wait = min(_FIRST_RETRY * 2 ** (result.attempt - 1), _LONGEST_RETRY)
        waiting = msgspec.structs.replace(
            job,
            state=JobState.PENDING,
            attempt=result.attempt,
            error=redact(result.error)[0][:ERROR_LIMIT],
            not_before=tx.now + wait,
        )
        tx.put(waiting)
        follow_job(tx, waiting)
        return
    dead_letter(tx, job, attempt=result.attempt, code="worker_failed", error=redact(result.error)[0])
