"""Which fields of which kinds people change; status and what controllers move by themselves are left out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from services.graph.domain.changes.change import ChangeKind
from services.graph.domain.k8s import cluster, config, gateway_api, network, rbac, storage, workloads
from services.graph.domain.k8s.shape import KubeObject, find_condition


@dataclass(frozen=True, slots=True)
class Field:
    """A field whose change counts; one that is not shown is large, or nobody's business."""

    kind: ChangeKind
    path: str
    read: Callable[[Any], object]
    is_shown: bool = True


def _spec(kind: ChangeKind, *names: str, is_shown: bool = True) -> tuple[Field, ...]:
    return tuple(Field(kind, f"spec.{_camel(name)}", _attribute("spec", name), is_shown) for name in names)


def _top(kind: ChangeKind, *names: str, is_shown: bool = True) -> tuple[Field, ...]:
    return tuple(Field(kind, _camel(name), _attribute("", name), is_shown) for name in names)


def _attribute(parent: str, name: str) -> Callable[[Any], object]:
    if parent:
        return lambda thing: getattr(getattr(thing, parent), name)
    return lambda thing: getattr(thing, name)


def _camel(name: str) -> str:
    first, *rest = name.strip("_").split("_")
    return first + "".join(map(str.title, rest))


def _owners(thing: KubeObject) -> object:
    return [f"{one.kind} {one.name}" for one in thing.metadata.owner_references or ()]


def _is_ready(node: cluster.Node) -> object:
    ready = find_condition(node.status.conditions, "Ready")
    return ready.status if ready else None


_OWNER = Field(ChangeKind.OWNER, "metadata.ownerReferences", _owners)
_ROUTE = _spec(ChangeKind.ROUTING, "parent_refs", "hostnames", "rules")
_HOOKS = _top(ChangeKind.POLICY, "webhooks")

# The first field's kind is also that of the object's coming and going.
FIELDS: dict[type[KubeObject], tuple[Field, ...]] = {
    workloads.Deployment: (*_spec(ChangeKind.REPLICAS, "replicas", "paused"), _OWNER),
    workloads.StatefulSet: (*_spec(ChangeKind.REPLICAS, "replicas"), _OWNER),
    workloads.DaemonSet: (
        Field(ChangeKind.OTHER, "spec.updateStrategy", _attribute("spec", "update_strategy")),
        _OWNER,
    ),
    workloads.CronJob: _spec(ChangeKind.OTHER, "schedule", "suspend"),
    workloads.HorizontalPodAutoscaler: _spec(ChangeKind.REPLICAS, "min_replicas", "max_replicas", "metrics"),
    workloads.PodDisruptionBudget: _spec(ChangeKind.POLICY, "selector", "min_available", "max_unavailable"),
    config.ConfigMap: (Field(ChangeKind.CONFIG, "immutable", lambda _: None),),
    config.Secret: _top(ChangeKind.CONFIG, "key_names", "type"),
    network.Service: _spec(ChangeKind.ROUTING, "selector", "ports", "type", "external_name"),
    network.Ingress: _spec(ChangeKind.ROUTING, "rules", "default_backend", "tls", "ingress_class_name"),
    network.NetworkPolicy: _spec(ChangeKind.POLICY, "pod_selector", "policy_types", "ingress", "egress"),
    gateway_api.Gateway: _spec(ChangeKind.ROUTING, "gateway_class_name", "listeners"),
    gateway_api.HTTPRoute: _ROUTE,
    gateway_api.GRPCRoute: _ROUTE,
    gateway_api.TLSRoute: _ROUTE,
    gateway_api.TCPRoute: _ROUTE,
    gateway_api.UDPRoute: _ROUTE,
    gateway_api.ReferenceGrant: _spec(ChangeKind.POLICY, "from_", "to"),
    cluster.Node: (
        *_spec(ChangeKind.NODE, "unschedulable", "taints"),
        Field(ChangeKind.NODE, "status.conditions[Ready]", _is_ready),
    ),
    cluster.ResourceQuota: _spec(ChangeKind.QUOTA, "hard"),
    cluster.LimitRange: _spec(ChangeKind.QUOTA, "limits"),
    cluster.ValidatingWebhookConfiguration: _HOOKS,
    cluster.MutatingWebhookConfiguration: _HOOKS,
    storage.PersistentVolumeClaim: _spec(ChangeKind.STORAGE, "storage_class_name", "volume_name", "resources"),
    storage.StorageClass: _top(ChangeKind.STORAGE, "provisioner", "reclaim_policy", "volume_binding_mode"),
    rbac.Role: _top(ChangeKind.ACCESS, "rules"),
    rbac.ClusterRole: _top(ChangeKind.ACCESS, "rules"),
    rbac.RoleBinding: _top(ChangeKind.ACCESS, "subjects", "role_ref"),
    rbac.ClusterRoleBinding: _top(ChangeKind.ACCESS, "subjects", "role_ref"),
}
