"""Why a Service has nobody to serve it, and what to mend for that; every rule that stands on a Service asks here."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from services.graph.domain.evidence.witness import seen_condition
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref, find_condition
from services.graph.domain.k8s.workloads import CronJob, DaemonSet, Deployment, Job, StatefulSet
from services.graph.domain.rules.backing import (
    Backing,
    backing_of,
    is_done,
    is_ready,
    makers_of,
    wanted_replicas,
)
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.rules.likeness import nearest
from services.graph.domain.rules.showing import SETTLING, is_leaving, is_settling, shown
from services.graph.domain.walking.ownership import top_owner


class Why(StrEnum):
    """What keeps a Service without endpoints."""

    SELECTOR = "selector"
    SCALED_TO_ZERO = "scaled to zero"
    NO_PODS = "no pods"
    NOT_READY = "not ready"
    DEAD_NODE = "dead node"
    NOT_LISTED = "not listed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outage:
    """``culprit`` is what to mend; the Service itself where it is at fault, or where that is not known."""

    why: Why
    culprit: Ref
    seen: tuple[Seen, ...]


def outage_of(view: View, service: Service) -> Outage | None:
    """Return why no endpoint of the Service is ready; None where one is, may be, or none is meant to be."""
    if service.spec.type == "ExternalName" or not service.spec.selector or is_leaving(view, service):
        return None
    backing = backing_of(view, service)
    if backing.may_serve:
        return None
    alive = [pod for pod in backing.pods if not is_done(pod)]
    if alive and service.spec.publish_not_ready_addresses:
        return None
    if alive:
        return _of_pods(view, service, backing, alive)
    return _without_pods(view, service, backing)


def _of_pods(view: View, service: Service, backing: Backing, pods: list[Pod]) -> Outage | None:
    ready = [pod for pod in pods if is_ready(pod)]
    if ready:
        return _not_listed(view, service, backing, ready)
    if all(is_settling(view, pod) for pod in pods):
        return None
    seen = [shown(service, f"selects {len(pods)} pods, none of them ready", "spec.selector")]
    for pod in pods[:3]:
        condition = find_condition(pod.status.conditions, "Ready")
        text = f"phase {pod.status.phase or 'unknown'}, not ready"
        seen.append(seen_condition(pod, condition) if condition else shown(pod, text, "status.phase"))
    dead = [node for pod in pods if (node := _dead_node(view, pod))]
    if len(dead) == len(pods):
        return Outage(Why.DEAD_NODE, dead[0].ref, tuple(seen))
    culprit = Counter(top_owner(view.inventory, pod) for pod in pods).most_common(1)[0][0]
    return Outage(Why.NOT_READY, culprit, tuple(seen))


def _not_listed(view: View, service: Service, backing: Backing, ready: list[Pod]) -> Outage | None:
    times = [c.last_transition_time for pod in ready if (c := find_condition(pod.status.conditions, "Ready"))]
    if not backing.is_sliced or any(at is None or view.now - at < SETTLING for at in times):
        return None
    listed = f"{len(backing.slices)} EndpointSlices list none of the {len(ready)} ready pods it selects"
    return Outage(Why.NOT_LISTED, service.ref, (shown(service, listed, "spec.selector"),))


def _without_pods(view: View, service: Service, backing: Backing) -> Outage | None:
    namespace, selector = service.metadata.namespace, service.spec.selector or {}
    makers = makers_of(view, namespace, selector)
    if any(isinstance(maker, Job | CronJob) for maker in makers) or _ran_once(view, backing.pods):
        return None
    pairs = ", ".join(f"{key}={value}" for key, value in selector.items())
    none = shown(service, f"no running pod has {pairs}", "spec.selector")
    if makers:
        wanting = [maker for maker in makers if wanted_replicas(maker)]
        maker = (wanting or makers)[0]
        count = wanted_replicas(maker)
        seen = (none, shown(maker, f"makes such pods, and is to have {count} of them", "spec.replicas"))
        if not wanting or not backing.knows_pods:
            return Outage(Why.UNKNOWN if wanting else Why.SCALED_TO_ZERO, maker.ref, seen)
        return Outage(Why.NO_PODS, maker.ref, seen)
    if not backing.knows_pods:
        empty = shown(service, "its EndpointSlices have no ready endpoint; pods could not be read", "spec.selector")
        return Outage(Why.UNKNOWN, service.ref, (empty,))
    if not _knows_workloads(view, namespace) and nearest(view, namespace, selector) is None:
        return Outage(Why.UNKNOWN, service.ref, (none,))
    return Outage(Why.SELECTOR, service.ref, (none,))


def _ran_once(view: View, pods: list[Pod]) -> bool:
    return any(top_owner(view.inventory, pod).kind in {"Job", "CronJob"} for pod in pods)


def _knows_workloads(view: View, namespace: str | None) -> bool:
    proves = view.inventory.coverage.proves_absence
    return all(proves(kind.KIND, namespace) for kind in (Deployment, StatefulSet, DaemonSet))


def _dead_node(view: View, pod: Pod) -> Node | None:
    node = view.inventory.find(Node, None, pod.spec.node_name) if pod.spec.node_name else None
    condition = find_condition(node.status.conditions, "Ready") if node else None
    return node if condition and condition.status != "True" else None
