"""What a pod needs: its node, account, configuration, claims and classes; of templates the same, pods or none."""

from collections.abc import Iterator

from services.graph.domain.graph import EdgeState, Relation
from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.k8s.pods import Pod, PodSpec
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.layers import Layer
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of
from services.graph.domain.relations.pod_inputs import Input, inputs_of
from services.graph.domain.relations.templates import templates_of

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
DRIVER = Link(Relation.SERVED_BY, Layer.INFRA, "A volume of the pod is served by this driver.")
OPTIONAL = "optional: the pod starts without it"
_LINK_OF_INPUT = {"ConfigMap": CONFIG, "Secret": SECRET, "PersistentVolumeClaim": CLAIM, "CSIDriver": DRIVER}


def draw_pods(drawing: Drawing) -> None:
    """Draw what pods, templates of workloads, and accounts refer to."""
    for pod in drawing.inventory.all(Pod):
        origin, spec = origin_of(pod), pod.spec
        _draw_node(drawing, origin, pod)
        _draw_spec(drawing, origin, spec, "spec")
        _draw_inputs(drawing, origin, inputs_of(spec, "spec", pod.metadata.name))
    for thing, spec, path in templates_of(drawing.inventory):
        origin = origin_of(thing)
        _draw_spec(drawing, origin, spec, path)
        _draw_inputs(drawing, origin, inputs_of(spec, path, None))
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


def _draw_spec(drawing: Drawing, origin: Origin, spec: PodSpec, path: str) -> None:
    namespace = origin.ref.namespace
    account = spec.service_account_name or "default"
    drawing.link(origin, AS_ACCOUNT, Ref("ServiceAccount", namespace, account), _join(path, "serviceAccountName"))
    if spec.priority_class_name:
        drawing.link(
            origin, PRIORITY, Ref("PriorityClass", None, spec.priority_class_name), _join(path, "priorityClassName")
        )
    if spec.runtime_class_name:
        drawing.link(
            origin, RUNTIME, Ref("RuntimeClass", None, spec.runtime_class_name), _join(path, "runtimeClassName")
        )
    for index, pull in enumerate(spec.image_pull_secrets or ()):
        if pull.name:
            drawing.link(origin, PULLS, Ref("Secret", namespace, pull.name), f"{path}.imagePullSecrets[{index}].name")


# The paths of a pod are said thousands of times: they are made once.
_POD_PATHS = {word: f"spec.{word}" for word in ("serviceAccountName", "priorityClassName", "runtimeClassName")}


def _join(path: str, word: str) -> str:
    return _POD_PATHS[word] if path == "spec" else f"{path}.{word}"


def _draw_pull_secrets(drawing: Drawing, account: ServiceAccount) -> None:
    origin = origin_of(account)
    for index, pull in enumerate(account.image_pull_secrets or ()):
        if pull.name:
            ref = Ref("Secret", origin.ref.namespace, pull.name)
            drawing.link(origin, ACCOUNT_PULLS, ref, f"imagePullSecrets[{index}].name")


def _draw_inputs(drawing: Drawing, origin: Origin, inputs: Iterator[Input]) -> None:
    namespace = origin.ref.namespace
    drawn: dict[Ref, tuple[Input, str]] = {}
    for one in inputs:
        ref = Ref(one.kind, None if one.kind == "CSIDriver" else namespace, one.name)
        before = drawn.get(ref)
        missing = _missing_key(drawing, ref, one) if one.keys else ""
        # Many variables take from one ConfigMap: one edge, of the first that cannot do without, or that is broken.
        if before is None or (before[0].optional and not one.optional) or (missing and not before[1]):
            drawn[ref] = (one, missing)
    for ref, (one, missing) in drawn.items():
        note = missing or (OPTIONAL if one.optional else "")
        if one.kind == "CSIDriver" and drawing.state_of(ref) is EdgeState.ABSENT:
            # Drivers need not be registered as objects to serve volumes (storage/v1 CSIDriver).
            drawing.judge(origin, DRIVER, ref, one.path, state=EdgeState.UNKNOWN, note="a driver may go unregistered")
            continue
        drawing.link(origin, _LINK_OF_INPUT[one.kind], ref, one.path, note)


def _missing_key(drawing: Drawing, ref: Ref, one: Input) -> str:
    thing = None if one.optional else drawing.inventory.find_ref(ref)
    if isinstance(thing, ConfigMap | Secret):
        known = thing.digests if isinstance(thing, ConfigMap) else thing.key_names
        return next((f"it has no key {key}" for key in one.keys if key not in known), "")
    return ""
