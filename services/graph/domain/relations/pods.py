"""What a pod needs: its node, account, configuration, claims and classes; of templates the same, pods or none."""

from collections.abc import Iterator

from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.k8s.pods import Pod, PodSpec
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.relations.drawing import Draft, Drawing, Link, Origin, origin_of
from services.graph.domain.relations.pod_inputs import Input, inputs_of, needs_the_same
from services.graph.domain.relations.templates import templates_of
from services.graph.domain.topology.graph import Relation
from services.graph.domain.topology.layers import Layer

ON_NODE = Link(Relation.RUNS_ON, Layer.INFRA, "The scheduler wrote this node into spec.nodeName.")
NOMINATED = Link(
    Relation.RUNS_ON, Layer.INFRA, "The pod waits for room on this node: others are being removed for it.", 0.5
)
AS_ACCOUNT = Link(Relation.RUNS_AS, Layer.RBAC, "The pod acts as this account.")
PULLS = Link(Relation.PULLS_WITH, Layer.SECURITY, "Images are pulled with this Secret.")
ACCOUNT_PULLS = Link(
    Relation.PULLS_WITH, Layer.SECURITY, "Pods of this account that name no pull secret get this one when made."
)
PRIORITY = Link(Relation.PRIORITISED_BY, Layer.PLATFORM, "spec.priorityClassName names this class.")
RUNTIME = Link(Relation.RUNS_WITH, Layer.INFRA, "spec.runtimeClassName names this class.")
CONFIG = Link(Relation.USES_CONFIG, Layer.APP, "A volume or variable of the pod takes its value from this ConfigMap.")
SECRET = Link(Relation.USES_SECRET, Layer.SECURITY, "A volume or variable of the pod takes its value from this Secret.")
CLAIM = Link(Relation.CLAIMS, Layer.PLATFORM, "A volume of the pod is this claim.")
DRIVER = Link(
    Relation.SERVED_BY,
    Layer.INFRA,
    "A volume within the pod's own spec is served by this driver, which must be registered for that.",
)
OPTIONAL = "optional: the pod starts without it"
_LINK_OF_INPUT = {"ConfigMap": CONFIG, "Secret": SECRET, "PersistentVolumeClaim": CLAIM, "CSIDriver": DRIVER}


def draw_pods(drawing: Drawing) -> None:
    """Draw what pods, templates of workloads, and accounts refer to."""
    alike = _Alike(drawing)
    for pod in drawing.inventory.all(Pod):
        origin = origin_of(pod)
        _draw_node(drawing, origin, pod)
        alike.draw(origin, pod)
    for thing, spec, path in templates_of(drawing.inventory):
        origin = origin_of(thing)
        drawing.link_all(origin, _settle(drawing, origin.ref.namespace, spec, path))
    for account in drawing.inventory.all(ServiceAccount):
        if account.image_pull_secrets:
            _draw_pull_secrets(drawing, account)


def _draw_node(drawing: Drawing, origin: Origin, pod: Pod) -> None:
    if pod.spec.node_name:
        drawing.link(origin, ON_NODE, Ref("Node", None, pod.spec.node_name), "spec.nodeName")
    elif pod.status.nominated_node_name:
        drawing.link(
            origin,
            NOMINATED,
            Ref("Node", None, pod.status.nominated_node_name),
            "status.nominatedNodeName",
            "nominated",
        )


def _settle_spec(namespace: str | None, spec: PodSpec, path: str) -> Iterator[Draft]:
    account = spec.service_account_name or "default"
    yield Draft(AS_ACCOUNT, Ref("ServiceAccount", namespace, account), f"{path}.serviceAccountName")
    if spec.priority_class_name:
        yield Draft(PRIORITY, Ref("PriorityClass", None, spec.priority_class_name), f"{path}.priorityClassName")
    if spec.runtime_class_name:
        yield Draft(RUNTIME, Ref("RuntimeClass", None, spec.runtime_class_name), f"{path}.runtimeClassName")
    for index, pull in enumerate(spec.image_pull_secrets or ()):
        if pull.name:
            yield Draft(PULLS, Ref("Secret", namespace, pull.name), f"{path}.imagePullSecrets[{index}].name")


def _draw_pull_secrets(drawing: Drawing, account: ServiceAccount) -> None:
    origin = origin_of(account)
    for index, pull in enumerate(account.image_pull_secrets or ()):
        if pull.name:
            ref = Ref("Secret", origin.ref.namespace, pull.name)
            drawing.link(origin, ACCOUNT_PULLS, ref, f"imagePullSecrets[{index}].name")


class _Alike:
    """Pods of one controller mostly need the same: what was settled for one is kept for the next."""

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing
        self._of_controller: dict[tuple[str, str | None], tuple[PodSpec, list[Draft]]] = {}

    def draw(self, origin: Origin, pod: Pod) -> None:
        owners = pod.metadata.owner_references
        # What owns pods of many namespaces, a node or an operator's own kind, has others' names in each of them.
        key = (owners[0].uid, origin.ref.namespace) if owners else None
        known = self._of_controller.get(key) if key else None
        if known is None or not needs_the_same(known[0], pod.spec):
            known = pod.spec, _settle(self._drawing, origin.ref.namespace, pod.spec, "spec", pod.metadata.name)
            if key:
                self._of_controller[key] = known
        self._drawing.link_all(origin, known[1])


def _settle(
    drawing: Drawing, namespace: str | None, spec: PodSpec, path: str, pod_name: str | None = None
) -> list[Draft]:
    """Return an edge for each object: many variables take from one ConfigMap.

    It is drawn from the first field that cannot do without the object, or that wants a key it lacks.
    """
    drawn: dict[Ref, tuple[Input, str]] = {}
    for one in inputs_of(spec, path, pod_name):
        ref = Ref(one.kind, None if one.kind == "CSIDriver" else namespace, one.name)
        before = drawn.get(ref)
        missing = _missing_key(drawing, ref, one) if one.keys else ""
        if before is None or (before[0].optional and not one.optional) or (missing and not before[1]):
            drawn[ref] = (one, missing)
    return [
        *_settle_spec(namespace, spec, path),
        *(
            Draft(_LINK_OF_INPUT[one.kind], ref, one.path, missing or (OPTIONAL if one.optional else ""))
            for ref, (one, missing) in drawn.items()
        ),
    ]


def _missing_key(drawing: Drawing, ref: Ref, one: Input) -> str:
    thing = None if one.optional else drawing.inventory.find_ref(ref)
    if isinstance(thing, ConfigMap | Secret):
        known = thing.digests if isinstance(thing, ConfigMap) else thing.key_names
        for key in one.keys:
            if key not in known:
                return f"it has no key {key}"
    return ""
