"""Why a controller cannot create pods: what the API server answered it, and what is to be mended."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.graph.domain.evidence.witness import events_about, seen_condition, seen_event
from services.graph.domain.k8s.cluster import (
    MutatingWebhookConfiguration,
    ResourceQuota,
    ValidatingWebhookConfiguration,
)
from services.graph.domain.k8s.shape import KubeObject, Ref, find_condition
from services.graph.domain.k8s.workloads import (
    DaemonSet,
    Deployment,
    Job,
    ReplicaSet,
    ReplicationController,
    StatefulSet,
)
from services.graph.domain.rules.base import Seen, View
from services.graph.domain.walking.ownership import top_owner

CREATORS = (ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job)


class Refusal(StrEnum):
    """Who refused the pod."""

    QUOTA = "quota"
    LIMIT_RANGE = "limit_range"
    POD_SECURITY = "pod_security"
    WEBHOOK_BROKEN = "webhook_broken"
    WEBHOOK_DENIED = "webhook_denied"
    ACCOUNT = "account"
    PRIORITY = "priority"
    OTHER = "other"


# Texts of kubernetes/plugin/pkg/admission and apiserver/pkg/admission, of 1.20 to 1.36.
_WORDS = (
    (Refusal.QUOTA, re.compile(r"exceeded quota: (?P<name>[\w.-]+)|failed quota: (?P<other>[\w.-]+)")),
    (Refusal.WEBHOOK_BROKEN, re.compile(r'failed calling webhook "(?P<name>[^"]+)"')),
    (Refusal.WEBHOOK_DENIED, re.compile(r'admission webhook "(?P<name>[^"]+)" denied the request')),
    (Refusal.ACCOUNT, re.compile(r'serviceaccount "(?P<name>[^"]+)" not found')),
    (Refusal.POD_SECURITY, re.compile(r"violates PodSecurity|unable to validate against any (?:pod )?security")),
    (Refusal.LIMIT_RANGE, re.compile(r"(?:maximum|minimum) [\w./-]+ usage per|max limit to request ratio")),
    (Refusal.PRIORITY, re.compile(r"no PriorityClass with name (?P<name>[\w.-]+)")),
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Pods of a controller are missing because creating them was refused. ``name`` is what the message names."""

    refusal: Refusal
    name: str
    message: str
    culprit: Ref
    seen: tuple[Seen, ...]
    at: datetime | None


def find_refusal(view: View, creator: KubeObject) -> Refused | None:
    """Return why pods of the controller are missing; None where none is, or where it tried again with success."""
    if missing_pods(creator) <= 0:
        return None
    message, marks, at = _message(view, creator)
    if not message:
        return None
    refusal, name = classify(message)
    return Refused(refusal, name, message, _culprit(view, creator, message), marks, at)


def missing_pods(creator: KubeObject) -> int:
    """Return how many pods a controller has not made though it should."""
    if isinstance(creator, ReplicaSet | ReplicationController | StatefulSet):
        wanted = 1 if creator.spec.replicas is None else creator.spec.replicas
        return wanted - (creator.status.replicas or 0)
    if isinstance(creator, Deployment):
        # It creates no pods, but repeats what its ReplicaSet was told, which we may not be allowed to read.
        return (1 if creator.spec.replicas is None else creator.spec.replicas) - (creator.status.updated_replicas or 0)
    if isinstance(creator, DaemonSet):
        return (creator.status.desired_number_scheduled or 0) - (creator.status.current_number_scheduled or 0)
    if isinstance(creator, Job):
        is_over = any(
            one.type in {"Complete", "Failed"} and one.status == "True" for one in creator.status.conditions or ()
        )
        is_idle = not creator.status.active and not creator.status.succeeded
        return 1 if is_idle and not is_over and not creator.spec.suspend else 0
    return 0


def classify(message: str) -> tuple[Refusal, str]:
    """Return who refused, and the name the message gives."""
    for refusal, words in _WORDS:
        found = words.search(message)
        if found:
            groups = found.groupdict()
            return refusal, groups.get("name") or groups.get("other") or ""
    return Refusal.OTHER, ""


def _message(view: View, creator: KubeObject) -> tuple[str, tuple[Seen, ...], datetime | None]:
    conditions = getattr(getattr(creator, "status", None), "conditions", None)
    failure = find_condition(conditions, "ReplicaFailure")
    failed = events_about(view, creator, "FailedCreate")
    if failure and failure.status == "True" and failure.message:
        marks = (seen_condition(creator, failure), *(seen_event(one) for one in failed[:1]))
        return failure.message, marks, failure.last_transition_time
    made = events_about(view, creator, "SuccessfulCreate")
    if not failed or (made and made[0].last_at and failed[0].last_at and made[0].last_at >= failed[0].last_at):
        return "", (), None
    return failed[0].message, (seen_event(failed[0]),), failed[0].last_at


def _culprit(view: View, creator: KubeObject, message: str) -> Ref:
    inventory, namespace = view.inventory, creator.metadata.namespace
    refusal, name = classify(message)
    # "failed quota" asks for requests or limits that the pod does not state: the quota is not used up.
    if refusal is Refusal.QUOTA and name and "failed quota" not in message:
        return Ref(ResourceQuota.KIND, namespace, name)
    if refusal is Refusal.WEBHOOK_BROKEN:
        hooks: list[ValidatingWebhookConfiguration | MutatingWebhookConfiguration] = [
            *inventory.all(ValidatingWebhookConfiguration),
            *inventory.all(MutatingWebhookConfiguration),
        ]
        for one in hooks:
            if any(hook.name == name for hook in one.webhooks or ()):
                return one.ref
    return top_owner(inventory, creator)
