"""How a signal came, and what is recorded of what became of it."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.domain.records import Outcome, SignalOutcome
from shared.contracts.signal import NormalisedSignal


@dataclass(frozen=True, slots=True)
class Arrival:
    """When and in which order the delivery that brought a signal was accepted.

    ``delivery_id`` is None where a signal comes out of a silence: no delivery brought it then.
    """

    accepted_seq: int
    received_at: datetime
    source: str
    delivery_id: str | None


def make_outcome(report: NormalisedSignal, outcome: Outcome, incident_id: str | None, reason: str) -> SignalOutcome:
    """Return the one outcome of ``report``, with the reason in words."""
    return SignalOutcome(
        fingerprint=report.fingerprint,
        status=report.status,
        outcome=outcome,
        incident_id=incident_id,
        reason=reason,
        severity=report.severity,
        starts_at=report.starts_at,
        ends_at=report.ends_at,
        acknowledged=report.acknowledged,
    )
