"""What surrounds some objects: the nearest by typed hops, up to a number, and what was left out and why."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

import msgspec

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.topology.graph import Edge, EdgeState, Entity, Graph, Relation
from services.graph.domain.topology.hops import EVERYWHERE, HOPS

# More neighbours than this by one relation make a hub of an object: what it has in common with each says little.
MOST_BY_ONE_RELATION = 25
# The first of many alike are told; the others are as near, but come after everything else that is.
FIRST_OF_MANY, LATER = 10, 2.0
_TO_NAMESPACE = 0.5


class CutReason(StrEnum):
    """Why an object that is connected is not among the neighbours."""

    # More were found than asked for.
    MOST = "most"
    # It is connected through something that everything is connected with.
    HUB = "hub"
    # It is further away than asked for.
    DISTANCE = "distance"


class Cut(msgspec.Struct, frozen=True, rename="camel"):
    """How many objects of a kind were left out for one reason."""

    kind: str
    reason: CutReason
    count: int


class Neighbour(msgspec.Struct, frozen=True, rename="camel"):
    """An object, how far it is from the nearest seed, and from which object it was reached."""

    entity: Entity
    distance: float
    reached_from: Ref | None = None


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The neighbours, the nearest first; every edge between two of them; what was cut."""

    neighbours: tuple[Neighbour, ...]
    edges: tuple[Edge, ...]
    cut: tuple[Cut, ...]
    # Seeds that are not in the graph.
    unknown_seeds: tuple[Ref, ...] = ()

    @property
    def refs(self) -> frozenset[Ref]:
        """Which objects are in it."""
        return frozenset(one.entity.ref for one in self.neighbours)


def find_neighbourhood(graph: Graph, seeds: Collection[Ref], *, hops: float = 3, most: int = 200) -> Neighbourhood:
    """Return what is within ``hops`` of the seeds, at most ``most`` objects; the same graph gives the same answer.

    A node, a shared account, a class or a role leads to what uses it only if it is a seed itself.
    """
    return _Walk(graph, seeds, float(hops), most).run()


class _Walk:
    """One search, nearest first."""

    def __init__(self, graph: Graph, seeds: Collection[Ref], hops: float, most: int) -> None:
        self._graph, self._hops, self._most = graph, hops, most
        wanted = sorted(set(seeds), key=_order)
        self._seeds = [ref for ref in wanted if ref in graph.entities]
        self._unknown = tuple(ref for ref in wanted if ref not in graph.entities)
        self._found: dict[Ref, Neighbour] = {}
        self._left: dict[Ref, CutReason] = {}
        self._heap: list[tuple[float, tuple[str, str, str], _Offer]] = []
        self._best: dict[Ref, float] = {}

    def run(self) -> Neighbourhood:
        for ref in self._seeds:
            self._offer(_Offer(ref, None, 0.0, 0.0))
        while self._heap:
            offer = heappop(self._heap)[2]
            if offer.ref in self._found:
                continue
            if len(self._found) >= self._most:
                self._left[offer.ref] = CutReason.MOST
                continue
            self._found[offer.ref] = Neighbour(self._graph.entities[offer.ref], offer.distance, offer.source)
            self._expand(offer)
        nearest_first = sorted(self._found.values(), key=lambda one: (one.distance, _order(one.entity.ref)))
        return Neighbourhood(tuple(nearest_first), tuple(self._edges()), tuple(self._cuts()), self._unknown)

    def _offer(self, offer: "_Offer") -> None:
        if offer.distance > self._hops:
            self._left.setdefault(offer.ref, CutReason.DISTANCE)
        elif offer.rank < self._best.get(offer.ref, inf):
            self._best[offer.ref] = offer.rank
            heappush(self._heap, (offer.rank, _order(offer.ref), offer))

    def _expand(self, offer: "_Offer") -> None:
        ref, is_seed = offer.ref, offer.source is None
        for group in self._steps(ref, is_seed=is_seed):
            if group.cost is None:
                for one in group.neighbours:
                    self._left[one] = CutReason.HUB
                continue
            for index, one in enumerate(sorted(group.neighbours, key=_order)):
                later = LATER if group.is_minor or index >= FIRST_OF_MANY else 0.0
                self._offer(_Offer(one, ref, offer.distance + group.cost, offer.rank + group.cost + later))
        namespace = Ref("Namespace", None, ref.namespace or "")
        if is_seed and namespace in self._graph.entities:
            self._offer(_Offer(namespace, ref, _TO_NAMESPACE, _TO_NAMESPACE))

    def _steps(self, ref: Ref, *, is_seed: bool) -> "Iterator[_Step]":
        by_relation: dict[Relation, list[Ref]] = {}
        for edge in self._graph.out_of(ref):
            if edge.target.name not in EVERYWHERE or edge.state is not EdgeState.PRESENT:
                by_relation.setdefault(edge.relation, []).append(edge.target)
        for relation, targets in by_relation.items():
            is_followed = is_seed or len(targets) <= MOST_BY_ONE_RELATION or relation in _OWN
            yield _Step(targets, HOPS[relation].along if is_followed else None)
        by_relation = {}
        for edge in self._graph.into(ref):
            by_relation.setdefault(edge.relation, []).append(edge.source)
        for relation, sources in by_relation.items():
            hop = HOPS[relation]
            if hop.back is None:
                continue
            # A pod on every node: those of other nodes say nothing of this one.
            is_hub = hop.is_shared or ref.name in EVERYWHERE or ref.kind == "DaemonSet"
            is_hub = is_hub or (len(sources) > MOST_BY_ONE_RELATION and relation not in _OWN)
            yield _Step(sources, None if is_hub and not is_seed else hop.back, hop.is_minor)

    def _edges(self) -> Iterator[Edge]:
        for ref in self._found:
            for edge in self._graph.out_of(ref):
                if edge.target in self._found:
                    yield edge

    def _cuts(self) -> list[Cut]:
        counts = Counter((ref.kind, reason) for ref, reason in self._left.items() if ref not in self._found)
        return [Cut(kind, reason, count) for (kind, reason), count in sorted(counts.items())]


class _Offer(NamedTuple):
    """An object that may be a neighbour: how far it is, and when its turn is; ``source`` None: a seed."""

    ref: Ref
    source: Ref | None
    distance: float
    rank: float


@dataclass(frozen=True, slots=True)
class _Step:
    """The neighbours by one relation in one direction; ``cost`` None: not followed, it is a hub's."""

    neighbours: list[Ref]
    cost: float | None
    is_minor: bool = False


# A workload and its pods, a Service and its pods belong together, however many they are.
_OWN = frozenset({Relation.OWNED_BY, Relation.SELECTS, Relation.ROUTES_TO})


def _order(ref: Ref) -> tuple[str, str, str]:
    return ref.kind, ref.namespace or "", ref.name
