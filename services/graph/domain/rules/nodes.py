"""Nodes that are not ready, under pressure, without network, or silent."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from services.graph.domain.evidence.witness import seen_condition
from services.graph.domain.k8s.cluster import Lease, Node
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Condition, find_condition
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.backing import is_done, is_ready
from services.graph.domain.rules.base import Hit, Rule, Seen, View
from services.graph.domain.rules.once import once
from services.graph.domain.rules.showing import is_settling, look, on
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

LEASES = "kube-node-lease"
# What node-problem-detector reports of a machine that still counts as ready.
_PROBLEMS = {
    "KernelDeadlock",
    "ReadonlyFilesystem",
    "CorruptDockerOverlay2",
    "FrequentKubeletRestart",
    "FrequentDockerRestart",
    "FrequentContainerdRestart",
    "FrequentUnregisterNetDevice",
}
_PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk space", "PIDPressure": "process ids"}


def ready_condition(node: Node) -> Condition | None:
    """Return what is said of the node's readiness."""
    return find_condition(node.status.conditions, "Ready")


def pods_on(view: View, node: Node) -> list[Pod]:
    """Return the pods bound to a node that have not ended."""
    return [pod for pod in _by_node(view.inventory).get(node.metadata.name, ()) if not is_done(pod)]


@once
def _by_node(inventory: Inventory) -> dict[str, list[Pod]]:
    found: dict[str, list[Pod]] = defaultdict(list)
    for pod in inventory.all(Pod):
        if pod.spec.node_name:
            found[pod.spec.node_name].append(pod)
    return dict(found)


def _not_ready(view: View, node: Node) -> Iterable[Hit]:
    condition = ready_condition(node)
    if condition is None or condition.status == "True" or (condition.status == "False" and is_settling(view, node)):
        return
    is_silent = condition.status == "Unknown"
    hurt = [pod for pod in pods_on(view, node) if not is_ready(pod)]
    what = "has stopped reporting" if is_silent else f"is not ready: {condition.message or condition.reason or ''}"
    lease = _lease(view, node)
    seen: list[Seen] = [seen_condition(node, condition), *_pressure_seen(node)]
    if lease and lease.spec.renew_time:
        seen.append(Seen("object", lease.ref, "last renewed", "spec.renewTime", lease.spec.renew_time))
    yield Hit(
        node.ref,
        f"{node.ref} {what}",
        tuple(seen),
        steps=((0.05, f"{len(hurt)} pods on it are not ready"),) if hurt else (),
        explains=tuple(pod.ref for pod in hurt),
        remedies=(look(node.ref, f"See whether {node.metadata.name} runs, and its kubelet and network."),),
    )


def _pressure_seen(node: Node) -> list[Seen]:
    bad = [one for one in node.status.conditions or () if one.type in _PRESSURES and one.status == "True"]
    return [seen_condition(node, one) for one in bad]


def _pressure(view: View, node: Node) -> Iterable[Hit]:
    for condition in node.status.conditions or ():
        lacking = _PRESSURES.get(condition.type)
        if not lacking or condition.status != "True":
            continue
        evicted = [
            pod.ref for pod in _by_node(view.inventory).get(node.metadata.name, ()) if pod.status.reason == "Evicted"
        ]
        seen = [seen_condition(node, condition)]
        seen += [Seen("object", ref, "was evicted", "status.reason") for ref in evicted[:3]]
        yield Hit(
            node.ref,
            f"{node.ref} is short of {lacking} ({condition.type})",
            tuple(seen),
            steps=((0.04, f"{len(evicted)} pods were evicted from it"),) if evicted else (),
            explains=tuple(evicted),
            remedies=(
                look(node.ref, f"Find what uses up {lacking} on {node.metadata.name}; set requests and limits."),
            ),
        )


def _problem(_view: View, node: Node) -> Iterable[Hit]:
    for condition in node.status.conditions or ():
        if condition.type in _PROBLEMS and condition.status == "True":
            summary = f"{node.ref} reports {condition.type}: {condition.message or condition.reason or ''}"
            yield Hit(node.ref, summary, (seen_condition(node, condition),), remedies=(look(node.ref),))


