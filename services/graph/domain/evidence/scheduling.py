"""Why a pod has no node: what the scheduler said, held against the nodes and claims that were read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakKeyDictionary

from services.graph.domain.evidence.placement import Fit, fits_of
from services.graph.domain.evidence.pod_state import pod_condition
from services.graph.domain.evidence.quantities import parse_quantity, requests_of
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim, StorageClass
from services.graph.domain.reading.inventory import Inventory, Presence
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.walking.ownership import top_owner


class Obstacle(StrEnum):
    """What keeps a pod from every node. The first that the message names decides, in this order."""

    CLAIM = "claim"
    NODE = "node"
    SELECTOR = "selector"
    RESOURCES = "resources"
    TAINT = "taint"
    NEIGHBOURS = "neighbours"
    PORTS = "ports"
    OTHER = "other"


# The scheduler's own words (kubernetes/pkg/scheduler/framework/plugins), of 1.20 to 1.36.
_WORDS = (
    (
        Obstacle.CLAIM,
        re.compile(r"persistentvolumeclaim|persistent volumes to bind|volume node affinity conflict", re.IGNORECASE),
    ),
    (Obstacle.CLAIM, re.compile(r"max volume count|non-existent persistentvolume", re.IGNORECASE)),
    (
        Obstacle.SELECTOR,
        re.compile(r"node affinity/selector|didn't match node selector|node\(s\) didn't match nodename", re.IGNORECASE),
    ),
    (Obstacle.RESOURCES, re.compile(r"insufficient |too many pods", re.IGNORECASE)),
    (
        Obstacle.TAINT,
        re.compile(r"untolerated taint|taint\(?s?\)? .*didn't tolerate|that the pod didn't tolerate", re.IGNORECASE),
    ),
    (Obstacle.NEIGHBOURS, re.compile(r"anti-affinity|pod affinity rules|topology spread", re.IGNORECASE)),
    (Obstacle.PORTS, re.compile(r"free ports", re.IGNORECASE)),
    (Obstacle.NODE, re.compile(r"were unschedulable|no nodes available|^0/0 nodes", re.IGNORECASE)),
)
# Written when two components changed one object at once; the next attempt succeeds.
_PASSING = re.compile(r"the object has been modified|Operation cannot be fulfilled", re.IGNORECASE)
_LACKS = re.compile(r"insufficient ([\w./-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a pod has no node, what is to be mended, and what says so."""

    obstacle: Obstacle
    culprit: Ref
    summary: str
    seen: tuple[Seen, ...]
    steps: tuple[tuple[float, str], ...] = ()


# Many rules ask for the verdict on one pod, which looks at every node; an inventory never changes.
_VERDICTS: WeakKeyDictionary[Inventory, dict[Ref, Verdict | None]] = WeakKeyDictionary()


def scheduler_message(view: View, pod: Pod) -> str:
    """Return what the scheduler last said of the pod; empty where it is not waiting for a node."""
    condition = pod_condition(pod, "PodScheduled")
    if condition is None or condition.status != "False" or condition.reason != "Unschedulable":
        return ""
    if condition.message:
        return condition.message
    events = events_about(view, pod, "FailedScheduling")
    return events[0].message if events else "no reason given"


def obstacles_in(message: str) -> list[Obstacle]:
    """Return what the message names. What it says of preemption repeats it in other words, and is left out."""
    told = message.split("preemption:", maxsplit=1)[0]
    if _PASSING.search(told):
        return []
    return list(dict.fromkeys(obstacle for obstacle, words in _WORDS if words.search(told))) or [Obstacle.OTHER]


def judge(view: View, pod: Pod) -> Verdict | None:
    """Return why the pod has no node; None where it has one, or nothing says that it lacks one."""
    if not scheduler_message(view, pod):
        return None
    known = _VERDICTS.setdefault(view.inventory, {})
    if pod.ref not in known:
        known[pod.ref] = _judge(view, pod)
    return known[pod.ref]


