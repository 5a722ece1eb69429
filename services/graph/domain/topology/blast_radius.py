"""Whom trouble of some objects reaches, and what it may come from."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.topology.graph import Edge, EdgeState, Graph, Relation
from services.graph.domain.topology.hops import EVERYWHERE, NEEDS_SOURCE, NEEDS_TARGET, is_refused

MOST = 500
# What of the platform owns objects without being made of them: a node its static pods, a Service its slices.
_NOT_MADE_OF_WHAT_IT_OWNS = frozenset({"Node", "Service", "Pod"})


class Reached(msgspec.Struct, frozen=True, rename="camel"):
    """An object, in how many steps it is reached, through which relation of which object."""

    ref: Ref
    steps: int
    relation: Relation
    reached_from: Ref


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """``upstream`` depends on the seeds: callers, routes, owners. ``downstream`` is what they depend on.

    Both the nearest first; ``left_out`` counts what was found beyond the limit, upstream and downstream.
    """

    upstream: tuple[Reached, ...]
    downstream: tuple[Reached, ...]
    left_out: tuple[int, int] = (0, 0)


def blast_radius(graph: Graph, seeds: Collection[Ref], *, steps: int = 16, most: int = MOST) -> BlastRadius:
    """Return who depends on the seeds and what they depend on, in at most ``steps`` relations each way.

    From a Service to the Service of a caller it is four: the workload, its replicas, their pods.
    """
    up, more_up = _walk(graph, seeds, _dependants, (steps, most))
    down, more_down = _walk(graph, seeds, _dependencies, (steps, most))
    return BlastRadius(up, down, (more_up, more_down))


class _Stand(NamedTuple):
    """Where a walk stands; ``is_whole``: it may go on to what the object is made of."""

    ref: Ref
    is_whole: bool


_Next = tuple[_Stand, Edge]


_Follow = Callable[[Graph, _Stand], Iterator[_Next]]


def _walk(
    graph: Graph, seeds: Collection[Ref], follow: _Follow, bounds: tuple[int, int]
) -> tuple[tuple[Reached, ...], int]:
    steps, most = bounds
    found: dict[Ref, Reached] = {}
    start = sorted(set(seeds), key=_order)
    # Met as a whole, an object is followed into its parts as well; met through a part, only outwards.
    queue = deque((_Stand(ref, is_whole=True), 0) for ref in start)
    met = {stand for stand, _ in queue}
    seeded, left_out = set(start), 0
    while queue:
        stand, distance = queue.popleft()
        if distance >= steps:
            continue
        for following, edge in sorted(follow(graph, stand), key=lambda one: _order(one[0].ref)):
            if following in met or following._replace(is_whole=True) in met:
                continue
            met.add(following)
            target = following.ref
            if target not in found and target not in seeded:
                if len(found) >= most:
                    left_out += 1
                    continue
                found[target] = Reached(target, distance + 1, edge.relation, stand.ref)
            queue.append((following, distance + 1))
    return tuple(found.values()), left_out


def _dependants(graph: Graph, stand: _Stand) -> Iterator[_Next]:
    """Return who is in trouble if this is: users, owners; and what a workload that is wrong as a whole makes."""
    yield from _across(graph, graph.into(stand.ref), NEEDS_TARGET, is_back=True)
    yield from _across(graph, graph.out_of(stand.ref), NEEDS_SOURCE, is_back=False)
    yield from _owners_and_parts(graph, stand)


def _dependencies(graph: Graph, stand: _Stand) -> Iterator[_Next]:
    """Return what this may be in trouble from: what it uses, what made it; of a workload its pods, and so on."""
    yield from _across(graph, graph.out_of(stand.ref), NEEDS_TARGET, is_back=False)
    yield from _across(graph, graph.into(stand.ref), NEEDS_SOURCE, is_back=True)
    yield from _owners_and_parts(graph, stand)


def _across(graph: Graph, edges: list[Edge], wanted: frozenset[Relation], *, is_back: bool) -> Iterator[_Next]:
    for edge in edges:
        if edge.relation in wanted and edge.target.name not in EVERYWHERE and _holds(graph, edge):
            yield _Stand(edge.source if is_back else edge.target, is_whole=True), edge


def _owners_and_parts(graph: Graph, stand: _Stand) -> Iterator[_Next]:
    """One pod of many: its owner is touched, the other pods are not; a workload as a whole: all its pods are."""
    for edge in graph.out_of(stand.ref):
        if edge.relation is Relation.OWNED_BY and edge.target.kind not in _NOT_MADE_OF_WHAT_IT_OWNS:
            yield _Stand(edge.target, is_whole=False), edge
    if stand.is_whole and stand.ref.kind not in _NOT_MADE_OF_WHAT_IT_OWNS:
        for edge in graph.into(stand.ref):
            if edge.relation is Relation.OWNED_BY:
                yield _Stand(edge.source, is_whole=True), edge


def _holds(graph: Graph, edge: Edge) -> bool:
    entity = graph.entities.get(edge.target)
    return not is_refused(edge, is_target_there=entity is not None and entity.state is EdgeState.PRESENT)


def _order(ref: Ref) -> tuple[str, str, str]:
    return ref.kind, ref.namespace or "", ref.name
