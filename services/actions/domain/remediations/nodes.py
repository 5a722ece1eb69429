"""Cordon, uncordon and drain: whether a node takes pods, and emptying it."""

from typing import Any, ClassVar

from services.actions.domain.draining import Fate, belongs_to_node, describe, sort_pods
from services.actions.domain.kinds import NODE, POD
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.rollouts import patch
from services.actions.domain.remediations.shape import (
    Look,
    Objections,
    Remediation,
    Risk,
    Sight,
    Target,
    Undo,
    change_of,
    expect,
    step_words,
)
from services.actions.domain.requests import Write
from shared.contracts.action import Expectation, ExpectationCheck, KubernetesVerb, RbacRule

PODS = "pods"
_MOST_NAMED = 20


class Cordon(Remediation):
    """Lets no more pods come to a node; those that run there stay."""

    verb = KubernetesVerb.CORDON
    kinds = frozenset({NODE.name})
    risk: ClassVar[Risk] = "low"
    fixed_paths = (("spec", "unschedulable"),)

    def objections(self, sight: Sight) -> Objections:
        if is_cordoned(sight.object):
            return Objections(warnings=("it is cordoned already: nothing will change",))
        return Objections()

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"unschedulable": True}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.UNCORDON), "uncordon it"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.FIELD, "the node takes no pods", field="spec.unschedulable", value=True)


class Uncordon(Remediation):
    """Lets pods come to a node again."""

    verb = KubernetesVerb.UNCORDON
    kinds = frozenset({NODE.name})
    risk = "low"
    fixed_paths = (("spec", "unschedulable"),)

    def objections(self, sight: Sight) -> Objections:
        if not is_cordoned(sight.object):
            return Objections(warnings=("it is not cordoned: nothing will change",))
        return Objections()

    def write(self, sight: Sight) -> Write:
        return patch(sight, {"spec": {"unschedulable": None}})

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        return change_of(sight, KubernetesVerb.CORDON), "cordon it again"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        return expect(sight, ExpectationCheck.FIELD, "the node takes pods", field="spec.unschedulable", value=None)


class Drain(Cordon):
    """Cordons a node and evicts its pods one by one, as their budgets allow. ``write`` is the cordon.

    The workloads that lose pods are among its fields, not the pods: those come and go by themselves.
    """

    verb = KubernetesVerb.DRAIN
    risk = "high"

    def looks(self, target: Target, seen: KubeObject) -> tuple[Look, ...]:
        selector = f"spec.nodeName={target.payload.name}"
        return (Look(name=PODS, kind=POD, namespace=None, fields=selector),)

    def objections(self, sight: Sight) -> Objections:
        sorted_pods = sort_pods(sight.other(PODS), sight.parameters)
        refused = tuple(
            (f"payload.parameters.{_LETS[fate]}", f"must be true to evict {_names(pods)}: {words}")
            for fate, words in _REFUSALS.items()
            if (pods := sorted_pods[fate])
        )
        warnings = [f"evicts {describe(pod)}" for pod in sorted_pods[Fate.EVICT][:_MOST_NAMED]]
        if len(sorted_pods[Fate.EVICT]) > _MOST_NAMED:
            warnings.append(f"evicts {len(sorted_pods[Fate.EVICT]) - _MOST_NAMED} more pods")
        if stays := sorted_pods[Fate.STAYS]:
            warnings.append(f"leaves {len(stays)} pods of DaemonSets, static pods and pods that have ended")
        return Objections(refused, tuple(warnings))

    def more_fields(self, sight: Sight) -> dict[str, Any]:
        # Whether a pod runs, has ended or is ending changes by itself, so all count that a drain is about.
        evicted = [pod for pod in sight.other(PODS) if not belongs_to_node(pod)]
        owners = {f"{pod.namespace} {pod.owner.kind} {pod.owner.name}" for pod in evicted if pod.owner}
        alone = {f"{pod.namespace} Pod {pod.name} {pod.uid}" for pod in evicted if not pod.owner}
        return {"evictedOf": sorted(owners | alone)}

    def step(self, sight: Sight) -> str:
        return step_words(KubernetesVerb.CORDON, sight)

    def undo(self, sight: Sight, after: KubeObject) -> Undo:
        if is_cordoned(sight.object):
            return None, "nothing to undo: it was cordoned before, and its pods run elsewhere"
        return change_of(sight, KubernetesVerb.UNCORDON), "uncordon it; the pods stay where they run by then"

    def expect(self, sight: Sight, after: KubeObject) -> Expectation | None:
        words = "the node takes no pods, and none that can be evicted is left"
        return expect(sight, ExpectationCheck.DRAINED, words, parameters=dict(sight.parameters))

    def needs(self, sight: Sight) -> tuple[RbacRule, ...]:
        # Each pod is read again before it is evicted.
        reading = RbacRule(api_group="", resource="pods", verbs=("get",))
        evicting = RbacRule(api_group="", resource="pods/eviction", verbs=("create",))
        return (*super().needs(sight), reading, evicting)


def is_cordoned(node: KubeObject) -> bool:
    """Answer whether a node takes no pods."""
    return node.at("spec", "unschedulable") is True


def _names(pods: tuple[KubeObject, ...]) -> str:
    text = ", ".join(f"{pod.namespace}/{pod.name}" for pod in pods[:_MOST_NAMED])
    return text if len(pods) <= _MOST_NAMED else f"{text} and {len(pods) - _MOST_NAMED} more"


_LETS = {Fate.UNMANAGED: "force", Fate.LOSES_DATA: "deleteEmptyDirData"}
_REFUSALS = {
    Fate.UNMANAGED: "no controller makes them again",
    Fate.LOSES_DATA: "what they keep in emptyDir volumes would be lost",
}
