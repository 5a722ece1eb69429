"""One step from an object: what it needs, what serves it, what rules over it. Only relations a person would follow."""

from services.graph.domain.k8s.cluster import (
    Lease,
    LimitRange,
    MutatingWebhookConfiguration,
    Namespace,
    Node,
    NodeMetrics,
    PodMetrics,
    ResourceQuota,
    ValidatingWebhookConfiguration,
)
from services.graph.domain.k8s.gateway_api import Route
from services.graph.domain.k8s.network import Ingress, IngressClass, NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.rbac import ClusterRoleBinding, RoleBinding, ServiceAccount
from services.graph.domain.k8s.shape import KubeObject, Ref, selects
from services.graph.domain.k8s.storage import (
    PersistentVolume,
    PersistentVolumeClaim,
    StorageClass,
    VolumeAttachment,
)
from services.graph.domain.k8s.workloads import HorizontalPodAutoscaler, PodDisruptionBudget, ReplicaSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.walking.called_services import called_services
from services.graph.domain.walking.owners import owners_of
from services.graph.domain.walking.pod_references import pod_spec_of, references_of, template_labels_of, uses_claim
from services.graph.domain.walking.serving_index import scalers_of, services_over
from services.graph.domain.walking.users import ROUTES, users_of
from services.graph.domain.walking.walk_seeds import LEASES, backends_of, behind_service

_GATEWAYS = "gateway.networking.k8s.io"


