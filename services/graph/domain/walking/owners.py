"""Who owns an object and what it owns, also where the objects between could not be read."""

import re

from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, OwnerReference, Ref
from services.graph.domain.k8s.workloads import Job, ReplicaSet
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import find_kind

_MOST_LEVELS = 5
_BETWEEN = {"Deployment": "ReplicaSet", "CronJob": "Job"}
# The alphabet of rand.SafeEncodeString, which names ReplicaSets of Deployments.
_HASH = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5,10}$")
_CRON_MINUTES = re.compile(r"-\d{8,10}$")


def owners_of(inventory: Inventory, thing: KubeObject) -> list[Ref]:
    """Return the controllers above ``thing``, the nearest first.

    A ReplicaSet that could not be read still tells its Deployment by its name, and a Job its CronJob.
    """
    found: list[Ref] = []
    current: KubeObject | None = thing
    while current is not None and len(found) < _MOST_LEVELS:
        owner = _controller(current)
        if owner is None:
            break
        ref = _ref_of(owner, current.metadata.namespace)
        if ref in found:
            break
        found.append(ref)
        above = inventory.find_uid(owner.uid) or inventory.find_ref(ref)
        if above is None:
            found.extend(_inferred(inventory, ref, current))
        current = above
    return found


def top_of(inventory: Inventory, ref: Ref) -> Ref:
    """Return the topmost controller of the object; itself where it has none or was not seen."""
    thing = inventory.find_ref(ref)
    owners = owners_of(inventory, thing) if thing is not None else []
    return owners[-1] if owners else ref


def owned_below(inventory: Inventory, ref: Ref) -> list[KubeObject]:
    """Return all that the object owns, and what that owns; by name where it was not seen itself."""
    thing = inventory.find_ref(ref)
    if thing is None or not thing.metadata.uid:
        return _owned_by_name(inventory, ref)
    found: dict[Ref, KubeObject] = {}
    waiting = [thing]
    while waiting:
        for below in inventory.owned_by(waiting.pop()):
            if below.ref not in found:
                found[below.ref] = below
                waiting.append(below)
    # Where ReplicaSets or Jobs could not be read, nothing leads from the workload to its pods but their names.
    between = _BETWEEN.get(ref.kind)
    if between and not inventory.coverage.proves_absence(between, ref.namespace):
        for below in _owned_by_name(inventory, ref):
            found.setdefault(below.ref, below)
    return list(found.values())


def _owned_by_name(inventory: Inventory, ref: Ref) -> list[KubeObject]:
    candidates: list[KubeObject] = [
        *inventory.in_namespace(ReplicaSet, ref.namespace),
        *inventory.in_namespace(Job, ref.namespace),
        *inventory.in_namespace(Pod, ref.namespace),
    ]
    return [thing for thing in candidates if ref in owners_of(inventory, thing)]


def _controller(thing: KubeObject) -> OwnerReference | None:
    return next((owner for owner in thing.metadata.owner_references or () if owner.controller), None)


def _ref_of(owner: OwnerReference, namespace: str | None) -> Ref:
    kind = find_kind(owner.kind)
    return Ref(owner.kind, namespace if kind is None or kind.is_namespaced else None, owner.name)


def _inferred(inventory: Inventory, ref: Ref, below: KubeObject) -> list[Ref]:
    if inventory.coverage.proves_absence(ref.kind, ref.namespace):
        return []
    if ref.kind == "ReplicaSet":
        suffix = f"-{below.labels.get('pod-template-hash', '')}"
        if len(suffix) > 1 and ref.name.endswith(suffix):
            return [Ref("Deployment", ref.namespace, ref.name.removesuffix(suffix))]
        return [Ref("Deployment", ref.namespace, _HASH.sub("", ref.name))] if _HASH.search(ref.name) else []
    if ref.kind == "Job" and _CRON_MINUTES.search(ref.name):
        return [Ref("CronJob", ref.namespace, _CRON_MINUTES.sub("", ref.name))]
    return []
