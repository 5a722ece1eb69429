"""Rules for pods that have a node and do not start: volumes, sandbox, or a node that is not there."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from services.graph.domain.evidence.blame import blame_pod, inferred_step
from services.graph.domain.evidence.pod_state import (
    Part,
    is_concern,
    is_down,
    is_going,
    is_older,
    is_over,
    node_of,
    parts_of,
    pod_condition,
)
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.rules.whole_pod import Says, pod_rule
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_FIVE = timedelta(minutes=5)
_CREATING = {"ContainerCreating", "PodInitializing", ""}
_VOLUME = re.compile(r'[Vv]olume "(?P<name>[^"]+)"')


def _stuck(view: View, thing: KubeObject) -> Pod | None:
    """Return the pod if it has a node and waits to be started for longer than it should."""
    if not isinstance(thing, Pod) or thing.status.phase != "Pending" or not thing.spec.node_name:
        return None
    if not is_concern(view.inventory, thing) or is_down(node_of(view.inventory, thing)):
        return None
    # Any other reason to wait has a rule of its own.
    if any(part.waits_for not in _CREATING or _has_failed(part) for part in parts_of(thing)):
        return None
    return thing if is_older(_begun(thing), view.now) else None


def _has_failed(part: Part) -> bool:
    return part.ended is not None and not (part.is_init and part.ended.exit_code == 0)


def _begun(pod: Pod) -> datetime | None:
    scheduled = pod_condition(pod, "PodScheduled")
    return (scheduled.last_transition_time if scheduled else None) or pod.metadata.creation_timestamp


def _mount(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _stuck(view, thing)
    events = events_about(view, pod, "FailedMount", "FailedAttachVolume", "FailedMapVolume") if pod else []
    if pod is None or not events:
        return
    # "Unmount" and "timed out" repeat what another Event says better.
    first = next((one for one in events if "timed out waiting" not in one.message), events[0])
    culprit = blame_pod(view, pod).culprit
    summary = f"It cannot start, because a volume cannot be mounted: {first.message}"
    remedies = (Remedy(f"Mend the volume in {culprit}, or create what the message names: {first.message}"),)
    yield Hit(pod.ref, summary, _waiting(pod, first), culprit, inferred_step(view, pod), (pod.ref,), remedies)


def _sandbox(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _stuck(view, thing)
    events = events_about(view, pod, "FailedCreatePodSandBox") if pod else []
    if pod is None or not events:
        return
    culprit = blame_pod(view, pod).culprit
    summary = f"Its node cannot set up its network or sandbox: {events[0].message}"
    marks = _waiting(pod, events[0])
    remedies = (Remedy(f"See to the network plugin and the container runtime on {pod.spec.node_name}."),)
    yield Hit(pod.ref, summary, marks, culprit, explains=(pod.ref,), remedies=remedies)


def _creating(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _stuck(view, thing)
    if pod is None or not parts_of(pod):
        return
    if events_about(view, pod, "FailedMount", "FailedAttachVolume", "FailedMapVolume", "FailedCreatePodSandBox"):
        return
    # An image may take long to arrive; so may an init container that does its work.
    if events_about(view, pod, "Pulling", "Pulled") or not is_older(_begun(pod), view.now, _FIVE):
        return
    if any(part.status.state and part.status.state.running for part in parts_of(pod)):
        return
    owner = top_owner(view.inventory, pod)
    yield Hit(pod.ref, "It has a node, and does not start.", _waiting(pod, None), owner, explains=(pod.ref,))


def _waiting(pod: Pod, event: Event | None) -> tuple[Seen, ...]:
    marks = [seen_event(event)] if event else []
    for part in (one for one in parts_of(pod) if one.waits_for):
        marks += [seen(pod, f"{part.path}.state.waiting", f"Container {part.name} waits: {part.waits_for}.")]
    ready = pod_condition(pod, "PodReadyToStartContainers")
    if ready and ready.status != "True":
        marks.append(seen_condition(pod, ready))
    return tuple(marks) or (seen(pod, "status.phase", "The pod is Pending."),)


def _lost_node(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or is_over(thing) or is_going(thing) or not thing.spec.node_name:
        return
    # What ran on a node that was removed is cleared away by itself; what never began waits for ever.
    if thing.status.phase != "Pending" or parts_of(thing):
        return
    if view.inventory.presence(Node, None, thing.spec.node_name) is not Presence.ABSENT:
        return
    if not is_older(_begun(thing), view.now):
        return
    owner = top_owner(view.inventory, thing)
    summary = f"It is bound to node {thing.spec.node_name}, which does not exist."
    yield Hit(thing.ref, summary, (seen(thing, "spec.nodeName", summary),), owner, explains=(thing.ref,))


RULES: tuple[Rule, ...] = (
    pod_rule(
        "pod-volume-not-mounted",
        Says(
            "A volume cannot be mounted",
            "it waits to be created for more than two minutes, and a FailedMount or FailedAttachVolume Event says why",
            "The kubelet starts no container before every volume is there.",
            "Create the ConfigMap, Secret or volume the Event names, or mend the reference.",
        ),
        _mount,
        0.88,
        (11, 25),
    ),
    pod_rule(
        "pod-sandbox-failing",
        Says(
            "Its node cannot set up its sandbox",
            "it waits to be created, and FailedCreatePodSandBox says why",
            "Without a network address no container is started.",
            "See to the network plugin and the runtime of the node.",
        ),
        _sandbox,
        0.8,
        (11,),
    ),
    pod_rule(
        "pod-stuck-creating",
        Says(
            "Has a node, and does not start",
            "it waits to be created for more than five minutes, and no Event says why",
            "Events that said why may be gone, or not readable.",
            "Describe the pod; look at its volumes, its node and its image.",
        ),
        _creating,
        0.55,
        (11,),
        severity=Severity.MEDIUM,
    ),
    pod_rule(
        "pod-on-absent-node",
        Says(
            "Bound to a node that does not exist",
            "spec.nodeName is proven absent",
            "No kubelet will ever start it.",
            "Do not set nodeName by hand, or name a node that exists.",
        ),
        _lost_node,
        0.85,
        (17,),
    ),
)
