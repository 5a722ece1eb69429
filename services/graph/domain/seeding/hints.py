"""What an incident says of where it is: names of components, of services, addresses, namespaces; nothing looked up."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.contracts.investigation import InvestigationQuestion
from shared.contracts.signal import EntityHint


class Sort(StrEnum):
    """What a hint names, the plainest first. A vaguer one counts only where a plainer one of its origin led nowhere."""

    OBJECT = "object"
    # A name people or exporters call a component by: of a Service, of a workload, in a label.
    APP = "app"
    CONTAINER = "container"
    # An address and port that was measured.
    ADDRESS = "address"
    NAMESPACE = "namespace"


# How plainly each says it.
WEIGHTS = {Sort.OBJECT: 1.0, Sort.APP: 0.7, Sort.CONTAINER: 0.5, Sort.ADDRESS: 0.5, Sort.NAMESPACE: 0.3}
_ORDER = {sort: number for number, sort in enumerate(Sort)}
_MOST_NAMESPACES = 20

# Labels of exporters and tracers that intake does not turn into entities, and what each names. "": whatever its kind.
_OF_KIND = {
    "pod_name": "Pod",
    "k8s_pod_name": "Pod",
    "k8s.pod.name": "Pod",
    "kubernetes_pod_name": "Pod",
    "deployment": "Deployment",
    "k8s_deployment_name": "Deployment",
    "k8s.deployment.name": "Deployment",
    "statefulset": "StatefulSet",
    "k8s_statefulset_name": "StatefulSet",
    "daemonset": "DaemonSet",
    "k8s_daemonset_name": "DaemonSet",
    "cronjob": "CronJob",
    "job_name": "Job",
    "pod": "Pod",
    "service": "Service",
    "ingress": "Ingress",
    "node": "Node",
    "k8s_node_name": "Node",
    "k8s.node.name": "Node",
    "kubernetes_node": "Node",
    "persistentvolumeclaim": "PersistentVolumeClaim",
    "persistentvolume": "PersistentVolume",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler",
    "poddisruptionbudget": "PodDisruptionBudget",
    "resourcequota": "ResourceQuota",
    "configmap": "ConfigMap",
    "httproute": "HTTPRoute",
    "gateway": "Gateway",
}
_NAMESPACES = ("namespace", "kubernetes_namespace", "k8s_namespace_name", "k8s.namespace.name", "kube_namespace")
_APPS = (
    *("workload", "destination_workload", "destination_service", "destination_service_name", "service_name"),
    *("service.name", "app", "app_kubernetes_io_name", "app.kubernetes.io/name", "k8s_app"),
)
# They say their own name in these, not that of what they measure.
_EXPORTERS = ("kube-state-metrics", "node-exporter", "kubelet", "cadvisor", "blackbox-exporter", "prometheus")
_OF_EXPORTER = ("service", "app", "pod", "container", "instance", "node", "app_kubernetes_io_name")
_CLUSTERS = ("cluster", "k8s_cluster_name", "k8s.cluster.name")


@dataclass(frozen=True, slots=True)
class Hint:
    """One of them. ``kind`` is a word for a kind and set for objects only; ``said`` is the hint in its own words."""

    sort: Sort
    name: str
    namespace: str | None = None
    kind: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What one origin says, the plainest first; ``signal`` is the signal's id, or empty for the incident itself."""

    signal: str
    hints: tuple[Hint, ...]
    # Of other clusters: nothing here can be them.
    elsewhere: tuple[Hint, ...] = ()


def read_hints(question: InvestigationQuestion, cluster: str) -> list[Told]:
    """Return what the incident and each of its signals say. ``cluster`` is the name of the one that is asked."""
    here = frozenset(name for name in (question.cluster, cluster) if name)
    told = [_told("", question.entities, question.labels, question.services, here)]
    for signal in question.signals:
        services = (signal.service,) if signal.service else ()
        told.append(_told(signal.id, signal.entities, signal.labels, services, here))
    return [one for one in told if one.hints or one.elsewhere]


def namespaces_of(told: Sequence[Told]) -> tuple[str, ...]:
    """Return the namespaces that are named, each once, in order; empty where any could be meant."""
    found = (hint.name if hint.sort is Sort.NAMESPACE else hint.namespace for one in told for hint in one.hints)
    return tuple(dict.fromkeys(name for name in found if name))[:_MOST_NAMESPACES]


