"""Decide whether enough has come for a group whose rule waits for more than one signal."""

from datetime import datetime, timedelta

from services.gateway.domain.records import PendingGroup, Threshold, ThresholdOf


def count_report(pending: PendingGroup, fingerprint: str, at: datetime, threshold: Threshold) -> PendingGroup:
    """Return ``pending`` with one more report; what is older than the threshold's time is let go.

    Where signals are counted, a repeat only renews its signal; where reports are counted, each one counts.
    """
    newest = max(at, *(when for _, when in pending.reports)) if pending.reports else at
    since = newest - timedelta(seconds=threshold.within_seconds)
    kept = [(one, when) for one, when in pending.reports if when > since]
    if threshold.of is ThresholdOf.SIGNALS:
        kept = [(one, when) for one, when in kept if one != fingerprint]
    if at > since:
        kept.append((fingerprint, at))
    # Deliveries may be processed late: what counts is when they came.
    reports = tuple(sorted(kept, key=lambda report: report[1])[-threshold.count :])
    return PendingGroup(dedup_key=pending.dedup_key, reports=reports, changed_at=at)


def is_reached(pending: PendingGroup, threshold: Threshold) -> bool:
    """Answer whether the incident may be opened."""
    return len(pending.reports) >= threshold.count
