"""Who is responsible for an object: its controllers upward, also where they could not be read."""

import re
from dataclasses import dataclass

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, OwnerReference, Ref
from services.graph.domain.k8s.workloads import CronJob, Deployment, Job, ReplicaSet
from services.graph.domain.reading.inventory import Inventory

_TEMPLATE_HASH = "pod-template-hash"
_REVISION = "deployment.kubernetes.io/revision"
# A CronJob names its Jobs by the minute since 1970 (batch controller, getJobName).
_CRON_JOB_NAME = re.compile(r"^(?P<name>.+)-\d{8,}$")
# More steps than any real chain has: owner references may form a circle.
_MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Owner:
    """The topmost controller. ``is_inferred``: its name was concluded from another name, not read."""

    ref: Ref
    is_inferred: bool = False


def find_owner(inventory: Inventory, thing: KubeObject) -> Owner:
    """Return the topmost controller of an object; the object itself where nothing controls it."""
    for _ in range(_MOST_STEPS):
        reference = _controller_reference(thing)
        # The kubelet owns its static pods: what is to be mended is the pod.
        if reference is None or reference.kind == "Node":
            return Owner(thing.ref)
        above = inventory.find_uid(reference.uid) if reference.uid else None
        if above is None:
            return _infer(inventory, thing, reference)
        thing = above
    return Owner(thing.ref)


def top_owner(inventory: Inventory, thing: KubeObject) -> Ref:
    """Return the topmost controller, by the names in owner references where the owners could not be read."""
    return find_owner(inventory, thing).ref


def revision_of(replica_set: ReplicaSet) -> int:
    """Return the revision of a Deployment's ReplicaSet; 0 where it has none."""
    value = replica_set.annotations.get(_REVISION, "")
    return int(value) if value.isdigit() else 0


def replica_sets_of(inventory: Inventory, deployment: KubeObject) -> list[ReplicaSet]:
    """Return the ReplicaSets of a Deployment, the newest revision first."""
    found = [one for one in inventory.owned_by(deployment) if isinstance(one, ReplicaSet)]
    return sorted(found, key=revision_of, reverse=True)


def is_superseded(inventory: Inventory, pod: Pod) -> bool:
    """Answer whether the pod is of an older ReplicaSet than the one its Deployment rolls out."""
    replica_set = inventory.controller_of(pod)
    if not isinstance(replica_set, ReplicaSet):
        return False
    deployment = inventory.controller_of(replica_set)
    if not isinstance(deployment, Deployment):
        return False
    newest = replica_sets_of(inventory, deployment)[0]
    return revision_of(newest) > revision_of(replica_set) and bool(newest.spec.replicas)


def pods_of(inventory: Inventory, workload: KubeObject) -> list[Pod]:
    """Return the pods of a workload: its own, of a Deployment those of its newest ReplicaSet, of a CronJob none."""
    if isinstance(workload, Deployment):
        newest = next(iter(replica_sets_of(inventory, workload)), None)
        return pods_of(inventory, newest) if newest else _pods_by_selector(inventory, workload)
    return [one for one in inventory.owned_by(workload) if isinstance(one, Pod)]


def _pods_by_selector(inventory: Inventory, deployment: Deployment) -> list[Pod]:
    """Return what a Deployment selects and a ReplicaSet controls that could not be read."""
    selected = inventory.pods_selected(deployment.metadata.namespace, deployment.spec.selector)
    return [pod for pod in selected if find_owner(inventory, pod) == Owner(deployment.ref, is_inferred=True)]


def _controller_reference(thing: KubeObject) -> OwnerReference | None:
    return next((one for one in thing.metadata.owner_references or () if one.controller), None)


def _infer(inventory: Inventory, thing: KubeObject, reference: OwnerReference) -> Owner:
    namespace, name = thing.metadata.namespace, reference.name
    hashed = thing.labels.get(_TEMPLATE_HASH)
    if reference.kind == ReplicaSet.KIND and hashed and name.endswith(f"-{hashed}"):
        return Owner(Ref(Deployment.KIND, namespace, name.removesuffix(f"-{hashed}")), is_inferred=True)
    dated = _CRON_JOB_NAME.match(name)
    if reference.kind == Job.KIND and dated and inventory.find(CronJob, namespace, dated["name"]):
        return Owner(Ref(CronJob.KIND, namespace, dated["name"]), is_inferred=True)
    return Owner(Ref(reference.kind, namespace, name))
