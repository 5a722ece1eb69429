"""Rules for pods as a whole: evicted, disrupted, stuck while being deleted, in a bad phase."""

import re
from collections.abc import Iterator
from datetime import timedelta

from services.graph.domain.evidence.pod_state import (
    is_concern,
    is_down,
    is_going,
    is_older,
    is_over,
    is_ready,
    node_of,
    pod_condition,
)
from services.graph.domain.evidence.witness import events_about, seen, seen_condition, seen_event
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Condition, KubeObject, Ref
from services.graph.domain.rules.base import Hit, Remedy, Rule, View
from services.graph.domain.rules.whole_pod import Says, pod_rule
from services.graph.domain.walking.ownership import top_owner
from shared.contracts.severity import Severity

_HOUR, _FIVE = timedelta(hours=1), timedelta(minutes=5)
# Eviction because of what the pod itself used (kubelet/eviction), rather than of what its node lacked.
_OWN_USE = re.compile(
    r"exceed(?:s|ed) .*limit|larger consumption|was using .*, request is|usage exceeds|exceeds its local", re.IGNORECASE
)


def _evicted(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or thing.status.reason != "Evicted" or is_going(thing):
        return
    disrupted = pod_condition(thing, "DisruptionTarget")
    events = events_about(view, thing, "Evicted")
    at = (disrupted.last_transition_time if disrupted else None) or (events[0].last_at if events else None)
    at = at or thing.status.start_time or thing.metadata.creation_timestamp
    # What was evicted long ago was replaced; the pod is left for people to see.
    if is_older(at, view.now, _HOUR):
        return
    message = thing.status.message or (events[0].message if events else "")
    is_own = bool(_OWN_USE.search(message))
    node = node_of(view.inventory, thing)
    culprit = top_owner(view.inventory, thing) if is_own or node is None else node.ref
    marks = [seen(thing, "status.reason", f"Evicted: {message}", at), *(seen_event(one) for one in events[:1])]
    if disrupted:
        marks.append(seen_condition(thing, disrupted))
    advice = "Give it requests and limits for what it uses, or make it use less." if is_own else "Free the node."
    summary = f"It was evicted from {thing.spec.node_name}: {message or 'no reason given'}"
    steps = ((0.05, "the message says that the pod itself used too much"),) if is_own else ()
    explains = (thing.ref, *((node.ref,) if node and is_own else ()))
    yield Hit(thing.ref, summary, tuple(marks), culprit, steps, explains, (Remedy(advice),))


def _terminating(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or thing.metadata.deletion_timestamp is None:
        return
    # The time of deletion is when the grace period ends.
    if not is_older(thing.metadata.deletion_timestamp, view.now, _FIVE):
        return
    node, finalizers = node_of(view.inventory, thing), thing.metadata.finalizers or []
    marks = [seen(thing, "metadata.deletionTimestamp", "It should be gone.", thing.metadata.deletion_timestamp)]
    marks += [seen(thing, "metadata.finalizers", f"Held by {', '.join(finalizers)}.")] if finalizers else []
    if node is not None and is_down(node):
        marks.append(seen(node, "status.conditions[type=Ready]", "Its node does not answer, so nobody can stop it."))
    culprit = node.ref if node is not None and is_down(node) else thing.ref
    name, namespace = thing.metadata.name, thing.metadata.namespace or ""
    argv = ("kubectl", "delete", "pod", name, "-n", namespace, "--grace-period=0", "--force")
    text = "Mend who holds the finalizer." if finalizers else "If its node is gone for good, remove the pod by force."
    remedy = Remedy(text, () if finalizers else argv, "high")
    yield Hit(thing.ref, "Its deletion does not end.", tuple(marks), culprit, explains=(thing.ref,), remedies=(remedy,))


def _disrupted(view: View, thing: KubeObject) -> Iterator[Hit]:
    condition = pod_condition(thing, "DisruptionTarget") if isinstance(thing, Pod) else None
    if not isinstance(thing, Pod) or condition is None or condition.status != "True":
        return
    if thing.status.reason == "Evicted" or is_older(condition.last_transition_time, view.now, _HOUR):
        return
    # A drain asked for it, and its workload makes another: that is how maintenance looks.
    if condition.reason == "EvictionByEvictionAPI":
        return
    culprit = _disruptor(view, thing, condition)
    reason = condition.reason or ""
    summary = f"It is, or was, ended from outside: {_DISRUPTIONS.get(reason, reason or 'no reason given')}."
    yield Hit(thing.ref, summary, (seen_condition(thing, condition),), culprit, explains=(thing.ref,))


def _disruptor(view: View, pod: Pod, condition: Condition) -> Ref:
    node = node_of(view.inventory, pod)
    by_node = condition.reason in {"TerminationByKubelet", "DeletionByTaintManager", "DeletionByPodGC"}
    return node.ref if by_node and node is not None else pod.ref


_DISRUPTIONS = {
    "PreemptionByScheduler": "a pod of higher priority took its place",
    "DeletionByTaintManager": "its node has a taint it does not tolerate",
    "DeletionByPodGC": "its node is gone",
    "TerminationByKubelet": "its node ended it for lack of resources, or because the node shuts down",
}


def _resize(view: View, thing: KubeObject) -> Iterator[Hit]:
    condition = pod_condition(thing, "PodResizePending") if isinstance(thing, Pod) else None
    if not isinstance(thing, Pod) or condition is None or condition.status != "True" or is_over(thing):
        return
    is_infeasible = condition.reason == "Infeasible"
    if not is_infeasible and not is_older(condition.last_transition_time, view.now, _FIVE):
        return
    says = "never fits its node" if is_infeasible else "waits for room on its node"
    summary = f"The new size it was given {says}: {condition.message or condition.reason}"
    remedy = Remedy("Ask for less, or let the pod be made anew on another node.")
    owner = top_owner(view.inventory, thing)
    yield Hit(thing.ref, summary, (seen_condition(thing, condition),), owner, remedies=(remedy,))


def _bad_phase(view: View, thing: KubeObject) -> Iterator[Hit]:
    if not isinstance(thing, Pod) or not is_concern(view.inventory, thing) or is_ready(thing):
        return
    if thing.status.phase == "Unknown":
        node = node_of(view.inventory, thing)
        culprit = node.ref if node else thing.ref
        yield Hit(thing.ref, "Its node has not reported on it.", (seen(thing, "status.phase", "Unknown"),), culprit)
    elif thing.status.phase == "Failed" and thing.status.reason and thing.status.reason != "Evicted":
        words = f"{thing.status.reason}: {thing.status.message or ''}".strip(": ")
        owner = top_owner(view.inventory, thing)
        yield Hit(
            thing.ref, f"It failed: {words}", (seen(thing, "status.reason", words),), owner, explains=(thing.ref,)
        )


RULES: tuple[Rule, ...] = (
    pod_rule(
        "pod-evicted",
        Says(
            "Evicted from its node",
            "status.reason is Evicted, within the hour",
            "The node ran short of something, and this pod used most beyond its requests.",
            "Give it requests and limits for what it uses, or free the node.",
        ),
        _evicted,
        0.82,
        (4,),
    ),
    pod_rule(
        "pod-stuck-terminating",
        Says(
            "Its deletion does not end",
            "its grace period ended more than five minutes ago",
            "A finalizer holds it, or its node does not answer.",
            "Mend who holds the finalizer, or the node.",
        ),
        _terminating,
        0.75,
        (16,),
        severity=Severity.MEDIUM,
    ),
    pod_rule(
        "pod-disrupted",
        Says(
            "Ended from outside",
            "DisruptionTarget is True, within the hour",
            "The scheduler, the taint manager, a drain or the kubelet ended it.",
            "See who ended it; give it a budget and, if it matters, a priority.",
        ),
        _disrupted,
        0.5,
        (4,),
        severity=Severity.LOW,
    ),
    pod_rule(
        "pod-resize-pending",
        Says(
            "A new size that cannot be given",
            "PodResizePending is True: Infeasible, or Deferred for more than five minutes",
            "The node has no room for what was asked.",
            "Ask for less, or let it move to another node.",
        ),
        _resize,
        0.8,
        (),
        severity=Severity.MEDIUM,
    ),
    pod_rule(
        "pod-bad-phase",
        Says(
            "In a bad phase",
            "its phase is Unknown, or Failed with a reason",
            "A healthy pod runs or has succeeded.",
            "Describe the pod, and look at its node.",
        ),
        _bad_phase,
        0.7,
        (17,),
    ),
)
