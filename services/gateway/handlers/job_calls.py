"""Decide which calls a job takes now, and why it does not take one: by this they are offered, answered and refused."""

from collections.abc import Callable, Mapping
from enum import StrEnum

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Activity, Delivery, DeliveryState, Incident, Job, JobState, Silence
from services.gateway.handlers.action_case import EXPIRE_ACTION
from services.gateway.handlers.approver_roles import Reads
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.end_silence import END_SILENCE
from services.gateway.handlers.expire_action import why_not_set_again
from services.gateway.handlers.keep_investigation import why_not_again
from shared.contracts.queues import EXECUTE_ACTION, INVESTIGATE_INCIDENT, REPEATABLE_TASKS

_REPEATABLE = REPEATABLE_TASKS | {RESOLVE_INCIDENT, END_SILENCE, EXPIRE_ACTION}
_ENDED_BADLY = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.UNKNOWN})
_ENDED_ELSEWHERE = {
    END_SILENCE: "It looks again at what a silence held; end the silence early instead.",
    EXPIRE_ACTION: "It lets an action expire; withdraw or reject the action instead.",
}


class JobCall(StrEnum):
    """What may be asked of a job."""

    RETRY = "retry"
    CANCEL = "cancel"


def allowed_calls(reads: Reads, job: Job) -> tuple[JobCall, ...]:
    """Return what ``job`` takes as things are now."""
    problems = ((JobCall.RETRY, why_not_retried(reads, job)), (JobCall.CANCEL, why_not_cancelled(job)))
    return tuple(call for call, problem in problems if problem is None)


def why_not_cancelled(job: Job) -> str | None:
    """Return why ``job`` cannot be cancelled; None where it can."""
    if job.state.is_final:
        return f"The job is {job.state} already."
    return _ENDED_ELSEWHERE.get(job.kind)


def why_not_retried(reads: Reads, job: Job) -> str | None:
    """Return why ``job`` cannot be done again, or why that would come to nothing; None where it can."""
    if job.kind == EXECUTE_ACTION:
        return "An action is executed by asking for it, never by a retry; look at the action."
    if job.state is JobState.UNKNOWN and job.kind not in _REPEATABLE:
        return "Nobody knows whether it took effect outside; look there before doing it anew."
    if job.state not in _ENDED_BADLY:
        return f"The job is {job.state}; only failed, cancelled or unknown jobs can be retried."
    if job.delivery_id and (problem := _why_not_read_again(reads, job)):
        return problem
    why_not = _WHY_NOT.get(job.kind)
    return why_not(reads, job) if why_not is not None else None


def _why_not_read_again(reads: Reads, job: Job) -> str | None:
    delivery = reads.find(Delivery, job.delivery_id or "")
    if delivery is None:
        return "The delivery it would read is gone."
    if delivery.state is DeliveryState.PROCESSED:
        return "Its delivery was processed meanwhile; replay the delivery to process it anew."
    if delivery.job_id != job.id:
        return f"Job {delivery.job_id} was made for its delivery since; retry that one."
    return None


def _why_not_resolved(reads: Reads, job: Job) -> str | None:
    incident = reads.find(Incident, job.incident_id or "")
    activity = reads.find(Activity, job.incident_id or "")
    if incident is None or activity is None:
        return "The incident it would resolve is gone, or never had a signal."
    if incident.status not in OPEN_STATUSES:
        return f"The incident it would resolve is {incident.status} already."
    if activity.firing_count > 0:
        return "A signal of the incident fires; the timer is set anew once all are resolved."
    # One that was withdrawn or set anew would resolve the incident before its signals were quiet for long enough.
    return None if activity.resolve_job_id == job.id else "The incident has another timer, or needs none."


def _why_not_ended(reads: Reads, job: Job) -> str | None:
    silence = reads.find(Silence, str(job.payload["silenceId"]))
    if silence is None or silence.end_job_id != job.id:
        return "The silence it would end is gone, or has another timer."
    return None


_WHY_NOT: Mapping[str, Callable[[Reads, Job], str | None]] = {
    RESOLVE_INCIDENT: _why_not_resolved,
    END_SILENCE: _why_not_ended,
    EXPIRE_ACTION: why_not_set_again,
    INVESTIGATE_INCIDENT: why_not_again,
}
