"""Advice about workloads that may be quite healthy: what makes the next trouble likelier, or worse."""

from collections.abc import Callable, Iterator

from services.graph.domain.evidence.pod_state import is_going, is_over
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.pods import Container, Pod, PodSpec, SecurityContext
from services.graph.domain.k8s.shape import KubeObject, selects
from services.graph.domain.k8s.workloads import (
    CronJob,
    DaemonSet,
    Deployment,
    PodDisruptionBudget,
    StatefulSet,
)
from services.graph.domain.rules.base import Hit, Rule, View
from services.graph.domain.topology.layers import Layer
from shared.contracts.severity import Severity

_SERVING = (Deployment, StatefulSet, DaemonSet)
_ALL = (*_SERVING, CronJob)
_PATH = "spec.template.spec"
Say = Callable[[Container, PodSpec], str | None]


def _spec(thing: KubeObject) -> PodSpec | None:
    if isinstance(thing, CronJob):
        return thing.spec.job_template.spec.template.spec
    return thing.spec.template.spec if isinstance(thing, _SERVING) else None


def _each(say: Say) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def check(_view: View, thing: KubeObject) -> Iterator[Hit]:
        spec = _spec(thing)
        told = [(one.name, say(one, spec)) for one in spec.containers or ()] if spec else []
        parts = [f"{name}: {words}" for name, words in told if words]
        if parts:
            path = "spec.jobTemplate." + _PATH if isinstance(thing, CronJob) else _PATH
            yield Hit(thing.ref, f"{'; '.join(parts)}.", (seen(thing, f"{path}.containers", "; ".join(parts)),))

    return check


def _no_readiness(container: Container, _spec: PodSpec) -> str | None:
    return None if container.readiness_probe or not container.ports else "no readiness probe"


def _no_liveness(container: Container, _spec: PodSpec) -> str | None:
    return None if container.liveness_probe or not container.ports else "no liveness probe"


def _no_requests(container: Container, _spec: PodSpec) -> str | None:
    resources = container.resources
    asked = {**((resources.requests if resources else None) or {}), **((resources.limits if resources else None) or {})}
    missing = [name for name in ("cpu", "memory") if name not in asked]
    return f"no request for {' and '.join(missing)}" if missing else None


def _no_limit(container: Container, _spec: PodSpec) -> str | None:
    limits = (container.resources.limits if container.resources else None) or {}
    return None if "memory" in limits else "no memory limit"


def _tag(container: Container, _spec: PodSpec) -> str | None:
    image = container.image or ""
    if not image or "@" in image:
        return None
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    if not tag:
        return f"image {image} has no tag"
    return f"image {image} is whatever is newest" if tag == "latest" else None


def _root(container: Container, spec: PodSpec) -> str | None:
    own, of_pod = container.security_context or SecurityContext(), spec.security_context or SecurityContext()
    non_root = own.run_as_non_root if own.run_as_non_root is not None else of_pod.run_as_non_root
    user = own.run_as_user if own.run_as_user is not None else of_pod.run_as_user
    return None if non_root or user else "may run as root"


def _privileged(container: Container, _spec: PodSpec) -> str | None:
    context = container.security_context
    return "privileged" if context and context.privileged else None


def _default_account(_view: View, thing: KubeObject) -> Iterator[Hit]:
    spec = _spec(thing)
    if spec is None or spec.automount_service_account_token is False:
        return
    if (spec.service_account_name or "default") == "default":
        summary = "It runs as the default account, and has its token."
        yield Hit(thing.ref, summary, (seen(thing, f"{_PATH}.serviceAccountName", summary),))


def _single(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment):
        return
    if (1 if thing.spec.replicas is None else thing.spec.replicas) == 1:
        yield Hit(thing.ref, "It has one replica.", (seen(thing, "spec.replicas", "1"),))


def _no_budget(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Deployment | StatefulSet) or (thing.spec.replicas or 1) < 2:  # noqa: PLR2004 - several.
        return
    namespace, meta = thing.metadata.namespace, thing.spec.template.metadata
    if not view.inventory.coverage.proves_absence(PodDisruptionBudget.KIND, namespace):
        return
    labels = (meta.labels if meta else None) or {}
    budgets = view.inventory.in_namespace(PodDisruptionBudget, namespace)
    if not any(selects(one.spec.selector, labels) for one in budgets):
        summary = "No budget protects its pods: a drain may take all at once."
        yield Hit(thing.ref, summary, (seen(thing, f"{_PATH}.metadata.labels", summary),))


