"""Do what a timer was set for, checking again that it is still due."""

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES, may_resolve
from services.gateway.domain.records import Activity, Incident, IncidentStatus, Job, JobState
from services.gateway.handlers.action_case import EXPIRE_ACTION
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.end_silence import END_SILENCE, end_silence
from services.gateway.handlers.expire_action import expire_action
from services.gateway.handlers.finish_job import finish_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.move_by_system import SYSTEM, move_by_system
from services.gateway.ports import Store, Transaction


def run_timer(store: Store, judge: Judge, job_id: str) -> None:
    """Do the timer ``job_id`` and finish it. A timer that is finished already does nothing.

    What it does is one commit, or a series of which each may be done again: its last commit finishes the job.
    """
    job = store.find(Job, job_id)
    if job is None or job.state.is_final:
        return
    if job.kind == END_SILENCE:
        end_silence(store, judge, job)
        return
    store.transact(lambda tx: _do_at_once(tx, judge, job_id))


def _do_at_once(tx: Transaction, judge: Judge, job_id: str) -> None:
    job = tx.find(Job, job_id)
    if job is None or job.state.is_final:
        return
    if job.kind == EXPIRE_ACTION:
        expire_action(tx, job)
        finish_job(tx, job, JobState.SUCCEEDED, attempt=1)
        return
    if job.kind != RESOLVE_INCIDENT:
        finish_job(tx, job, JobState.FAILED, attempt=1, error=f"no such timer: {job.kind}")
        return
    resolve_incident(tx, judge, job)
    finish_job(tx, job, JobState.SUCCEEDED, attempt=1)


def resolve_incident(tx: Transaction, judge: Judge, job: Job) -> None:
    """Resolve an incident whose signals stayed resolved for the stable period; never close it."""
    activity = tx.find(Activity, job.incident_id or "")
    incident = tx.find(Incident, job.incident_id or "")
    if activity is None or incident is None or activity.resolve_job_id != job.id:
        return
    tx.put(msgspec.structs.replace(activity, resolve_job_id=None))
    rule = judge.book(tx).rule(incident.rule_id)
    if incident.status not in OPEN_STATUSES or not may_resolve(rule.resolve_on, activity):
        return
    milestones = msgspec.structs.replace(
        incident.milestones,
        acknowledged_at=incident.milestones.acknowledged_at or tx.now,
        resolved_at=tx.now,
    )
    move_by_system(
        tx,
        incident,
        IncidentStatus.RESOLVED,
        milestones,
        source=SYSTEM,
        occurred_at=tx.now,
        message=_why(activity),
        reason="all signals resolved" if activity.firing_count <= 0 else f"its rule resolves on {rule.resolve_on}",
        signalCount=activity.signal_count,
        firingCount=activity.firing_count,
    )


def _why(activity: Activity) -> str:
    if activity.firing_count <= 0:
        return "Resolved: every signal stayed resolved for the stable period"
    return f"Resolved by its rule, while {activity.firing_count} of its signals still fire"
