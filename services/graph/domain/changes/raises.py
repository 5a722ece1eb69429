"""A change shortly before the trouble began makes its object a likelier cause."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.graph.domain.changes.change import ChangeKind
from services.graph.domain.changes.rank import RankedChange
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.confidence import MOST
from services.graph.domain.ranking.ranking import Hypothesis, in_order

_SHARE = 0.2
_SOON, _SKEW = timedelta(minutes=30), timedelta(minutes=2)
# What follows from the trouble itself is no cause of it.
_EFFECTS = frozenset({ChangeKind.ENDPOINTS})
# How the ranking calls a change it saw itself: it counts once.
_COUNTED = "was changed"


def raise_by_changes(
    hypotheses: Sequence[Hypothesis], changes: Iterable[RankedChange], onset: datetime
) -> list[Hypothesis]:
    """Return the hypotheses in their order after each whose culprit was changed in the half hour before was raised.

    A change that may have been made later than the trouble began raises nothing.
    """
    soon: dict[Ref, RankedChange] = {}
    for one in changes:
        change = one.change
        if change.at is None or change.is_latest or change.kind in _EFFECTS:
            continue
        if onset - _SOON <= change.at <= onset + _SKEW:
            soon.setdefault(change.ref, one)
    return in_order([_raised(one, soon, onset) for one in hypotheses])


def _raised(hypothesis: Hypothesis, soon: Mapping[Ref, RankedChange], onset: datetime) -> Hypothesis:
    confidence = hypothesis.confidence
    ranked = soon.get(hypothesis.culprit)
    if ranked is None or any(_COUNTED in step.reason for step in confidence.steps):
        return hypothesis
    minutes = max(0, int((onset - (ranked.change.at or onset)).total_seconds() // 60))
    reason = f"{minutes} min before the trouble began: {ranked.change}"[:300]
    delta = round(_SHARE * (MOST - confidence.value), 4)
    return replace(hypothesis, confidence=confidence.step(delta, reason))
