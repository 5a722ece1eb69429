"""Find the objects a vague name means: an application, a container, an address; what is in trouble in a namespace."""

from collections.abc import Iterator

from services.graph.domain.evidence.pod_state import is_concern, is_outdone
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
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
from services.graph.domain.walking.owners import top_of
from services.graph.domain.walking.pod_references import containers_of, pod_spec_of

WORKLOADS: tuple[type[KubeObject], ...] = (
    *(Deployment, StatefulSet, DaemonSet, CronJob, Job, ReplicationController, ReplicaSet),
)
_SERVED: tuple[type[KubeObject], ...] = (*WORKLOADS, Service)
WITH_PODS: tuple[type[KubeObject], ...] = (*WORKLOADS, Pod)
_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance", "app.kubernetes.io/component")
_ENDINGS = ("service", "svc", "app", "api", "deployment")


def find_app(inventory: Inventory, name: str, namespace: str | None) -> tuple[str, list[Ref]]:
    """Return how an application was found, and its Service and workloads: by name, by label, else by a like name."""
    things = [thing for kind in _SERVED for thing in _in(inventory, kind, namespace) if _is_top(thing)]
    named = [thing.ref for thing in things if thing.metadata.name == name]
    if named:
        return "it has this name", named
    labelled = [thing.ref for thing in things if any(thing.labels.get(label) == name for label in _LABELS)]
    if labelled:
        return "a label of it has this name", labelled
    plain = _plain(name)
    alike = [thing.ref for thing in things if plain and _plain(thing.metadata.name) == plain]
    return "its name is much like it", alike


def find_by_container(inventory: Inventory, container: str, namespace: str | None) -> list[Ref]:
    """Return the workloads whose pods have a container of this name."""
    things = [thing for kind in WITH_PODS for thing in _in(inventory, kind, namespace) if _is_top(thing)]
    return [thing.ref for thing in things if _has_container(thing, container)]


def find_by_address(inventory: Inventory, address: str) -> list[Ref]:
    """Return the pod of this address or, of a node's address or host name, the node; a port is put aside."""
    host = address.strip().removeprefix("[").partition("]")[0] if address.startswith("[") else address
    host = host.partition(":")[0] if host.count(":") == 1 else host
    nodes = [
        node.ref
        for node in inventory.all(Node)
        if host == node.metadata.name or any(one.address == host for one in node.status.addresses or ())
    ]
    # Pods on the network of their node have its address.
    return nodes or [pod.ref for pod in inventory.all(Pod) if host and pod.status.pod_ip == host and not _is_over(pod)]


def find_troubled(inventory: Inventory, namespace: str) -> list[Ref]:
    """Return the workloads of a namespace that lack ready pods or failed, and its Services that nothing serves."""
    found: dict[Ref, None] = {}
    for kind in WORKLOADS:
        for thing in inventory.in_namespace(kind, namespace):
            if _is_top(thing) and _lacks(inventory, thing):
                found[thing.ref] = None
    for pod in inventory.in_namespace(Pod, namespace):
        if is_concern(inventory, pod):
            found[top_of(inventory, pod.ref)] = None
    for service in inventory.in_namespace(Service, namespace):
        slices = inventory.slices_of(namespace, service.metadata.name)
        if service.spec.selector and slices and not any(end.is_ready for one in slices for end in one.endpoints or ()):
            found[service.ref] = None
    return sorted(found)


def _lacks(inventory: Inventory, thing: KubeObject) -> bool:
    match thing:
        case Deployment() | StatefulSet() | ReplicaSet():
            wanted = 1 if thing.spec.replicas is None else thing.spec.replicas
            return (thing.status.ready_replicas or 0) < wanted
        case DaemonSet():
            return (thing.status.number_ready or 0) < (thing.status.desired_number_scheduled or 0)
        case Job():
            failed = find_condition(thing.status.conditions, "Failed")
            return failed is not None and failed.status == "True" and not is_outdone(inventory, thing)
        case _:
            return False


def _in(inventory: Inventory, kind: type[KubeObject], namespace: str | None) -> Iterator[KubeObject]:
    yield from inventory.in_namespace(kind, namespace) if namespace else inventory.all(kind)


def _is_top(thing: KubeObject) -> bool:
    return not any(owner.controller for owner in thing.metadata.owner_references or ())


def _has_container(thing: KubeObject, name: str) -> bool:
    spec = pod_spec_of(thing)
    return spec is not None and any(one.name == name for one in containers_of(spec))


def _is_over(pod: Pod) -> bool:
    return pod.status.phase in {"Succeeded", "Failed"}


def _plain(name: str) -> str:
    """Return a name without what people add to it: ``Checkout_Service`` and ``checkoutservice`` are one."""
    plain = "".join(letter for letter in name.lower() if letter.isalnum())
    ending = next((one for one in _ENDINGS if plain.endswith(one) and len(plain) > len(one)), "")
    return plain.removesuffix(ending)
