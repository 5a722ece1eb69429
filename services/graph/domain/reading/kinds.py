"""The kinds that are read: where an API server serves them, what they are decoded to, and what is kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from services.graph.domain.k8s import cluster, config, events, gateway_api, network, pods, rbac, storage, workloads
from services.graph.domain.k8s.shape import KubeObject
from shared.kube_names import SHORT_NAMES


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind. ``versions`` are those whose fields we know, the preferred first."""

    name: str
    group: str
    versions: tuple[str, ...]
    plural: str
    is_namespaced: bool
    # What a server's JSON is decoded to, and what is made of that to be kept; the same where nothing is cut.
    decoded: type[KubeObject]
    kept: type[KubeObject]
    project: Callable[[Any], KubeObject] | None = None
    # A second place that serves the same objects, for servers and accounts without the first.
    instead: "Kind | None" = None

    def path(self, version: str, namespace: str | None = None) -> str:
        """Return the path of its list, of one namespace or of all."""
        root = f"/apis/{self.group}/{version}" if self.group else f"/api/{version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"

    @property
    def api(self) -> str:
        """Its name in RBAC and messages: ``pods``, ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _kind(shape: type[KubeObject], plural: str, *versions: str, cluster_wide: bool = False) -> Kind:
    return Kind(shape.KIND, shape.GROUP, versions or ("v1",), plural, not cluster_wide, shape, shape)


def _cut(
    decoded: type[KubeObject],
    kept: type[KubeObject],
    plural: str,
    project: Callable[[Any], KubeObject],
    group: str = "",
) -> Kind:
    return Kind(kept.KIND, group, ("v1",), plural, True, decoded, kept, project)  # noqa: FBT003 - a field of a row.


_EVENTS = _cut(events.RawEvent, events.Event, "events", events.project_event, "events.k8s.io")

KINDS: tuple[Kind, ...] = (
    _kind(pods.Pod, "pods"),
    _kind(workloads.Deployment, "deployments"),
    _kind(workloads.ReplicaSet, "replicasets"),
    _kind(workloads.StatefulSet, "statefulsets"),
    _kind(workloads.DaemonSet, "daemonsets"),
    _kind(workloads.Job, "jobs"),
    _kind(workloads.CronJob, "cronjobs", "v1", "v1beta1"),
    _kind(workloads.ReplicationController, "replicationcontrollers"),
    _kind(workloads.HorizontalPodAutoscaler, "horizontalpodautoscalers", "v2", "v2beta2"),
    _kind(workloads.PodDisruptionBudget, "poddisruptionbudgets", "v1", "v1beta1"),
    _kind(network.Service, "services"),
    _kind(network.EndpointSlice, "endpointslices", "v1", "v1beta1"),
    _kind(network.Ingress, "ingresses"),
    _kind(network.IngressClass, "ingressclasses", cluster_wide=True),
    _kind(network.NetworkPolicy, "networkpolicies"),
    _kind(gateway_api.GatewayClass, "gatewayclasses", "v1", "v1beta1", cluster_wide=True),
    _kind(gateway_api.Gateway, "gateways", "v1", "v1beta1"),
    _kind(gateway_api.HTTPRoute, "httproutes", "v1", "v1beta1"),
    _kind(gateway_api.GRPCRoute, "grpcroutes", "v1", "v1alpha2"),
    _kind(gateway_api.TLSRoute, "tlsroutes", "v1", "v1alpha3", "v1alpha2"),
    _kind(gateway_api.TCPRoute, "tcproutes", "v1", "v1alpha2"),
    _kind(gateway_api.UDPRoute, "udproutes", "v1", "v1alpha2"),
    _kind(gateway_api.ReferenceGrant, "referencegrants", "v1", "v1beta1"),
    _cut(config.RawConfigMap, config.ConfigMap, "configmaps", config.project_config_map),
    _cut(config.RawSecret, config.Secret, "secrets", config.project_secret),
    _kind(rbac.ServiceAccount, "serviceaccounts"),
    _kind(rbac.Role, "roles"),
    _kind(rbac.RoleBinding, "rolebindings"),
    _kind(rbac.ClusterRole, "clusterroles", cluster_wide=True),
    _kind(rbac.ClusterRoleBinding, "clusterrolebindings", cluster_wide=True),
    _kind(storage.PersistentVolumeClaim, "persistentvolumeclaims"),
    _kind(storage.PersistentVolume, "persistentvolumes", cluster_wide=True),
    _kind(storage.StorageClass, "storageclasses", cluster_wide=True),
    _kind(storage.VolumeAttachment, "volumeattachments", cluster_wide=True),
    _kind(storage.CSIDriver, "csidrivers", cluster_wide=True),
    _kind(cluster.Node, "nodes", cluster_wide=True),
    _kind(cluster.Lease, "leases"),
    _kind(cluster.Namespace, "namespaces", cluster_wide=True),
    _kind(cluster.ResourceQuota, "resourcequotas"),
    _kind(cluster.LimitRange, "limitranges"),
    _kind(cluster.PriorityClass, "priorityclasses", cluster_wide=True),
    _kind(cluster.RuntimeClass, "runtimeclasses", cluster_wide=True),
    _kind(cluster.ValidatingWebhookConfiguration, "validatingwebhookconfigurations", cluster_wide=True),
    _kind(cluster.MutatingWebhookConfiguration, "mutatingwebhookconfigurations", cluster_wide=True),
    _kind(cluster.APIService, "apiservices", cluster_wide=True),
    _kind(cluster.Certificate, "certificates"),
    _kind(cluster.NodeMetrics, "nodes", "v1beta1", cluster_wide=True),
    _kind(cluster.PodMetrics, "pods", "v1beta1"),
    replace(_cut(events.RawEvent, events.Event, "events", events.project_event), instead=_EVENTS),
)

_BY_NAME = {kind.name: kind for kind in KINDS}
_PEOPLE_SAY = {
    word: kind.name
    for kind in KINDS
    # The metrics of a pod are no thing people name: `pods` are pods.
    if kind.group != "metrics.k8s.io"
    for word in (kind.name.lower(), kind.plural, kind.api)
} | dict(SHORT_NAMES)


def get_kind(name: str) -> Kind:
    """Return the kind of this name; raises ``KeyError``."""
    return _BY_NAME[name]


def find_kind(word: str) -> Kind | None:
    """Return the kind people mean: ``Deployment``, ``deployments``, ``deploy``, ``deployments.apps``."""
    name = _PEOPLE_SAY.get(word.lower())
    return _BY_NAME[name] if name else None


def kinds_of(names: Iterable[str]) -> tuple[Kind, ...]:
    """Return the kinds of these names, in the order in which kinds are read."""
    wanted = set(names)
    return tuple(kind for kind in KINDS if kind.name in wanted)
