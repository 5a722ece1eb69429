"""Whether what we are connected to works: the sources that send, the clusters that are read."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.api.sources import SOURCES
from services.gateway.domain.records import CLUSTER_NAMES, Delivery, DeliveryState, Inventory
from services.gateway.errors import StoreUnavailable
from services.gateway.handlers.kept_bytes import kept_bytes
from services.gateway.ports import Blobs, RecordQuery, StoreReads
from shared.errors import AppError
from shared.ports import Clock

log = structlog.get_logger(__name__)

# A preview reads again what came long ago: it says nothing of the source.
_CAME = (DeliveryState.ACCEPTED, DeliveryState.PROCESSED, DeliveryState.QUARANTINED)
_READ = (DeliveryState.PROCESSED, DeliveryState.QUARANTINED)


class _Cluster(msgspec.Struct, rename="camel"):
    """What is read of a ``NamedCluster``: not the names of its objects, of which there may be thousands."""

    context: str
    problem: str = ""
    is_skipped: bool = False


class _Clusters(msgspec.Struct):
    """``problem`` says why not even the contexts could be read."""

    clusters: tuple[_Cluster, ...] = ()
    problem: str = ""


class ConnectorFigures(Collector):
    """Looks at the newest deliveries of each source, and at the inventory the graph worker took last."""

    def __init__(self, store: StoreReads, blobs: Blobs, clock: Clock) -> None:
        self._store, self._blobs, self._clock = store, blobs, clock
        self._taken_at: datetime | None = None
        self._clusters: tuple[_Cluster, ...] = ()

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of now; none while the store's index does not answer."""
        try:
            yield from self._look()
        except StoreUnavailable as error:
            log.warning("connectors cannot be looked at", problem=str(error))

    def _look(self) -> tuple[Metric, Metric]:
        up = GaugeMetricFamily("faultline_connector_up", "1 if it works, as last seen.", labels=["kind", "name"])
        age = GaugeMetricFamily(
            "faultline_source_last_delivery_seconds", "Since the source's newest delivery.", labels=["source"]
        )
        now = self._clock.now()
        for source in SOURCES:
            newest = self._newest(source.name, _CAME)
            if newest is None:
                continue
            age.add_metric([source.name], max(0.0, (now - newest.received_at).total_seconds()))
            up.add_metric(["source", source.name], 1 if self._is_understood(source.name, newest) else 0)
        for cluster in self._read_clusters():
            if not cluster.is_skipped:
                up.add_metric(["cluster", cluster.context], 0 if cluster.problem else 1)
        return up, age

    def _is_understood(self, source: str, newest: Delivery) -> bool:
        """Answer whether the newest delivery that was read could be; one that waits says nothing yet."""
        read = newest if newest.state in _READ else self._newest(source, _READ)
        return read is None or read.state is DeliveryState.PROCESSED

    def _newest(self, source: str, states: tuple[DeliveryState, ...]) -> Delivery | None:
        query = RecordQuery(tags=(source,), states=states, limit=1, with_total=False)
        return next(iter(self._store.list_records(Delivery, query).records), None)

    def _read_clusters(self) -> tuple[_Cluster, ...]:
        """Return the clusters of the last inventory; each inventory is read once."""
        inventory = self._store.find(Inventory, CLUSTER_NAMES)
        if inventory is None or inventory.taken_at is None or inventory.taken_at == self._taken_at:
            return self._clusters
        before, self._taken_at, self._clusters = self._clusters, inventory.taken_at, ()
        try:
            content = kept_bytes(self._blobs, inventory.text, inventory.blob)
            found = msgspec.json.decode(content, type=_Clusters)
            self._clusters = (*found.clusters, *(_gone(before, found) if found.problem else ()))
        except (AppError, msgspec.DecodeError) as error:
            # Whoever looks at the inventory is told; the other figures are none the worse.
            log.warning("the inventory cannot be read for metrics", problem=str(error))
        return self._clusters


def _gone(before: tuple[_Cluster, ...], found: _Clusters) -> tuple[_Cluster, ...]:
    """Return what was known of clusters that are not found now, with the problem all of them have."""
    there = {cluster.context for cluster in found.clusters}
    return tuple(_Cluster(one.context, found.problem, one.is_skipped) for one in before if one.context not in there)
