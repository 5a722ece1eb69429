"""What scales, protects, isolates and limits: autoscalers, disruption budgets, network policies, quotas."""

from services.graph.domain.k8s.cluster import LimitRange, ResourceQuota
from services.graph.domain.k8s.network import NetworkPolicy
from services.graph.domain.k8s.shape import LabelSelector, Ref
from services.graph.domain.k8s.workloads import HorizontalPodAutoscaler, PodDisruptionBudget
from services.graph.domain.relations.drawing import Drawing, Link, Origin, group_of, origin_of, ref_in_group
from services.graph.domain.topology.graph import Relation
from services.graph.domain.topology.layers import Layer

SCALES = Link(Relation.SCALES, Layer.PLATFORM, "spec.scaleTargetRef names this object.")
PROTECTS = Link(Relation.PROTECTS, Layer.PLATFORM, "The budget's selector selects this pod.")
ISOLATES = Link(
    Relation.ISOLATES, Layer.NETWORK, "The policy's podSelector selects this pod: what no policy allows is refused."
)
LIMITS = Link(Relation.LIMITS, Layer.PLATFORM, "It holds for every object of its namespace.")
_DIRECTIONS = {
    (True, True): "ingress and egress",
    (True, False): "ingress",
    (False, True): "egress",
    (False, False): "no direction",
}


def draw_limits(drawing: Drawing) -> None:
    """Draw HPA → target, budget → pods, policy → pods, and quota and limit range → namespace."""
    inventory = drawing.inventory
    for hpa in inventory.all(HorizontalPodAutoscaler):
        target, origin = hpa.spec.scale_target_ref, origin_of(hpa)
        if target.name:
            ref = ref_in_group(group_of(target.api_version), target.kind, origin.ref.namespace, target.name)
            drawing.link(origin, SCALES, ref, "spec.scaleTargetRef.name")
    for budget in inventory.all(PodDisruptionBudget):
        _draw_selected(drawing, origin_of(budget), PROTECTS, budget.spec.selector, "spec.selector")
    for policy in inventory.all(NetworkPolicy):
        note = _DIRECTIONS[directions_of(policy)]
        _draw_selected(drawing, origin_of(policy), ISOLATES, policy.spec.pod_selector, "spec.podSelector", note)
    for limit in (*inventory.all(ResourceQuota), *inventory.all(LimitRange)):
        drawing.link(
            origin_of(limit), LIMITS, Ref("Namespace", None, limit.metadata.namespace or ""), "metadata.namespace"
        )


def directions_of(policy: NetworkPolicy) -> tuple[bool, bool]:
    """Return whether a policy is for ingress, and for egress.

    Types left out: ingress always, egress only where it has egress rules (networking/v1).
    """
    types = policy.spec.policy_types
    if types:
        return "Ingress" in types, "Egress" in types
    return True, bool(policy.spec.egress)


def _draw_selected(
    drawing: Drawing, origin: Origin, link: Link, selector: LabelSelector | None, path: str, note: str = ""
) -> None:
    namespace = origin.ref.namespace
    for pod in drawing.inventory.pods_selected(namespace, selector):
        drawing.link(origin, link, Ref("Pod", namespace, pod.metadata.name), path, note)
