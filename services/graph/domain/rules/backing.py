"""What stands behind a Service: the pods it means, the endpoints it has, the workloads that make them."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from services.graph.domain.k8s.network import Endpoint, EndpointSlice, Service
from services.graph.domain.k8s.pods import Container, ContainerPort, Pod
from services.graph.domain.k8s.shape import KubeObject, find_condition
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import View
from services.graph.domain.rules.once import once
from services.graph.domain.walking.pod_references import template_labels_of

SERVICE_NAME = "kubernetes.io/service-name"
# Their ports are the mesh's, and say nothing of the application's.
_MESH_PROXIES = {"istio-proxy", "linkerd-proxy", "consul-dataplane", "kuma-sidecar"}

Workload = Deployment | StatefulSet | DaemonSet | ReplicaSet | ReplicationController | Job
WORKLOADS: tuple[type[Workload], ...] = (Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job)


@dataclass(frozen=True, slots=True)
class Backing:
    """``is_sliced``: its EndpointSlices are known, so that no endpoint means that there is none."""

    pods: list[Pod]
    ready: list[Endpoint]
    unready: list[Endpoint]
    slices: list[EndpointSlice]
    knows_pods: bool
    is_sliced: bool

    @property
    def may_serve(self) -> bool:
        """Whether traffic finds an endpoint, or it is not known that none does."""
        return bool(self.ready) or not (self.is_sliced or (self.knows_pods and not any(map(is_ready, self.pods))))


def backing_of(view: View, service: Service) -> Backing:
    """Return what stands behind a Service."""
    inventory, namespace = view.inventory, service.metadata.namespace
    name = service.metadata.name
    slices = _slices(inventory).get((namespace, name), [])
    endpoints = [endpoint for one in slices for endpoint in one.endpoints or ()]
    return Backing(
        pods=inventory.pods_matching(namespace, service.spec.selector or {}),
        ready=[one for one in endpoints if one.is_ready],
        unready=[one for one in endpoints if not one.is_ready],
        slices=slices,
        knows_pods=inventory.coverage.proves_absence(Pod.KIND, namespace),
        is_sliced=inventory.coverage.proves_absence(EndpointSlice.KIND, namespace),
    )


@once
def _slices(inventory: Inventory) -> dict[tuple[str | None, str], list[EndpointSlice]]:
    found: dict[tuple[str | None, str], list[EndpointSlice]] = defaultdict(list)
    for one in inventory.all(EndpointSlice):
        found[one.metadata.namespace, one.labels.get(SERVICE_NAME, "")].append(one)
    return dict(found)


def is_ready(pod: Pod) -> bool:
    """Answer whether the pod takes traffic; on a dead node its containers still say ready, its condition does not."""
    condition = find_condition(pod.status.conditions, "Ready")
    return condition is not None and condition.status == "True" and not pod.metadata.deletion_timestamp


def is_done(pod: Pod) -> bool:
    """Answer whether the pod ended for good."""
    return pod.status.phase in {"Succeeded", "Failed"}


class PortName(NamedTuple):
    """A port as a Service asks for it."""

    target: int | str
    protocol: str


def pod_ports(pod: Pod) -> list[ContainerPort]:
    """Return the ports a Service can name: of containers, and of init containers that stay as sidecars."""
    return [port for container in _lasting(pod) for port in container.ports or ()]


def app_ports(pod: Pod) -> list[ContainerPort]:
    """Return the same without those of a mesh's proxy."""
    return [port for one in _lasting(pod) if one.name not in _MESH_PROXIES for port in one.ports or ()]


def has_mesh_proxy(pod: Pod) -> bool:
    """Answer whether a service mesh's proxy runs in the pod."""
    return any(container.name in _MESH_PROXIES for container in _lasting(pod))


def _lasting(pod: Pod) -> list[Container]:
    sidecars = [one for one in pod.spec.init_containers or () if one.restart_policy == "Always"]
    return [*(pod.spec.containers or ()), *sidecars]


def makers_of(view: View, namespace: str | None, selector: Mapping[str, str]) -> list[KubeObject]:
    """Return the topmost workloads of the namespace whose pods would have all of a ``selector`` that is not empty."""
    candidates = min((_makers(view.inventory).get((namespace, *pair), []) for pair in selector.items()), key=len)
    return [thing for thing in candidates if selector.items() <= template_labels_of(thing).items()]


@once
def _makers(inventory: Inventory) -> dict[tuple[str | None, str, str], list[KubeObject]]:
    found: dict[tuple[str | None, str, str], list[KubeObject]] = defaultdict(list)
    for kind in (*WORKLOADS, CronJob):
        for thing in inventory.all(kind):
            # What another makes is its maker's; what a controller of an unknown kind makes stands for itself.
            if inventory.controller_of(thing) is None:
                for pair in template_labels_of(thing).items():
                    found[thing.metadata.namespace, *pair].append(thing)
    return dict(found)


def wanted_replicas(workload: KubeObject) -> int | None:
    """Return how many pods a workload should have now; None where that is not a number it names."""
    if isinstance(workload, Deployment | StatefulSet | ReplicaSet | ReplicationController):
        return 1 if workload.spec.replicas is None else workload.spec.replicas
    if isinstance(workload, DaemonSet):
        return workload.status.desired_number_scheduled
    return None
