"""How long a case took to reach what: the figures behind MTTA, MTTM and MTTR."""

from datetime import datetime

from services.gateway.domain.records import Milestones
from shared.contracts.base import Contract


class Durations(Contract, frozen=True, kw_only=True):
    """Seconds from detection to each milestone; None where it was not reached."""

    time_to_acknowledge_seconds: float | None
    time_to_mitigate_seconds: float | None
    time_to_resolve_seconds: float | None


def measure(milestones: Milestones) -> Durations:
    """Return the durations of a case, each counted from when it was detected.

    Mitigation counts the first time, resolution the last: after a reopening the case is unresolved again, and the
    time it then takes is part of the outage.
    """
    return Durations(
        time_to_acknowledge_seconds=_seconds(milestones.detected_at, milestones.acknowledged_at),
        time_to_mitigate_seconds=_seconds(milestones.detected_at, milestones.mitigated_at),
        time_to_resolve_seconds=_seconds(milestones.detected_at, milestones.resolved_at),
    )


def _seconds(since: datetime, until: datetime | None) -> float | None:
    # Never negative: a mean over many must not be bent by a clock that was wrong once.
    return None if until is None else max(0.0, (until - since).total_seconds())
