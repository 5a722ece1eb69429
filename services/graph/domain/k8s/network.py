"""Services, their endpoints, ingresses and network policies."""

from typing import ClassVar

import msgspec

from services.graph.domain.k8s.shape import (
    Condition,
    IntOrString,
    KubeObject,
    LabelSelector,
    ManagedMeta,
    Shape,
)


class ServicePort(Shape, frozen=True, kw_only=True, gc=False):
    """``target_port`` None: the same number as ``port``."""

    name: str | None = None
    port: int = 0
    target_port: IntOrString | None = None
    protocol: str | None = None
    app_protocol: str | None = None
    node_port: int | None = None


class ServiceSpec(Shape, frozen=True, kw_only=True, gc=False):
    type: str | None = None
    selector: dict[str, str] | None = None
    ports: list[ServicePort] | None = None
    cluster_ip: str | None = msgspec.field(default=None, name="clusterIP")
    external_name: str | None = None
    internal_traffic_policy: str | None = None
    external_traffic_policy: str | None = None
    publish_not_ready_addresses: bool | None = None


class LoadBalancerPort(Shape, frozen=True, kw_only=True, gc=False):
    port: int | None = None
    error: str | None = None


class LoadBalancerIngress(Shape, frozen=True, kw_only=True, gc=False):
    ip: str | None = None
    hostname: str | None = None
    ports: list[LoadBalancerPort] | None = None


class LoadBalancer(Shape, frozen=True, kw_only=True, gc=False):
    ingress: list[LoadBalancerIngress] | None = None

    @property
    def addresses(self) -> set[str]:
        """Every IP and hostname it is reached at."""
        return {address for one in self.ingress or () for address in (one.ip, one.hostname) if address}


class ServiceStatus(Shape, frozen=True, kw_only=True, gc=False):
    load_balancer: LoadBalancer | None = None
    conditions: list[Condition] | None = None


class Service(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Service"

    metadata: ManagedMeta = ManagedMeta()
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()


class EndpointConditions(Shape, frozen=True, kw_only=True, gc=False):
    """``ready`` None means ready, ``serving`` None the same as ready, ``terminating`` None not (discovery/v1)."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class TargetRef(Shape, frozen=True, kw_only=True, gc=False):
    kind: str | None = None
    namespace: str | None = None
    name: str | None = None
    uid: str | None = None


class Endpoint(Shape, frozen=True, kw_only=True, gc=False):
    addresses: list[str] | None = None
    conditions: EndpointConditions | None = None
    target_ref: TargetRef | None = None
    node_name: str | None = None

    @property
    def is_ready(self) -> bool:
        """Whether traffic goes there."""
        return self.conditions is None or self.conditions.ready is not False


class EndpointPort(Shape, frozen=True, kw_only=True, gc=False):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


# The label by which a slice says whose it is.
SERVICE_NAME = "kubernetes.io/service-name"


class EndpointSlice(KubeObject, frozen=True, kw_only=True, gc=False):
    """Both lists may be null: without endpoints, and where a named target port is found in no container."""

    KIND: ClassVar[str] = "EndpointSlice"
    GROUP: ClassVar[str] = "discovery.k8s.io"

    address_type: str | None = None
    endpoints: list[Endpoint] | None = None
    ports: list[EndpointPort] | None = None


class ServiceBackendPort(Shape, frozen=True, kw_only=True, gc=False):
    name: str | None = None
    number: int | None = None


class ServiceBackend(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    port: ServiceBackendPort | None = None


class ResourceBackend(Shape, frozen=True, kw_only=True, gc=False):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class IngressBackend(Shape, frozen=True, kw_only=True, gc=False):
    service: ServiceBackend | None = None
    resource: ResourceBackend | None = None


class IngressPath(Shape, frozen=True, kw_only=True, gc=False):
    path: str | None = None
    path_type: str | None = None
    backend: IngressBackend = IngressBackend()


class IngressHttp(Shape, frozen=True, kw_only=True, gc=False):
    paths: list[IngressPath] | None = None


class IngressRule(Shape, frozen=True, kw_only=True, gc=False):
    host: str | None = None
    http: IngressHttp | None = None


class IngressTls(Shape, frozen=True, kw_only=True, gc=False):
    hosts: list[str] | None = None
    secret_name: str | None = None


class IngressSpec(Shape, frozen=True, kw_only=True, gc=False):
    ingress_class_name: str | None = None
    default_backend: IngressBackend | None = None
    rules: list[IngressRule] | None = None
    tls: list[IngressTls] | None = None


class IngressStatus(Shape, frozen=True, kw_only=True, gc=False):
    load_balancer: LoadBalancer | None = None


class Ingress(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Ingress"
    GROUP: ClassVar[str] = "networking.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    spec: IngressSpec = IngressSpec()
    status: IngressStatus = IngressStatus()


class IngressClassSpec(Shape, frozen=True, kw_only=True, gc=False):
    controller: str | None = None


class IngressClass(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "IngressClass"
    GROUP: ClassVar[str] = "networking.k8s.io"

    spec: IngressClassSpec = IngressClassSpec()


class IpBlock(Shape, frozen=True, kw_only=True, gc=False):
    cidr: str = ""
    except_: list[str] | None = msgspec.field(default=None, name="except")


class PolicyPeer(Shape, frozen=True, kw_only=True, gc=False):
    """Both selectors: pods matching both. ``pod_selector`` alone: of the policy's own namespace."""

    pod_selector: LabelSelector | None = None
    namespace_selector: LabelSelector | None = None
    ip_block: IpBlock | None = None


class PolicyPort(Shape, frozen=True, kw_only=True, gc=False):
    """``port`` None: every port of the protocol; a name is looked up in the destination pod."""

    protocol: str | None = None
    port: IntOrString | None = None
    end_port: int | None = None


class IngressPolicyRule(Shape, frozen=True, kw_only=True, gc=False):
    """``from`` absent or empty: every source; ``ports`` likewise: every port."""

    from_: list[PolicyPeer] | None = msgspec.field(default=None, name="from")
    ports: list[PolicyPort] | None = None


class EgressPolicyRule(Shape, frozen=True, kw_only=True, gc=False):
    to: list[PolicyPeer] | None = None
    ports: list[PolicyPort] | None = None


class NetworkPolicySpec(Shape, frozen=True, kw_only=True, gc=False):
    pod_selector: LabelSelector = LabelSelector()
    policy_types: list[str] | None = None
    ingress: list[IngressPolicyRule] | None = None
    egress: list[EgressPolicyRule] | None = None


class NetworkPolicy(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "NetworkPolicy"
    GROUP: ClassVar[str] = "networking.k8s.io"

    metadata: ManagedMeta = ManagedMeta()
    spec: NetworkPolicySpec = NetworkPolicySpec()
