"""Kubernetes Events and the objects they are about."""

from services.graph.domain.k8s.events import Event, is_about
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.relations.drawing import Drawing, Link, origin_of
from services.graph.domain.topology.graph import EdgeState, Relation
from services.graph.domain.topology.layers import Layer

REPORTS = Link(Relation.REPORTS_ON, Layer.OBSERVABILITY, "The Event names this object as what it is about.")
_EARLIER = "about an earlier object of that name"
_CLUSTER_WIDE = frozenset(kind.name for kind in KINDS if not kind.is_namespaced)


def draw_events(drawing: Drawing) -> None:
    """Draw Event → object; of an object that was made anew since, the edge is absent."""
    for event in drawing.inventory.all(Event):
        about = event.about_ref
        if not about.kind or not about.name:
            continue
        if about.kind in _CLUSTER_WIDE and about.namespace is not None:
            about = Ref(about.kind, None, about.name)
        origin, thing = origin_of(event), drawing.inventory.find_ref(about)
        if thing is None or is_about(event, thing):
            drawing.link(origin, REPORTS, about, "involvedObject.uid")
        else:
            drawing.judge(origin, REPORTS, about, "involvedObject.uid", state=EdgeState.ABSENT, note=_EARLIER)
