"""Which objects an incident is about: what its hints name, each with the reason; and what they name in vain."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.workloads import DaemonSet, Deployment, ReplicaSet, StatefulSet
from services.graph.domain.reading.inventory import Inventory, Presence
from services.graph.domain.reading.kinds import Kind, find_kind
from services.graph.domain.seeding.hints import WEIGHTS, Hint, Sort, Told
from services.graph.domain.seeding.seed_search import (
    WITH_PODS,
    WORKLOADS,
    find_app,
    find_by_address,
    find_by_container,
    find_troubled,
)

MOST_SEEDS = 30
# A name that many namespaces have means none of them in particular.
_MOST_NAMESPACES, _MOST_OF_ONE_HINT = 3, 8
# So is a container's name that many workloads use: `server`, `app`.
_MOST_OF_ONE_CONTAINER = 2
_STAND_IN = 0.9
_OF_DEPLOYMENT = re.compile(r"^(?P<owner>.+)-(?P<hash>[bcdfghjklmnpqrstvwxz2456789]{5,10})-[a-z0-9]{5}$")
_OF_SET = re.compile(r"^(?P<owner>.+)-(?:\d+|[a-z0-9]{5})$")


@dataclass(frozen=True, slots=True)
class FoundSeed:
    """An object the incident is about; ``ref`` None: the hint led to nothing, and ``reason`` says why."""

    ref: Ref | None
    hint: str
    reason: str
    presence: Presence = Presence.PRESENT
    weight: float = 1.0
    signals: tuple[str, ...] = ()
    # Nothing but this namespace was named.
    only_namespace: str = ""


@dataclass(frozen=True, slots=True)
class Seeds:
    """The seeds, the plainest first; what led to nothing; and how many were left out because they are too many."""

    found: tuple[FoundSeed, ...]
    unknown: tuple[FoundSeed, ...] = ()
    left_out: int = 0

    @property
    def refs(self) -> list[Ref]:
        """The objects, the plainest first."""
        return [one.ref for one in self.found if one.ref]


def find_seeds(inventory: Inventory, told: Sequence[Told], most: int = MOST_SEEDS) -> Seeds:
    """Return the objects the hints name. Of each origin the plainest hints that lead to something count."""
    found: dict[Ref, FoundSeed] = {}
    unknown: dict[str, FoundSeed] = {}
    for one in told:
        for seed in _of_origin(inventory, one):
            if seed.ref is None:
                unknown[seed.hint] = _joined(unknown.get(seed.hint), seed)
            else:
                found[seed.ref] = _joined(found.get(seed.ref), seed)
    plain = [one for one in found.values() if not one.only_namespace and one.presence is not Presence.ABSENT]
    told_of = {one.ref.namespace for one in plain if one.ref}
    # Where anything plainer is named, what else is in trouble in its namespace is no part of the incident.
    found = {ref: one for ref, one in found.items() if one.only_namespace not in told_of}
    ordered = sorted(found.values(), key=lambda one: (-one.weight, -len(one.signals), one.ref or ("", "", "")))
    return Seeds(tuple(ordered[:most]), tuple(unknown.values()), len(ordered[most:]))


def _joined(before: FoundSeed | None, seed: FoundSeed) -> FoundSeed:
    if before is None:
        return seed
    best = max(before, seed, key=lambda one: one.weight)
    return replace(best, signals=tuple(dict.fromkeys((*before.signals, *seed.signals))))


def _of_origin(inventory: Inventory, told: Told) -> Iterator[FoundSeed]:
    signals = (told.signal,) if told.signal else ()
    for hint in told.elsewhere:
        yield FoundSeed(None, hint.said, "it is of another cluster", Presence.UNKNOWN, 0.0, signals)
    seen_sort: Sort | None = None
    for hint in told.hints:
        if seen_sort is not None and hint.sort is not seen_sort:
            return
        for seed in _resolve(inventory, hint):
            # What proves not to exist leaves the vaguer hints their turn.
            if seed.ref is not None and seed.presence is not Presence.ABSENT:
                seen_sort = hint.sort
            yield replace(seed, signals=signals)


def _resolve(inventory: Inventory, hint: Hint) -> list[FoundSeed]:
    weight = WEIGHTS[hint.sort]
    match hint.sort:
        case Sort.OBJECT:
            return _of_object(inventory, hint)
        case Sort.APP:
            how, refs = find_app(inventory, hint.name, hint.namespace)
            return _of_search(hint, refs, how, weight)
        case Sort.CONTAINER:
            refs = find_by_container(inventory, hint.name, hint.namespace)
            if len(refs) > _MOST_OF_ONE_CONTAINER:
                return [FoundSeed(None, hint.said, f"{len(refs)} have one", Presence.UNKNOWN, 0.0)]
            return _of_search(hint, refs, "it has a container of this name", weight)
        case Sort.ADDRESS:
            return _of_search(hint, find_by_address(inventory, hint.name), "it has this address", weight)
        case Sort.NAMESPACE:
            return [replace(seed, only_namespace=hint.name) for seed in _of_namespace(inventory, hint)]


def _of_search(hint: Hint, refs: Sequence[Ref], how: str, weight: float) -> list[FoundSeed]:
    spaces = {ref.namespace for ref in refs}
    if not refs or len(spaces) > _MOST_NAMESPACES:
        why = f"{len(spaces)} namespaces have one" if refs else "nothing that was read is called so"
        return [FoundSeed(None, hint.said, why, Presence.UNKNOWN, 0.0)]
    return [FoundSeed(ref, hint.said, how, weight=weight) for ref in sorted(refs)[:_MOST_OF_ONE_HINT]]


def _of_object(inventory: Inventory, hint: Hint) -> list[FoundSeed]:
    kind = find_kind(hint.kind)
    if kind is None:
        return [FoundSeed(None, hint.said, f"{hint.kind} is no kind that is read", Presence.UNKNOWN, 0.0)]
    if not kind.is_namespaced or hint.namespace:
        return _of_ref(inventory, hint, kind, Ref(kind.name, hint.namespace if kind.is_namespaced else None, hint.name))
    refs = [thing.ref for thing in inventory.all(kind.kept) if thing.metadata.name == hint.name]
    return _of_search(hint, refs, "it is named; its namespace is not", WEIGHTS[Sort.OBJECT])


def _of_ref(inventory: Inventory, hint: Hint, kind: Kind, ref: Ref) -> list[FoundSeed]:
    presence = inventory.presence(kind.kept, ref.namespace, ref.name)
    if presence is Presence.PRESENT:
        return [FoundSeed(ref, hint.said, "it is named")]
    is_gone = presence is Presence.ABSENT
    why = f"{ref} does not exist now" if is_gone else f"{ref} could not be read"
    stand_ins = [
        FoundSeed(other, hint.said, f"{why}; {how}", weight=_STAND_IN) for other, how in _stand_ins(inventory, ref)
    ]
    # Others may refer to what does not exist: that is often the trouble.
    return [FoundSeed(ref, hint.said, why, presence, 1.0), *stand_ins]


def _stand_ins(inventory: Inventory, ref: Ref) -> Iterator[tuple[Ref, str]]:
    """Yield what stands for an object that was replaced since, or that is called by another kind than its own."""
    if ref.kind in {Pod.KIND, ReplicaSet.KIND}:
        for owner in _owners_by_name(ref):
            if inventory.find_ref(owner) is not None:
                yield owner, "its name says what made it"
                return
        return
    if ref.kind == "Service" or any(ref.kind == kind.KIND for kind in WORKLOADS):
        how, refs = find_app(inventory, ref.name, ref.namespace)
        for other in refs[:_MOST_OF_ONE_HINT]:
            yield other, how


def _owners_by_name(ref: Ref) -> Iterator[Ref]:
    space, name = ref.namespace, ref.name
    if ref.kind == ReplicaSet.KIND:
        yield Ref(Deployment.KIND, space, name.rpartition("-")[0])
        return
    if made := _OF_DEPLOYMENT.match(name):
        yield Ref(Deployment.KIND, space, made["owner"])
        yield Ref(ReplicaSet.KIND, space, f"{made['owner']}-{made['hash']}")
    if made := _OF_SET.match(name):
        for kind in (StatefulSet, DaemonSet, ReplicaSet):
            yield Ref(kind.KIND, space, made["owner"])


def _of_namespace(inventory: Inventory, hint: Hint) -> list[FoundSeed]:
    """The namespace alone says little: what is in trouble there is what the incident is about, as far as is known."""
    ref, weight = Ref(Namespace.KIND, None, hint.name), WEIGHTS[Sort.NAMESPACE]
    troubled = find_troubled(inventory, hint.name)
    if troubled:
        return [
            FoundSeed(
                one, hint.said, f"it is in trouble, and nothing but its namespace {hint.name} is named", weight=weight
            )
            for one in troubled[:_MOST_OF_ONE_HINT]
        ]
    presence = inventory.presence(Namespace, None, hint.name)
    if presence is Presence.UNKNOWN and _is_seen(inventory, hint.name):
        presence = Presence.PRESENT
    why = {
        Presence.PRESENT: "it is named, and nothing in it is seen to be in trouble",
        Presence.ABSENT: f"namespace {hint.name} does not exist now",
        Presence.UNKNOWN: f"namespace {hint.name} could not be read",
    }[presence]
    return [FoundSeed(ref, hint.said, why, presence, weight)]


def _is_seen(inventory: Inventory, namespace: str) -> bool:
    return any(inventory.in_namespace(kind, namespace) for kind in WITH_PODS)
