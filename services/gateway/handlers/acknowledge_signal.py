"""Apply a source's word that somebody took a signal on: a new incident goes to triage."""

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.records import Incident, IncidentStatus, Outcome, Signal, SignalOutcome
from services.gateway.handlers.arrival import Arrival, make_outcome
from services.gateway.handlers.move_by_system import move_by_system
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal


def acknowledge_signal(
    tx: Transaction,
    known: Signal | None,
    report: NormalisedSignal,
    arrival: Arrival,
) -> SignalOutcome:
    """Take a new incident to triage because the source says somebody has it; no state of the signal changes."""
    signal = signals.acknowledge(known, report, arrival.accepted_seq, arrival.received_at)
    tx.put(signal)
    incident_id = signal.incident_id
    incident = tx.find(Incident, incident_id) if incident_id else None
    if incident is None:
        return make_outcome(report, Outcome.IGNORED, incident_id, "acknowledged, and no incident has seen it fire")
    if not signals.is_acknowledged(signal):
        reason = "acknowledged, and that does not fire" if signal.status != "firing" else "acknowledged before it fired"
        return make_outcome(report, Outcome.IGNORED, incident_id, reason)
    if incident.status is not IncidentStatus.NEW:
        reason = f"acknowledged, and its incident is {incident.status} already"
        return make_outcome(report, Outcome.IGNORED, incident_id, reason)
    triage_if_acknowledged(tx, signal, arrival)
    return make_outcome(report, Outcome.JOINED, incident_id, "acknowledged at its source: new → triage")


def triage_if_acknowledged(tx: Transaction, signal: Signal, arrival: Arrival) -> None:
    """Take the incident of ``signal`` to triage if it is new and somebody has what fires.

    Asked after every report: an acknowledgement may be processed before what it acknowledges.
    """
    if signal.incident_id is None or signal.acknowledged_at is None or not signals.is_acknowledged(signal):
        return
    incident = tx.find(Incident, signal.incident_id)
    if incident is None or incident.status is not IncidentStatus.NEW:
        return
    milestones = incident.milestones
    if milestones.acknowledged_at is None:
        milestones = msgspec.structs.replace(milestones, acknowledged_at=signal.acknowledged_at)
    move_by_system(
        tx,
        incident,
        IncidentStatus.TRIAGE,
        milestones,
        source=signal.source,
        occurred_at=signal.acknowledged_at,
        message=f"new → triage: {signal.name} was acknowledged at its source",
        reason="acknowledged at its source",
        fingerprint=signal.fingerprint,
        deliveryId=arrival.delivery_id,
    )