def _unmanaged(_view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or is_over(thing) or is_going(thing):
        return
    if not any(one.controller for one in thing.metadata.owner_references or ()):
        summary = "Nothing makes it again when it, or its node, is gone."
        yield Hit(thing.ref, summary, (seen(thing, "metadata.ownerReferences", summary),))


RULES: tuple[Rule, ...] = (
    Rule(
        id="advice-readiness-probe",
        title="No readiness probe",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=_SERVING,
        condition="a container with ports has no readiness probe",
        explanation="It gets traffic before it can serve.",
        remediation="Add a readiness probe.",
        base=0.9,
        check=_each(_no_readiness),
        conditions=(19,),
        is_advice=True,
    ),
    Rule(
        id="advice-liveness-probe",
        title="No liveness probe",
        layer=Layer.APP,
        severity=Severity.INFO,
        kinds=_SERVING,
        condition="a container with ports has no liveness probe",
        explanation="A process that hangs is not restarted.",
        remediation="Add a liveness probe, if a restart would help.",
        base=0.9,
        check=_each(_no_liveness),
        conditions=(19,),
        is_advice=True,
    ),
    Rule(
        id="advice-requests",
        title="No requests",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=_ALL,
        condition="a container asks for no cpu or no memory, and has no limit for it",
        explanation="The scheduler cannot count it, and it is evicted first.",
        remediation="Set requests.",
        base=0.9,
        check=_each(_no_requests),
        conditions=(20,),
        is_advice=True,
    ),
    Rule(
        id="advice-memory-limit",
        title="No memory limit",
        layer=Layer.PLATFORM,
        severity=Severity.LOW,
        kinds=_ALL,
        condition="a container has no memory limit",
        explanation="A leak takes the node's memory.",
        remediation="Set a memory limit.",
        base=0.9,
        check=_each(_no_limit),
        conditions=(20,),
        is_advice=True,
    ),
    Rule(
        id="advice-image-tag",
        title="An image without a fixed tag",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=_ALL,
        condition="an image has no tag, or latest",
        explanation="What runs changes without a rollout, and cannot be rolled back.",
        remediation="Name a version or a digest.",
        base=0.9,
        check=_each(_tag),
        conditions=(21,),
        is_advice=True,
    ),
    Rule(
        id="advice-root",
        title="May run as root",
        layer=Layer.SECURITY,
        severity=Severity.LOW,
        kinds=_ALL,
        condition="neither runAsNonRoot nor a user other than 0 is set",
        explanation="Who breaks out of it is root on the node.",
        remediation="Set runAsNonRoot.",
        base=0.9,
        check=_each(_root),
        conditions=(24,),
        is_advice=True,
    ),
    Rule(
        id="advice-privileged",
        title="Privileged",
        layer=Layer.SECURITY,
        severity=Severity.MEDIUM,
        kinds=_ALL,
        condition="securityContext.privileged is true",
        explanation="It may do what root on the node may.",
        remediation="Give it the capabilities it needs instead.",
        base=0.9,
        check=_each(_privileged),
        conditions=(24,),
        is_advice=True,
    ),
    Rule(
        id="advice-default-account",
        title="Runs as the default account",
        layer=Layer.RBAC,
        severity=Severity.INFO,
        kinds=_ALL,
        condition="serviceAccountName is default and its token is mounted",
        explanation="A right given to the default account is given to all.",
        remediation="Give it an account of its own, or mount no token.",
        base=0.9,
        check=_default_account,
        conditions=(23,),
        is_advice=True,
    ),
    Rule(
        id="advice-single-replica",
        title="One replica",
        layer=Layer.APP,
        severity=Severity.INFO,
        kinds=(Deployment,),
        condition="spec.replicas is 1",
        explanation="While its pod is made anew, nothing serves.",
        remediation="Run two or more, if it can.",
        base=0.9,
        check=_single,
        conditions=(92,),
        is_advice=True,
    ),
    Rule(
        id="advice-no-budget",
        title="No disruption budget",
        layer=Layer.PLATFORM,
        severity=Severity.INFO,
        kinds=(Deployment, StatefulSet),
        condition="several replicas, and no budget selects them",
        explanation="A drain may take all of its pods at once.",
        remediation="Add a PodDisruptionBudget.",
        base=0.9,
        check=_no_budget,
        conditions=(26,),
        is_advice=True,
    ),
    Rule(
        id="advice-unmanaged-pod",
        title="A pod nothing makes again",
        layer=Layer.APP,
        severity=Severity.LOW,
        kinds=(Pod,),
        condition="no controller owns it",
        explanation="It is gone with its node.",
        remediation="Let a Deployment, StatefulSet or Job make it.",
        base=0.9,
        check=_unmanaged,
        conditions=(18,),
        is_advice=True,
    ),
)
