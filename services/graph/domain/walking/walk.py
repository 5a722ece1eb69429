"""Which objects belong to the diagnosis of a target: its own, and those a person would look at next.

``own`` is what the target is made of or served by: trouble there is the target's trouble. Everything else is near: it
may be the cause, and is blamed only where something ties it to the target.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.graph.domain.k8s.cluster import (
    MutatingWebhookConfiguration,
    Namespace,
    ValidatingWebhookConfiguration,
)
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.walking.called_services import called_services
from services.graph.domain.walking.owners import owned_below, owners_of
from services.graph.domain.walking.surroundings import needed_by, served_by, serving
from services.graph.domain.walking.walk_seeds import parts_of

_MOST_OBJECTS = 5_000
_MOST_HOPS = 4
# They share with others what makes them reachable, so its trouble is not theirs.
_ONE_OF_MANY = frozenset({"Pod", "ReplicaSet"})


@dataclass(frozen=True, slots=True)
class Walk:
    """The objects of a diagnosis, each with its distance from the target in steps."""

    steps: Mapping[Ref, int]
    own: frozenset[Ref]
    is_cut: bool = False

    def objects(self, inventory: Inventory) -> list[KubeObject]:
        """Return those that were seen, the nearest first."""
        found = (inventory.find_ref(ref) for ref in self.steps)
        return [thing for thing in found if thing is not None]


def walk_from(inventory: Inventory, target: Ref) -> Walk:
    """Walk from one object; it need not have been seen.

    Its owners are near, and not its own: a pod that runs well is well, whatever became of the others of its kind.
    """
    thing = inventory.find_ref(target)
    near = {owner: n for n, owner in enumerate(owners_of(inventory, thing) if thing else (), 1)}
    if thing is not None and target.kind in _ONE_OF_MANY:
        near.update(dict.fromkeys(served_by(inventory, thing), 1))
    return _outward(inventory, _own_of(inventory, target), near)


def walk_namespaces(inventory: Inventory, namespaces: Iterable[str]) -> Walk:
    """Walk from everything in these namespaces."""
    own: dict[Ref, int] = {}
    for name in namespaces:
        own[Ref(Namespace.KIND, None, name)] = 0
        for kind in KINDS:
            own.update((thing.ref, 0) for thing in inventory.in_namespace(kind.kept, name))
    return _outward(inventory, own, _around(inventory, own), is_scope=True)


def _around(inventory: Inventory, own: Iterable[Ref]) -> dict[Ref, int]:
    """Return what rules over whole namespaces from outside, and what their workloads call elsewhere."""
    hooks: list[KubeObject] = [
        *inventory.all(ValidatingWebhookConfiguration),
        *inventory.all(MutatingWebhookConfiguration),
    ]
    near = dict.fromkeys((hook.ref for hook in hooks), 1)
    for ref in own:
        thing = inventory.find_ref(ref)
        # Pods call what their workload says.
        if thing is not None and not thing.metadata.owner_references:
            near.update(dict.fromkeys((service.ref for service in called_services(inventory, thing)), 1))
    return near


def walk_everything(inventory: Inventory) -> Walk:
    """Take every object, each as near as the other."""
    steps = {thing.ref: 0 for kind in KINDS if kind.name != "Event" for thing in inventory.all(kind.kept)}
    return Walk(steps, frozenset(steps))


def _own_of(inventory: Inventory, target: Ref) -> dict[Ref, int]:
    if target.kind == Namespace.KIND:
        return dict(walk_namespaces(inventory, [target.name]).steps)
    own = {target: 0}
    for below in owned_below(inventory, target):
        own.setdefault(below.ref, 2 if isinstance(below, Pod) and target.kind in {"Deployment", "CronJob"} else 1)
    for part in parts_of(inventory, target):
        distance = 1
        own.setdefault(part.ref, distance)
        for owner in owners_of(inventory, part):
            distance += 1
            own.setdefault(owner, distance)
    for served in [one for ref in list(own) if (one := inventory.find_ref(ref)) and target.kind not in _ONE_OF_MANY]:
        for ref in served_by(inventory, served):
            own.setdefault(ref, own[served.ref] + 1)
    return own


def _outward(inventory: Inventory, own: dict[Ref, int], near: dict[Ref, int], *, is_scope: bool = False) -> Walk:
    """Add what the own objects and those ``near`` need, and what serves the own, hop by hop.

    In a scope what serves the own is own itself, and is not looked for again for each of them.
    """
    steps = dict(sorted({**near, **own}.items(), key=lambda item: item[1]))
    edge, is_stopped = list(steps), False
    for _ in range(_MOST_HOPS):
        found: dict[Ref, int] = {}
        for ref in edge:
            thing = inventory.find_ref(ref)
            if thing is None:
                continue
            reached = needed_by(inventory, thing)
            if ref in own and not is_scope:
                reached = [*reached, *serving(inventory, thing)]
            for other in reached:
                if other not in steps:
                    found.setdefault(other, steps[ref] + 1)
        steps.update(found)
        edge = list(found)
        if not edge:
            break
        if len(steps) > _MOST_OBJECTS:
            is_stopped = True
            break
    ordered = dict(sorted(steps.items(), key=lambda item: item[1]))
    # What is the target's own is never cut: in a large namespace that is most of it.
    kept = {ref: step for n, (ref, step) in enumerate(ordered.items()) if n < _MOST_OBJECTS or ref in own}
    return Walk(kept, frozenset(own), is_cut=is_stopped or len(kept) < len(ordered))
