"""Let a gateway know the clusters graph workers can read, as a worker's hello would."""

from services.gateway.handlers.note_clusters import note_clusters
from shared.contracts.messages import Hello
from tests.support.gateway import GatewayUnderTest


def know_clusters(gw: GatewayUnderTest, *names: str, is_automatic: bool = True) -> None:
    """Have a graph worker say that it reads ``names``."""
    hello = Hello(service="graph", worker="graph@a", version="0", queues=("graph",), clusters=names)
    note_clusters(gw.store, hello, is_automatic=is_automatic)
