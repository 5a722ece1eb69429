"""A graph while it is drawn: what is named but was not seen gets its entity here, absent only where that is proven."""

from collections.abc import Iterable
from typing import NamedTuple

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.topology.graph import Edge, EdgeState, Entity, Graph, Provenance, Relation
from services.graph.domain.topology.layers import Layer, layer_of

_CLASSES: dict[str, type[KubeObject]] = {kind.name: kind.kept for kind in KINDS}
_SERVED = {(kind.name, kind.group) for kind in KINDS}
_IN_NAMESPACES = {kind.name: kind.is_namespaced for kind in KINDS}


class Link(NamedTuple):
    """What all edges of one relation have in common: its layer, why it holds, and how sure that makes it."""

    relation: Relation
    layer: Layer
    rationale: str
    confidence: float = 1.0


class Draft(NamedTuple):
    """An edge but for the object it starts from."""

    link: Link
    target: Ref
    path: str
    note: str = ""


class Origin(NamedTuple):
    """The object whose field says so, made once for all edges of the object."""

    ref: Ref
    uid: str
    version: str


def origin_of(thing: KubeObject) -> Origin:
    meta = thing.metadata
    return Origin(Ref(thing.KIND, meta.namespace, meta.name), meta.uid, meta.resource_version)


def ref_in_group(group: str, kind: str, namespace: str | None, name: str) -> Ref:
    """Return what is meant by a reference that names a group.

    A kind we do not read keeps its group in its name: a ``Service`` of ``serving.knative.dev`` is no Service.
    """
    if (kind, group) not in _SERVED:
        return Ref(f"{kind}.{group}" if group else kind, namespace, name)
    return Ref(kind, namespace if _IN_NAMESPACES[kind] else None, name)


def group_of(api_version: str | None) -> str:
    """Return the group in ``apps/v1``; the core group, which has no name, in ``v1``."""
    group, slash, _ = (api_version or "").partition("/")
    return group if slash else ""


def presence_of(inventory: Inventory, ref: Ref) -> EdgeState:
    """Answer whether the object exists; of a kind that is never read, nothing is known."""
    kind = _CLASSES.get(ref.kind)
    if kind is None:
        return EdgeState.UNKNOWN
    return EdgeState(inventory.presence(kind, ref.namespace, ref.name).value)


class Drawing:
    """Entities and edges so far. One is made for one graph, and ends with it."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.entities: dict[Ref, Entity] = {}
        self.edges: list[Edge] = []
        self._paths: dict[str, str] = {}

    def add_objects(self, kind: type[KubeObject]) -> None:
        """Add an entity for each object of the kind."""
        layer, entities = layer_of(kind.KIND), self.entities
        for ref, thing in zip(self.inventory.refs_of(kind), self.inventory.all(kind), strict=True):
            entities[ref] = Entity(ref=ref, layer=layer, uid=thing.metadata.uid)

    def entity_of(self, ref: Ref) -> Entity:
        """Return its entity; what was not seen gets one here, absent only if that is proven."""
        entity = self.entities.get(ref)
        if entity is None:
            state = presence_of(self.inventory, ref)
            entity = self.entities[ref] = Entity(ref=ref, layer=layer_of(ref.kind), state=state)
        return entity

    def state_of(self, ref: Ref) -> EdgeState:
        """Return whether the object exists, and see that it has its entity."""
        return self.entity_of(ref).state

    def has(self, ref: Ref) -> bool:
        """Answer whether it was seen, without making an entity of it."""
        return ref in self.entities

    def add_named(self, ref: Ref, layer: Layer) -> None:
        """Add what is real without being an object: a user, a group."""
        if ref not in self.entities:
            self.entities[ref] = Entity(ref=ref, layer=layer)

    def _held(self, ref: Ref) -> Ref:
        """Return the entity's own, which serves all edges of the object; the same where it has none."""
        entity = self.entities.get(ref)
        return ref if entity is None else entity.ref

    def link(self, origin: Origin, link: Link, target: Ref, path: str, note: str = "") -> None:
        """Draw from the object that says so to what it names; it holds if that exists."""
        self.link_all(origin, (Draft(link, target, path, note),))

    def link_all(self, origin: Origin, drafts: Iterable[Draft]) -> None:
        """Draw all of these, as ``link`` would each: most edges of a cluster are drawn here."""
        (said, uid, version), add, known, paths = origin, self.edges.append, self.entities, self._paths
        ref = self._held(said)
        for link, target, path, note in drafts:
            entity = known.get(target) or self.entity_of(target)
            add(
                Edge(
                    source=ref,
                    target=entity.ref,
                    relation=link.relation,
                    layer=link.layer,
                    state=entity.state,
                    confidence=link.confidence,
                    rationale=link.rationale,
                    note=note,
                    provenance=Provenance(ref, uid, paths.setdefault(path, path), version),
                )
            )

    def judge(  # noqa: PLR0913 - an edge that was judged has all of these.
        self,
        origin: Origin,
        link: Link,
        target: Ref,
        path: str,
        *,
        state: EdgeState,
        note: str = "",
        source: Ref | None = None,
        confidence: float | None = None,
    ) -> None:
        """Draw an edge whose state was judged; ``source`` where the object that says so is not its source."""
        said = self._held(origin.ref)
        start = said if source is None else self.entity_of(source).ref
        self.edges.append(
            Edge(
                source=start,
                target=self.entity_of(target).ref,
                relation=link.relation,
                layer=link.layer,
                state=state,
                confidence=link.confidence if confidence is None else confidence,
                rationale=link.rationale,
                note=note,
                provenance=Provenance(said, origin.uid, self._paths.setdefault(path, path), origin.version),
            )
        )

    def finish(self) -> Graph:
        """Return the graph."""
        inventory = self.inventory
        return Graph(inventory.cluster, inventory.observed_at, self.entities, self.edges)
