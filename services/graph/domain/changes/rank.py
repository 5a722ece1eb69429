"""Which change is likeliest to matter: near to the trouble, shortly before it, and of a kind that causes trouble."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.graph.domain.changes.change import Change, ChangeKind, ChangeSource
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.confidence import Confidence

_BASE = 0.3
_NEAR = {0: 0.3, 1: 0.2, 2: 0.1}
_FAR = -0.15
_SOON = timedelta(minutes=30)
_LONG_BEFORE = timedelta(hours=6)
# A clock of one component may be a little ahead of another's.
_SKEW = timedelta(minutes=2)
_WEIGHTY = {
    ChangeKind.IMAGE,
    ChangeKind.ENV,
    ChangeKind.CONFIG,
    ChangeKind.COMMAND,
    ChangeKind.POLICY,
    ChangeKind.ROUTING,
}
# What is new of these acts on what was there before.
_RULING = {ChangeKind.POLICY, ChangeKind.QUOTA, ChangeKind.ACCESS}
# They follow from other changes.
_EFFECTS = {ChangeKind.ENDPOINTS}


@dataclass(frozen=True, slots=True)
class RankedChange:
    """A change with how likely it is to matter, and why."""

    change: Change
    confidence: Confidence
    hops: int | None


def rank_changes(changes: Iterable[Change], onset: datetime, hops: Mapping[Ref, int]) -> list[RankedChange]:
    """Return the changes, the likeliest to matter first; ``hops`` says how far each object is from the trouble."""
    ranked = [_weigh(change, onset, hops.get(change.ref)) for change in changes]
    return sorted(ranked, key=lambda one: (-one.confidence.value, str(one.change.ref), one.change.field_path))


def _weigh(change: Change, onset: datetime, hops: int | None) -> RankedChange:
    confidence = Confidence(_BASE)
    if hops is None:
        confidence = confidence.step(_FAR, "no relation to the trouble is known")
    else:
        confidence = confidence.step(_NEAR.get(hops, 0.0), f"{hops} steps from the trouble")
    confidence = _weigh_time(confidence, change, onset)
    if change.kind in _WEIGHTY:
        confidence = confidence.step(0.1, f"changes of {change.kind} often cause trouble")
    if change.kind in _EFFECTS:
        confidence = confidence.step(-0.2, "it follows from other changes")
    if change.source is ChangeSource.CREATED and change.kind not in _RULING:
        confidence = confidence.step(-0.15, "it is new, so nothing that worked was changed")
    if change.source is ChangeSource.MANAGED_FIELDS:
        confidence = confidence.step(-0.05, "what it was before is not known")
    return RankedChange(change, confidence, hops)


def _weigh_time(confidence: Confidence, change: Change, onset: datetime) -> Confidence:
    if change.at is None:
        return confidence.step(-0.1, "when is not known")
    if change.is_latest and change.at > onset:
        return confidence.step(-0.05, "whether it came before the trouble is not known")
    before = onset - change.at
    if before < -_SKEW:
        return confidence.step(-0.25, "it came after the trouble began")
    if before <= _SOON:
        return confidence.step(0.2, f"{max(0, int(before.total_seconds() // 60))} min before the trouble began")
    if before <= _LONG_BEFORE:
        return confidence.step(0.05, "hours before the trouble began")
    return confidence.step(-0.1, "long before the trouble began")
