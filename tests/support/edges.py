"""Edges of a graph as a test wants them: drawn from a few objects, found by their ends, read as short text."""

from collections.abc import Mapping

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.relations import build_graph
from services.graph.domain.topology.graph import Edge, Graph
from tests.support.cluster import an_inventory

FORBIDDEN = CoverageState.FORBIDDEN


def a_graph(*objects: KubeObject, unread: Mapping[str, CoverageState] | None = None) -> Graph:
    """Return the graph of these objects; every kind was read whole, but for those ``unread`` names."""
    return build_graph(an_inventory(*objects, unread=unread))


def ref(text: str) -> Ref:
    """Return what ``Pod shop/web`` or ``Node n1`` names."""
    kind, _, rest = text.partition(" ")
    namespace, slash, name = rest.partition("/")
    return Ref(kind, namespace, name) if slash else Ref(kind, None, rest)


def edges_of(graph: Graph, relation: str, *, source: str = "", target: str = "") -> list[Edge]:
    """Return the edges of a relation, all or those of these ends."""
    return [
        edge
        for edge in graph.edges
        if edge.relation == relation
        and (not source or edge.source == ref(source))
        and (not target or edge.target == ref(target))
    ]


def the_edge(graph: Graph, source: str, relation: str, target: str) -> Edge:
    """Return the one edge of these ends."""
    found = edges_of(graph, relation, source=source, target=target)
    assert len(found) == 1, f"{len(found)} edges {source} {relation} {target}: {say(graph)}"
    return found[0]


def say(graph: Graph) -> list[str]:
    """Return every edge as ``absent: Pod shop/web claims …``."""
    return [f"{edge.state}: {edge.source} {edge.relation} {edge.target}" for edge in graph.edges]


def owned_by(owner: KubeObject, *, api_version: str = "", controller: bool = True) -> dict[str, object]:
    """Return metadata of what ``owner`` owns."""
    group = f"{owner.GROUP}/v1" if owner.GROUP else "v1"
    return {
        "ownerReferences": [
            {
                "apiVersion": api_version or group,
                "kind": owner.KIND,
                "name": owner.metadata.name,
                "uid": owner.metadata.uid,
                "controller": controller,
            }
        ]
    }
