"""Rules for disruption budgets."""

from collections.abc import Iterator
from datetime import timedelta

from services.graph.domain.evidence.blame import blame_workload
from services.graph.domain.evidence.pod_state import is_older, is_over, is_ready
from services.graph.domain.evidence.witness import seen, seen_condition
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, find_condition, selects
from services.graph.domain.k8s.workloads import (
    DaemonSet,
    Deployment,
    PodDisruptionBudget,
    StatefulSet,
)
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_FIVE = timedelta(minutes=5)


def _blocks(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, PodDisruptionBudget):
        return
    status = thing.status
    expected, healthy = status.expected_pods or 0, status.current_healthy or 0
    if not expected or status.disruptions_allowed or healthy < expected:
        return
    if not is_older(thing.metadata.creation_timestamp, view.now):
        return
    rule = f"minAvailable {thing.spec.min_available}" if thing.spec.min_available is not None else ""
    rule = rule or f"maxUnavailable {thing.spec.max_unavailable}"
    summary = f"All {expected} pods are healthy, and yet none may be disrupted: {rule}. Nodes cannot be drained."
    allowed = find_condition(status.conditions, "DisruptionAllowed")
    marks = (seen(thing, "status.disruptionsAllowed", "0"), *((seen_condition(thing, allowed),) if allowed else ()))
    yield Hit(thing.ref, summary, marks, remedies=(Remedy("Allow one pod to be away, or run one pod more."),))


def _selects_none(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, PodDisruptionBudget) or thing.status.expected_pods:
        return
    namespace, selector = thing.metadata.namespace, thing.spec.selector
    if view.inventory.pods_selected(namespace, selector) or not is_older(thing.metadata.creation_timestamp, view.now):
        return
    coverage = view.inventory.coverage
    kinds: tuple[type[Deployment | StatefulSet | DaemonSet], ...] = (Deployment, StatefulSet, DaemonSet)
    if not all(coverage.proves_absence(kind.KIND, namespace) for kind in (Pod, *kinds)):
        return
    templates = (one.spec.template.metadata for kind in kinds for one in view.inventory.in_namespace(kind, namespace))
    # A workload without pods just now is still what it protects.
    if any(selects(selector, meta.labels or {}) for meta in templates if meta):
        return
    yield Hit(thing.ref, "It protects no pod.", (seen(thing, "spec.selector", "It selects no pod."),))


def _failed_budget(_view: View, thing: KubeObject) -> Iterator[Hit]:
    allowed = (
        find_condition(thing.status.conditions, "DisruptionAllowed") if isinstance(thing, PodDisruptionBudget) else None
    )
    if allowed and allowed.status == "False" and allowed.reason == "SyncFailed":
        summary = f"It cannot be computed: {allowed.message or allowed.reason}"
        yield Hit(thing.ref, summary, (seen_condition(thing, allowed),))


def _several(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, PodDisruptionBudget):
        return
    namespace = thing.metadata.namespace
    budgets = view.inventory.in_namespace(PodDisruptionBudget, namespace)
    if len(budgets) < 2:  # noqa: PLR2004 - another one.
        return
    for pod in view.inventory.pods_selected(namespace, thing.spec.selector):
        others = [one for one in budgets if one.ref != thing.ref and selects(one.spec.selector, pod.labels)]
        # Told once, of the one that came later by name.
        if others and not is_over(pod) and all(one.metadata.name < thing.metadata.name for one in others):
            names = ", ".join(one.metadata.name for one in others)
            summary = f"Pods are protected by it and by {names}: such pods can never be evicted."
            yield Hit(
                thing.ref, summary, (seen(thing, "spec.selector", f"Pod {pod.metadata.name} is selected twice."),)
            )
            return


def _unhealthy_budget(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A budget that allows nothing because pods are not healthy: a symptom of theirs."""
    if not isinstance(thing, PodDisruptionBudget) or thing.status.disruptions_allowed or not thing.status.expected_pods:
        return
    if (thing.status.current_healthy or 0) >= (thing.status.desired_healthy or 0):
        return
    pods = view.inventory.pods_selected(thing.metadata.namespace, thing.spec.selector)
    sick = next((pod for pod in pods if not is_ready(pod) and not is_over(pod)), None)
    if sick is None or not is_older(sick.metadata.creation_timestamp, view.now, _FIVE):
        return
    owner = view.inventory.find_ref(top_owner(view.inventory, sick))
    culprit = blame_workload(view, owner).culprit if owner else top_owner(view.inventory, sick)
    summary = (
        f"Only {thing.status.current_healthy or 0} of the {thing.status.desired_healthy} pods it needs are healthy."
    )
    yield Hit(thing.ref, summary, (seen(thing, "status.currentHealthy", summary),), culprit, explains=(thing.ref,))


RULES: tuple[Rule, ...] = (
    Rule(
        id="pdb-blocks-all",
        title="Lets no pod be disrupted",
        layer=Layer.PLATFORM,
        severity=Severity.MEDIUM,
        kinds=(PodDisruptionBudget,),
        condition="every expected pod is healthy and disruptionsAllowed is 0",
        explanation="A drain of a node waits for ever.",
        remediation="Allow one pod to be away, or run one pod more.",
        base=0.8,
        check=_blocks,
        conditions=(44,),
    ),
    Rule(
        id="pdb-selects-nothing",
        title="Protects no pod",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(PodDisruptionBudget,),
        condition="it selects no pod and the template of no workload, and all of them were read",
        explanation="It does nothing.",
        remediation="Mend its selector, or remove it.",
        base=0.8,
        check=_selects_none,
        conditions=(44,),
    ),
    Rule(
        id="pdb-not-computed",
        title="A budget that cannot be computed",
        layer=Layer.PLATFORM,
        severity=Severity.MEDIUM,
        kinds=(PodDisruptionBudget,),
        condition="DisruptionAllowed is False with reason SyncFailed",
        explanation="No pod of it can be evicted.",
        remediation="Mend what the message names.",
        base=0.85,
        check=_failed_budget,
        conditions=(44,),
    ),
    Rule(
        id="pdb-overlaps",
        title="Two budgets for the same pods",
        layer=Layer.PLATFORM,
        severity=Severity.MEDIUM,
        kinds=(PodDisruptionBudget,),
        condition="a pod is selected by more than one budget",
        explanation="The API server refuses every eviction of a pod that has two budgets.",
        remediation="Keep one of them.",
        base=0.85,
        check=_several,
        conditions=(26,),
    ),
    Rule(
        id="pdb-short-of-pods",
        title="Fewer healthy pods than it needs",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(PodDisruptionBudget,),
        condition="currentHealthy is below desiredHealthy, and a pod is not ready for more than five minutes",
        explanation="It allows no disruption until the pods are well.",
        remediation="Mend the pods.",
        base=0.5,
        check=_unhealthy_budget,
        conditions=(44,),
    ),
)
