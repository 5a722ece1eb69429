"""Delete-pod and evict: one pod ends, and whoever owns it makes another."""

from typing import Any

from services.actions.domain.kinds import POD
from services.actions.domain.objects import MIRROR, KubeObject
from services.actions.domain.remediations.shape import Objections, Remediation, Sight, Undo, expect
from services.actions.domain.requests import Media, Method, Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb


class _EndPod(Remediation):
    kinds = frozenset({POD.name})
    risk = "medium"
    fixed_paths = (
        ("metadata", "ownerReferences"),
        ("metadata", "annotations", MIRROR),
        ("spec", "nodeName"),
        ("spec", "terminationGracePeriodSeconds"),
        ("spec", "volumes"),
    )

    def objections(self, sight: Sight) -> Objections:
        pod = sight.object
        if pod.is_mirror:
            text = "is a static pod: its node runs it from a file of its own, and deleting it here changes nothing"
            return Objections(refused=(("payload.name", text),))
        warnings = []
        if pod.owner is None:
            warnings.append("no controller owns it: it will not come back")
        elif pod.owner.kind == "Job":
            warnings.append(f"the Job {pod.owner.name} owns it, and counts it as a failure against its backoffLimit")
        elif pod.owner.kind == "DaemonSet":
            warnings.append(f"the DaemonSet {pod.owner.name} will start it again on the same node")
        if any("emptyDir" in volume for volume in pod.items("spec", "volumes")):
            warnings.append("what it keeps in its emptyDir volumes will be lost")
        if sight.parameters.get("gracePeriodSeconds") == 0:
            warnings.append("it gets no time to end: its node may run it on beside its successor")
        return Objections(warnings=tuple(warnings))

    def after(self, sight: Sight, answer: KubeObject) -> KubeObject:
        return KubeObject()

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        owner = sight.object.owner
        if owner is None:
            return None, "nothing undoes it: nobody makes this pod again"
        return None, f"nothing to undo: {owner.kind} {owner.name} makes another pod"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.GONE, "the pod has ended")


class DeletePod(_EndPod):
    """Deletes a pod, whatever its PodDisruptionBudget says."""

    verb = KubernetesVerb.DELETE_POD

    def write(self, sight: Sight) -> Write:
        return delete(sight)


class Evict(_EndPod):
    """Asks for a pod's end, which its PodDisruptionBudget may refuse."""

    verb = KubernetesVerb.EVICT

    def write(self, sight: Sight) -> Write:
        return evict(sight.object, sight.target.payload.namespace, grace_of(sight))


def grace_of(sight: Sight) -> dict[str, Any]:
    """Return how long the object gets to end, where the change says so."""
    seconds = sight.parameters.get("gracePeriodSeconds")
    return {} if seconds is None else {"gracePeriodSeconds": seconds}


def delete(sight: Sight, **options: Any) -> Write:
    """Return the deletion of the object of a sight."""
    payload = sight.target.payload
    body = {"kind": "DeleteOptions", "apiVersion": "v1", **grace_of(sight), **options}
    return Write(
        method=Method.DELETE,
        kind=sight.target.kind,
        namespace=payload.namespace,
        name=payload.name,
        body=body,
    )


def evict(pod: KubeObject, namespace: str | None, options: dict[str, Any]) -> Write:
    """Return the eviction of a pod."""
    return Write(
        method=Method.POST,
        kind=POD,
        namespace=namespace,
        name=pod.name,
        subresource="eviction",
        media=Media.JSON,
        body={
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": namespace},
            "deleteOptions": options,
        },
    )
