"""Do what a timer was set for, checking again that it is still due."""

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Activity, EntryDraft, EntryType, Incident, IncidentStatus, Job, JobState
from services.gateway.handlers.apply_signal import RESOLVE_INCIDENT, SYSTEM
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
    tx.put(
        msgspec.structs.replace(
            incident,
            status=IncidentStatus.RESOLVED,
            milestones=milestones,
            updated_at=tx.now,
            version=incident.version + 1,
        ),
    )
    tx.append(
        incident.id,
        EntryDraft(
            type=EntryType.STATUS_CHANGED,
            actor=SYSTEM,
            source=SYSTEM,
            occurred_at=tx.now,
            message="Resolved: every signal stayed resolved for the stable period",
            payload={
                "from": incident.status,
                "to": IncidentStatus.RESOLVED,
                "reason": "all signals resolved",
                "signalCount": activity.signal_count,
            },
        ),
    )
