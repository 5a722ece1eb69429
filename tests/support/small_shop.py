"""A small shop with four faults, as a server would show it: for tests of diagnoses."""

from typing import Any

from services.graph.domain.k8s.shape import KubeObject
from services.graph.ports import LogRead, LogState
from tests.support.cluster import an_object
from tests.support.memory_cluster import MemoryCluster

_CRASHING = {
    "name": "app",
    "ready": False,
    "restartCount": 4,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}
_RUNNING = {"name": "app", "ready": True, "restartCount": 0, "state": {"running": {}}}
# What is well in the shop, by its name.
WELL = frozenset(
    {
        "web",
        "web-7c9b",
        "web-7c9b-x1",
        "web-s",
        "web-config",
        "web-secret",
        "web-cache",
        "pv-1",
        "standard",
        "n1",
        "edge",
    }
    | {"vital", "default", "deny-all", "allow-all", "shop"}
)
UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."


def owned_by(kind: str, name: str) -> list[dict[str, Any]]:
    """Return the owner references of what this one controls."""
    return [{"kind": kind, "name": name, "uid": f"uid-{kind}-{name}", "controller": True}]


def a_deployment(name: str, *, ready: int = 1, status: dict[str, Any] | None = None, **spec: Any) -> list[KubeObject]:
    """Return a Deployment of one replica with its ReplicaSet and its pod."""
    labels = {"app": name}
    container = {"name": "app", "image": f"{name}:1", **spec.pop("container", {})}
    pod_spec = {"containers": [container], "nodeName": "n1", **spec}
    template = {"metadata": {"labels": labels}, "spec": pod_spec}
    meta = {"uid": f"uid-Deployment-{name}", "labels": labels}
    replica_set = f"{name}-7c9b"
    return [
        an_object(
            "Deployment",
            name,
            metadata=meta,
            spec={"replicas": 1, "selector": {"matchLabels": labels}, "template": template},
            status={"replicas": 1, "readyReplicas": ready},
        ),
        an_object(
            "ReplicaSet",
            replica_set,
            metadata={"uid": f"uid-ReplicaSet-{replica_set}", "ownerReferences": owned_by("Deployment", name)},
            spec={"replicas": 1, "template": template},
        ),
        an_object(
            "Pod",
            f"{replica_set}-x1",
            metadata={
                "labels": {**labels, "pod-template-hash": "7c9b"},
                "ownerReferences": owned_by("ReplicaSet", replica_set),
                "uid": f"uid-Pod-{name}",
            },
            spec=pod_spec,
            status={
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                "containerStatuses": [status or (_RUNNING if ready else _CRASHING)],
            },
        ),
    ]


def a_service(name: str, *, ready: bool = True, selector: dict[str, str] | None = None) -> list[KubeObject]:
    """Return a Service with its slice."""
    ends = [{"addresses": ["10.0.0.1"], "conditions": {"ready": ready}}] if selector is None else []
    return [
        an_object("Service", name, spec={"selector": selector or {"app": name}, "ports": [{"port": 80}]}),
        an_object(
            "EndpointSlice", f"{name}-s", metadata={"labels": {"kubernetes.io/service-name": name}}, endpoints=ends
        ),
    ]


def shop_objects() -> list[KubeObject]:
    """Return it: ``checkout`` crashes, ``orders`` waits for a volume, ``lost`` selects none, ``mail`` lacks config."""
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data-orders-0"}}
    unscheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": UNBOUND}
    # What exists and is referred to is what a careless rule would call missing when it cannot be read.
    calls: dict[str, Any] = {
        "container": {
            "env": [{"name": "CHECKOUT_ADDR", "value": "checkout:80"}],
            "envFrom": [{"configMapRef": {"name": "web-config"}}, {"secretRef": {"name": "web-secret"}}],
        },
        "volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": "web-cache"}}],
        "serviceAccountName": "web",
        "priorityClassName": "vital",
    }
    needs: dict[str, Any] = {"container": {"envFrom": [{"configMapRef": {"name": "mail-config"}}]}}
    broken = {"name": "app", "ready": False, "state": {"waiting": {"reason": "CreateContainerConfigError"}}}
    return [
        an_object("Namespace", "shop", status={"phase": "Active"}),
        an_object("Node", "n1", status={"conditions": [{"type": "Ready", "status": "True"}]}),
        an_object("StorageClass", "standard", provisioner="example.com/disk"),
        # Isolation with its companion is good practice, and to blame for nothing.
        an_object("NetworkPolicy", "deny-all", spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        an_object(
            "NetworkPolicy",
            "allow-all",
            spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [{}], "egress": [{}]},
        ),
        an_object("ServiceAccount", "default"),
        an_object("ServiceAccount", "web"),
        an_object("PriorityClass", "vital", value=1000),
        an_object("ConfigMap", "web-config", data={"MODE": "fast"}),
        an_object("Secret", "web-secret", data={"KEY": ""}),
        an_object(
            "PersistentVolumeClaim",
            "web-cache",
            spec={"storageClassName": "standard", "volumeName": "pv-1"},
            status={"phase": "Bound"},
        ),
        an_object(
            "PersistentVolume",
            "pv-1",
            spec={"storageClassName": "standard", "claimRef": {"namespace": "shop", "name": "web-cache"}},
            status={"phase": "Bound"},
        ),
        *a_deployment("web", **calls),
        *a_service("web"),
        an_object("IngressClass", "edge", spec={"controller": "example.com/edge"}),
        an_object(
            "Ingress",
            "web",
            spec={
                "ingressClassName": "edge",
                "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
            },
            status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        ),
        *a_deployment("checkout", ready=0),
        *a_service("checkout", ready=False),
        *a_deployment("mail", ready=0, status=broken, **needs),
        *a_service("lost", selector={"app": "nobody"}),
        an_object("StatefulSet", "orders", metadata={"uid": "uid-StatefulSet-orders"}, spec={"replicas": 1}),
        an_object(
            "Pod",
            "orders-0",
            metadata={"ownerReferences": owned_by("StatefulSet", "orders")},
            spec={"containers": [{"name": "app"}], "volumes": [claim]},
            status={"phase": "Pending", "conditions": [unscheduled]},
        ),
        an_object(
            "PersistentVolumeClaim", "data-orders-0", spec={"storageClassName": "fast"}, status={"phase": "Pending"}
        ),
    ]


def a_shop(*more: KubeObject) -> MemoryCluster:
    """Return the shop as a source."""
    key = ("shop", "checkout-7c9b-x1", "app", True)
    return MemoryCluster([*shop_objects(), *more], {key: LogRead(LogState.OK, ("no such host: orders",))}, name="test")
