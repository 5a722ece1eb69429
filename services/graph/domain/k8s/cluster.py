"""What belongs to the cluster as a whole: nodes, namespaces, quotas, webhooks, aggregated APIs, usage."""

from datetime import datetime
from typing import ClassVar

from services.graph.domain.k8s.shape import Condition, KubeObject, LabelSelector, ManagedMeta, Quantity, Shape


class Taint(Shape, frozen=True, kw_only=True, gc=False):
    key: str = ""
    value: str | None = None
    effect: str | None = None
    time_added: datetime | None = None


class NodeSpec(Shape, frozen=True, kw_only=True, gc=False):
    unschedulable: bool | None = None
    taints: list[Taint] | None = None


class NodeInfo(Shape, frozen=True, kw_only=True, gc=False):
    kubelet_version: str | None = None
    container_runtime_version: str | None = None


class NodeAddress(Shape, frozen=True, kw_only=True, gc=False):
    type: str = ""
    address: str = ""


class NodeStatus(Shape, frozen=True, kw_only=True, gc=False):
    conditions: list[Condition] | None = None
    capacity: dict[str, Quantity] | None = None
    allocatable: dict[str, Quantity] | None = None
    addresses: list[NodeAddress] | None = None
    node_info: NodeInfo | None = None


class Node(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Node"

    metadata: ManagedMeta = ManagedMeta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class LeaseSpec(Shape, frozen=True, kw_only=True, gc=False):
    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    renew_time: datetime | None = None


class Lease(KubeObject, frozen=True, kw_only=True, gc=False):
    """In ``kube-node-lease``, one by the name of each node."""

    KIND: ClassVar[str] = "Lease"
    GROUP: ClassVar[str] = "coordination.k8s.io"

    spec: LeaseSpec = LeaseSpec()


class NamespaceStatus(Shape, frozen=True, kw_only=True, gc=False):
    phase: str | None = None
    conditions: list[Condition] | None = None


class NamespaceSpec(Shape, frozen=True, kw_only=True, gc=False):
    finalizers: list[str] | None = None


class Namespace(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "Namespace"

    spec: NamespaceSpec = NamespaceSpec()
    status: NamespaceStatus = NamespaceStatus()


class QuotaSpec(Shape, frozen=True, kw_only=True, gc=False):
    hard: dict[str, Quantity] | None = None


class QuotaStatus(Shape, frozen=True, kw_only=True, gc=False):
    hard: dict[str, Quantity] | None = None
    used: dict[str, Quantity] | None = None


class ResourceQuota(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ResourceQuota"

    metadata: ManagedMeta = ManagedMeta()
    spec: QuotaSpec = QuotaSpec()
    status: QuotaStatus = QuotaStatus()


class LimitItem(Shape, frozen=True, kw_only=True, gc=False):
    type: str = ""
    max: dict[str, Quantity] | None = None
    min: dict[str, Quantity] | None = None
    default: dict[str, Quantity] | None = None
    default_request: dict[str, Quantity] | None = None


class LimitRangeSpec(Shape, frozen=True, kw_only=True, gc=False):
    limits: list[LimitItem] | None = None


class LimitRange(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "LimitRange"

    spec: LimitRangeSpec = LimitRangeSpec()


class PriorityClass(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "PriorityClass"
    GROUP: ClassVar[str] = "scheduling.k8s.io"

    value: int | None = None
    global_default: bool | None = None


class RuntimeClass(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "RuntimeClass"
    GROUP: ClassVar[str] = "node.k8s.io"

    handler: str = ""


class ServiceReference(Shape, frozen=True, kw_only=True, gc=False):
    namespace: str | None = None
    name: str | None = None
    path: str | None = None
    port: int | None = None


class WebhookClient(Shape, frozen=True, kw_only=True, gc=False):
    service: ServiceReference | None = None
    url: str | None = None


class WebhookRule(Shape, frozen=True, kw_only=True, gc=False):
    operations: list[str] | None = None
    api_groups: list[str] | None = None
    resources: list[str] | None = None


class Webhook(Shape, frozen=True, kw_only=True, gc=False):
    """``failure_policy`` None: Fail (admissionregistration/v1)."""

    name: str = ""
    client_config: WebhookClient = WebhookClient()
    failure_policy: str | None = None
    timeout_seconds: int | None = None
    rules: list[WebhookRule] | None = None
    namespace_selector: LabelSelector | None = None
    object_selector: LabelSelector | None = None


class ValidatingWebhookConfiguration(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "ValidatingWebhookConfiguration"
    GROUP: ClassVar[str] = "admissionregistration.k8s.io"

    webhooks: list[Webhook] | None = None


class MutatingWebhookConfiguration(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "MutatingWebhookConfiguration"
    GROUP: ClassVar[str] = "admissionregistration.k8s.io"

    webhooks: list[Webhook] | None = None


class APIServiceSpec(Shape, frozen=True, kw_only=True, gc=False):
    """``service`` None: the API server serves it itself."""

    group: str | None = None
    version: str | None = None
    service: ServiceReference | None = None


class ConditionsStatus(Shape, frozen=True, kw_only=True, gc=False):
    conditions: list[Condition] | None = None


class APIService(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "APIService"
    GROUP: ClassVar[str] = "apiregistration.k8s.io"

    spec: APIServiceSpec = APIServiceSpec()
    status: ConditionsStatus = ConditionsStatus()


class CertificateSpec(Shape, frozen=True, kw_only=True, gc=False):
    secret_name: str | None = None


class Certificate(KubeObject, frozen=True, kw_only=True, gc=False):
    """Of cert-manager."""

    KIND: ClassVar[str] = "Certificate"
    GROUP: ClassVar[str] = "cert-manager.io"

    spec: CertificateSpec = CertificateSpec()
    status: ConditionsStatus = ConditionsStatus()


class NodeMetrics(KubeObject, frozen=True, kw_only=True, gc=False):
    """What a node uses, over ``window``, as the metrics API tells."""

    KIND: ClassVar[str] = "NodeMetrics"
    GROUP: ClassVar[str] = "metrics.k8s.io"

    timestamp: datetime | None = None
    window: str | None = None
    usage: dict[str, Quantity] | None = None


class ContainerMetrics(Shape, frozen=True, kw_only=True, gc=False):
    name: str = ""
    usage: dict[str, Quantity] | None = None


class PodMetrics(KubeObject, frozen=True, kw_only=True, gc=False):
    KIND: ClassVar[str] = "PodMetrics"
    GROUP: ClassVar[str] = "metrics.k8s.io"

    timestamp: datetime | None = None
    window: str | None = None
    containers: list[ContainerMetrics] | None = None
