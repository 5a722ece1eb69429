"""Let a gateway know the clusters graph workers can read, as a worker's hello would."""

from services.gateway.handlers.note_clusters import note_clusters
from tests.support.gateway import GatewayUnderTest


def know_clusters(gw: GatewayUnderTest, *names: str, is_automatic: bool = True) -> None:
    """Have graph workers read ``names``."""
    note_clusters(gw.store, names, is_automatic=is_automatic)
