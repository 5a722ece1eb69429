"""What a target that makes no pods is made of: the pods behind a Service, the Services behind an Ingress, and so on."""

from collections.abc import Iterator

from services.graph.domain.k8s.cluster import APIService, Lease, Node, NodeMetrics
from services.graph.domain.k8s.gateway_api import Route
from services.graph.domain.k8s.network import EndpointSlice, Ingress, IngressBackend, NetworkPolicy, Service
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.storage import PersistentVolume, PersistentVolumeClaim
from services.graph.domain.reading.inventory import Inventory

LEASES = "kube-node-lease"
_SERVICE_NAME = "kubernetes.io/service-name"


def parts_of(inventory: Inventory, target: Ref) -> list[KubeObject]:
    """Return the objects that were seen and without which the target does not do its task."""
    thing = inventory.find_ref(target)
    parts: list[KubeObject]
    match thing:
        case Service():
            parts = behind_service(inventory, thing)
        case Ingress() | Route():
            services = [inventory.find_ref(ref) for ref in backends_of(thing)]
            seen = [service for service in services if isinstance(service, Service)]
            parts = [part for service in seen for part in (service, *behind_service(inventory, service))]
        case NetworkPolicy():
            parts = _under_policy(inventory, thing)
        case PersistentVolumeClaim():
            parts = _seen(inventory, [Ref(PersistentVolume.KIND, None, thing.spec.volume_name or "")])
        case Node():
            name = thing.metadata.name
            parts = _seen(inventory, [Ref(Lease.KIND, LEASES, name), Ref(NodeMetrics.KIND, None, name)])
        case APIService() if thing.spec.service:
            named = thing.spec.service
            service = inventory.find(Service, named.namespace, named.name or "")
            parts = [service, *behind_service(inventory, service)] if service else []
        case _:
            parts = []
    return parts


def _under_policy(inventory: Inventory, policy: NetworkPolicy) -> list[KubeObject]:
    """Return the pods a policy selects and the Services that lead to them: what it may cut off."""
    namespace = policy.metadata.namespace
    pods = inventory.pods_selected(namespace, policy.spec.pod_selector)
    names = {pod.metadata.name for pod in pods}
    services = [
        service
        for service in inventory.in_namespace(Service, namespace)
        if any(pod.metadata.name in names for pod in inventory.pods_matching(namespace, service.spec.selector or {}))
    ]
    return [*services, *pods]


def behind_service(inventory: Inventory, service: Service) -> list[KubeObject]:
    """Return the slices of a Service and the pods it selects."""
    slices = slices_of(inventory, service)
    return [*slices, *inventory.pods_matching(service.metadata.namespace, service.spec.selector or {})]


def slices_of(inventory: Inventory, service: Service) -> list[EndpointSlice]:
    """Return the EndpointSlices of a Service."""
    name = service.metadata.name
    candidates = inventory.in_namespace(EndpointSlice, service.metadata.namespace)
    return [one for one in candidates if one.labels.get(_SERVICE_NAME) == name]


def backends_of(thing: Ingress | Route) -> list[Ref]:
    """Return the Services an Ingress or a route sends requests to, whether they were seen or not."""
    return list(dict.fromkeys(_of_ingress(thing) if isinstance(thing, Ingress) else _of_route(thing)))


def _of_ingress(ingress: Ingress) -> Iterator[Ref]:
    backends: list[IngressBackend | None] = [ingress.spec.default_backend]
    for rule in ingress.spec.rules or ():
        backends += [path.backend for path in (rule.http.paths if rule.http else None) or ()]
    for backend in backends:
        if backend and backend.service and backend.service.name:
            yield Ref(Service.KIND, ingress.metadata.namespace, backend.service.name)


def _of_route(route: Route) -> Iterator[Ref]:
    for rule in route.spec.rules or ():
        for backend in rule.backend_refs or ():
            if (backend.kind or Service.KIND) == Service.KIND and not backend.group:
                yield Ref(Service.KIND, backend.namespace or route.metadata.namespace, backend.name)


def _seen(inventory: Inventory, refs: list[Ref]) -> list[KubeObject]:
    return [thing for ref in refs if (thing := inventory.find_ref(ref)) is not None]
