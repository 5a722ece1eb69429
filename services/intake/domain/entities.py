"""Which components a set of labels names, by the label names Kubernetes and its exporters use."""

from collections.abc import Mapping
from ipaddress import ip_address

from shared.contracts.signal import EntityHint

# kube-state-metrics' label names, most telling first; those of the second tuple have no namespace.
_NAMESPACED = (
    ("pod", "pod"),
    ("deployment", "deployment"),
    ("statefulset", "statefulset"),
    ("daemonset", "daemonset"),
    ("replicaset", "replicaset"),
    ("job_name", "job"),
    ("cronjob", "cronjob"),
    ("service", "service"),
    ("container", "container"),
    ("persistentvolumeclaim", "persistentvolumeclaim"),
    ("ingress", "ingress"),
    ("horizontalpodautoscaler", "horizontalpodautoscaler"),
)
_CLUSTER_WIDE = (
    ("node", "node"),
    ("persistentvolume", "persistentvolume"),
)
_WORKLOADS = ("deployment", "statefulset", "daemonset", "cronjob", "job_name")
_SERVICE_LABELS = ("service", "app", "app.kubernetes.io/name", "app_kubernetes_io_name", "service_name")
# What these say of themselves in service, container and pod is not what their metrics are about.
_EXPORTERS = ("kube-state-metrics", "node-exporter", "kubelet", "cadvisor", "blackbox-exporter", "prometheus")
_OF_EXPORTER = ("service", "app", "app.kubernetes.io/name", "container", "pod", "job", "endpoint")
_NODE_JOBS = ("node", "node-exporter", "kubelet", "node_exporter")


class Subject:
    """What a label set is about. Labels an exporter says of itself are put aside."""

    __slots__ = ("_labels", "_raw", "namespace")

    def __init__(self, labels: Mapping[str, str]) -> None:
        self._raw = labels
        self._labels = _without_exporter(labels)
        self.namespace = self._labels.get("namespace") or self._labels.get("kubernetes_namespace") or None

    def entities(self) -> tuple[EntityHint, ...]:
        """Return a hint for every component the labels name; none is no error."""
        labels = self._labels
        namespace, cluster = self.namespace, labels.get("cluster") or None
        found = [
            EntityHint(kind=kind, name=name, namespace=namespace, cluster=cluster)
            for label, kind in _NAMESPACED
            if (name := labels.get(label))
        ]
        found += [
            EntityHint(kind=kind, name=name, cluster=cluster)
            for label, kind in _CLUSTER_WIDE
            if (name := labels.get(label))
        ]
        if "node" not in labels and (node := _node_of(self._raw)):
            found.append(EntityHint(kind="node", name=node, cluster=cluster))
        if namespace:
            found.append(EntityHint(kind="namespace", name=namespace, cluster=cluster))
        return tuple(found)

    def service(self) -> str | None:
        """Return the service the labels name, else the workload. The scrape job is neither: it may cover a cluster."""
        labels = self._labels
        for label in (*_SERVICE_LABELS, *_WORKLOADS):
            if name := labels.get(label):
                return name
        return None


def _without_exporter(labels: Mapping[str, str]) -> Mapping[str, str]:
    job = labels.get("job", "")
    exporter = job.rpartition("/")[2]
    speaks_of_others = exporter in _EXPORTERS or exporter.endswith("-exporter")
    has_exported = any(name.startswith("exported_") for name in labels)
    if not speaks_of_others and not has_exported:
        return labels
    rest = dict(labels)
    if speaks_of_others:
        for name in _OF_EXPORTER:
            # Only where the exporter names itself: with honorLabels the object's own pod stands there.
            if exporter in rest.get(name, ""):
                del rest[name]
    for name, value in labels.items():
        # Prometheus renames what clashed with the scrape target's own labels.
        if name.startswith("exported_"):
            rest[name.removeprefix("exported_")] = value
    return rest


def _node_of(labels: Mapping[str, str]) -> str | None:
    """Return the node an ``instance`` label names: always for node exporters, else if it is a bare host name."""
    instance = labels.get("instance", "")
    host, _, port = instance.partition(":")
    # More than one colon is an IPv6 address.
    if not host or "/" in instance or ":" in port or _is_address(host):
        return None
    is_node_job = labels.get("job", "").rpartition("/")[2] in _NODE_JOBS
    return host if is_node_job or (not port and "." not in host) else None


def _is_address(host: str) -> bool:
    if not host[0].isdigit():
        return False
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
