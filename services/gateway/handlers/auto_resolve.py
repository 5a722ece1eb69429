"""Set and withdraw the timer that resolves an incident once all its signals stayed resolved."""

import msgspec

from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Activity, Job, JobState
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import Transaction
from shared.ids import new_id

RESOLVE_INCIDENT = "gateway.resolve_incident"


def schedule_resolve(tx: Transaction, activity: Activity, policy: GroupingPolicy) -> Activity:
    """Set the timer that resolves the incident after the stable period, in place of any set before."""
    cancel_resolve(tx, activity)
    job = Job(
        id=new_id("job"),
        kind=RESOLVE_INCIDENT,
        queue=None,
        incident_id=activity.incident_id,
        not_before=tx.now + policy.stable_period,
        created_by=SYSTEM,
        created_at=tx.now,
    )
    tx.put(job)
    return msgspec.structs.replace(activity, resolve_job_id=job.id)


def cancel_resolve(tx: Transaction, activity: Activity) -> Activity:
    """Withdraw the pending auto-resolve, if any: something fires again."""
    if activity.resolve_job_id is None:
        return activity
    job = tx.find(Job, activity.resolve_job_id)
    if job is not None and not job.state.is_final:
        tx.put(msgspec.structs.replace(job, state=JobState.CANCELLED, finished_at=tx.now))
    return msgspec.structs.replace(activity, resolve_job_id=None)
