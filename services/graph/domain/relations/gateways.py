"""Gateway API: route → gateway → class, route → backend, gateway → certificate, each by one verdict."""

from collections import defaultdict
from collections.abc import Iterator

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.gateway_api import (
    BackendRef,
    Gateway,
    GatewayClass,
    GRPCRoute,
    HTTPRoute,
    ObjectReference,
    ParentRef,
    ReferenceGrant,
    Route,
    TCPRoute,
    TLSRoute,
    UDPRoute,
)
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.drawing import Drawing, Link, origin_of, presence_of, ref_in_group
from services.graph.domain.relations.gateway_matching import GATEWAY_GROUP, Wanted, is_granted
from services.graph.domain.relations.gateway_verdict import Verdict, judge_parent, judge_target
from services.graph.domain.topology.graph import Relation
from services.graph.domain.topology.layers import Layer

ATTACHED = Link(
    Relation.ATTACHED_TO,
    Layer.EDGE,
    "spec.parentRefs names the Gateway; its listeners, and the route's status, say whether it is taken.",
)
PARENT_SERVICE = Link(Relation.ATTACHED_TO, Layer.EDGE, "spec.parentRefs names this object, which is no Gateway.")
BACKEND = Link(
    Relation.ROUTES_TO, Layer.EDGE, "A rule of the route sends traffic there; across namespaces only if granted."
)
MIRROR = Link(Relation.ROUTES_TO, Layer.EDGE, "A rule of the route sends a copy of its traffic there.")
CLASS = Link(Relation.USES_CLASS, Layer.EDGE, "spec.gatewayClassName names this class.")
CERTIFICATE = Link(
    Relation.USES_CERTIFICATE, Layer.EDGE, "A listener takes its certificate there; across namespaces only if granted."
)
GRANTED = Link(Relation.GRANTED_BY, Layer.SECURITY, "This grant allows the reference into its namespace.")
ROUTES: tuple[type[Route], ...] = (HTTPRoute, GRPCRoute, TLSRoute, TCPRoute, UDPRoute)