def _told(
    signal: str,
    entities: Sequence[EntityHint],
    labels: Mapping[str, str],
    services: Sequence[str],
    here: frozenset[str],
) -> Told:
    subject = _of_subject(labels)
    namespace = next((subject[name] for name in _NAMESPACES if subject.get(name)), None)
    cluster = next((labels[name] for name in _CLUSTERS if labels.get(name)), None)
    pairs = [(hint, entity.cluster) for entity in entities for hint in _of_entity(entity)]
    pairs += [(hint, cluster) for hint in _of_labels(subject, namespace)]
    pairs += [(_of_service(name, namespace, "service"), cluster) for name in services]
    kept: dict[Hint, None] = {}
    elsewhere: dict[Hint, None] = {}
    for hint, where in sorted(pairs, key=lambda pair: _ORDER[pair[0].sort]):
        # A cluster nobody chose among is the only one there is, whatever senders call it.
        (kept if not where or where in here or not here or len(here) == 1 else elsewhere)[hint] = None
    # What is named may be gone: then its namespace is what is left to look at.
    spaces = dict.fromkeys(hint.namespace for hint in kept if hint.namespace)
    named = {hint.name for hint in kept if hint.sort is Sort.NAMESPACE}
    implied = [Hint(Sort.NAMESPACE, space, None, "", f"namespace {space}") for space in spaces if space not in named]
    return Told(signal, (*kept, *implied), tuple(elsewhere))


def _of_entity(entity: EntityHint) -> Iterator[Hint]:
    said, word = f"{entity.kind} {entity.name}", entity.kind.lower()
    if word in {"namespace", "ns"}:
        yield Hint(Sort.NAMESPACE, entity.name, None, "", said)
    elif word == "container":
        yield Hint(Sort.CONTAINER, entity.name, entity.namespace, "", said)
    elif word in {"app", "application", "component", "workload"}:
        yield _of_service(entity.name, entity.namespace, word)
    else:
        yield Hint(Sort.OBJECT, entity.name, entity.namespace, entity.kind, said)


def _of_labels(labels: Mapping[str, str], namespace: str | None) -> Iterator[Hint]:
    for label, kind in _OF_KIND.items():
        if name := labels.get(label):
            yield Hint(Sort.OBJECT, name, namespace, kind, f"label {label}={name}")
    yield from _of_owner(labels, namespace)
    for label in _APPS:
        if name := labels.get(label):
            yield _of_service(name, labels.get("destination_workload_namespace") or namespace, f"label {label}")
    if name := labels.get("container"):
        yield Hint(Sort.CONTAINER, name, namespace, "", f"label container={name}")
    if address := labels.get("instance"):
        yield Hint(Sort.ADDRESS, address, namespace, "", f"label instance={address}")
    # A scrape job is called by the Service it scrapes, where it is not called by whoever scrapes.
    job = labels.get("job", "")
    if job and not _is_exporter(job):
        yield _of_service(job.rpartition("/")[2], job.rpartition("/")[0] or namespace, "label job")
    if namespace:
        yield Hint(Sort.NAMESPACE, namespace, None, "", f"namespace {namespace}")


def _of_owner(labels: Mapping[str, str], namespace: str | None) -> Iterator[Hint]:
    for kind_label, name_label in (("created_by_kind", "created_by_name"), ("owner_kind", "owner_name")):
        kind, name = labels.get(kind_label, ""), labels.get(name_label, "")
        if kind and name and "none" not in {kind.strip("<>").lower(), name.strip("<>").lower()}:
            yield Hint(Sort.OBJECT, name, namespace, kind, f"label {name_label}={name}")


def _of_service(name: str, namespace: str | None, what: str) -> Hint:
    """A name in cluster DNS says its namespace itself: ``checkout.shop.svc.cluster.local``."""
    parts = name.split(".")
    said = f"{what} {name}"
    if len(parts) >= 3 and parts[2] == "svc":  # noqa: PLR2004 - name, namespace, svc.
        return Hint(Sort.APP, parts[0], parts[1], "", said)
    return Hint(Sort.APP, name, namespace, "", said)


def _of_subject(labels: Mapping[str, str]) -> dict[str, str]:
    """Return the labels of what was measured: an exporter's own are put aside (Prometheus, ``honor_labels``)."""
    rest = dict(labels)
    exporter = labels.get("job", "").rpartition("/")[2]
    if _is_exporter(exporter):
        is_of_node = exporter in {"node-exporter", "kubelet"}
        for name in _OF_EXPORTER:
            # The address of a node's exporter is the node's.
            if exporter in rest.get(name, "") or (name == "instance" and not is_of_node):
                rest.pop(name, None)
    for name, value in labels.items():
        if name.startswith("exported_"):
            rest[name.removeprefix("exported_")] = value
    return rest


def _is_exporter(job: str) -> bool:
    name = job.rpartition("/")[2]
    return name in _EXPORTERS or name.endswith("-exporter")
