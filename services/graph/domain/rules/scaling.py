"""Rules for autoscalers."""

from collections.abc import Iterator
from decimal import Decimal

from services.graph.domain.evidence.blame import blame_workload
from services.graph.domain.evidence.pod_state import is_older
from services.graph.domain.evidence.quantities import parse_quantity, requests_of
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.pods import PodSpec
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import (
    Deployment,
    HorizontalPodAutoscaler,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_TARGETS: dict[str, type[KubeObject]] = {
    one.KIND: one for one in (Deployment, StatefulSet, ReplicaSet, ReplicationController)
}


def _target(view: View, hpa: HorizontalPodAutoscaler) -> KubeObject | None:
    ref = hpa.spec.scale_target_ref
    return view.inventory.find_ref(Ref(ref.kind, hpa.metadata.namespace, ref.name))


def _absent_target(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, HorizontalPodAutoscaler):
        return
    ref = thing.spec.scale_target_ref
    kind = _TARGETS.get(ref.kind)
    # Anything with a scale subresource may be scaled; of kinds we do not read nothing is known.
    if kind is None or view.inventory.presence(kind, thing.metadata.namespace, ref.name) is not Presence.ABSENT:
        return
    summary = f"It scales {ref.kind} {ref.name}, which does not exist."
    able = find_condition(thing.status.conditions, "AbleToScale")
    marks = (seen(thing, "spec.scaleTargetRef", summary), *((seen_condition(thing, able),) if able else ()))
    yield Hit(thing.ref, summary, marks)


def _cannot_scale(view: View, thing: KubeObject) -> Iterator[Hit]:
    able = (
        find_condition(thing.status.conditions, "AbleToScale") if isinstance(thing, HorizontalPodAutoscaler) else None
    )
    if not isinstance(thing, HorizontalPodAutoscaler) or able is None or able.status != "False":
        return
    if able.reason in {"FailedGetScale", "FailedUpdateScale"}:
        marks = (seen_condition(thing, able), *map(seen_event, events_about(view, thing, able.reason)[:1]))
        yield Hit(thing.ref, f"It cannot read or set the scale: {able.message or able.reason}", marks)


def _no_metrics(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, HorizontalPodAutoscaler):
        return
    active = find_condition(thing.status.conditions, "ScalingActive")
    # Scaling to zero switches it off on purpose.
    if active is None or active.status != "False" or active.reason == "ScalingDisabled":
        return
    target = _target(view, thing)
    since = active.last_transition_time or thing.metadata.creation_timestamp
    # Pods that just began have no usage yet.
    if not is_older(since, view.now):
        return
    culprit = None
    if target is not None and "ready" in (active.message or "") and _has_no_ready(target):
        culprit = blame_workload(view, target).culprit
    events = events_about(view, thing, active.reason or "", "FailedComputeMetricsReplicas")
    marks = (seen_condition(thing, active), *map(seen_event, events[:1]))
    remedy = Remedy(_metrics_advice(active.message or "", thing))
    summary = f"It does not scale, because it has no metric: {active.message or active.reason}"
    yield Hit(thing.ref, summary, marks, culprit, remedies=(remedy,))


def _has_no_ready(target: KubeObject) -> bool:
    return isinstance(target, Deployment | StatefulSet | ReplicaSet) and not target.status.ready_replicas


def _metrics_advice(message: str, hpa: HorizontalPodAutoscaler) -> str:
    target = hpa.spec.scale_target_ref
    if "missing request for" in message:
        return f"Give every container of {target.kind} {target.name} a request for what it is scaled by."
    if "external" in message or "custom.metrics" in message:
        return "Install an adapter that serves the metric, or name a metric that is served."
    if "could not find the requested resource" in message or "metrics.k8s.io" in message:
        return "Install metrics-server, or bring it back."
    return f"Mend the metric of {hpa.metadata.name}, or what serves it."


def _capped(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, HorizontalPodAutoscaler):
        return
    limited = find_condition(thing.status.conditions, "ScalingLimited")
    if limited is None or limited.status != "True" or limited.reason != "TooManyReplicas":
        return
    # A ceiling that equals the floor is a wish for a fixed number.
    if (thing.spec.max_replicas or 0) <= (thing.spec.min_replicas or 1):
        return
    summary = f"It would have more than the {thing.spec.max_replicas} replicas it may have."
    marks = (seen_condition(thing, limited), seen(thing, "spec.maxReplicas", str(thing.spec.max_replicas)))
    yield Hit(thing.ref, summary, marks, remedies=(Remedy("Raise maxReplicas, or find why so much is needed."),))


def _no_requests(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, HorizontalPodAutoscaler):
        return
    target = _target(view, thing)
    spec = target.spec.template.spec if isinstance(target, Deployment | StatefulSet) else None
    if spec is None:
        return
    for metric in thing.spec.metrics or ():
        source = metric.resource
        if not source or not source.target or source.target.type != "Utilization":
            continue
        # A LimitRange may give pods what the template lacks; then the metric is there.
        active = find_condition(thing.status.conditions, "ScalingActive")
        if _lacks_request(spec, source.name or "") and (active is None or active.status != "True"):
            summary = f"It scales by the use of {source.name} against requests, and its target asks for none."
            marks = (seen(thing, "spec.metrics", summary), seen(target, "spec.template.spec.containers", "No request."))  # type: ignore[arg-type]
            yield Hit(thing.ref, summary, marks)


def _lacks_request(spec: PodSpec, name: str) -> bool:
    asks = [(one.resources.requests if one.resources else None) or {} for one in spec.containers or ()]
    caps = [(one.resources.limits if one.resources else None) or {} for one in spec.containers or ()]
    return any(name not in ask and name not in cap for ask, cap in zip(asks, caps, strict=True))


def _larger_than_cluster(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, HorizontalPodAutoscaler) or not view.inventory.coverage.proves_absence(Node.KIND, None):
        return
    target = _target(view, thing)
    spec = target.spec.template.spec if isinstance(target, Deployment | StatefulSet) else None
    for name, asked in (requests_of(spec) if spec else {}).items():
        sizes = [parse_quantity((node.status.allocatable or {}).get(name)) for node in view.inventory.all(Node)]
        total = sum((size for size in sizes if size), Decimal())
        if total and asked * (thing.spec.max_replicas or 0) > total:
            summary = f"At its most it would ask for more {name} than the whole cluster has."
            yield Hit(thing.ref, summary, (seen(thing, "spec.maxReplicas", summary),))


RULES: tuple[Rule, ...] = (
    Rule(
        id="hpa-target-absent",
        title="Scales what does not exist",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(HorizontalPodAutoscaler,),
        condition="scaleTargetRef is proven absent",
        explanation="It can do nothing.",
        remediation="Mend scaleTargetRef.",
        base=0.9,
        check=_absent_target,
        conditions=(42,),
    ),
    Rule(
        id="hpa-cannot-scale",
        title="Cannot read or set the scale",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(HorizontalPodAutoscaler,),
        condition="AbleToScale is False: FailedGetScale or FailedUpdateScale",
        explanation="The number of replicas stays as it is.",
        remediation="Mend the target, or the rights of the controller.",
        base=0.85,
        check=_cannot_scale,
        conditions=(40,),
    ),
    Rule(
        id="hpa-without-metrics",
        title="Has no metric to scale by",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(HorizontalPodAutoscaler,),
        condition="ScalingActive is False for more than two minutes, and not because of zero replicas",
        explanation="The number of replicas stays as it is, whatever the load.",
        remediation="Bring the metric back, or name one that is served.",
        base=0.88,
        check=_no_metrics,
        conditions=(40,),
    ),
    Rule(
        id="hpa-capped",
        title="Would have more replicas than it may",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(HorizontalPodAutoscaler,),
        condition="ScalingLimited is True with reason TooManyReplicas",
        explanation="Load is higher than what the most replicas can take by its own measure.",
        remediation="Raise maxReplicas, or find why so much is needed.",
        base=0.7,
        check=_capped,
        conditions=(41,),
    ),
    Rule(
        id="hpa-target-without-requests",
        title="Scales by requests that are not there",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(HorizontalPodAutoscaler,),
        condition="a metric is a share of requests, ScalingActive is not True, and a container asks for none",
        explanation="A share of nothing cannot be computed.",
        remediation="Give every container of the target a request.",
        base=0.85,
        check=_no_requests,
        conditions=(42,),
    ),
    Rule(
        id="hpa-larger-than-cluster",
        title="Could outgrow the cluster",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(HorizontalPodAutoscaler,),
        condition="maxReplicas times the requests of a pod is more than all nodes have",
        explanation="At its most, pods would wait for nodes.",
        remediation="Lower maxReplicas, or see that nodes are added.",
        base=0.7,
        check=_larger_than_cluster,
        conditions=(43,),
        is_advice=True,
    ),
)
