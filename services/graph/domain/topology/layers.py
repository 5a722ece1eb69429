"""The layers an entity or a relation belongs to."""

from enum import StrEnum


class Layer(StrEnum):
    """From the glossary: what part of the system something is of."""

    EDGE = "edge"
    APP = "app"
    DEPENDENCY = "dependency"
    PLATFORM = "platform"
    INFRA = "infra"
    NETWORK = "network"
    SECURITY = "security"
    RBAC = "rbac"
    OBSERVABILITY = "observability"


LAYER_OF_KIND = {
    "Ingress": Layer.EDGE,
    "IngressClass": Layer.EDGE,
    "Gateway": Layer.EDGE,
    "GatewayClass": Layer.EDGE,
    "HTTPRoute": Layer.EDGE,
    "GRPCRoute": Layer.EDGE,
    "TLSRoute": Layer.EDGE,
    "TCPRoute": Layer.EDGE,
    "UDPRoute": Layer.EDGE,
    "ReferenceGrant": Layer.EDGE,
    "Certificate": Layer.EDGE,
    "Pod": Layer.APP,
    "Deployment": Layer.APP,
    "ReplicaSet": Layer.APP,
    "StatefulSet": Layer.APP,
    "DaemonSet": Layer.APP,
    "Job": Layer.APP,
    "CronJob": Layer.APP,
    "ReplicationController": Layer.APP,
    "ConfigMap": Layer.APP,
    "Secret": Layer.SECURITY,
    "Service": Layer.NETWORK,
    "EndpointSlice": Layer.NETWORK,
    "NetworkPolicy": Layer.NETWORK,
    "ServiceAccount": Layer.RBAC,
    "Role": Layer.RBAC,
    "RoleBinding": Layer.RBAC,
    "ClusterRole": Layer.RBAC,
    "ClusterRoleBinding": Layer.RBAC,
    "Node": Layer.INFRA,
    "PersistentVolume": Layer.INFRA,
    "VolumeAttachment": Layer.INFRA,
    "CSIDriver": Layer.INFRA,
    "Lease": Layer.INFRA,
    "NodeMetrics": Layer.OBSERVABILITY,
    "PodMetrics": Layer.OBSERVABILITY,
    "Event": Layer.OBSERVABILITY,
}


def layer_of(kind: str) -> Layer:
    """Return the layer of a kind; what has none of its own belongs to the platform."""
    return LAYER_OF_KIND.get(kind, Layer.PLATFORM)
