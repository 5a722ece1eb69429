"""What a pod's status says, in the terms rules need: its containers, whether it is over, going, new or ready."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.pods import Container, ContainerStatus, Pod, PodSpec, Terminated, Waiting
from services.graph.domain.k8s.shape import Condition, Ref, find_condition
from services.graph.domain.k8s.workloads import Job
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.rules.once import once
from services.graph.domain.walking.ownership import is_superseded

# So long a pod may take to start, or a rollout to move, before that is worth a word.
GRACE = timedelta(minutes=2)
# One attempt of a Job may fail for a moment's reason.
_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Part:
    """One container of a pod: what was asked for, what the status says, and where in the object that stands."""

    status: ContainerStatus
    spec: Container | None
    is_init: bool
    path: str

    @property
    def name(self) -> str:
        return self.status.name

    @property
    def waiting(self) -> Waiting | None:
        return self.status.state.waiting if self.status.state else None

    @property
    def waits_for(self) -> str:
        """The reason it waits; empty where it does not."""
        return (self.waiting.reason or "") if self.waiting else ""

    @property
    def ended(self) -> Terminated | None:
        """How this instance ended, if it did."""
        return self.status.state.terminated if self.status.state else None

    @property
    def ended_before(self) -> Terminated | None:
        """How the instance before ended."""
        return self.status.last_state.terminated if self.status.last_state else None

    @property
    def restarts(self) -> int:
        return self.status.restart_count or 0


def parts_of(pod: Pod) -> list[Part]:
    """Return the containers the status tells of, init containers first; none where no kubelet reported."""
    return [
        *_parts(
            pod.status.init_container_statuses, pod.spec.init_containers, "status.initContainerStatuses", is_init=True
        ),
        *_parts(pod.status.container_statuses, pod.spec.containers, "status.containerStatuses", is_init=False),
    ]


def all_containers(spec: PodSpec | None) -> Iterator[Container]:
    """Yield every container of a pod spec: init, main, ephemeral."""
    if spec:
        for some in (spec.init_containers, spec.containers, spec.ephemeral_containers):
            yield from some or ()


def is_over(pod: Pod) -> bool:
    """Answer whether it has ended for good."""
    return pod.status.phase in {"Succeeded", "Failed"}


def is_going(pod: Pod) -> bool:
    """Answer whether it is being deleted."""
    return pod.metadata.deletion_timestamp is not None


def pod_condition(pod: Pod, kind: str) -> Condition | None:
    return find_condition(pod.status.conditions, kind)


def is_ready(pod: Pod) -> bool:
    """Answer whether its Ready condition is True."""
    ready = pod_condition(pod, "Ready")
    return ready is not None and ready.status == "True"


def is_older(moment: datetime | None, now: datetime, than: timedelta = GRACE) -> bool:
    """Answer whether ``moment`` is longer ago than ``than``; what has no time is taken to be old."""
    return moment is None or now - moment > than


@once
def _concerns(_: Inventory) -> dict[Ref, bool]:
    return {}


def is_concern(inventory: Inventory, pod: Pod) -> bool:
    """Answer whether it may be in trouble that counts: not if all is calm, or it goes, ended well, or is outdated.

    A failed pod concerns only while the Job it worked for has not succeeded.
    """
    # Dozens of rules ask this of every pod.
    known = _concerns(inventory)
    answer = known.get(pod.ref)
    if answer is None:
        answer = known[pod.ref] = _is_concern(inventory, pod)
    return answer


def _is_concern(inventory: Inventory, pod: Pod) -> bool:
    if is_calm(pod) or is_going(pod) or pod.status.phase == "Succeeded" or is_superseded(inventory, pod):
        return False
    owner = inventory.controller_of(pod)
    if isinstance(owner, Job):
        return not is_settled(inventory, pod, owner)
    reference = next((one for one in pod.metadata.owner_references or () if one.controller), None)
    if pod.status.phase != "Failed" or reference is None:
        return True
    # What a ReplicaSet or StatefulSet left behind was replaced; a Job we may not have been allowed to read.
    return reference.kind == Job.KIND and not _has_sibling_that_succeeded(inventory, pod, reference.uid)


def is_settled(inventory: Inventory, pod: Pod, job: Job) -> bool:
    """Answer whether a pod's trouble is history, or may be: its Job succeeded since, or is at its second attempt."""
    if is_job_complete(job) or is_outdone(inventory, job) or is_older_attempt(inventory, pod, job):
        return True
    return pod.status.phase == "Failed" and bool(job.status.active) and (job.status.failed or 0) < _ATTEMPTS


def _has_sibling_that_succeeded(inventory: Inventory, pod: Pod, owner_uid: str) -> bool:
    return any(
        one.status.phase == "Succeeded" and any(ref.uid == owner_uid for ref in one.metadata.owner_references or ())
        for one in inventory.in_namespace(Pod, pod.metadata.namespace)
    )


def is_calm(pod: Pod) -> bool:
    """Answer at once, for the many, that the pod is ready and no container of it ever ended."""
    statuses = pod.status.container_statuses
    if not statuses or pod.status.reason:
        return False
    for one in statuses:
        state = one.state
        if not one.ready or one.restart_count or state is None or state.running is None:
            return False
    return is_ready(pod)


def is_job_complete(job: Job) -> bool:
    return any(
        one.type in {"Complete", "SuccessCriteriaMet"} and one.status == "True" for one in job.status.conditions or ()
    )


def is_outdone(inventory: Inventory, job: Job) -> bool:
    """Answer whether a later Job of the same CronJob has succeeded: what failed before is history."""
    cron, made = inventory.controller_of(job), job.metadata.creation_timestamp
    if cron is None or made is None:
        return False
    return any(
        isinstance(one, Job) and is_job_complete(one) and (one.metadata.creation_timestamp or made) > made
        for one in inventory.owned_by(cron)
    )


def is_older_attempt(inventory: Inventory, pod: Pod, job: Job) -> bool:
    """Answer whether the pod failed and a later pod of its Job still runs or did better."""
    if pod.status.phase != "Failed":
        return False
    made = pod.metadata.creation_timestamp
    others = (one for one in inventory.owned_by(job) if isinstance(one, Pod) and one.status.phase != "Failed")
    return any(
        made and one.metadata.creation_timestamp and one.metadata.creation_timestamp > made and is_ready(one)
        for one in others
    )


def node_of(inventory: Inventory, pod: Pod) -> Node | None:
    """Return the node the pod is bound to, if it was seen."""
    return inventory.find(Node, None, pod.spec.node_name) if pod.spec.node_name else None


def is_down(node: Node | None) -> bool:
    """Answer whether a node is known not to be ready; one that says nothing is not known to be."""
    ready = find_condition(node.status.conditions, "Ready") if node else None
    return ready is not None and ready.status != "True"


def _parts(
    statuses: list[ContainerStatus] | None,
    specs: list[Container] | None,
    path: str,
    *,
    is_init: bool,
) -> list[Part]:
    by_name = {one.name: one for one in specs or ()}
    return [
        Part(status, by_name.get(status.name), is_init, f"{path}[{index}]")
        for index, status in enumerate(statuses or ())
    ]
