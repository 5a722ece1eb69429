"""Gateway API: classes, gateways, routes of every kind, and grants across namespaces."""

from typing import ClassVar

import msgspec

from services.graph.domain.k8s.shape import Condition, KubeObject, LabelSelector, ManagedMeta, Shape


class GatewayClassSpec(Shape, frozen=True, kw_only=True, gc=False):
    controller_name: str = ""


class ConditionsStatus(Shape, frozen=True, kw_only=True, gc=False):
    conditions: list[Condition] | None = None


class GatewayClass(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "GatewayClass"
    GROUP: ClassVar[str] = "gateway.networking.k8s.io"

    spec: GatewayClassSpec = GatewayClassSpec()
    status: ConditionsStatus = ConditionsStatus()


class RouteNamespaces(Shape, frozen=True, kw_only=True, gc=False):
    """``from`` is Same (also when absent), All, or Selector; the selector matches labels of namespaces."""

    from_: str | None = msgspec.field(default=None, name="from")
    selector: LabelSelector | None = None


class RouteGroupKind(Shape, frozen=True, kw_only=True, gc=False):
    group: str | None = None
    kind: str = ""


class AllowedRoutes(Shape, frozen=True, kw_only=True, gc=False):
    namespaces: RouteNamespaces | None = None
    kinds: list[RouteGroupKind] | None = None


class ObjectReference(Shape, frozen=True, kw_only=True, gc=False):
    """``group`` and ``kind`` absent mean what the field says by default: a core Secret, a core Service."""

    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str = ""


class ListenerTls(Shape, frozen=True, kw_only=True, gc=False):
    mode: str | None = None
    certificate_refs: list[ObjectReference] | None = None


class Listener(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    hostname: str | None = None
    port: int = 0
    protocol: str = ""
    tls: ListenerTls | None = None
    allowed_routes: AllowedRoutes | None = None


class ListenerStatus(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    attached_routes: int | None = None
    conditions: list[Condition] | None = None


class GatewaySpec(Shape, frozen=True, kw_only=True, gc=False):
    gateway_class_name: str = ""
    listeners: list[Listener] | None = None


class GatewayAddress(Shape, frozen=True, kw_only=True, gc=False):
    type: str | None = None
    value: str | None = None


class GatewayStatus(Shape, frozen=True, kw_only=True, gc=False):
    addresses: list[GatewayAddress] | None = None
    conditions: list[Condition] | None = None
    listeners: list[ListenerStatus] | None = None


class Gateway(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Gateway"
    GROUP: ClassVar[str] = "gateway.networking.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    spec: GatewaySpec = GatewaySpec()
    status: GatewayStatus = GatewayStatus()


class ParentRef(Shape, frozen=True, kw_only=True, gc=False):
    group: str | None = None
    kind: str | None = None
    namespace: str | None = None
    name: str = ""
    section_name: str | None = None
    port: int | None = None


class BackendRef(ObjectReference, frozen=True, kw_only=True, gc=False):
    port: int | None = None
    weight: int | None = None


class RequestMirror(Shape, frozen=True, kw_only=True, gc=False):
    backend_ref: BackendRef | None = None


class RouteFilter(Shape, frozen=True, kw_only=True, gc=False):
    type: str = ""
    request_mirror: RequestMirror | None = None


class RouteRule(Shape, frozen=True, kw_only=True, gc=False):
    backend_refs: list[BackendRef] | None = None
    filters: list[RouteFilter] | None = None


class RouteSpec(Shape, frozen=True, kw_only=True, gc=False):
    parent_refs: list[ParentRef] | None = None
    hostnames: list[str] | None = None
    rules: list[RouteRule] | None = None


class RouteParentStatus(Shape, frozen=True, kw_only=True, gc=False):
    parent_ref: ParentRef = ParentRef()
    controller_name: str | None = None
    conditions: list[Condition] | None = None


class RouteStatus(Shape, frozen=True, kw_only=True, gc=False):
    parents: list[RouteParentStatus] | None = None


class Route(KubeObject, frozen=True, kw_only=True, gc=False):
    """What the five kinds of route have in common."""

    GROUP: ClassVar[str] = "gateway.networking.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    spec: RouteSpec = RouteSpec()
    status: RouteStatus = RouteStatus()


class HTTPRoute(Route, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "HTTPRoute"


class GRPCRoute(Route, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "GRPCRoute"


class TCPRoute(Route, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "TCPRoute"


class TLSRoute(Route, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "TLSRoute"


class UDPRoute(Route, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "UDPRoute"


class GrantFrom(Shape, frozen=True, kw_only=True, gc=False):
    group: str = ""
    kind: str = ""
    namespace: str = ""


class GrantTo(Shape, frozen=True, kw_only=True, gc=False):
    group: str = ""
    kind: str = ""
    name: str | None = None


class ReferenceGrantSpec(Shape, frozen=True, kw_only=True, gc=False):
    from_: list[GrantFrom] | None = msgspec.field(default=None, name="from")
    to: list[GrantTo] | None = None


class ReferenceGrant(KubeObject, frozen=True, kw_only=True, gc=False):
    """Lets objects of other namespaces refer to what is in its own."""

    KIND: ClassVar[str] = "ReferenceGrant"
    GROUP: ClassVar[str] = "gateway.networking.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    spec: ReferenceGrantSpec = ReferenceGrantSpec()