def _network_unavailable(view: View, node: Node) -> Iterable[Hit]:
    condition = find_condition(node.status.conditions, "NetworkUnavailable")
    if condition and condition.status == "True" and not is_settling(view, node):
        hurt = tuple(pod.ref for pod in pods_on(view, node) if not pod.spec.host_network)
        remedy = look(node.ref, "See whether the pods of the network plugin run on that node.")
        summary = f"The network of {node.ref} is not set up: {condition.message or condition.reason or ''}"
        yield Hit(node.ref, summary, (seen_condition(node, condition),), explains=hurt, remedies=(remedy,))


def _lease(view: View, node: Node) -> Lease | None:
    return view.inventory.find(Lease, LEASES, node.metadata.name)


def _lease_stale(view: View, node: Node) -> Iterable[Hit]:
    lease, condition = _lease(view, node), ready_condition(node)
    newest = _newest_renewal(view.inventory)
    if lease is None or newest is None or lease.spec.renew_time is None:
        return
    patience = timedelta(seconds=2 * (lease.spec.lease_duration_seconds or 40))
    # The other leases are the clock: what was read a while ago makes no lease stale.
    silent = newest - lease.spec.renew_time
    if silent > patience and condition and condition.status == "True":
        yield Hit(
            node.ref,
            f"{node.ref} counts as ready, but has not renewed its lease for {int(silent.total_seconds())} s",
            (
                Seen("object", lease.ref, "last renewed", "spec.renewTime", lease.spec.renew_time),
                seen_condition(node, condition),
            ),
            remedies=(look(node.ref, f"See whether {node.metadata.name} and its kubelet still run."),),
        )


@once
def _newest_renewal(inventory: Inventory) -> datetime | None:
    times = [one.spec.renew_time for one in inventory.all(Lease) if one.spec.renew_time]
    return max(times) if len(times) > 1 else None


RULES: tuple[Rule, ...] = (
    Rule(
        id="node-not-ready",
        title="Node is not ready",
        layer=Layer.INFRA,
        severity=Severity.CRITICAL,
        kinds=(Node,),
        condition="The node's condition Ready is False or Unknown.",
        explanation="Its pods get no traffic; after five minutes they are deleted, and stay Terminating meanwhile.",
        remediation="Bring the node back, or delete it so that its pods are replaced.",
        base=0.93,
        check=on(Node, _not_ready),
        conditions=(72,),
    ),
    Rule(
        id="node-pressure",
        title="Node is under pressure",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Node,),
        condition="MemoryPressure, DiskPressure or PIDPressure is True.",
        explanation="The kubelet evicts pods and takes no new ones that tolerate no pressure.",
        remediation="Free the resource, and limit what uses it.",
        base=0.92,
        check=on(Node, _pressure),
        conditions=(73,),
    ),
    Rule(
        id="node-problem",
        title="Node reports a problem of its machine",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Node,),
        condition="A condition node-problem-detector sets, such as KernelDeadlock or ReadonlyFilesystem, is True.",
        explanation="Pods on it may hang or fail though the node counts as ready.",
        remediation="Drain the node, and repair or replace the machine.",
        base=0.85,
        check=on(Node, _problem),
        conditions=(73,),
    ),
    Rule(
        id="node-network-unavailable",
        title="Network of a node is not set up",
        layer=Layer.INFRA,
        severity=Severity.HIGH,
        kinds=(Node,),
        condition="The node's condition NetworkUnavailable is True.",
        explanation="Pods on it have no network, and new ones are kept away.",
        remediation="Look at the network plugin, and at the cloud's routes.",
        base=0.9,
        check=on(Node, _network_unavailable),
        conditions=(73,),
    ),
    Rule(
        id="node-lease-stale",
        title="Node does not renew its lease",
        layer=Layer.INFRA,
        severity=Severity.MEDIUM,
        kinds=(Node,),
        condition="Its lease is two lease durations older than the newest, while the node still counts as ready.",
        explanation="The kubelet has just stopped; the node controller will soon mark the node.",
        remediation="Look at the node.",
        base=0.6,
        check=on(Node, _lease_stale),
        conditions=(72,),
        needs=(Lease,),
    ),
)
