"""Pods whose node is dead or gone, and what nodes and containers use of what they may."""

from collections.abc import Iterable
from datetime import timedelta

from services.graph.domain.evidence.quantities import share
from services.graph.domain.evidence.witness import seen_condition, seen_event
from services.graph.domain.k8s.cluster import Node, NodeMetrics, PodMetrics
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.rules.backing import is_done
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.nodes import ready_condition
from services.graph.domain.rules.showing import is_absent, look, newest_event, on, shown, shown_absent
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_HOT, _FULL = 0.8, 0.95
_STUCK = timedelta(minutes=1)


def _on_dead_node(view: View, pod: Pod) -> Iterable[Hit]:
    name = pod.spec.node_name
    node = view.inventory.find(Node, None, name) if name and not is_done(pod) else None
    ready = ready_condition(node) if node else None
    if node is None or ready is None or ready.status == "True":
        return
    says = f"phase {pod.status.phase or 'unknown'}: what it says of its containers is of before"
    seen = [seen_condition(node, ready), shown(pod, says, "status.phase")]
    of_pod = find_condition(pod.status.conditions, "Ready")
    if of_pod:
        seen.append(seen_condition(pod, of_pod))
    if pod.metadata.deletion_timestamp:
        seen.append(shown(pod, "is Terminating; only its node can confirm that it ended", "metadata.deletionTimestamp"))
    yield Hit(
        pod.ref,
        f"{pod.ref} is on {node.ref}, which is not ready",
        tuple(seen),
        culprit=node.ref,
        explains=(pod.ref,),
        remedies=(look(node.ref, f"Bring node {name} back, or delete it so that pods are replaced."),),
    )


def _node_gone(view: View, pod: Pod) -> Iterable[Hit]:
    name = pod.spec.node_name
    if name and not is_done(pod) and is_absent(view, Node, None, name):
        seen = (shown(pod, f"is on node {name}", "spec.nodeName"), shown_absent(view, Node, None, name))
        yield Hit(pod.ref, f"{pod.ref} is a leftover of node {name}, which does not exist", seen)


def _node_not_readable(view: View, pod: Pod) -> Iterable[Hit]:
    """Without the right to read nodes, the node controller's Event on the pod still tells."""
    name, event = pod.spec.node_name, newest_event(view, pod, "NodeNotReady")
    if not name or event is None or is_done(pod) or view.inventory.find(Node, None, name):
        return
    of_pod = find_condition(pod.status.conditions, "Ready")
    is_hurt = of_pod is not None and of_pod.status != "True"
    containers = [one.ready for one in pod.status.container_statuses or ()]
    # A container that is not ready would be reason enough; here only the node controller turned the pod.
    if is_hurt and containers and all(containers) and not is_absent(view, Node, None, name):
        seen = (seen_event(event), shown(pod, "its containers are ready, the pod is not", "status.conditions"))
        node = Ref(Node.KIND, None, name)
        yield Hit(pod.ref, f"{pod.ref}: its {node} is not ready", seen, culprit=node, explains=(pod.ref,))


def _stuck_terminating(view: View, pod: Pod) -> Iterable[Hit]:
    asked, held = pod.metadata.deletion_timestamp, pod.metadata.finalizers
    if asked is None or not held or view.now - asked < _STUCK:
        return
    # deletionTimestamp is when the grace ends, so that nothing but finalizers keeps what ended.
    if is_done(pod) or not pod.spec.node_name:
        seen = (shown(pod, f"held by {', '.join(held)}", "metadata.finalizers"),)
        remedy = Remedy(f"See why the owner of {', '.join(held)} does not remove it.")
        yield Hit(pod.ref, f"{pod.ref} ended and is kept by finalizers", seen, remedies=(remedy,))


def _node_hot(view: View, metrics: NodeMetrics) -> Iterable[Hit]:
    node = view.inventory.find(Node, None, metrics.metadata.name)
    for resource in ("cpu", "memory"):
        used = (
            share((metrics.usage or {}).get(resource), (node.status.allocatable or {}).get(resource)) if node else None
        )
        if node and used is not None and used > _HOT:
            seen = (_usage(metrics, node.ref, f"{resource} usage is {used:.0%} of what is allocatable", "usage"),)
            yield Hit(node.ref, f"{node.ref} uses {used:.0%} of its {resource}", seen)


def _usage(metrics: KubeObject, about: Ref, text: str, path: str) -> Seen:
    at = metrics.timestamp if isinstance(metrics, NodeMetrics | PodMetrics) else None
    return Seen("metric", about, text, path, at)


