"""Which pods of a node a drain evicts, which stay, and which it must not touch unless it was said so."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from services.actions.domain.objects import KubeObject

# https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/ and what `kubectl drain` does.
_ENDED = frozenset({"Succeeded", "Failed"})


class Fate(StrEnum):
    """What becomes of a pod when its node is drained."""

    EVICT = "evict"
    # A DaemonSet starts it again at once, or it is a static pod, or on its way out already.
    STAYS = "stays"
    UNMANAGED = "unmanaged"
    LOSES_DATA = "loses_data"


def fate_of(pod: KubeObject, parameters: Mapping[str, Any]) -> Fate:
    """Return what becomes of a pod; ``force`` and ``deleteEmptyDirData`` are said by the parameters."""
    if belongs_to_node(pod) or pod.is_going:
        return Fate.STAYS
    if pod.at("status", "phase") in _ENDED:
        return Fate.STAYS
    if pod.owner is None and parameters.get("force") is not True:
        return Fate.UNMANAGED
    has_data = any("emptyDir" in volume for volume in pod.items("spec", "volumes"))
    if has_data and parameters.get("deleteEmptyDirData") is not True:
        return Fate.LOSES_DATA
    return Fate.EVICT


def belongs_to_node(pod: KubeObject) -> bool:
    """Answer whether a pod is one of a DaemonSet, which starts it again at once, or a static one."""
    return pod.is_mirror or (pod.owner is not None and pod.owner.kind == "DaemonSet")


def sort_pods(pods: Iterable[KubeObject], parameters: Mapping[str, Any]) -> dict[Fate, tuple[KubeObject, ...]]:
    """Return the pods by their fate, each group by namespace and name."""
    found: dict[Fate, list[KubeObject]] = {fate: [] for fate in Fate}
    for pod in sorted(pods, key=lambda one: (one.namespace or "", one.name)):
        found[fate_of(pod, parameters)].append(pod)
    return {fate: tuple(group) for fate, group in found.items()}


def describe(pod: KubeObject) -> str:
    """Return a pod and whose it is, for people."""
    owner = f" of {pod.owner.kind} {pod.owner.name}" if pod.owner else ", which nobody makes again"
    return f"{pod.namespace}/{pod.name}{owner}"
