"""The figures of one gateway; one registry each, so that tests never share counts."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from services.gateway.api.metrics.commits import CommitFigures
from services.gateway.api.metrics.connectors import ConnectorFigures
from services.gateway.api.metrics.kept import KeptFigures
from services.gateway.api.metrics.work import WorkFigures
from services.gateway.wiring import Gateway
from shared.contracts.messages import ResultsRecorded

# A label per word a client makes up would grow without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts requests and what is told to it, follows the store's commits, and renders all of it."""

    def __init__(self, gateway: Gateway, open_streams: Callable[[], int] = lambda: 0) -> None:
        self._registry = registry = CollectorRegistry()
        build = Gauge("faultline_build_info", "Always 1.", ["service", "version"], registry=registry)
        build.labels("gateway", gateway.version).set(1)
        streams = Gauge("faultline_streams_open", "Live streams that are open.", registry=registry)
        streams.set_function(open_streams)
        self._requests = Counter(
            "faultline_http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        self._durations = Histogram(
            "faultline_http_request_duration_seconds",
            "Time to answer a request.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._deliveries = Counter(
            "faultline_deliveries_accepted",
            "Deliveries acknowledged with 202.",
            ["source", "repeat"],
            registry=registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._commits = CommitFigures(gateway.store, registry)
        registry.register(WorkFigures(gateway.relay))
        registry.register(KeptFigures(gateway.store, gateway.clock))
        registry.register(ConnectorFigures(gateway.store, gateway.blobs, gateway.clock))

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; methods HTTP does not know are counted together."""
        method = method if method in _METHODS else "other"
        # Looking a child up by its labels costs as much as counting; there are few, and they stay.
        children = self._children.get((method, route, status))
        if children is None:
            children = (self._requests.labels(method, route, str(status)), self._durations.labels(method, route))
            self._children[method, route, status] = children
        requests, durations = children
        requests.inc()
        durations.observe(seconds)

    def count_delivery(self, source: str, *, is_repeat: bool) -> None:
        """Count an acknowledged delivery."""
        self._deliveries.labels(source, "yes" if is_repeat else "no").inc()
        if is_repeat:
            self._commits.count_known("delivery")

    def count_results(self, recorded: ResultsRecorded) -> ResultsRecorded:
        """Count those of a batch that were known or came too late, and return what was given."""
        self._commits.count_known("result", recorded.ignored)
        return recorded

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)