def _near_limit(view: View, metrics: PodMetrics) -> Iterable[Hit]:
    for pod, resource, container, used in _used(view, metrics):
        if used > _HOT and (resource == "cpu" or used <= _FULL):
            text = f"container {container} uses {used:.0%} of its {resource} limit"
            seen = (_usage(metrics, pod.ref, text, f"containers[name={container}].usage.{resource}"),)
            yield Hit(pod.ref, f"{pod.ref}: {text}", seen, culprit=top_owner(view.inventory, pod))


def _at_memory_limit(view: View, metrics: PodMetrics) -> Iterable[Hit]:
    for pod, resource, container, used in _used(view, metrics):
        if resource == "memory" and used > _FULL:
            text = f"container {container} uses {used:.0%} of its memory limit"
            owner = top_owner(view.inventory, pod)
            seen = (_usage(metrics, pod.ref, text, f"containers[name={container}].usage.memory"),)
            remedy = Remedy(f"Raise the memory limit of {container} in {owner}, or find what it keeps.")
            summary = f"{pod.ref}: {text}, and may be killed"
            yield Hit(pod.ref, summary, seen, culprit=owner, remedies=(remedy,))


def _used(view: View, metrics: PodMetrics) -> Iterable[tuple[Pod, str, str, float]]:
    pod = view.inventory.find(Pod, metrics.metadata.namespace, metrics.metadata.name)
    limits = (
        {one.name: (one.resources.limits if one.resources else None) or {} for one in (pod.spec.containers or ())}
        if pod
        else {}
    )
    for one in metrics.containers or ():
        for resource in ("cpu", "memory"):
            used = share((one.usage or {}).get(resource), limits.get(one.name, {}).get(resource))
            if pod and used is not None:
                yield pod, resource, one.name, used


RULES: tuple[Rule, ...] = (
    Rule(
        id="pod-on-dead-node",
        title="Pod is on a dead node",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="A pod that has not ended, on a node that is not ready.",
        explanation="It may say Running and 1/1, because nobody is there to say otherwise; traffic does not reach it.",
        remediation="Bring the node back, or delete it.",
        base=0.9,
        check=on(Pod, _on_dead_node),
        conditions=(72,),
        needs=(Node,),
    ),
    Rule(
        id="pod-node-gone",
        title="Pod of a node that does not exist",
        layer=Layer.INFRA,
        severity=Severity.LOW,
        kinds=(Pod,),
        condition="A pod that has not ended, bound to a node that is proven absent.",
        explanation="The node was removed; the pod garbage collector deletes such pods after some minutes.",
        remediation="If they stay, look at kube-controller-manager.",
        base=0.6,
        check=on(Pod, _node_gone),
        conditions=(72,),
        needs=(Node,),
        is_advice=True,
    ),
    Rule(
        id="pod-node-not-ready-event",
        title="Pod's node is not ready, by its Event",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="An Event NodeNotReady of a pod that is not ready though its containers are; its node was not read.",
        explanation="The node controller turned the pod; nodes could not be read to confirm it.",
        remediation="Allow reading nodes, and look at the node.",
        base=0.7,
        check=on(Pod, _node_not_readable),
        conditions=(72,),
        needs=(Node,),
    ),
    Rule(
        id="pod-held-by-finalizers",
        title="Pod ended and is kept by finalizers",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(Pod,),
        condition="A pod to be deleted has ended, or never ran, and has finalizers.",
        explanation="Whoever put the finalizer there does not remove it.",
        remediation="Repair the controller the finalizer belongs to.",
        base=0.75,
        check=on(Pod, _stuck_terminating),
        conditions=(16,),
    ),
    Rule(
        id="node-hot",
        title="Node is nearly used up",
        layer=Layer.INFRA,
        severity=Severity.MEDIUM,
        kinds=(NodeMetrics,),
        condition="CPU or memory usage over 80 % of what is allocatable.",
        explanation="Pods compete, and some may be evicted.",
        remediation="Spread the load, or add nodes.",
        base=0.6,
        check=on(NodeMetrics, _node_hot),
        conditions=(75, 91),
        is_advice=True,
    ),
    Rule(
        id="container-near-limit",
        title="Container is near its limit",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(PodMetrics,),
        condition="CPU usage over 80 % of the limit, or memory usage over 80 % and up to 95 %.",
        explanation="CPU is throttled at the limit; memory over it kills the container.",
        remediation="Raise the limit, or use less.",
        base=0.6,
        check=on(PodMetrics, _near_limit),
        conditions=(22, 91),
        is_advice=True,
    ),
    Rule(
        id="container-memory-exhausted",
        title="Container is at its memory limit",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=(PodMetrics,),
        condition="Memory usage over 95 % of the limit.",
        explanation="The next allocation may get it OOMKilled.",
        remediation="Raise the memory limit, or find what is kept.",
        base=0.5,
        check=on(PodMetrics, _at_memory_limit),
        conditions=(22, 90),
        # A runtime with a fixed heap lives there for years: it is worth saying, and proves nothing.
        is_advice=True,
    ),
)
