"""Which kinds there are, and where an API server serves them."""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind, in the version it is asked for."""

    name: str
    group: str
    version: str
    plural: str
    is_namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects name it: ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def api(self) -> str:
        """Its name for kubectl and people: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None, name: str = "", subresource: str = "") -> str:
        """Return the path of an object, of its subresource or, without a name, of the list.

        Raises ``ValueError`` for a name that would lead elsewhere: clients take `..` for the folder above.
        """
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if {name, namespace} & {".", ".."}:
            raise ValueError("a name must not be one of the file system's")
        place = ("namespaces", namespace) if namespace and self.is_namespaced else ()
        parts = [quote(part, safe="") for part in (*place, self.plural, name, subresource) if part]
        return "/".join((root, *parts))


def _core(name: str, plural: str, *, namespaced: bool = True) -> Kind:
    return Kind(name, "", "v1", plural, namespaced)


POD = _core("Pod", "pods")
NODE = _core("Node", "nodes", namespaced=False)
SERVICE = _core("Service", "services")
DEPLOYMENT = Kind("Deployment", "apps", "v1", "deployments")
REPLICA_SET = Kind("ReplicaSet", "apps", "v1", "replicasets")
STATEFUL_SET = Kind("StatefulSet", "apps", "v1", "statefulsets")
DAEMON_SET = Kind("DaemonSet", "apps", "v1", "daemonsets")
CONTROLLER_REVISION = Kind("ControllerRevision", "apps", "v1", "controllerrevisions")
REPLICATION_CONTROLLER = _core("ReplicationController", "replicationcontrollers")
JOB = Kind("Job", "batch", "v1", "jobs")
CRON_JOB = Kind("CronJob", "batch", "v1", "cronjobs")
AUTOSCALER = Kind("HorizontalPodAutoscaler", "autoscaling", "v2", "horizontalpodautoscalers")
ENDPOINT_SLICE = Kind("EndpointSlice", "discovery.k8s.io", "v1", "endpointslices")
SECRET = _core("Secret", "secrets")

BUILT_IN: tuple[Kind, ...] = (
    POD,
    NODE,
    SERVICE,
    DEPLOYMENT,
    REPLICA_SET,
    STATEFUL_SET,
    DAEMON_SET,
    CONTROLLER_REVISION,
    REPLICATION_CONTROLLER,
    JOB,
    CRON_JOB,
    AUTOSCALER,
    ENDPOINT_SLICE,
    SECRET,
    _core("ConfigMap", "configmaps"),
    _core("Endpoints", "endpoints"),
    _core("LimitRange", "limitranges"),
    _core("Namespace", "namespaces", namespaced=False),
    _core("PersistentVolume", "persistentvolumes", namespaced=False),
    _core("PersistentVolumeClaim", "persistentvolumeclaims"),
    _core("ResourceQuota", "resourcequotas"),
    _core("ServiceAccount", "serviceaccounts"),
    Kind("PodDisruptionBudget", "policy", "v1", "poddisruptionbudgets"),
    Kind("Ingress", "networking.k8s.io", "v1", "ingresses"),
    Kind("IngressClass", "networking.k8s.io", "v1", "ingressclasses", is_namespaced=False),
    Kind("NetworkPolicy", "networking.k8s.io", "v1", "networkpolicies"),
    Kind("Role", "rbac.authorization.k8s.io", "v1", "roles"),
    Kind("RoleBinding", "rbac.authorization.k8s.io", "v1", "rolebindings"),
    Kind("ClusterRole", "rbac.authorization.k8s.io", "v1", "clusterroles", is_namespaced=False),
    Kind("ClusterRoleBinding", "rbac.authorization.k8s.io", "v1", "clusterrolebindings", is_namespaced=False),
    Kind("StorageClass", "storage.k8s.io", "v1", "storageclasses", is_namespaced=False),
    Kind("PriorityClass", "scheduling.k8s.io", "v1", "priorityclasses", is_namespaced=False),
    Kind("Lease", "coordination.k8s.io", "v1", "leases"),
)

_BY_WORD = {word.lower(): kind for kind in BUILT_IN for word in (kind.name, kind.plural)}


def find_kind(text: str) -> Kind | None:
    """Return the built-in kind that a text names: ``Deployment``, ``deployments``, ``deployments.apps``, with version.

    None where its group or version is another one, or it is not built in.
    """
    word, _, rest = text.partition(".")
    kind = _BY_WORD.get(word.lower())
    if kind is None or rest in {"", kind.group, f"{kind.version}.{kind.group}"}:
        return kind
    return None


def is_built_in(kind: Kind) -> bool:
    """Answer whether a kind is one of Kubernetes itself, whose lists merge by keys."""
    return kind in BUILT_IN