class GatewayView:
    """What verdicts need to know of an inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._grants: dict[str | None, list[ReferenceGrant]] = defaultdict(list)
        for grant in inventory.all(ReferenceGrant):
            self._grants[grant.metadata.namespace].append(grant)

    def labels_of(self, namespace: str) -> dict[str, str] | None:
        found = self.inventory.find(Namespace, None, namespace)
        return found.labels if found is not None else None

    def judge_parent(self, route: Route, parent: ParentRef) -> tuple[Ref, Verdict | None]:
        """Return what a parentRef names and the verdict; None for a parent that is no Gateway."""
        group = GATEWAY_GROUP if parent.group is None else parent.group
        namespace = parent.namespace or route.metadata.namespace
        ref = ref_in_group(group, parent.kind or "Gateway", namespace, parent.name)
        if ref.kind != Gateway.KIND:
            return ref, None
        gateway = self.inventory.find(Gateway, namespace, parent.name)
        return ref, judge_parent(route, parent, gateway, presence_of(self.inventory, ref), self.labels_of)

    def judge_target(self, source: KubeObject, target: ObjectReference, kind: str) -> tuple[Ref, Verdict]:
        """Return what a backendRef or certificateRef names, of ``kind`` where it does not say, and the verdict."""
        wanted = self._wanted(source, target, kind)
        ref = ref_in_group(wanted.to_group, wanted.to_kind, wanted.to_namespace, wanted.to_name)
        known = self.inventory.coverage.proves_absence(ReferenceGrant.KIND, wanted.to_namespace)
        grants = self._grants.get(wanted.to_namespace, ())
        presence = presence_of(self.inventory, ref)
        return ref, judge_target(wanted, grants, are_grants_known=known, presence=presence)

    def grant_for(self, source: KubeObject, target: ObjectReference, kind: str) -> ReferenceGrant | None:
        """Return the grant that allows a reference across namespaces."""
        wanted = self._wanted(source, target, kind)
        if not wanted.needs_grant:
            return None
        return next((one for one in self._grants.get(wanted.to_namespace, ()) if is_granted(wanted, (one,))), None)

    def _wanted(self, source: KubeObject, target: ObjectReference, kind: str) -> Wanted:
        own = source.metadata.namespace
        return Wanted(source.KIND, own, target.group or "", target.kind or kind, target.namespace or own, target.name)


def draw_gateways(drawing: Drawing) -> None:
    """Draw routes, gateways, and the grants that let them refer across namespaces."""
    view = GatewayView(drawing.inventory)
    for kind in ROUTES:
        for route in drawing.inventory.all(kind):
            _draw_parents(drawing, view, route)
            for backend, path, link in backends_of(route):
                _draw_backend(drawing, view, route, backend, (path, link))
    for gateway in drawing.inventory.all(Gateway):
        _draw_gateway(drawing, view, gateway)


def backends_of(route: Route) -> Iterator[tuple[BackendRef, str, Link]]:
    """Return every backend of a route, mirrors included, with its field."""
    for number, rule in enumerate(route.spec.rules or ()):
        for index, backend in enumerate(rule.backend_refs or ()):
            yield backend, f"spec.rules[{number}].backendRefs[{index}]", BACKEND
        for index, one in enumerate(rule.filters or ()):
            if one.request_mirror is not None and one.request_mirror.backend_ref is not None:
                path = f"spec.rules[{number}].filters[{index}].requestMirror.backendRef"
                yield one.request_mirror.backend_ref, path, MIRROR


def _draw_parents(drawing: Drawing, view: GatewayView, route: Route) -> None:
    origin = origin_of(route)
    for index, parent in enumerate(route.spec.parent_refs or ()):
        ref, verdict = view.judge_parent(route, parent)
        path = f"spec.parentRefs[{index}]"
        if verdict is None:
            drawing.link(origin, PARENT_SERVICE, ref, path)
            continue
        note = verdict.note or (f"taken by {', '.join(verdict.listeners)}" if verdict.listeners else "")
        drawing.judge(origin, ATTACHED, ref, path, state=verdict.state, note=note, confidence=verdict.confidence)


def _draw_backend(
    drawing: Drawing, view: GatewayView, route: Route, backend: BackendRef, how: tuple[str, Link]
) -> None:
    origin, (path, link) = origin_of(route), how
    ref, verdict = view.judge_target(route, backend, Service.KIND)
    note = verdict.note or _say_backend(drawing.inventory, ref, backend)
    drawing.judge(origin, link, ref, path, state=verdict.state, note=note, confidence=verdict.confidence)
    _draw_grant(drawing, view, route, backend, (Service.KIND, path))


def _say_backend(inventory: Inventory, ref: Ref, backend: BackendRef) -> str:
    service = inventory.find(Service, ref.namespace, ref.name) if ref.kind == Service.KIND else None
    if service is not None and service.spec.type != "ExternalName":
        if backend.port is None:
            return "a Service needs a port, and none is named"
        if all(one.port != backend.port for one in service.spec.ports or ()):
            return f"the Service has no port {backend.port}"
    return "weight 0: no traffic goes there" if backend.weight == 0 else ""


def _draw_grant(
    drawing: Drawing, view: GatewayView, source: KubeObject, target: ObjectReference, how: tuple[str, str]
) -> None:
    grant = view.grant_for(source, target, how[0])
    if grant is not None:
        drawing.link(origin_of(source), GRANTED, grant.ref, how[1])


def _draw_gateway(drawing: Drawing, view: GatewayView, gateway: Gateway) -> None:
    origin = origin_of(gateway)
    if gateway.spec.gateway_class_name:
        ref = Ref(GatewayClass.KIND, None, gateway.spec.gateway_class_name)
        drawing.link(origin, CLASS, ref, "spec.gatewayClassName")
    for number, listener in enumerate(gateway.spec.listeners or ()):
        for index, certificate in enumerate((listener.tls.certificate_refs if listener.tls else None) or ()):
            path = f"spec.listeners[{number}].tls.certificateRefs[{index}]"
            ref, verdict = view.judge_target(gateway, certificate, "Secret")
            drawing.judge(
                origin, CERTIFICATE, ref, path, state=verdict.state, note=verdict.note, confidence=verdict.confidence
            )
            _draw_grant(drawing, view, gateway, certificate, ("Secret", path))
