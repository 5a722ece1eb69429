"""Nodes that are closed to pods: cordoned or tainted, with or without pods that wait because of it."""

from collections.abc import Iterable

from services.graph.domain.k8s.cluster import Node, Taint
from services.graph.domain.k8s.pods import Pod, Toleration
from services.graph.domain.k8s.shape import find_condition
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.nodes import ready_condition
from services.graph.domain.rules.once import once
from services.graph.domain.rules.showing import on, shown, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

# What the node controller puts there itself follows from a condition, and is no taint of somebody's.
_SYSTEM_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "node-role.kubernetes.io/")
_BLOCKING = {"NoSchedule", "NoExecute"}


@once
def _waiting_pods(inventory: Inventory) -> list[tuple[Pod, str]]:
    """Return the pods the scheduler found no node for, with what it says."""
    found = []
    for pod in inventory.all(Pod):
        condition = find_condition(pod.status.conditions, "PodScheduled")
        if pod.status.phase == "Pending" and condition and condition.reason == "Unschedulable":
            found.append((pod, condition.message or ""))
    return found


def _cordon_blocks(view: View, node: Node) -> Iterable[Hit]:
    if not node.spec.unschedulable:
        return
    words = ("were unschedulable", "node.kubernetes.io/unschedulable")
    held = [
        (pod, text)
        for pod, text in _waiting_pods(view.inventory)
        if any(word in text for word in words) and (pod.spec.node_selector or {}).items() <= node.labels.items()
    ]
    if not held:
        return
    open_nodes = [one for one in view.inventory.all(Node) if _is_open(one)]
    seen = [shown(node, "is cordoned", "spec.unschedulable")]
    seen += [Seen("object", pod.ref, text, "status.conditions[type=PodScheduled]") for pod, text in held[:3]]
    steps = ((-0.15, "other nodes are open and do not fit either"),)
    if not open_nodes:
        steps = ((0.3, "no ready node takes pods"),)
    yield Hit(
        node.ref,
        f"{node.ref} is cordoned while {len(held)} pods find no node",
        tuple(seen),
        steps=steps,
        explains=tuple(pod.ref for pod, _ in held),
        remedies=(Remedy(f"Uncordon {node.metadata.name}.", ("kubectl", "uncordon", node.metadata.name), risk="low"),),
    )


def _is_open(node: Node) -> bool:
    condition = ready_condition(node)
    return not node.spec.unschedulable and (condition is None or condition.status == "True")


def own_taints(node: Node) -> list[Taint]:
    """Return the taints somebody put on a node that keep pods away."""
    return [one for one in node.spec.taints or () if one.effect in _BLOCKING and not one.key.startswith(_SYSTEM_TAINTS)]


def tolerates(tolerations: Iterable[Toleration], taint: Taint) -> bool:
    """Answer whether one of the tolerations is for the taint (core/v1, ToleratesTaint)."""
    for one in tolerations:
        if one.effect not in {None, "", taint.effect} or (one.key and one.key != taint.key):
            continue
        if one.operator == "Exists" or (one.key and (one.value or "") == (taint.value or "")):
            return True
    return False


def _taint_blocks(view: View, node: Node) -> Iterable[Hit]:
    taints = own_taints(node)
    others = [one for one in view.inventory.all(Node) if _is_open(one)]
    # Elsewhere there is room for others: then a node kept apart is meant so.
    if not taints or not view.inventory.coverage.proves_absence(Node.KIND, None) or not all(map(own_taints, others)):
        return
    held = [
        (pod, text)
        for pod, text in _waiting_pods(view.inventory)
        if "taint" in text and not all(tolerates(pod.spec.tolerations or (), one) for one in taints)
    ]
    if held:
        names = some_names(f"{one.key}={one.value or ''}:{one.effect}" for one in taints)
        seen = [shown(node, f"is tainted {names}", "spec.taints")]
        seen += [Seen("object", pod.ref, text, "status.conditions[type=PodScheduled]") for pod, text in held[:3]]
        off = tuple(f"{one.key}:{one.effect}-" for one in taints)
        remedy = Remedy(
            f"Remove the taint, or let the pods tolerate {names}.",
            ("kubectl", "taint", "node", node.metadata.name, *off),
        )
        refs = tuple(pod.ref for pod, _ in held)
        summary = f"Every open node is tainted, {node.metadata.name} with {names}; {len(held)} pods find no node"
        yield Hit(node.ref, summary, tuple(seen), explains=refs, remedies=(remedy,))


def _cordoned(_view: View, node: Node) -> Iterable[Hit]:
    if node.spec.unschedulable:
        remedy = Remedy("Uncordon it when the maintenance is over.", ("kubectl", "uncordon", node.metadata.name))
        seen = (shown(node, "takes no new pods", "spec.unschedulable"),)
        yield Hit(node.ref, f"{node.ref} is cordoned", seen, remedies=(remedy,))


@once
def _tolerations(inventory: Inventory) -> frozenset[Toleration]:
    # A toleration of everything is no sign that the taint is for somebody.
    return frozenset(one for pod in inventory.all(Pod) for one in pod.spec.tolerations or () if one.key)


def _taint_unused(view: View, node: Node) -> Iterable[Hit]:
    if not view.inventory.coverage.proves_absence(Pod.KIND, None):
        return
    for taint in own_taints(node):
        if not tolerates(_tolerations(view.inventory), taint):
            seen = (shown(node, f"is tainted {taint.key}={taint.value or ''}:{taint.effect}", "spec.taints"),)
            yield Hit(node.ref, f"No pod tolerates the taint {taint.key} of {node.ref}", seen)


RULES: tuple[Rule, ...] = (
    Rule(
        id="node-cordon-blocks",
        title="Cordoned node while pods find no room",
        layer=Layer.INFRA,
        severity=Severity.MEDIUM,
        kinds=(Node,),
        condition="A cordoned node, and pending pods whose scheduler names unschedulable nodes.",
        explanation="The pods may fit on it.",
        remediation="Uncordon the node if its maintenance is over.",
        base=0.55,
        check=on(Node, _cordon_blocks),
        conditions=(74,),
        needs=(Pod,),
    ),
    Rule(
        id="node-taint-blocks",
        title="Every open node is tainted",
        layer=Layer.INFRA,
        severity=Severity.MEDIUM,
        kinds=(Node,),
        condition="All ready nodes carry a taint of somebody's, and pending pods do not tolerate this node's.",
        explanation="There is no node for ordinary pods.",
        remediation="Remove the taint, or add tolerations.",
        base=0.6,
        check=on(Node, _taint_blocks),
        conditions=(74,),
        needs=(Pod,),
    ),
    Rule(
        id="node-cordoned",
        title="Node is cordoned",
        layer=Layer.INFRA,
        severity=Severity.LOW,
        kinds=(Node,),
        condition="spec.unschedulable is true.",
        explanation="Usually meant, for maintenance.",
        remediation="Uncordon it afterwards.",
        base=0.5,
        check=on(Node, _cordoned),
        conditions=(74,),
        is_advice=True,
    ),
    Rule(
        id="node-taint-unused",
        title="Taint that no pod tolerates",
        layer=Layer.INFRA,
        severity=Severity.INFO,
        kinds=(Node,),
        condition="A taint of somebody's that no pod tolerates by its key.",
        explanation="The node serves nobody but what tolerates everything.",
        remediation="Remove the taint, or give its pods the toleration.",
        base=0.5,
        check=on(Node, _taint_unused),
        conditions=(74,),
        needs=(Pod,),
        is_advice=True,
    ),
)
