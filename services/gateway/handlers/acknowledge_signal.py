"""Apply a source's word that somebody took a signal on: a new incident goes to triage."""

from datetime import datetime

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.records import Incident, IncidentStatus, Milestones, Outcome, Signal, SignalOutcome
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
    milestones = _acknowledged(incident.milestones, signal.acknowledged_at, is_moved=arrival.delivery_id is None)
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


def _acknowledged(milestones: Milestones, at: datetime, *, is_moved: bool) -> Milestones:
    """Return the milestones with the source's word in them, never before the case was detected."""
    if milestones.acknowledged_at is not None:
        return milestones
    if is_moved:
        # It was acknowledged as part of another case; in this one from when this one was noticed.
        return msgspec.structs.replace(milestones, acknowledged_at=max(at, milestones.detected_at))
    # What opened the incident was accepted after the acknowledgement, and processed before: it was noticed by then.
    return msgspec.structs.replace(milestones, acknowledged_at=at, detected_at=min(at, milestones.detected_at))
