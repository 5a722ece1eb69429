"""Set and withdraw the timer that resolves an incident once its signals stayed resolved, as its rule asks."""

from datetime import datetime, timedelta

import msgspec

from services.gateway.domain.grouping import OPEN_STATUSES, is_over
from services.gateway.domain.records import Activity, Incident, Job, JobState
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.signal_case import SignalCase
from services.gateway.ports import Transaction
from services.gateway.trail import current_trail
from shared.ids import new_id

RESOLVE_INCIDENT = "gateway.resolve_incident"


def schedule_resolve_if_over(case: SignalCase, incident: Incident, activity: Activity) -> Activity:
    """Set the timer if the resolve of ``case`` ends the incident; a signal that flaps keeps it open for longer."""
    rule, tx = case.rule, case.tx
    if case.flaps(rule.flap):
        quiet_until = tx.now + timedelta(seconds=rule.flap.quiet_seconds)
        activity = msgspec.structs.replace(activity, quiet_until=max(activity.quiet_until or quiet_until, quiet_until))
    if incident.status not in OPEN_STATUSES or not is_over(rule.resolve_on, activity, case.report.fingerprint):
        return activity
    at = tx.now + case.terms.stable_period
    return schedule_resolve(tx, activity, max(at, activity.quiet_until or at))


def cancel_resolve(tx: Transaction, activity: Activity) -> Activity:
    """Withdraw the pending auto-resolve, if any: something fires again."""
    if activity.resolve_job_id is None:
        return activity
    job = tx.find(Job, activity.resolve_job_id)
    if job is not None and not job.state.is_final:
        tx.put(msgspec.structs.replace(job, state=JobState.CANCELLED, finished_at=tx.now))
    return msgspec.structs.replace(activity, resolve_job_id=None)


def schedule_resolve(tx: Transaction, activity: Activity, at: datetime) -> Activity:
    """Set the timer, in place of any set before."""
    cancel_resolve(tx, activity)
    job = Job(
        id=new_id("job"),
        kind=RESOLVE_INCIDENT,
        queue=None,
        incident_id=activity.incident_id,
        not_before=at,
        created_by=SYSTEM,
        created_at=tx.now,
        trail=current_trail(),
    )
    tx.put(job)
    return msgspec.structs.replace(activity, resolve_job_id=job.id)
