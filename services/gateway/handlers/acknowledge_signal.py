"""Apply a source's word that somebody took a signal on: a new incident goes to triage."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.records import Incident, IncidentStatus, Outcome, Signal, SignalOutcome
from services.gateway.handlers.arrival import Arrival, make_outcome
from services.gateway.handlers.move_by_system import move_by_system
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal, SignalStatus


def acknowledge_signal(
    tx: Transaction, known: Signal | None, report: NormalisedSignal, arrival: Arrival
) -> SignalOutcome:
    """Take a new incident to triage because the source says somebody has it; no state of the signal changes."""
    tx.put(signals.acknowledge(known, report, arrival.accepted_seq, arrival.received_at))
    incident_id = known.incident_id if known is not None else None
    incident = tx.find(Incident, incident_id) if incident_id else None
    if known is None or incident is None:
        return make_outcome(report, Outcome.IGNORED, incident_id, "acknowledged, and no incident has seen it fire")
    if known.status is not SignalStatus.FIRING:
        return make_outcome(report, Outcome.IGNORED, incident_id, "acknowledged, and it is resolved")
    if incident.status is not IncidentStatus.NEW:
        reason = f"acknowledged, and its incident is {incident.status} already"
        return make_outcome(report, Outcome.IGNORED, incident_id, reason)
    _triage(tx, incident, report, arrival)
    return make_outcome(report, Outcome.JOINED, incident_id, "acknowledged at its source: new → triage")


def _triage(tx: Transaction, incident: Incident, report: NormalisedSignal, arrival: Arrival) -> None:
    milestones = incident.milestones
    if milestones.acknowledged_at is None:
        milestones = msgspec.structs.replace(milestones, acknowledged_at=arrival.received_at)
    move_by_system(
        tx,
        incident,
        IncidentStatus.TRIAGE,
        milestones,
        source=report.source,
        occurred_at=arrival.received_at,
        message=f"new → triage: {report.name} was acknowledged at its source",
        reason="acknowledged at its source",
        fingerprint=report.fingerprint,
        deliveryId=arrival.delivery_id,
    )


def triage_if_acknowledged(
    tx: Transaction, known: Signal | None, report: NormalisedSignal, arrival: Arrival, incident_id: str
) -> None:
    """An acknowledgement that was accepted after this report, but processed before it, still counts."""
    if known is None or known.acknowledged_seq <= arrival.accepted_seq:
        return
    incident = tx.get(Incident, incident_id)
    if incident.status is IncidentStatus.NEW:
        _triage(tx, incident, report, arrival)
