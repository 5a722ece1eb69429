"""Let the signals of a group wait until there are enough of them for an incident."""

from services.gateway.domain.records import PendingGroup, Signal, ThresholdOf
from services.gateway.domain.rules.book import Decision
from services.gateway.domain.thresholds import count_report, is_reached
from services.gateway.handlers.signal_case import SignalCase
from services.gateway.ports import Transaction
from shared.contracts.signal import SignalStatus


def wait_for_more(case: SignalCase, decision: Decision) -> str | None:
    """Count the report; return in words what is missing, or None once there is enough."""
    threshold = decision.rule.threshold
    if threshold is None:
        return None
    pending = case.tx.find(PendingGroup, decision.dedup_key) or PendingGroup(
        dedup_key=decision.dedup_key,
        changed_at=case.tx.now,
    )
    pending = count_report(pending, case.report.fingerprint, case.arrival.received_at, threshold)
    case.tx.put(pending)
    if is_reached(pending, threshold):
        return None
    what = "signals" if threshold.of is ThresholdOf.SIGNALS else "reports"
    return f"{len(pending.reports)} of {threshold.count} {what} within {threshold.within_seconds:g} s"


def take_waiting(case: SignalCase, dedup_key: str) -> list[Signal]:
    """Return the other signals that were counted for the group, still fire and have no incident."""
    pending = case.tx.find(PendingGroup, dedup_key)
    names = dict.fromkeys(one for one, _ in pending.reports) if pending is not None else {}
    found = (case.tx.find(Signal, name) for name in names if name != case.report.fingerprint)
    return [signal for signal in found if signal is not None and _waits(signal)]


def forget_waiting(tx: Transaction, dedup_key: str) -> None:
    """Begin to count anew: the incident is open."""
    tx.remove(PendingGroup, dedup_key)


def _waits(signal: Signal) -> bool:
    return signal.status is SignalStatus.FIRING and signal.incident_id is None and signal.held_by is None
