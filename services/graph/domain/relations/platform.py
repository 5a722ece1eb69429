"""What the platform asks of Services, and what it tells of nodes: webhooks, aggregated APIs, leases, usage."""

from services.graph.domain.k8s.cluster import (
    APIService,
    Lease,
    MutatingWebhookConfiguration,
    Node,
    NodeMetrics,
    PodMetrics,
    ServiceReference,
    ValidatingWebhookConfiguration,
)
from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of
from services.graph.domain.topology.graph import Relation
from services.graph.domain.topology.layers import Layer

WEBHOOK = Link(Relation.SERVED_BY, Layer.PLATFORM, "The API server asks this Service before it admits an object.")
AGGREGATED = Link(Relation.SERVED_BY, Layer.PLATFORM, "The API server hands requests for this API on to this Service.")
HEARTBEATS = Link(Relation.HEARTBEATS, Layer.INFRA, "The kubelet of this node renews the lease of its name.")
MEASURES_NODE = Link(Relation.MEASURES, Layer.OBSERVABILITY, "The metrics API tells what this node uses.")
MEASURES_POD = Link(Relation.MEASURES, Layer.OBSERVABILITY, "The metrics API tells what this pod uses.")
NODE_LEASES = "kube-node-lease"
_PORT_BY_DEFAULT = 443


def draw_platform(drawing: Drawing) -> None:
    """Draw webhook and API → Service, and lease and metrics → node and pod."""
    inventory = drawing.inventory
    for check in inventory.all(ValidatingWebhookConfiguration):
        _draw_hooks(drawing, check)
    for change in inventory.all(MutatingWebhookConfiguration):
        _draw_hooks(drawing, change)
    for api in inventory.all(APIService):
        if api.spec.service is not None:
            _draw_service(drawing, origin_of(api), AGGREGATED, api.spec.service, "spec.service.name")
    for lease in inventory.in_namespace(Lease, NODE_LEASES):
        drawing.link(origin_of(lease), HEARTBEATS, Ref("Node", None, lease.metadata.name), "metadata.name")
    for usage in inventory.all(NodeMetrics):
        drawing.link(origin_of(usage), MEASURES_NODE, Ref(Node.KIND, None, usage.metadata.name), "metadata.name")
    for used in inventory.all(PodMetrics):
        origin = origin_of(used)
        drawing.link(origin, MEASURES_POD, Ref("Pod", origin.ref.namespace, origin.ref.name), "metadata.name")


def _draw_hooks(drawing: Drawing, hook: ValidatingWebhookConfiguration | MutatingWebhookConfiguration) -> None:
    # A configuration may have dozens of webhooks, all served by one Service.
    origin, drawn = origin_of(hook), set[tuple[Ref, str]]()
    for index, webhook in enumerate(hook.webhooks or ()):
        service = webhook.client_config.service
        if service is None:
            continue
        policy = webhook.failure_policy or "Fail"
        key = Ref("Service", service.namespace, service.name or ""), policy
        if key not in drawn:
            drawn.add(key)
            path = f"webhooks[{index}].clientConfig.service.name"
            _draw_service(drawing, origin, WEBHOOK, service, path, f"failurePolicy {policy}")


def _draw_service(
    drawing: Drawing, origin: Origin, link: Link, service: ServiceReference, path: str, note: str = ""
) -> None:
    if not service.name or not service.namespace:
        return
    found = drawing.inventory.find(Service, service.namespace, service.name)
    port = service.port or _PORT_BY_DEFAULT
    if found is not None and all(one.port != port for one in found.spec.ports or ()):
        note = f"{note}; the Service has no port {port}" if note else f"the Service has no port {port}"
    drawing.link(origin, link, Ref("Service", service.namespace, service.name), path, note)
