"""The whole graph of an inventory: every topic draws its relations, each in one pass over its objects."""

from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS
from services.graph.domain.relations.calls import draw_calls
from services.graph.domain.relations.drawing import Drawing
from services.graph.domain.relations.events import draw_events
from services.graph.domain.relations.gateways import draw_gateways
from services.graph.domain.relations.ingress import draw_ingress
from services.graph.domain.relations.limits import draw_limits
from services.graph.domain.relations.ownership import draw_ownership
from services.graph.domain.relations.platform import draw_platform
from services.graph.domain.relations.pods import draw_pods
from services.graph.domain.relations.rbac import draw_rbac
from services.graph.domain.relations.services import draw_services
from services.graph.domain.relations.storage import draw_storage
from services.graph.domain.topology.graph import Graph

_TOPICS = (
    draw_ownership,
    draw_pods,
    draw_services,
    draw_ingress,
    draw_gateways,
    draw_storage,
    draw_rbac,
    draw_limits,
    draw_platform,
    draw_events,
    draw_calls,
)


def build_graph(inventory: Inventory) -> Graph:
    """Return every object and every relation; what could not be read is unknown, never absent."""
    drawing = Drawing(inventory)
    for kind in KINDS:
        drawing.add_objects(kind.kept)
    for draw in _TOPICS:
        draw(drawing)
    return drawing.finish()
