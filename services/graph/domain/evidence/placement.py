"""Whether a pod could run on a node: selector and affinity, taints, size, cordon and health of the node."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.graph.domain.evidence.pod_state import is_down
from services.graph.domain.evidence.quantities import parse_quantity, requests_of
from services.graph.domain.k8s.cluster import Node, Taint
from services.graph.domain.k8s.pods import NodeRequirement, NodeSelectorTerm, Pod, PodSpec, Toleration

# Taints the platform sets for what a node's condition says; other taints are the wish of a person.
_OF_CONDITION = (
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/unschedulable",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/network-unavailable",
    "node.cloudprovider.kubernetes.io/uninitialized",
    "node.cloudprovider.kubernetes.io/shutdown",
)
_KEEP_AWAY = {"NoSchedule", "NoExecute"}


@dataclass(frozen=True, slots=True)
class Fit:
    """How a pod fits a node. ``too_small``: resources of which even the empty node has less than is asked."""

    node: Node
    is_selected: bool
    too_small: tuple[str, ...]
    taints: tuple[Taint, ...]

    @property
    def condition_taints(self) -> tuple[Taint, ...]:
        """Taints that tell of trouble of the node, or of its cordon."""
        return tuple(one for one in self.taints if one.key in _OF_CONDITION)

    @property
    def is_kept_by_node(self) -> bool:
        """Whether nothing but the node's own condition keeps the pod away."""
        if not self.is_selected or self.too_small:
            return False
        is_off = bool(self.node.spec.unschedulable) or is_down(self.node) or bool(self.condition_taints)
        return is_off and len(self.condition_taints) == len(self.taints)


def fits_of(pod: Pod, nodes: Iterable[Node]) -> list[Fit]:
    """Return how the pod fits each of the nodes."""
    requests = requests_of(pod.spec)
    return [_fit(pod, node, requests) for node in nodes]


def _fit(pod: Pod, node: Node, requests: dict[str, Decimal]) -> Fit:
    taints = tuple(
        one
        for one in node.spec.taints or ()
        if one.effect in _KEEP_AWAY and not tolerates(pod.spec.tolerations or (), one)
    )
    return Fit(node, is_selected(pod.spec, node), _too_small(requests, node), taints)


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Answer whether one of the tolerations covers the taint (core/v1, ToleratesTaint)."""
    return any(_covers(one, taint) for one in tolerations)


def _covers(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    if toleration.operator == "Exists":
        return True
    return bool(toleration.key) and (toleration.value or "") == (taint.value or "")


def is_selected(spec: PodSpec, node: Node) -> bool:
    """Answer whether node selector and required node affinity allow the node."""
    labels = node.labels
    if any(labels.get(key) != value for key, value in (spec.node_selector or {}).items()):
        return False
    affinity = spec.affinity.node_affinity if spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if required is None:
        return True
    return any(_meets_term(term, node) for term in required.node_selector_terms or ())


def _meets_term(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    fields = {"metadata.name": node.metadata.name}
    return all(_meets(one, node.labels) for one in term.match_expressions or ()) and all(
        _meets(one, fields) for one in term.match_fields or ()
    )


def _meets(requirement: NodeRequirement, labels: dict[str, str]) -> bool:
    value, values = labels.get(requirement.key), requirement.values or []
    match requirement.operator:
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
        case "Gt" | "Lt":
            return _compares(requirement.operator, value, values)
        case _:
            return False


def _compares(operator: str, value: str | None, values: list[str]) -> bool:
    try:
        have, bound = int(value or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return have > bound if operator == "Gt" else have < bound


def _too_small(requests: dict[str, Decimal], node: Node) -> tuple[str, ...]:
    allocatable = node.status.allocatable
    if not allocatable:
        # A node that says nothing of its size is not known to be too small.
        return ()
    return tuple(
        name for name, asked in sorted(requests.items()) if asked > (parse_quantity(allocatable.get(name)) or Decimal())
    )