def _judge(view: View, pod: Pod) -> Verdict | None:
    message = scheduler_message(view, pod)
    named = obstacles_in(message) if message else []
    if not named:
        return None
    told = tuple(_told(view, pod))
    owner = top_owner(view.inventory, pod)
    if named[0] is Obstacle.CLAIM:
        return _judge_claims(view, pod, told)
    fits = fits_of(pod, view.inventory.all(Node))
    # Which nodes there are is known only where all of them were read.
    if not view.inventory.coverage.proves_absence(Node.KIND, None):
        return Verdict(named[0], owner, _say(named[0], message), told)
    return _judge_nodes(pod, owner, message, named, fits, told)


def _told(view: View, pod: Pod) -> Iterator[Seen]:
    condition = pod_condition(pod, "PodScheduled")
    if condition:
        yield seen_condition(pod, condition)
    events = events_about(view, pod, "FailedScheduling")
    if events:
        yield seen_event(events[0])


def _judge_nodes(
    pod: Pod, owner: Ref, message: str, named: list[Obstacle], fits: list[Fit], told: tuple[Seen, ...]
) -> Verdict:
    kept = [one for one in fits if one.is_kept_by_node]
    if kept and Obstacle.RESOURCES not in named:
        names = ", ".join(one.node.metadata.name for one in kept[:5])
        marks = tuple(_off(one) for one in kept[:3])
        summary = f"It could run only on nodes that take no pods now: {names}."
        steps = ((0.05, "the nodes it may run on are cordoned or not ready"),)
        return Verdict(Obstacle.NODE, kept[0].node.ref, summary, (*told, *marks), steps)
    selected = [one for one in fits if one.is_selected]
    if fits and not selected:
        mark = seen(pod, "spec.nodeSelector", f"No node of {len(fits)} meets {_wish(pod)}.")
        summary = f"No node has what it selects: {_wish(pod)}."
        return Verdict(Obstacle.SELECTOR, owner, summary, (*told, mark), ((0.05, "no node meets the selector"),))
    if selected and all(one.too_small for one in selected):
        return _too_large(pod, owner, selected, told)
    if Obstacle.RESOURCES in named:
        lacks = ", ".join(sorted({one.lower() for one in _LACKS.findall(message)})) or "room for pods"
        return Verdict(Obstacle.RESOURCES, owner, f"No node has enough left: {lacks}.", told)
    tainted = [one for one in selected if one.taints]
    if tainted and len(tainted) == len(selected) and Obstacle.TAINT in named:
        taints = sorted({f"{taint.key}={taint.value or ''}:{taint.effect}" for one in tainted for taint in one.taints})
        mark = seen(pod, "spec.tolerations", f"None tolerates {', '.join(taints[:5])}.")
        summary = f"Every node it could run on has a taint it does not tolerate: {', '.join(taints[:5])}."
        return Verdict(Obstacle.TAINT, owner, summary, (*told, mark), ((0.05, "the taints are on the nodes"),))
    return Verdict(named[0], owner, _say(named[0], message), told)


def _too_large(pod: Pod, owner: Ref, selected: list[Fit], told: tuple[Seen, ...]) -> Verdict:
    names = sorted({name for one in selected for name in one.too_small})
    asked = requests_of(pod.spec)
    parts = []
    for name in names:
        largest = max(
            (one.node.status.allocatable or {} for one in selected),
            key=lambda sizes, name=name: parse_quantity(sizes.get(name)) or 0,  # type: ignore[misc]
        )
        parts.append(f"{name} {asked[name].normalize():f}, the largest node has {largest.get(name, 'none')}")
    summary = f"It asks for more than any node has: {'; '.join(parts)}."
    mark = seen(pod, "spec.containers[*].resources.requests", summary)
    return Verdict(Obstacle.RESOURCES, owner, summary, (*told, mark), ((0.05, "even empty nodes are too small"),))


def _off(one: Fit) -> Seen:
    node = one.node
    if node.spec.unschedulable:
        return seen(node, "spec.unschedulable", "The node is cordoned.")
    taints = ", ".join(taint.key for taint in one.condition_taints)
    return seen(node, "spec.taints", f"The node has {taints}." if taints else "The node is not ready.")


