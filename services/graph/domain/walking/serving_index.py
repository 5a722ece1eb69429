"""Which Services select some labels, what scales a workload, which edges lead to a Service: looked up, not searched."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from services.graph.domain.k8s.gateway_api import Route
from services.graph.domain.k8s.network import Ingress, Service
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.workloads import HorizontalPodAutoscaler
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.once import once
from services.graph.domain.walking.users import ROUTES
from services.graph.domain.walking.walk_seeds import backends_of

_Pair = tuple[str | None, str, str]


def services_over(inventory: Inventory, namespace: str | None, labels: Mapping[str, str]) -> Iterator[Service]:
    """Yield the Services of the namespace that select what bears ``labels``."""
    index = _by_first_pair(inventory)
    for key, value in labels.items():
        for service in index.get((namespace, key, value), ()):
            if (service.spec.selector or {}).items() <= labels.items():
                yield service


def scalers_of(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return the autoscalers whose target the workload is."""
    return _by_target(inventory).get(thing.ref, [])


def edges_to(inventory: Inventory, service: Ref) -> list[Ref]:
    """Return the Ingresses and routes that send to the Service."""
    return _by_backend(inventory).get(service, [])


@once
def _by_first_pair(inventory: Inventory) -> dict[_Pair, list[Service]]:
    """Return each Service under one pair of its selector: whoever it selects bears that too."""
    found: dict[_Pair, list[Service]] = defaultdict(list)
    for service in inventory.all(Service):
        for key, value in list((service.spec.selector or {}).items())[:1]:
            found[service.metadata.namespace, key, value].append(service)
    return found


@once
def _by_target(inventory: Inventory) -> dict[Ref, list[Ref]]:
    found: dict[Ref, list[Ref]] = defaultdict(list)
    for scaler in inventory.all(HorizontalPodAutoscaler):
        target = scaler.spec.scale_target_ref
        found[Ref(target.kind, scaler.metadata.namespace, target.name)].append(scaler.ref)
    return found


@once
def _by_backend(inventory: Inventory) -> dict[Ref, list[Ref]]:
    found: dict[Ref, list[Ref]] = defaultdict(list)
    edges: list[Ingress | Route] = [*inventory.all(Ingress), *(one for kind in ROUTES for one in inventory.all(kind))]
    for edge in edges:
        for backend in backends_of(edge):
            found[backend].append(edge.ref)
    return found
