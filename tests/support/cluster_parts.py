"""The objects most clusters of tests have, shaped as an API server of version 1.36 sends them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from services.graph.domain.k8s.shape import KubeObject
from tests.support.cluster import NOW, an_object

AN_HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()


def ago(**span: float) -> str:
    """Return the time this long before the observation, as a server writes it."""
    return (NOW - timedelta(**span)).isoformat()


def a_condition(kind: str, status: str, reason: str = "", message: str = "", **more: Any) -> dict[str, Any]:
    """Return a condition that holds for an hour."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": AN_HOUR_AGO,
        **more,
    }


def owned_by(owner: KubeObject) -> dict[str, Any]:
    """Return the metadata of what ``owner`` controls."""
    reference = {
        "apiVersion": "apps/v1",
        "kind": owner.KIND,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
    }
    return {"ownerReferences": [reference]}


def a_pod(
    name: str,
    labels: Mapping[str, str],
    *,
    ready: bool = True,
    node: str | None = "worker-1",
    owner: KubeObject | None = None,
    ports: Iterable[Mapping[str, Any]] = ({"name": "http", "containerPort": 8080, "protocol": "TCP"},),
    phase: str = "Running",
    containers_ready: bool | None = None,
    metadata: Mapping[str, Any] | None = None,
    conditions: Iterable[Mapping[str, Any]] = (),
    **spec: Any,
) -> KubeObject:
    """Return a pod of one container ``app`` that was made an hour ago."""
    meta = {"labels": dict(labels), "creationTimestamp": AN_HOUR_AGO, **(owned_by(owner) if owner else {})}
    is_ready = containers_ready if containers_ready is not None else ready
    return an_object(
        "Pod",
        name,
        metadata={**meta, **(metadata or {})},
        spec={"nodeName": node, "containers": [{"name": "app", "image": "shop/app:1", "ports": list(ports)}], **spec},
        status={
            "phase": phase,
            "podIP": "10.244.1.7" if node else None,
            "conditions": [a_condition("Ready", "True" if ready else "False"), *conditions],
            "containerStatuses": [{"name": "app", "ready": is_ready, "restartCount": 0}],
        },
    )


def a_deployment(name: str, labels: Mapping[str, str], *, replicas: int | None = 1, **template: Any) -> KubeObject:
    """Return a Deployment whose pods get ``labels``."""
    return an_object(
        "Deployment",
        name,
        metadata={"creationTimestamp": AN_HOUR_AGO},
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": dict(labels)},
            "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": [{"name": "app"}], **template}},
        },
        status={"readyReplicas": replicas},
    )


def a_service(name: str, selector: Mapping[str, str] | None, **spec: Any) -> KubeObject:
    """Return a Service of one port, 80 to 8080."""
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    status = spec.pop("status", {"loadBalancer": {}})
    return an_object(
        "Service",
        name,
        spec.pop("namespace", "shop"),
        metadata={"creationTimestamp": AN_HOUR_AGO, **spec.pop("metadata", {})},
        spec={"type": "ClusterIP", "selector": selector, "clusterIP": "10.96.0.7", "ports": ports, **spec},
        status=status,
    )


def a_slice(service: KubeObject, *pods: KubeObject, ports: Any = ({"name": "http", "port": 8080},)) -> KubeObject:
    """Return the EndpointSlice a server fills for a Service; pods are ready there as their condition says."""
    endpoints = [
        {
            "addresses": ["10.244.1.7"],
            "conditions": {"ready": _is_ready(pod), "serving": _is_ready(pod), "terminating": False},
            "nodeName": pod.spec.node_name,  # type: ignore[attr-defined]  # Of pods only.
            "targetRef": {"kind": "Pod", "name": pod.metadata.name, "uid": pod.metadata.uid},
        }
        for pod in pods
    ]
    return an_object(
        "EndpointSlice",
        f"{service.metadata.name}-x7k2p",
        service.metadata.namespace,
        metadata={"labels": {"kubernetes.io/service-name": service.metadata.name}},
        addressType="IPv4",
        endpoints=endpoints or None,
        ports=list(ports) if endpoints and ports else None,
    )


def _is_ready(pod: KubeObject) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)  # type: ignore[attr-defined]


def a_node(name: str = "worker-1", *, ready: str = "True", **fields: Any) -> KubeObject:
    """Return a node of 4 cores and 8Gi that is ready, or not."""
    reasons = {"True": "KubeletReady", "False": "KubeletNotReady", "Unknown": "NodeStatusUnknown"}
    conditions = [a_condition("Ready", ready, reasons[ready], "what the kubelet says"), *fields.pop("conditions", ())]
    return an_object(
        "Node",
        name,
        metadata={"creationTimestamp": AN_HOUR_AGO, "labels": {"kubernetes.io/hostname": name}},
        status={"conditions": conditions, "allocatable": {"cpu": "4", "memory": "8Gi", "pods": "110"}},
        **fields,
    )


def an_event(about: KubeObject, reason: str, message: str, *, kind: str = "Warning", at: datetime = NOW) -> KubeObject:
    """Return an Event as components of today write it: ``eventTime`` only."""
    meta = about.metadata
    return an_object(
        "Event",
        f"{meta.name}.{reason.lower()}",
        meta.namespace or "default",
        type=kind,
        reason=reason,
        message=message,
        involvedObject={"kind": about.KIND, "namespace": meta.namespace, "name": meta.name, "uid": meta.uid},
        eventTime=at.isoformat(),
    )
