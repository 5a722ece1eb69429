"""Classes that workloads name and that are not there, several defaults, and APIs on their way out."""

from collections.abc import Iterable

from services.graph.domain.k8s.cluster import PriorityClass, RuntimeClass
from services.graph.domain.k8s.network import Ingress, IngressClass
from services.graph.domain.k8s.pods import Pod, PodSpec
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.storage import PersistentVolumeClaim
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    HorizontalPodAutoscaler,
    Job,
    StatefulSet,
)
from services.graph.domain.rules.backing import wanted_replicas
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.ingress import CLASS_ANNOTATION, DEFAULT_CLASS
from services.graph.domain.rules.showing import is_absent, is_leaving, on, shown, shown_absent, some_names
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_MAKERS: tuple[type[KubeObject], ...] = (Deployment, StatefulSet, DaemonSet, Job, CronJob)
# Groups no server since 1.22 serves, yet references by them live on.
_GONE = ("extensions/", "apps/v1beta", "batch/v2alpha1", "networking.k8s.io/v1beta1", "autoscaling/v2beta")
_OLD_ANNOTATIONS = {
    CLASS_ANNOTATION: "spec.ingressClassName",
    "volume.beta.kubernetes.io/storage-class": "spec.storageClassName",
    "seccomp.security.alpha.kubernetes.io/pod": "securityContext.seccompProfile, and it does nothing since 1.27",
    "scheduler.alpha.kubernetes.io/critical-pod": "spec.priorityClassName, and it does nothing since 1.16",
}


def _pod_spec(thing: KubeObject) -> PodSpec | None:
    if isinstance(thing, CronJob):
        return thing.spec.job_template.spec.template.spec
    if isinstance(thing, Deployment | StatefulSet | DaemonSet | Job):
        return thing.spec.template.spec
    return None


def _missing(view: View, thing: KubeObject, kind: type[KubeObject], name: str | None, field: str) -> Iterable[Hit]:
    is_idle = wanted_replicas(thing) == 0 or (isinstance(thing, Job) and thing.status.completion_time is not None)
    # A Job of a CronJob is its maker's.
    is_made = view.inventory.controller_of(thing) is not None
    if not name or is_idle or is_made or is_leaving(view, thing) or not is_absent(view, kind, None, name):
        return
    known = some_names(one.metadata.name for one in view.inventory.all(kind))
    yield Hit(
        thing.ref,
        f"{thing.ref} asks for {kind.KIND} {name}, which does not exist; its pods are refused",
        (
            shown(thing, f"{field} is {name}", f"spec.template.spec.{field}"),
            shown_absent(view, kind, None, name),
        ),
        remedies=(Remedy(f"Create {kind.KIND} {name}, or use one that exists ({known or 'there is none'})."),),
    )


def _priority(view: View, thing: KubeObject) -> Iterable[Hit]:
    spec = _pod_spec(thing)
    return _missing(view, thing, PriorityClass, spec.priority_class_name if spec else None, "priorityClassName")


def _runtime(view: View, thing: KubeObject) -> Iterable[Hit]:
    spec = _pod_spec(thing)
    return _missing(view, thing, RuntimeClass, spec.runtime_class_name if spec else None, "runtimeClassName")


def _several_defaults(view: View, thing: IngressClass) -> Iterable[Hit]:
    classes = view.inventory.all(IngressClass)
    names = sorted(one.metadata.name for one in classes if one.annotations.get(DEFAULT_CLASS) == "true")
    # Said once, of the first.
    if len(names) > 1 and names[0] == thing.metadata.name:
        seen = (shown(thing, f"default classes: {some_names(names)}", "metadata.annotations"),)
        summary = f"Several IngressClasses are the default: {some_names(names)}; the newest counts"
        yield Hit(thing.ref, summary, seen, remedies=(Remedy("Keep the annotation on one of them."),))


def _several_priorities(view: View, thing: PriorityClass) -> Iterable[Hit]:
    names = sorted(one.metadata.name for one in view.inventory.all(PriorityClass) if one.global_default)
    if len(names) > 1 and names[0] == thing.metadata.name:
        seen = (shown(thing, f"default classes: {some_names(names)}", "globalDefault"),)
        yield Hit(thing.ref, f"Several PriorityClasses are the default: {some_names(names)}; the lowest counts", seen)


def _deprecated(_view: View, thing: KubeObject) -> Iterable[Hit]:
    for key, instead in _OLD_ANNOTATIONS.items():
        if key in thing.annotations:
            seen = (shown(thing, f"has the annotation {key}", "metadata.annotations"),)
            yield Hit(thing.ref, f"{thing.ref} uses the deprecated annotation {key}; use {instead}", seen)
    if isinstance(thing, HorizontalPodAutoscaler):
        version = thing.spec.scale_target_ref.api_version or ""
        if version.startswith(_GONE):
            seen = (shown(thing, f"refers by {version}", "spec.scaleTargetRef.apiVersion"),)
            yield Hit(thing.ref, f"{thing.ref} refers by the API {version}, which is served no more", seen)


RULES: tuple[Rule, ...] = (
    Rule(
        id="priority-class-missing",
        title="PriorityClass does not exist",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=_MAKERS,
        condition="The pod template names a PriorityClass that is proven absent.",
        explanation="The API server refuses the pods.",
        remediation="Create the class, or name one that exists.",
        base=0.9,
        check=_priority,
        conditions=(31,),
        needs=(PriorityClass,),
    ),
    Rule(
        id="runtime-class-missing",
        title="RuntimeClass does not exist",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=_MAKERS,
        condition="The pod template names a RuntimeClass that is proven absent.",
        explanation="The API server refuses the pods.",
        remediation="Create the class, or name one that exists.",
        base=0.9,
        check=_runtime,
        conditions=(31,),
        needs=(RuntimeClass,),
    ),
    Rule(
        id="ingress-class-defaults",
        title="Several default IngressClasses",
        layer=Layer.EDGE,
        severity=Severity.LOW,
        kinds=(IngressClass,),
        condition="More than one IngressClass carries the annotation of the default.",
        explanation="The newest counts for an Ingress that names none; servers before 1.26 refuse such an Ingress.",
        remediation="Keep one.",
        base=0.6,
        check=on(IngressClass, _several_defaults),
        conditions=(52,),
        is_advice=True,
    ),
    Rule(
        id="priority-class-defaults",
        title="Several default PriorityClasses",
        layer=Layer.PLATFORM,
        severity=Severity.INFO,
        kinds=(PriorityClass,),
        condition="More than one PriorityClass has globalDefault.",
        explanation="The one of the lowest value counts.",
        remediation="Keep one.",
        base=0.6,
        check=on(PriorityClass, _several_priorities),
        conditions=(84,),
        is_advice=True,
    ),
    Rule(
        id="deprecated-api",
        title="Deprecated annotation or API version",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=(Ingress, PersistentVolumeClaim, Pod, HorizontalPodAutoscaler),
        condition="An annotation that a field has replaced, or a reference by an API version that is served no more.",
        explanation="It works less with every version, or not at all any more.",
        remediation="Use the field, or the current version.",
        base=0.6,
        check=_deprecated,
        conditions=(84,),
        is_advice=True,
    ),
)
