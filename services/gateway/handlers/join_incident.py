"""Let a firing signal join an incident, and bring a resolved one back."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.records import (
    Activity,
    EntryType,
    Hints,
    Incident,
    IncidentStatus,
)
from services.gateway.handlers.auto_resolve import cancel_resolve
from services.gateway.handlers.lead_group import lead_group_again
from services.gateway.handlers.move_by_system import move_by_system
from services.gateway.handlers.signal_case import SignalCase
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal


def join_incident(case: SignalCase, entry: EntryType) -> None:
    """Link the signal to ``case.incident``, count it there, and raise the severity if it is worse."""
    if case.incident is None:
        raise ValueError("a signal joins an incident")
    tx, incident_id = case.tx, case.incident.id
    linked_before = case.link == incident_id
    fired_before = linked_before and case.known is not None and case.known.status == "firing"
    activity = tx.find(Activity, incident_id) or Activity(incident_id=incident_id)
    activity = cancel_resolve(tx, activity)
    activity = signals.note_activity(
        activity,
        received_at=case.arrival.received_at,
        linked=0 if linked_before else 1,
        firing=0 if fired_before else 1,
    )
    tx.put(signals.note_newest(activity, case.report.fingerprint, case.arrival.accepted_seq))
    note_hints(tx, incident_id, case.report)
    verb = "fired again" if entry is EntryType.SIGNAL_REFIRED else "joined"
    case.append(entry, f"{case.report.name} {verb}", incident_id, case.rule.flap)
    _raise_severity(case, incident_id)
    case.keep(incident_id=incident_id)


def reopen_incident(case: SignalCase, incident: Incident) -> None:
    """Bring a resolved incident back into work because a signal of its group fired."""
    milestones = msgspec.structs.replace(incident.milestones, resolved_at=None, closed_at=None)
    move_by_system(
        case.tx,
        # It may come back by a group that it took over in a merge, and its own have moved on.
        lead_group_again(case.tx, incident),
        IncidentStatus.INVESTIGATING,
        milestones,
        source=case.report.source,
        occurred_at=case.arrival.received_at,
        message=f"Reopened: {case.report.name} fired again",
        reason="signal fired again",
        fingerprint=case.report.fingerprint,
        deliveryId=case.arrival.delivery_id,
    )


def note_hints(tx: Transaction, incident_id: str, report: NormalisedSignal) -> None:
    """Keep what the signal names, for the inbox's search."""
    hints = tx.find(Hints, incident_id) or Hints(incident_id=incident_id)
    noted = signals.note_hints(hints, report)
    if noted is not hints:
        tx.put(noted)


def _raise_severity(case: SignalCase, incident_id: str) -> None:
    # Read again: a reopen in this transaction has put a newer head.
    incident, report = case.tx.get(Incident, incident_id), case.report
    if incident.severity_pinned or not report.severity.is_worse_than(incident.severity):
        return
    # The version stays: a person's edit that is under way must not be refused because an alert came in.
    case.tx.put(msgspec.structs.replace(incident, severity=report.severity, updated_at=case.tx.now))
    message = f"Severity raised from {incident.severity} to {report.severity} by {report.name}"
    case.append(EntryType.SEVERITY_RAISED, message, incident_id)
