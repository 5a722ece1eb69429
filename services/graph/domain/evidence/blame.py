"""What is to be mended when a pod or a workload is not well: the one answer all rules about them give."""

from dataclasses import dataclass

from services.graph.domain.evidence.creation import CREATORS, find_refusal
from services.graph.domain.evidence.pod_state import is_concern, is_down, is_over, is_ready, node_of, parts_of
from services.graph.domain.evidence.scheduling import claims_of, judge
from services.graph.domain.evidence.witness import events_about, seen, seen_event
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.k8s.storage import PersistentVolumeClaim
from services.graph.domain.k8s.workloads import Deployment, StatefulSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.walking.ownership import find_owner, pods_of, replica_sets_of, top_owner

_OWN_TROUBLE = {
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "ErrImagePull",
    "CreateContainerConfigError",
    "InvalidImageName",
}


@dataclass(frozen=True, slots=True)
class Blame:
    """What to mend, and what shows that it is to blame rather than the pod's own workload."""

    culprit: Ref
    seen: tuple[Seen, ...] = ()


def blame_pod(view: View, pod: Pod) -> Blame:
    """Return what is to be mended for a pod that is not well: its workload, or its node, claim or quota."""
    verdict = judge(view, pod)
    if verdict is not None:
        return Blame(verdict.culprit, verdict.seen)
    node = node_of(view.inventory, pod)
    if node is not None and is_down(node) and not has_own_trouble(pod):
        return Blame(node.ref, (seen(node, "status.conditions[type=Ready]", "The node is not ready."),))
    return _blame_start(view, pod) or Blame(top_owner(view.inventory, pod))


def _blame_start(view: View, pod: Pod) -> Blame | None:
    """Return the node that cannot set up a pod's sandbox, or the claim that cannot be attached to it."""
    if pod.status.phase != "Pending" or not pod.spec.node_name or has_own_trouble(pod):
        return None
    failed = events_about(view, pod, "FailedCreatePodSandBox", "FailedAttachVolume")
    if not failed:
        return None
    event = failed[0]
    claims = claims_of(pod)
    if event.reason == "FailedAttachVolume":
        # Of several claims the Event names the volume, not the claim.
        claim = Ref(PersistentVolumeClaim.KIND, pod.metadata.namespace, claims[0][0]) if len(claims) == 1 else None
        return Blame(claim, (seen_event(event),)) if claim else None
    # A runtime the node does not have is the wish of the pod.
    if pod.spec.runtime_class_name and "runtime" in event.message.lower():
        return None
    return Blame(Ref(Node.KIND, None, pod.spec.node_name), (seen_event(event),))


def blame_workload(view: View, workload: KubeObject) -> Blame:
    """Return what is to be mended for a workload that lacks pods: what refuses them, or what their trouble shows."""
    for creator in _creators(view.inventory, workload):
        refused = find_refusal(view, creator)
        if refused is not None:
            return Blame(refused.culprit, refused.seen)
    sick = sick_pods(view.inventory, workload)
    # The oldest first: a StatefulSet goes on only when the first ordinal is ready.
    for pod in sorted(sick, key=lambda one: one.metadata.name):
        found = blame_pod(view, pod)
        if found.culprit != top_owner(view.inventory, workload):
            return Blame(found.culprit, (seen(pod, "status.phase", f"The pod is {pod.status.phase}."), *found.seen))
    waiting = _waiting_claim(view.inventory, workload)
    if waiting is not None:
        return Blame(waiting.ref, (seen(waiting, "status.phase", f"The claim is {waiting.status.phase}."),))
    return Blame(top_owner(view.inventory, workload), tuple(_mark(pod) for pod in sick[:3]))


def unread_step(view: View, workload: KubeObject) -> tuple[tuple[float, str], ...]:
    """Return a step down where what ails the pods of a workload may be the fault of what could not be read."""
    coverage = view.inventory.coverage
    if not coverage.proves_absence(Pod.KIND, workload.metadata.namespace):
        return ((-0.15, "its pods could not be read, so what ails them is not known"),)
    if not coverage.proves_absence(Node.KIND, None):
        return ((-0.05, "the nodes could not be read, and one may be what ails its pods"),)
    return ()


def _waiting_claim(inventory: Inventory, workload: KubeObject) -> PersistentVolumeClaim | None:
    """Return a claim of a StatefulSet that is not bound, where its pods could not say so themselves."""
    if not isinstance(workload, StatefulSet):
        return None
    prefixes = [f"{one.metadata.name}-{workload.metadata.name}-" for one in workload.spec.volume_claim_templates or ()]
    claims = [
        claim
        for claim in inventory.in_namespace(PersistentVolumeClaim, workload.metadata.namespace)
        for prefix in prefixes
        if claim.metadata.name.removeprefix(prefix).isdigit() and claim.status.phase == "Pending"
    ]
    return min(claims, key=lambda claim: (len(claim.metadata.name), claim.metadata.name), default=None)


def sick_pods(inventory: Inventory, workload: KubeObject) -> list[Pod]:
    """Return the pods of a workload that are neither ready nor done."""
    return [
        pod
        for pod in pods_of(inventory, workload)
        if not is_ready(pod) and not is_over(pod) and is_concern(inventory, pod)
    ]


def has_own_trouble(pod: Pod) -> bool:
    """Answer whether a container of the pod waits for a reason of its own."""
    return any(part.waits_for in _OWN_TROUBLE for part in parts_of(pod))


def inferred_step(view: View, pod: Pod) -> tuple[tuple[float, str], ...]:
    """Return a step down where the workload was not read: its name is concluded, or its outcome not known."""
    if find_owner(view.inventory, pod).is_inferred:
        return ((-0.05, "the name of the workload was concluded from its pod's, because owners could not be read"),)
    if is_over(pod) and view.inventory.controller_of(pod) is None and top_owner(view.inventory, pod) != pod.ref:
        return ((-0.2, "its controller could not be read, so whether a later pod did better is not known"),)
    return ()


def _creators(inventory: Inventory, workload: KubeObject) -> list[KubeObject]:
    if isinstance(workload, Deployment):
        return list(replica_sets_of(inventory, workload)[:1]) or [workload]
    return [workload] if isinstance(workload, CREATORS) else []


def _mark(pod: Pod) -> Seen:
    waits = ", ".join(f"{part.name} {part.waits_for}" for part in parts_of(pod) if part.waits_for)
    return seen(
        pod, "status", f"Pod {pod.metadata.name}: {pod.status.phase}{f', {waits}' if waits else ', not ready'}."
    )
