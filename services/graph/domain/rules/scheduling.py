"""Rules for pods that have no node."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from services.graph.domain.evidence.pod_state import is_concern, is_older, is_over, pod_condition
from services.graph.domain.evidence.scheduling import Obstacle, Verdict, judge, obstacles_in, scheduler_message
from services.graph.domain.evidence.witness import seen, seen_condition
from services.graph.domain.k8s.cluster import Node
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.k8s.storage import PersistentVolumeClaim, StorageClass
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.topology.layers import Layer
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_UNCLAIMED = timedelta(minutes=5)


def _checks(obstacle: Obstacle) -> Callable[[View, KubeObject], Iterator[Hit]]:
    def check(view: View, thing: KubeObject) -> Iterator[Hit]:
        if not isinstance(thing, Pod) or not is_concern(view.inventory, thing):
            return
        message = scheduler_message(view, thing)
        # What the nodes show may turn one obstacle into another, but never make one of nothing.
        if not message or not obstacles_in(message):
            return
        verdict = judge(view, thing)
        if verdict is not None and verdict.obstacle is obstacle:
            yield Hit(
                subject=thing.ref,
                summary=verdict.summary,
                seen=verdict.seen,
                culprit=verdict.culprit,
                steps=verdict.steps,
                explains=(thing.ref, top_owner(view.inventory, thing)),
                remedies=tuple(_remedies(thing, verdict)),
            )

    return check


def _remedies(pod: Pod, verdict: Verdict) -> Iterator[Remedy]:
    culprit = verdict.culprit
    match verdict.obstacle:
        case Obstacle.NODE:
            yield Remedy(f"Bring node {culprit.name} back, and then:", ("kubectl", "uncordon", culprit.name))
        case Obstacle.RESOURCES:
            yield Remedy(f"Lower the requests of {culprit}, or add nodes that are large enough.")
        case Obstacle.SELECTOR:
            yield Remedy(f"Mend the node selector or affinity of {culprit}, or label a node with what it selects.")
        case Obstacle.TAINT:
            yield Remedy(f"Give {culprit} a toleration, or take the taint from nodes that should run it.")
        case Obstacle.CLAIM if culprit.kind == PersistentVolumeClaim.KIND:
            argv = ("kubectl", "describe", "pvc", culprit.name, "-n", culprit.namespace or "")
            yield Remedy(f"See why claim {culprit.name} is not bound.", argv, "low")
        case Obstacle.CLAIM:
            yield Remedy(f"Create the claim that pod {pod.metadata.name} mounts, or mend its name in {culprit}.")
        case Obstacle.NEIGHBOURS:
            yield Remedy(f"Loosen the anti-affinity or spread rules of {culprit}, or add nodes.")
        case Obstacle.PORTS:
            yield Remedy(f"Take the hostPort from {culprit}, or run fewer of its pods than there are nodes.")
        case _:
            argv = ("kubectl", "describe", "pod", pod.metadata.name, "-n", pod.metadata.namespace or "")
            yield Remedy("Read what the scheduler says.", argv, "low")


def _gated(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or not is_concern(view.inventory, thing):
        return
    condition = pod_condition(thing, "PodScheduled")
    if condition is None or condition.reason != "SchedulingGated" or condition.status == "True":
        return
    if not is_older(thing.metadata.creation_timestamp, view.now):
        return
    names = ", ".join(gate.name for gate in thing.spec.scheduling_gates or ()) or "unnamed"
    owner = top_owner(view.inventory, thing)
    marks = (seen_condition(thing, condition), seen(thing, "spec.schedulingGates", f"Gates: {names}."))
    summary = f"It is held back by scheduling gates: {names}."
    yield Hit(thing.ref, summary, marks, owner, explains=(thing.ref,))


def _unclaimed(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or thing.spec.node_name or is_over(thing) or not is_concern(view.inventory, thing):
        return
    if pod_condition(thing, "PodScheduled") or not is_older(thing.metadata.creation_timestamp, view.now, _UNCLAIMED):
        return
    named = thing.spec.scheduler_name or "default-scheduler"
    is_default = named == "default-scheduler"
    owner = thing.ref if is_default else top_owner(view.inventory, thing)
    summary = f"No scheduler has looked at it; it asks for {named}."
    marks = (seen(thing, "spec.schedulerName", summary, thing.metadata.creation_timestamp),)
    steps = () if is_default else ((0.2, "it asks for a scheduler other than the default"),)
    yield Hit(thing.ref, summary, marks, owner, steps, explains=(thing.ref,))


def _rule(obstacle: Obstacle, title: str, says: str, remediation: str, *numbers: int) -> Rule:
    return Rule(
        id=f"pod-unschedulable-{obstacle}",
        title=title,
        layer=Layer.PLATFORM,
        severity=Severity.HIGH,
        kinds=(Pod,),
        condition=f"PodScheduled is False with reason Unschedulable, and {says}",
        explanation="A pod without a node runs nothing; the scheduler tries again until something changes.",
        remediation=remediation,
        base=0.9 if obstacle is not Obstacle.OTHER else 0.7,
        check=_checks(obstacle),
        conditions=(1, 2, *numbers),
        needs=(Node,) if obstacle is not Obstacle.CLAIM else (PersistentVolumeClaim, StorageClass),
    )


_HELD_BACK = Rule(
    id="pod-scheduling-gated",
    title="Held back by a scheduling gate",
    layer=Layer.PLATFORM,
    severity=Severity.MEDIUM,
    kinds=(Pod,),
    condition="PodScheduled has reason SchedulingGated for more than two minutes",
    explanation="The scheduler leaves a pod alone until every gate is removed by who set it.",
    remediation="See to the controller that owns the gate, or remove the gate.",
    base=0.8,
    check=_gated,
    conditions=(3,),
)
_NO_SCHEDULER = Rule(
    id="pod-without-scheduler",
    title="No scheduler has looked at it",
    layer=Layer.PLATFORM,
    severity=Severity.HIGH,
    kinds=(Pod,),
    condition="no node and no PodScheduled condition for more than five minutes",
    explanation="A scheduler says at once why it finds no node. Silence means that none of this name is running.",
    remediation="Name a scheduler that runs, or start the one that is named.",
    base=0.7,
    check=_unclaimed,
    conditions=(1,),
)

RULES: tuple[Rule, ...] = (
    _rule(Obstacle.CLAIM, "Waits for a volume", "its volumes are not bound", "Mend the claim or its class."),
    _rule(
        Obstacle.NODE,
        "The nodes it could run on take no pods",
        "only cordoned or broken nodes fit it",
        "Mend or uncordon the node.",
        74,
    ),
    _rule(Obstacle.SELECTOR, "No node is what it selects", "selector or affinity fit no node", "Mend the selector."),
    _rule(
        Obstacle.RESOURCES,
        "No node has room for it",
        "cpu, memory or another resource lacks",
        "Cut requests, add nodes.",
    ),
    _rule(
        Obstacle.TAINT, "Does not tolerate the taints of nodes", "taints keep it away", "Tolerate or remove the taint."
    ),
    _rule(
        Obstacle.NEIGHBOURS,
        "Its rules about other pods leave no node",
        "anti-affinity or spread fails",
        "Loosen the rules.",
    ),
    _rule(Obstacle.PORTS, "Its host port is taken everywhere", "no node has the port free", "Drop the host port."),
    _rule(Obstacle.OTHER, "The scheduler finds no node", "the message is none we know", "Read the message."),
    _HELD_BACK,
    _NO_SCHEDULER,
)
