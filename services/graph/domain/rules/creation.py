"""Rules for pods that a controller may not create."""

from collections.abc import Callable, Iterator

from services.graph.domain.evidence.change_evidence import change_before
from services.graph.domain.evidence.creation import CREATORS, Refusal, Refused, find_refusal
from services.graph.domain.evidence.witness import seen
from services.graph.domain.k8s.cluster import ResourceQuota
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.workloads import Deployment, ReplicaSet
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.rules.base import Hit, Remedy, Rule, Seen, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import replica_sets_of, top_owner
from shared.contracts.severity import Severity


def _checks(refusal: Refusal) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def check(view: View, thing: KubeObject) -> Iterator[Hit]:
        if _is_told_elsewhere(view, thing):
            return
        refused = find_refusal(view, thing)
        if refused is None or refused.refusal is not refusal:
            return
        owner = top_owner(view.inventory, thing)
        marks, steps = _corroborate(view, thing, refused)
        changed, more, undo = change_before(
            view.inventory, owner, refused.at, "account", "requests", "limits", "security"
        )
        is_other = refused.culprit != owner
        yield Hit(
            subject=thing.ref,
            summary=f"Pods of {owner} are missing, because creating them is refused: {refused.message}",
            seen=(*refused.seen, *marks, *(() if is_other else changed)),
            culprit=refused.culprit,
            steps=(*steps, *(() if is_other else more)),
            explains=tuple(dict.fromkeys((thing.ref, owner))),
            remedies=(Remedy(_MEND[refusal].format(owner=owner, name=refused.name)), *(() if is_other else undo)),
        )

    return check


def _is_told_elsewhere(view: View, thing: KubeObject) -> bool:
    """Answer whether the newest ReplicaSet, which is there, says it better."""
    if isinstance(thing, Deployment):
        return bool(replica_sets_of(view.inventory, thing))
    if not isinstance(thing, ReplicaSet):
        return False
    deployment = view.inventory.controller_of(thing)
    return isinstance(deployment, Deployment) and replica_sets_of(view.inventory, deployment)[0].ref != thing.ref


def _corroborate(view: View, creator: KubeObject, refused: Refused) -> tuple[list[Seen], list[tuple[float, str]]]:
    namespace = creator.metadata.namespace
    if refused.refusal is Refusal.QUOTA and refused.name:
        quota = view.inventory.find(ResourceQuota, namespace, refused.name)
        if quota is None:
            return [], []
        used, hard = quota.status.used or {}, quota.status.hard or quota.spec.hard or {}
        words = ", ".join(f"{key} {used.get(key, '?')} of {value}" for key, value in sorted(hard.items()))
        return [seen(quota, "status.used", f"Used: {words}.")], [(0.05, "the quota was read, and says so too")]
    if refused.refusal is Refusal.ACCOUNT and refused.name:
        presence = view.inventory.presence(ServiceAccount, namespace, refused.name)
        if presence is Presence.ABSENT:
            mark = seen(creator, "spec.template.spec.serviceAccountName", f"There is no ServiceAccount {refused.name}.")
            return [mark], [(0.05, "the account is proven absent")]
        if presence is Presence.PRESENT:
            return [], [(-0.1, "the account exists by now")]
        return [], [(-0.1, "whether the account exists could not be read")]
    return [], []


_SAYS = {
    Refusal.QUOTA: ("A quota refuses its pods", "its message names a quota"),
    Refusal.LIMIT_RANGE: ("A LimitRange refuses its pods", "its message names a limit of the namespace"),
    Refusal.POD_SECURITY: ("Pod security refuses its pods", "its message says that the pod violates PodSecurity"),
    Refusal.WEBHOOK_BROKEN: ("A webhook that does not answer blocks its pods", "its message says a webhook failed"),
    Refusal.WEBHOOK_DENIED: ("A webhook refuses its pods", "its message says a webhook denied the request"),
    Refusal.ACCOUNT: ("Its service account does not exist", "its message names a ServiceAccount that is not found"),
    Refusal.PRIORITY: ("Its priority class does not exist", "its message names a PriorityClass that is not found"),
    Refusal.OTHER: ("Its pods cannot be created", "its message is none we know"),
}
_MEND = {
    Refusal.QUOTA: "Raise ResourceQuota {name}, free what uses it up, or give {owner} the requests it asks for.",
    Refusal.LIMIT_RANGE: "Bring requests and limits of {owner} within the LimitRange of the namespace.",
    Refusal.POD_SECURITY: "Give {owner} the security context the namespace's level asks for, or lower the level.",
    Refusal.WEBHOOK_BROKEN: "Bring the service behind webhook {name} back, or set its failurePolicy to Ignore.",
    Refusal.WEBHOOK_DENIED: "Do what webhook {name} asks of {owner}.",
    Refusal.ACCOUNT: "Create ServiceAccount {name}, or name one that exists in {owner}.",
    Refusal.PRIORITY: "Create PriorityClass {name}, or name one that exists in {owner}.",
    Refusal.OTHER: "Read the message, and mend {owner}.",
}


def _rule(refusal: Refusal) -> Rule:
    title, says = _SAYS[refusal]
    return Rule(
        id=f"pods-refused-{refusal.replace('_', '-')}",
        title=title,
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(*CREATORS, Deployment),
        condition=f"pods are missing, ReplicaFailure or the newest FailedCreate Event says why, and {says}",
        explanation="The API server refuses to store the pods, so there is nothing to look at but the controller.",
        remediation=_MEND[refusal].format(owner="the workload", name="that is named"),
        base=0.9 if refusal is not Refusal.OTHER else 0.8,
        check=_checks(refusal),
        conditions=(31,),
    )


RULES: tuple[Rule, ...] = tuple(_rule(refusal) for refusal in Refusal)