def _wish(pod: Pod) -> str:
    parts = [f"{key}={value}" for key, value in sorted((pod.spec.node_selector or {}).items())]
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    for term in (required.node_selector_terms if required else None) or ():
        for one in (*(term.match_expressions or ()), *(term.match_fields or ())):
            parts += [f"{one.key} {one.operator} {','.join(one.values or ())}".strip()]
    return ", ".join(parts) or "its affinity"


def _say(obstacle: Obstacle, message: str) -> str:
    words = {
        Obstacle.NODE: "The nodes it could run on take no pods.",
        Obstacle.SELECTOR: "No node meets its node selector or affinity.",
        Obstacle.RESOURCES: "No node has enough left of what it asks for.",
        Obstacle.TAINT: "The nodes have taints it does not tolerate.",
        Obstacle.NEIGHBOURS: "Its rules about other pods leave no node.",
        Obstacle.PORTS: "The host port it asks for is taken on every node.",
    }
    return words.get(obstacle, f"The scheduler finds no node: {message.split('preemption:', maxsplit=1)[0].strip()}")


def claims_of(pod: Pod) -> list[tuple[str, str]]:
    """Return the names of the claims it mounts, each with the field that says so."""
    found = []
    for index, volume in enumerate(pod.spec.volumes or ()):
        if volume.persistent_volume_claim:
            path = f"spec.volumes[{index}].persistentVolumeClaim.claimName"
            found.append((volume.persistent_volume_claim.claim_name, path))
        elif volume.ephemeral:
            found.append((f"{pod.metadata.name}-{volume.name}", f"spec.volumes[{index}].ephemeral"))
    return found


def _judge_claims(view: View, pod: Pod, told: tuple[Seen, ...]) -> Verdict:
    inventory, namespace = view.inventory, pod.metadata.namespace
    for name, path in claims_of(pod):
        claim = inventory.find(PersistentVolumeClaim, namespace, name)
        if claim is not None and claim.status.phase != "Bound":
            return _pending_claim(view, claim, told)
        if claim is None and inventory.presence(PersistentVolumeClaim, namespace, name) is Presence.ABSENT:
            summary = f"The PersistentVolumeClaim {name} it mounts does not exist."
            marks = (*told, seen(pod, path, summary))
            return Verdict(Obstacle.CLAIM, top_owner(inventory, pod), summary, marks)
    names = [name for name, _ in claims_of(pod)]
    unread = [one for one in names if inventory.presence(PersistentVolumeClaim, namespace, one) is Presence.UNKNOWN]
    if unread:
        summary = f"It waits for a volume: its claim {unread[0]} is not bound."
        steps = ((-0.15, "the claims could not be read"),)
        return Verdict(Obstacle.CLAIM, Ref(PersistentVolumeClaim.KIND, namespace, unread[0]), summary, told, steps)
    return Verdict(Obstacle.CLAIM, top_owner(inventory, pod), "No node can have its volumes.", told)


def _pending_claim(view: View, claim: PersistentVolumeClaim, told: tuple[Seen, ...]) -> Verdict:
    wanted, marks = claim.spec.storage_class_name, [*told]
    marks.append(seen(claim, "status.phase", f"The claim is {claim.status.phase}."))
    events = events_about(view, claim, "ProvisioningFailed", "FailedBinding")
    marks += [seen_event(one) for one in events[:1]]
    summary, steps = f"It waits for its claim {claim.metadata.name}, which is {claim.status.phase}.", []
    if wanted and view.inventory.presence(StorageClass, None, wanted) is Presence.ABSENT:
        marks.append(seen(claim, "spec.storageClassName", f"There is no StorageClass {wanted}."))
        summary = f"It waits for its claim {claim.metadata.name}, whose StorageClass {wanted} does not exist."
        steps.append((0.05, "the class is proven absent"))
    return Verdict(Obstacle.CLAIM, claim.ref, summary, tuple(marks), tuple(steps))
