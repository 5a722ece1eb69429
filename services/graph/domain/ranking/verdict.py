"""Whether a target is healthy, and, where that is not known, which of three reasons is the truth."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.ranking.ranking import Hypothesis
from services.graph.domain.reading.coverage import Coverage, CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import get_kind
from shared.contracts.diagnosis import Verdict

# Below this a trouble is worth a line, and no reason to call something broken.
_LEAST_CONFIDENCE = 0.3
_PODS = frozenset({"Pod"})
# What must have been read whole before somebody is told that all is well.
_ESSENTIAL: dict[str, frozenset[str]] = {
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job"), _PODS),
    "CronJob": frozenset({"Job"}),
    "Service": frozenset({"Pod", "EndpointSlice"}),
    "Ingress": frozenset({"Service", "Secret", "IngressClass"}),
    "Namespace": frozenset({"Pod", "Deployment", "Service"}),
    "Cluster": frozenset({"Pod", "Node", "Deployment", "Service"}),
    "NetworkPolicy": _PODS,
    "PodDisruptionBudget": _PODS,
}
_ROUTES = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"})


class Sight(StrEnum):
    """What became of asking for the target itself."""

    SEEN = "seen"
    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, and what speaks against being surer."""

    verdict: Verdict
    missing: tuple[str, ...] = ()


def judge(
    target: Ref, sight: Sight, hypotheses: Sequence[Hypothesis], inventory: Inventory, within: Collection[str | None]
) -> Judgement:
    """Return the verdict on a target, or on a scope whose namespaces are ``within``."""
    if sight is Sight.ABSENT:
        return Judgement(Verdict.NOT_FOUND)
    if any(one.is_tied and one.confidence.value >= _LEAST_CONFIDENCE for one in hypotheses):
        return Judgement(Verdict.UNHEALTHY)
    if sight is Sight.FORBIDDEN:
        return Judgement(Verdict.NOT_ALLOWED)
    if sight is Sight.UNKNOWN:
        return Judgement(Verdict.CANNOT_TELL)
    missing = unread(target, inventory.coverage, within)
    return Judgement(Verdict.CANNOT_TELL if missing else Verdict.HEALTHY, missing)


def unread(target: Ref, coverage: Coverage, within: Collection[str | None]) -> tuple[str, ...]:
    """Return the kinds without which nobody may call the target healthy, and which were not read whole."""
    wanted = frozenset({"Service", "Gateway"}) if target.kind in _ROUTES else _ESSENTIAL.get(target.kind, frozenset())
    return tuple(kind for kind in sorted(wanted) if not all(_is_read(coverage, kind, space) for space in within))


def _is_read(coverage: Coverage, kind: str, namespace: str | None) -> bool:
    where = namespace if get_kind(kind).is_namespaced else None
    return coverage.state(kind, where) in {CoverageState.OK, CoverageState.MISSING}
