"""Retry a job that ended without success, or cancel one that has not ended."""

import msgspec

from services.gateway.domain.records import (
    Action,
    Activity,
    Delivery,
    DeliveryState,
    EntryType,
    Job,
    JobState,
    Silence,
)
from services.gateway.errors import JobNotCancellable, JobNotRetryable
from services.gateway.handlers.action_case import EXPIRE_ACTION
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.end_silence import END_SILENCE
from services.gateway.handlers.finish_job import quarantine
from services.gateway.handlers.follow_job import follow_job, wait_for_retry
from services.gateway.handlers.job_calls import why_not_cancelled, why_not_retried
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Transaction
from services.gateway.trail import again_after
from shared.contracts.queues import EXECUTE_ACTION
from shared.ids import new_id


def retry_job(tx: Transaction, job_id: str, actor: str) -> str:
    """Put a new job that does the same work, with ``retry_of``, and return its id.

    A delivery waits for it again, and a timer is set again for the time it had. Raises ``RecordNotFound``, and
    ``JobNotRetryable`` where ``why_not_retried`` says why.
    """
    job = tx.get(Job, job_id)
    if problem := why_not_retried(tx, job):
        raise JobNotRetryable(problem)
    again = Job(
        id=new_id("job"),
        kind=job.kind,
        queue=job.queue,
        incident_id=job.incident_id,
        delivery_id=job.delivery_id,
        payload=job.payload,
        schema_version=job.schema_version,
        max_attempts=job.max_attempts,
        not_before=job.not_before if job.queue is None else None,
        retry_of=job.id,
        created_by=actor,
        created_at=tx.now,
        trail=again_after(job.trail),
    )
    tx.put(again)
    wait_for_retry(tx, again)
    if job.delivery_id:
        _let_wait_again(tx, job.delivery_id, again)
    _set_timer_again(tx, again)
    write_audit(tx, EntryType.JOB_RETRIED, actor, f"Job done again: {job.kind}", jobId=again.id, retryOf=job.id)
    return again.id


def cancel_job(tx: Transaction, job_id: str, actor: str) -> str:
    """Cancel the job and return its id; cancelling again changes nothing. Its delivery is quarantined.

    A worker that is at it learns of it at its next beat, and its result is ignored; but one that executes an action is
    asked to stop, and the job ends with its report of how far it came. Raises ``RecordNotFound``,
    and ``JobNotCancellable`` if the job ended otherwise, or is ended by other means.
    """
    job = tx.get(Job, job_id)
    if job.state is JobState.CANCELLED:
        return job_id
    if problem := why_not_cancelled(job):
        raise JobNotCancellable(problem)
    if job.kind == EXECUTE_ACTION and job.state is JobState.RUNNING:
        return _ask_to_stop(tx, job, actor)
    error = f"cancelled by {actor}"
    cancelled = msgspec.structs.replace(job, state=JobState.CANCELLED, finished_at=tx.now, error=error)
    tx.put(cancelled)
    follow_job(tx, cancelled)
    delivery = tx.find(Delivery, job.delivery_id) if job.delivery_id else None
    if delivery is not None and delivery.state is DeliveryState.ACCEPTED and delivery.job_id == job.id:
        quarantine(tx, delivery, code="job_cancelled", reason=error)
    write_audit(tx, EntryType.JOB_CANCELLED, actor, f"Job cancelled: {job.kind}", jobId=job_id)
    return job_id


def _ask_to_stop(tx: Transaction, job: Job, actor: str) -> str:
    """Let the worker that is at it stop where it can; what it did until then is its report's to say."""
    if job.cancelling_by is None:
        tx.put(msgspec.structs.replace(job, cancelling_by=actor))
        write_audit(tx, EntryType.JOB_CANCELLED, actor, f"Asked to stop: {job.kind}", jobId=job.id)
    return job.id


def _set_timer_again(tx: Transaction, again: Job) -> None:
    """Make ``again`` the timer of what its kind is about; a job of a queue is none."""
    if again.kind == RESOLVE_INCIDENT:
        activity = tx.get(Activity, again.incident_id or "")
        tx.put(msgspec.structs.replace(activity, resolve_job_id=again.id))
    elif again.kind == EXPIRE_ACTION:
        action = tx.get(Action, str(again.payload["actionId"]))
        tx.put(msgspec.structs.replace(action, expire_job_id=again.id))
    elif again.kind == END_SILENCE:
        silence = tx.get(Silence, str(again.payload["silenceId"]))
        tx.put(msgspec.structs.replace(silence, end_job_id=again.id))


def _let_wait_again(tx: Transaction, delivery_id: str, again: Job) -> None:
    waiting = msgspec.structs.replace(
        tx.get(Delivery, delivery_id),
        state=DeliveryState.ACCEPTED,
        outcome=None,
        code=None,
        reason="",
        processed_at=None,
        job_id=again.id,
    )
    tx.put(waiting)
