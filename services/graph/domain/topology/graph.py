"""The layered graph: entities, and relations that say how sure they are and from which field they were read."""

from collections import defaultdict
from datetime import datetime
from enum import StrEnum

import msgspec

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.topology.layers import Layer


class EdgeState(StrEnum):
    """Whether the relation holds: seen, proven not to, or not known because something could not be read."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Relation(StrEnum):
    """What an edge says of its source and its target, read from left to right."""

    OWNED_BY = "owned_by"
    CLAIMS = "claims"
    SELECTS = "selects"
    ROUTES_TO = "routes_to"
    USES_CLASS = "uses_class"
    USES_CERTIFICATE = "uses_certificate"
    ATTACHED_TO = "attached_to"
    GRANTED_BY = "granted_by"
    BOUND_TO = "bound_to"
    USES_CONFIG = "uses_config"
    USES_SECRET = "uses_secret"  # noqa: S105 - a relation.
    PULLS_WITH = "pulls_with"
    SCALES = "scales"
    PROTECTS = "protects"
    RUNS_AS = "runs_as"
    BINDS = "binds"
    GIVES = "gives"
    AGGREGATES = "aggregates"
    ISOLATES = "isolates"
    MAY_REACH = "may_reach"
    RUNS_ON = "runs_on"
    REPORTS_ON = "reports_on"
    SERVED_BY = "served_by"
    MEASURES = "measures"
    CALLS = "calls"
    LIMITS = "limits"
    PRIORITISED_BY = "prioritised_by"
    RUNS_WITH = "runs_with"
    ATTACHES = "attaches"
    HEARTBEATS = "heartbeats"
    MEMBER_OF = "member_of"


class Provenance(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Which field of which object says so, as of which version."""

    ref: Ref
    uid: str
    field_path: str
    resource_version: str


class Edge(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """A relation. ``confidence`` is 0..1; ``note`` says what is special about this one."""

    source: Ref
    target: Ref
    relation: Relation
    layer: Layer
    state: EdgeState = EdgeState.PRESENT
    confidence: float = 1.0
    rationale: str = ""
    note: str = ""
    provenance: Provenance | None = None


class Entity(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, gc=False):
    """An object as the graph shows it; ``state`` says whether it was seen, or only named by another."""

    ref: Ref
    layer: Layer
    uid: str = ""
    state: EdgeState = EdgeState.PRESENT


class Graph:
    """Entities and edges with both directions indexed; what it is made of it takes over, and does not copy."""

    def __init__(self, cluster: str, observed_at: datetime, entities: dict[Ref, Entity], edges: list[Edge]) -> None:
        self.cluster = cluster
        self.observed_at = observed_at
        self.entities = entities
        self.edges = edges
        self._out: dict[Ref, list[Edge]] = defaultdict(list)
        self._into: dict[Ref, list[Edge]] = defaultdict(list)
        for edge in self.edges:
            self._out[edge.source].append(edge)
            self._into[edge.target].append(edge)

    def out_of(self, ref: Ref) -> list[Edge]:
        """Return the edges whose source it is."""
        return self._out.get(ref, [])

    def into(self, ref: Ref) -> list[Edge]:
        """Return the edges whose target it is."""
        return self._into.get(ref, [])
