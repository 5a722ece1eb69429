"""Retry a job that ended without success, or cancel one that has not ended."""

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import (
    Activity,
    Delivery,
    DeliveryState,
    EntryType,
    Incident,
    Job,
    JobState,
    Silence,
)
from services.gateway.errors import JobNotCancellable, JobNotRetryable
from services.gateway.handlers.action_case import EXPIRE_ACTION
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT, cancel_resolve
from services.gateway.handlers.end_silence import END_SILENCE
from services.gateway.handlers.expire_action import set_timer_again
from services.gateway.handlers.finish_job import quarantine
from services.gateway.handlers.follow_job import follow_job, wait_for_retry
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Transaction
from services.gateway.trail import again_after
from shared.contracts.queues import EXECUTE_ACTION, REPEATABLE_TASKS
from shared.ids import new_id

_REPEATABLE = REPEATABLE_TASKS | {RESOLVE_INCIDENT, END_SILENCE, EXPIRE_ACTION}


def retry_job(tx: Transaction, job_id: str, actor: str) -> str:
    """Put a new job that does the same work, with ``retry_of``, and return its id.

    A delivery waits for it again, and a timer is its incident's timer again. Raises ``RecordNotFound``, and
    ``JobNotRetryable`` unless the job failed, was cancelled, or is unknown and may be done twice; the incident
    of a timer must still be open, with nothing firing.
    """
    job = tx.get(Job, job_id)
    _refuse_retry(job)
    again = Job(
        id=new_id("job"),
        kind=job.kind,
        queue=job.queue,
        incident_id=job.incident_id,
        delivery_id=job.delivery_id,
        payload=job.payload,
        schema_version=job.schema_version,
        max_attempts=job.max_attempts,
        not_before=job.not_before if job.kind == EXPIRE_ACTION else None,
        retry_of=job.id,
        created_by=actor,
        created_at=tx.now,
        trail=again_after(job.trail),
    )
    tx.put(again)
    wait_for_retry(tx, again)
    if job.delivery_id:
        _let_wait_again(tx, job.delivery_id, job, again)
    if job.kind == RESOLVE_INCIDENT:
        _set_timer_again(tx, again)
    if job.kind == EXPIRE_ACTION:
        set_timer_again(tx, job, again)
    if job.kind == END_SILENCE:
        silence = tx.get(Silence, str(job.payload["silenceId"]))
        tx.put(msgspec.structs.replace(silence, end_job_id=again.id))
    write_audit(tx, EntryType.JOB_RETRIED, actor, f"Job done again: {job.kind}", jobId=again.id, retryOf=job.id)
    return again.id


def _refuse_retry(job: Job) -> None:
    if job.kind == EXECUTE_ACTION:
        raise JobNotRetryable("An action is executed by asking for it, never by a retry; look at the action.")
    if job.state is JobState.UNKNOWN and job.kind not in _REPEATABLE:
        raise JobNotRetryable("Nobody knows whether it took effect outside; look there before doing it anew.")
    if job.state not in {JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN}:
        raise JobNotRetryable(f"The job is {job.state}; only failed, cancelled or unknown jobs can be retried.")


def cancel_job(tx: Transaction, job_id: str, actor: str) -> str:
    """Cancel the job and return its id; cancelling again changes nothing. Its delivery is quarantined.

    A worker that is at it learns of it at its next beat, and its result is ignored; but one that executes an action is
    asked to stop, and the job ends with its report of how far it came. Raises ``RecordNotFound``,
    and ``JobNotCancellable`` if the job ended otherwise.
    """
    job = tx.get(Job, job_id)
    if job.state is JobState.CANCELLED:
        return job_id
    if job.state.is_final:
        raise JobNotCancellable(f"The job is {job.state} already.")
    if job.kind == END_SILENCE:
        raise JobNotCancellable("It looks again at what a silence held; end the silence early instead.")
    if job.kind == EXPIRE_ACTION:
        raise JobNotCancellable("It lets an action expire; withdraw or reject the action instead.")
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
    incident = tx.find(Incident, again.incident_id or "")
    activity = tx.find(Activity, again.incident_id or "")
    if incident is None or activity is None:
        raise JobNotRetryable("The incident it would resolve is gone, or never had a signal.")
    if incident.status not in OPEN_STATUSES:
        raise JobNotRetryable(f"The incident it would resolve is {incident.status} already.")
    if activity.firing_count > 0:
        raise JobNotRetryable("A signal of the incident fires; the timer is set anew once all are resolved.")
    tx.put(msgspec.structs.replace(cancel_resolve(tx, activity), resolve_job_id=again.id))


def _let_wait_again(tx: Transaction, delivery_id: str, job: Job, again: Job) -> None:
    delivery = tx.get(Delivery, delivery_id)
    if delivery.state is DeliveryState.PROCESSED:
        raise JobNotRetryable("Its delivery was processed meanwhile; replay the delivery to process it anew.")
    if delivery.job_id != job.id:
        raise JobNotRetryable(f"Job {delivery.job_id} was made for its delivery since; retry that one.")
    tx.put(
        msgspec.structs.replace(
            delivery,
            state=DeliveryState.ACCEPTED,
            outcome=None,
            code=None,
            reason="",
            processed_at=None,
            job_id=again.id,
        ),
    )
