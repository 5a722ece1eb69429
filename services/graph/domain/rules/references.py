"""Rules for what a pod names and what is proven not to exist: configuration, keys, accounts, claims, pull secrets."""

from collections.abc import Iterator
from difflib import get_close_matches

from services.graph.domain.evidence.config_refs import ConfigRef, needed_config
from services.graph.domain.evidence.pod_state import is_concern, is_over, is_ready, parts_of
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.k8s.pods import Pod, PodSpec
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim
from services.graph.domain.k8s.workloads import CronJob, DaemonSet, Deployment, ReplicaSet, StatefulSet
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_WORKLOADS = (Deployment, StatefulSet, DaemonSet, CronJob)
_PULLING = {"ErrImagePull", "ImagePullBackOff"}


def _waiting(view: View, thing: KubeObject) -> Pod | None:
    """Return the pod if it concerns us and has not come up: what runs well has all it needs."""
    if not isinstance(thing, Pod) or is_over(thing) or is_ready(thing) or not is_concern(view.inventory, thing):
        return None
    # A pod without a node is not started, so nothing it names was needed yet.
    return thing if thing.spec.node_name else None


def _absent_config(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _waiting(view, thing)
    for ref, kind in _absent(view, pod.spec, pod.metadata.namespace) if pod else ():
        if pod and not _has_all_started(pod):
            summary = f"It needs {kind} {ref.name}, which does not exist."
            yield _hit(view, pod, ref, summary, _alike(view, ref, pod.metadata.namespace))


def _absent_key(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _waiting(view, thing)
    for ref, kind, keys in _absent_keys(view, pod.spec, pod.metadata.namespace) if pod else ():
        if pod and not _has_all_started(pod):
            summary = f"It needs key {ref.key} of {kind} {ref.name}, which has only: {', '.join(keys) or 'none'}."
            yield _hit(view, pod, ref, summary, get_close_matches(ref.key or "", keys, 1, 0.6))


def _has_all_started(pod: Pod) -> bool:
    """Answer whether every container of the pod has run: then its configuration was there."""
    parts = [part for part in parts_of(pod) if not part.is_init]
    ran = [
        part
        for part in parts
        if part.ended or part.ended_before or (part.status.state is not None and part.status.state.running is not None)
    ]
    return bool(parts) and len(ran) == len(parts)


def _absent(view: View, spec: PodSpec | None, namespace: str | None) -> Iterator[tuple[ConfigRef, str]]:
    told = set()
    for ref in needed_config(spec):
        if (ref.kind, ref.name) not in told and view.inventory.presence(
            ref.kind, namespace, ref.name
        ) is Presence.ABSENT:
            told.add((ref.kind, ref.name))
            yield ref, ref.kind.KIND


def _absent_keys(view: View, spec: PodSpec | None, namespace: str | None) -> Iterator[tuple[ConfigRef, str, list[str]]]:
    for ref in needed_config(spec):
        thing = view.inventory.find(ref.kind, namespace, ref.name)
        if ref.key and isinstance(thing, ConfigMap | Secret) and ref.key not in thing.keys:
            yield ref, ref.kind.KIND, sorted(thing.keys)


def _hit(view: View, pod: Pod, ref: ConfigRef, summary: str, alike: list[str]) -> Hit:
    owner = top_owner(view.inventory, pod)
    target = Ref(ref.kind.KIND, pod.metadata.namespace, ref.name)
    marks = [seen(pod, ref.path, summary)]
    if alike:
        marks.append(Seen("object", target, f"There is {', '.join(alike)}, which is spelt nearly so."))
    for part in parts_of(pod):
        if part.waits_for:
            message = part.waiting.message if part.waiting else ""
            marks.append(seen(pod, f"{part.path}.state.waiting", f"{part.waits_for}: {message or ''}"))
    steps = ((0.03, "a name that is spelt nearly so exists"),) if alike else ()
    remedy = Remedy(f"Create {target}{f' with key {ref.key}' if ref.key else ''}, or mend the reference in {owner}.")
    return Hit(pod.ref, summary, tuple(marks), owner, steps, (pod.ref,), (remedy,))


def _alike(view: View, ref: ConfigRef, namespace: str | None) -> list[str]:
    names = [one.metadata.name for one in view.inventory.in_namespace(ref.kind, namespace)]
    return get_close_matches(ref.name, names, 2, 0.75)


def _absent_later(view: View, thing: KubeObject) -> Iterator[Hit]:
    """What a workload's next pod would lack; its pods of today may run well."""
    spec = _template(thing)
    missing = [f"{kind} {ref.name}" for ref, kind in _absent(view, spec, thing.metadata.namespace)]
    missing += [
        f"key {ref.key} of {kind} {ref.name}" for ref, kind, _ in _absent_keys(view, spec, thing.metadata.namespace)
    ]
    account = spec.service_account_name if spec else None
    if account and view.inventory.presence(ServiceAccount, thing.metadata.namespace, account) is Presence.ABSENT:
        missing.append(f"ServiceAccount {account}")
    if missing:
        summary = f"It names what does not exist: {', '.join(dict.fromkeys(missing))}. A new pod of it would not start."
        yield Hit(thing.ref, summary, (seen(thing, "spec.template.spec", summary),))


def _template(thing: KubeObject) -> PodSpec | None:
    if isinstance(thing, CronJob):
        return thing.spec.job_template.spec.template.spec
    return thing.spec.template.spec if isinstance(thing, Deployment | StatefulSet | DaemonSet) else None


def _absent_account(view: View, thing: KubeObject) -> Iterator[Hit]:
    """A workload that has not all its pods, and whose account is proven absent."""
    if not isinstance(thing, Deployment | StatefulSet | DaemonSet | ReplicaSet):
        return
    if isinstance(thing, ReplicaSet) and top_owner(view.inventory, thing) != thing.ref:
        return
    spec, namespace = thing.spec.template.spec, thing.metadata.namespace
    name = (spec.service_account_name if spec else None) or ""
    if not name or not _lacks_pods(thing):
        return
    if view.inventory.presence(ServiceAccount, namespace, name) is Presence.ABSENT:
        summary = f"Its ServiceAccount {name} does not exist, so its pods are refused."
        argv = ("kubectl", "create", "serviceaccount", name, "-n", namespace or "")
        marks = (seen(thing, "spec.template.spec.serviceAccountName", summary),)
        yield Hit(thing.ref, summary, marks, remedies=(Remedy(f"Create ServiceAccount {name}.", argv),))


def _lacks_pods(thing: KubeObject) -> bool:
    if isinstance(thing, DaemonSet):
        return (thing.status.current_number_scheduled or 0) < (thing.status.desired_number_scheduled or 0)
    if isinstance(thing, Deployment | StatefulSet | ReplicaSet):
        return (thing.status.replicas or 0) < (1 if thing.spec.replicas is None else thing.spec.replicas)
    return False


def _absent_pull_secret(view: View, thing: KubeObject) -> Iterator[Hit]:
    pod = _waiting(view, thing)
    if pod is None or not any(part.waits_for in _PULLING for part in parts_of(pod)):
        return
    namespace = pod.metadata.namespace
    account = view.inventory.find(ServiceAccount, namespace, pod.spec.service_account_name or "default")
    named = [(one.name or "", "spec.imagePullSecrets") for one in pod.spec.image_pull_secrets or ()]
    named += [
        (one.name or "", "imagePullSecrets of its account")
        for one in (account.image_pull_secrets if account else None) or ()
    ]
    for name, path in dict(named).items():
        if name and view.inventory.presence(Secret, namespace, name) is Presence.ABSENT:
            summary = f"Its pull secret {name} does not exist, and its image cannot be pulled."
            owner = top_owner(view.inventory, pod)
            yield Hit(pod.ref, summary, (seen(pod, path, summary),), owner, explains=(pod.ref,))


def _absent_claim(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or thing.status.phase != "Pending" or not is_concern(view.inventory, thing):
        return
    for volume in thing.spec.volumes or ():
        name = volume.persistent_volume_claim.claim_name if volume.persistent_volume_claim else ""
        if (
            not name
            or view.inventory.presence(PersistentVolumeClaim, thing.metadata.namespace, name) is not Presence.ABSENT
        ):
            continue
        summary = f"It mounts PersistentVolumeClaim {name}, which does not exist."
        names = [
            one.metadata.name for one in view.inventory.in_namespace(PersistentVolumeClaim, thing.metadata.namespace)
        ]
        alike = get_close_matches(name, names, 1, 0.75)
        marks = [seen(thing, f"spec.volumes[name={volume.name}].persistentVolumeClaim.claimName", summary)]
        marks += [seen(thing, "spec.volumes", f"There is a claim {one}, which is spelt nearly so.") for one in alike]
        owner = top_owner(view.inventory, thing)
        yield Hit(thing.ref, summary, tuple(marks), owner, explains=(thing.ref,))


RULES: tuple[Rule, ...] = (
    Rule(
        id="config-absent",
        title="Needs a ConfigMap or Secret that does not exist",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod has a node and is not up, and an object it needs is proven absent",
        explanation="The kubelet starts no container whose environment or volumes it cannot fill.",
        remediation="Create it, or mend the reference.",
        base=0.9,
        check=_absent_config,
        # No needs: it speaks only of a kind that was read whole, and the other does not matter to it.
        conditions=(25, 83),
    ),
    Rule(
        id="config-key-absent",
        title="Needs a key that its ConfigMap or Secret has not",
        layer=Layer.APP,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod has a node and is not up, and the object was read and lacks the key",
        explanation="The kubelet starts no container whose environment or volumes it cannot fill.",
        remediation="Add the key, or mend its name.",
        base=0.9,
        check=_absent_key,
        conditions=(25, 83),
    ),
    Rule(
        id="config-absent-for-next-pod",
        title="Names what does not exist",
        layer=Layer.APP,
        severity=Severity.MEDIUM,
        kinds=_WORKLOADS,
        condition="an object or key its template needs is proven absent",
        explanation="Pods that run keep what they had; the next one does not start.",
        remediation="Create it, or mend the reference before the next rollout.",
        base=0.85,
        check=_absent_later,
        conditions=(23, 25, 83),
        needs=(ConfigMap, Secret, ServiceAccount),
        is_advice=True,
    ),
    Rule(
        id="account-absent",
        title="Its ServiceAccount does not exist",
        layer=Layer.RBAC,
        severity=Severity.HIGH,
        kinds=(Deployment, StatefulSet, DaemonSet, ReplicaSet),
        condition="pods are missing, and the account its template names is proven absent",
        explanation="The API server refuses pods whose account does not exist.",
        remediation="Create the account, or name one that exists.",
        base=0.92,
        check=_absent_account,
        conditions=(23, 31),
        needs=(ServiceAccount,),
    ),
    Rule(
        id="pull-secret-absent",
        title="Its pull secret does not exist",
        layer=Layer.SECURITY,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="an image cannot be pulled, and a pull secret of the pod or its account is proven absent",
        explanation="The kubelet pulls without an account then, which private registries refuse.",
        remediation="Create the pull secret in the pod's namespace.",
        base=0.85,
        check=_absent_pull_secret,
        conditions=(5, 25),
        needs=(Secret,),
    ),
    Rule(
        id="claim-absent",
        title="Mounts a claim that does not exist",
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition="the pod is pending, and a claim it mounts is proven absent",
        explanation="The scheduler places no pod before its claims exist.",
        remediation="Create the claim, or mend its name.",
        base=0.9,
        check=_absent_claim,
        conditions=(2,),
        needs=(PersistentVolumeClaim,),
    ),
)
