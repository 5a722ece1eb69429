"""Who depends on an object that others name: the way back from a Secret, a class or a front to what uses it."""

from collections.abc import Iterator

from services.graph.domain.k8s.cluster import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.k8s.gateway_api import (
    Gateway,
    GatewayClass,
    GRPCRoute,
    HTTPRoute,
    Route,
    TCPRoute,
    TLSRoute,
    UDPRoute,
)
from services.graph.domain.k8s.network import Ingress, IngressClass, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.storage import PersistentVolume, PersistentVolumeClaim, StorageClass
from services.graph.domain.k8s.workloads import DaemonSet, Deployment, Job, ReplicaSet, StatefulSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.walking.owners import owners_of
from services.graph.domain.walking.pod_references import references_of

ROUTES: tuple[type[Route], ...] = (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute)
_CREATORS = (ReplicaSet, StatefulSet, DaemonSet, Job)
_MAKERS = (Deployment, StatefulSet, DaemonSet, Job, Pod)


def users_of(inventory: Inventory, thing: KubeObject) -> list[Ref]:  # noqa: PLR0911 - one answer a kind.
    """Return what names the object, or stands behind it, and does not work without it; asked of few objects only."""
    match thing:
        case Secret() | ConfigMap() | ServiceAccount():
            return [*_of_config(inventory, thing), *_of_certificate(inventory, thing)]
        case StorageClass():
            claims = inventory.all(PersistentVolumeClaim)
            return [one.ref for one in claims if one.spec.storage_class_name == thing.metadata.name]
        case PersistentVolume():
            claim = thing.spec.claim_ref
            return [Ref(PersistentVolumeClaim.KIND, claim.namespace, claim.name or "")] if claim else []
        case IngressClass():
            name = thing.metadata.name
            return [one.ref for one in inventory.all(Ingress) if one.spec.ingress_class_name == name]
        case GatewayClass():
            name = thing.metadata.name
            return [one.ref for one in inventory.all(Gateway) if one.spec.gateway_class_name == name]
        case Gateway():
            return list(_of_gateway(inventory, thing))
        case Service():
            return list(_at_front(inventory, thing))
        case ValidatingWebhookConfiguration() | MutatingWebhookConfiguration():
            return list(_refused(inventory))
        case _:
            return []


def _of_config(inventory: Inventory, thing: KubeObject) -> Iterator[Ref]:
    for kind in _MAKERS:
        for one in inventory.in_namespace(kind, thing.metadata.namespace):
            if thing.ref in references_of(one):
                yield one.ref
                yield from owners_of(inventory, one)


def _of_certificate(inventory: Inventory, secret: KubeObject) -> Iterator[Ref]:
    if not isinstance(secret, Secret):
        return
    namespace, name = secret.metadata.namespace, secret.metadata.name
    for ingress in inventory.in_namespace(Ingress, namespace):
        if any(one.secret_name == name for one in ingress.spec.tls or ()):
            yield ingress.ref
    for gateway in inventory.all(Gateway):
        for listener in gateway.spec.listeners or ():
            for one in (listener.tls.certificate_refs if listener.tls else None) or ():
                if (one.namespace or gateway.metadata.namespace, one.name) == (namespace, name):
                    yield gateway.ref


def _of_gateway(inventory: Inventory, gateway: Gateway) -> Iterator[Ref]:
    wanted = (gateway.metadata.namespace, gateway.metadata.name)
    for kind in ROUTES:
        for route in inventory.all(kind):
            parents = route.spec.parent_refs or ()
            if any((one.namespace or route.metadata.namespace, one.name) == wanted for one in parents):
                yield route.ref


def _at_front(inventory: Inventory, service: Service) -> Iterator[Ref]:
    """Yield the Ingresses and Gateways at the address of the Service's load balancer: its pods serve them."""
    balancer = service.status.load_balancer if service.spec.type == "LoadBalancer" else None
    addresses = balancer.addresses if balancer else set[str]()
    if not addresses:
        return
    for ingress in inventory.all(Ingress):
        front = ingress.status.load_balancer
        if front is not None and not addresses.isdisjoint(front.addresses):
            yield ingress.ref
    for gateway in inventory.all(Gateway):
        if any(one.value in addresses for one in gateway.status.addresses or ()):
            yield gateway.ref


def _refused(inventory: Inventory) -> Iterator[Ref]:
    """Yield the controllers that were refused something: a webhook's trouble shows there and nowhere else."""
    for kind in _CREATORS:
        for one in inventory.all(kind):
            failure = find_condition(one.status.conditions, "ReplicaFailure") if isinstance(one, ReplicaSet) else None
            is_refused = (failure is not None and failure.status == "True") or any(
                event.reason == "FailedCreate" for event in inventory.events_of(one)
            )
            if is_refused:
                yield one.ref
                yield from owners_of(inventory, one)
