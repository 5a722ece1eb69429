"""Every relation between the objects of a cluster, each derived from the one field that says it."""

from services.graph.domain.relations.build import build_graph

__all__ = ["build_graph"]