def served_by(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return what makes an own workload reachable and scaled: without them it runs and does not do its task."""
    over = services_over(inventory, thing.metadata.namespace, template_labels_of(thing) or {})
    return [*sorted(service.ref for service in over), *scalers_of(inventory, thing)]


def needed_by(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return what the object cannot do without, one step away."""
    match thing:
        case Service() | Ingress() | Route():
            return _of_network(inventory, thing)
        case PersistentVolumeClaim() | PersistentVolume() | Node():
            return _of_infrastructure(inventory, thing)
        case ServiceAccount() | RoleBinding() | ClusterRoleBinding():
            return _of_access(inventory, thing)
        case HorizontalPodAutoscaler():
            target = thing.spec.scale_target_ref
            return _named(target.kind, thing.metadata.namespace, target.name)
        case ValidatingWebhookConfiguration() | MutatingWebhookConfiguration():
            named = [hook.client_config.service for hook in thing.webhooks or ()]
            return [Ref(Service.KIND, one.namespace, one.name or "") for one in named if one]
        case _:
            return _of_pods(thing)


def serving(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return what rules over an own object or leads to it, and what it rules over: asked of own objects only."""
    found = [*_ruled_by(inventory, thing), *users_of(inventory, thing)]
    if pod_spec_of(thing) is not None:
        found += [service.ref for service in called_services(inventory, thing)]
        found += _over_pods(inventory, thing)
    if isinstance(thing, Service):
        found += _leading_to(inventory, thing)
    if isinstance(thing, PersistentVolumeClaim):
        pods = inventory.in_namespace(Pod, thing.metadata.namespace)
        using = [pod for pod in pods if uses_claim(pod, thing.ref)]
        found += [ref for pod in using for ref in (pod.ref, *owners_of(inventory, pod))]
    if isinstance(thing, Node):
        found += [pod.ref for pod in inventory.all(Pod) if pod.spec.node_name == thing.metadata.name]
    return found


def _leading_to(inventory: Inventory, service: Service) -> list[Ref]:
    edges: list[Ingress | Route] = list(inventory.in_namespace(Ingress, service.metadata.namespace))
    for kind in ROUTES:
        edges.extend(inventory.all(kind))
    return [edge.ref for edge in edges if service.ref in backends_of(edge)]


def _over_pods(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    namespace, labels = thing.metadata.namespace, template_labels_of(thing)
    policies = inventory.in_namespace(NetworkPolicy, namespace)
    budgets = inventory.in_namespace(PodDisruptionBudget, namespace)
    return [
        *_over_namespace(inventory, namespace),
        *(one.ref for one in policies if selects(one.spec.pod_selector, labels)),
        *(one.ref for one in budgets if selects(one.spec.selector, labels)),
    ]


def _ruled_by(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return what a policy, a budget or a quota rules over; followed from a target only, or it would be everything."""
    namespace = thing.metadata.namespace
    pods: list[Pod] = []
    if isinstance(thing, NetworkPolicy):
        pods = inventory.pods_selected(namespace, thing.spec.pod_selector)
    if isinstance(thing, PodDisruptionBudget):
        pods = inventory.pods_selected(namespace, thing.spec.selector)
    if isinstance(thing, ResourceQuota | LimitRange):
        sets = inventory.in_namespace(ReplicaSet, namespace)
        return [ref for one in sets for ref in (one.ref, *owners_of(inventory, one))]
    return [ref for pod in pods for ref in (pod.ref, *owners_of(inventory, pod))]


def _of_network(inventory: Inventory, thing: Service | Ingress | Route) -> list[Ref]:
    if isinstance(thing, Service):
        behind = behind_service(inventory, thing)
        return [ref for one in behind for ref in (one.ref, *owners_of(inventory, one))]
    return [*backends_of(thing), *_of_edge(inventory, thing)]


def _of_infrastructure(inventory: Inventory, thing: PersistentVolumeClaim | PersistentVolume | Node) -> list[Ref]:
    if isinstance(thing, PersistentVolumeClaim):
        return _of_claim(inventory, thing)
    name = thing.metadata.name
    if isinstance(thing, Node):
        return [Ref(Lease.KIND, LEASES, name), Ref(NodeMetrics.KIND, None, name)]
    attachments = [one for one in inventory.all(VolumeAttachment) if one.spec.source.persistent_volume_name == name]
    return [*(one.ref for one in attachments), *_named(StorageClass.KIND, None, thing.spec.storage_class_name)]


def _of_access(inventory: Inventory, thing: ServiceAccount | RoleBinding | ClusterRoleBinding) -> list[Ref]:
    if isinstance(thing, ServiceAccount):
        return _bindings(inventory, thing)
    role = thing.role_ref
    return [Ref(role.kind, thing.metadata.namespace if role.kind == "Role" else None, role.name)]


def _of_pods(thing: KubeObject) -> list[Ref]:
    found = references_of(thing)
    if isinstance(thing, Pod):
        found.append(Ref(PodMetrics.KIND, thing.metadata.namespace, thing.metadata.name))
    return found


def _of_edge(inventory: Inventory, thing: Ingress | Route) -> list[Ref]:
    namespace = thing.metadata.namespace
    if isinstance(thing, Ingress):
        secrets = [Ref("Secret", namespace, one.secret_name or "") for one in thing.spec.tls or ()]
        wanted = thing.spec.ingress_class_name
        classes = _named(IngressClass.KIND, None, wanted) or [one.ref for one in inventory.all(IngressClass)]
        return [*(ref for ref in secrets if ref.name), *classes]
    parents = [one for one in thing.spec.parent_refs or () if (one.group or _GATEWAYS) == _GATEWAYS]
    return [Ref(one.kind or "Gateway", one.namespace or namespace, one.name) for one in parents]


def _of_claim(inventory: Inventory, claim: PersistentVolumeClaim) -> list[Ref]:
    found = _named(PersistentVolume.KIND, None, claim.spec.volume_name)
    if claim.spec.storage_class_name is None:
        # Which class is the default, only their annotations tell.
        return [*found, *(one.ref for one in inventory.all(StorageClass))]
    return [*found, *_named(StorageClass.KIND, None, claim.spec.storage_class_name)]


def _bindings(inventory: Inventory, account: ServiceAccount) -> list[Ref]:
    namespace, name = account.metadata.namespace, account.metadata.name
    bindings: list[RoleBinding | ClusterRoleBinding] = [
        *inventory.in_namespace(RoleBinding, namespace),
        *inventory.all(ClusterRoleBinding),
    ]
    return [
        binding.ref
        for binding in bindings
        for subject in binding.subjects or ()
        if (subject.kind, subject.name, subject.namespace or binding.metadata.namespace)
        == (ServiceAccount.KIND, name, namespace)
    ]


def _over_namespace(inventory: Inventory, namespace: str | None) -> list[Ref]:
    rulers: list[KubeObject] = [
        *inventory.in_namespace(ResourceQuota, namespace),
        *inventory.in_namespace(LimitRange, namespace),
        *inventory.all(ValidatingWebhookConfiguration),
        *inventory.all(MutatingWebhookConfiguration),
    ]
    return [*_named(Namespace.KIND, None, namespace), *(one.ref for one in rulers)]


def _named(kind: str, namespace: str | None, name: str | None) -> list[Ref]:
    return [Ref(kind, namespace, name)] if name else []
