"""Do what a timer was set for, checking again that it is still due."""

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Activity, Incident, IncidentStatus, Job, JobState
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.move_by_system import SYSTEM, move_by_system
from services.gateway.handlers.record_results import finish_job
from services.gateway.ports import Store, Transaction


def run_timer(store: Store, job_id: str) -> None:
    """Do the timer ``job_id`` and finish it, in one commit. A timer that is finished already does nothing."""

    def work(tx: Transaction) -> None:
        job = tx.find(Job, job_id)
        if job is None or job.state.is_final:
            return
        if job.kind != RESOLVE_INCIDENT:
            finish_job(tx, job, JobState.FAILED, attempt=1, error=f"no such timer: {job.kind}")
            return
        _resolve_incident(tx, job)
        finish_job(tx, job, JobState.SUCCEEDED, attempt=1)

    store.transact(work)


def _resolve_incident(tx: Transaction, job: Job) -> None:
    """Resolve an incident whose signals stayed resolved for the stable period; never close it."""
    activity = tx.find(Activity, job.incident_id or "")
    incident = tx.find(Incident, job.incident_id or "")
    if activity is None or incident is None or activity.resolve_job_id != job.id:
        return
    tx.put(msgspec.structs.replace(activity, resolve_job_id=None))
    if activity.firing_count > 0 or incident.status not in OPEN_STATUSES:
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
        message="Resolved: every signal stayed resolved for the stable period",
        reason="all signals resolved",
        signalCount=activity.signal_count,
    )
