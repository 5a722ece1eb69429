"""What the gateway counts, for Prometheus; one registry per gateway, so that tests never share counts."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.domain.records import (
    LEFT_OUT,
    Action,
    ActionState,
    IncidentGraph,
    IncidentStatus,
    InvestigationState,
    KeptInvestigation,
)
from services.gateway.ports import IncidentQuery, RecordQuery
from services.gateway.wiring import Gateway

# A label per word a client makes up would grow without bound.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counters of one gateway."""

    def __init__(self, gateway: Gateway, open_streams: Callable[[], int] = lambda: 0) -> None:
        self._registry = CollectorRegistry()
        streams = Gauge("faultline_streams_open", "Live streams that are open.", registry=self._registry)
        streams.set_function(open_streams)
        self._requests = Counter(
            "faultline_http_requests", "Requests answered.", ["method", "route", "status"], registry=self._registry
        )
        self._durations = Histogram(
            "faultline_http_request_duration_seconds",
            "Time to answer a request.",
            ["method", "route"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._deliveries = Counter(
            "faultline_deliveries_accepted",
            "Deliveries acknowledged with 202.",
            ["source", "repeat"],
            registry=self._registry,
        )
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._registry.register(_GatewayCollector(gateway))

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

    def render(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _GatewayCollector(Collector):
    """Reads queues, workers and store when Prometheus asks, so that nothing is counted twice."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        yield from self._collect_queues()
        yield from self._collect_store()
        yield from self._collect_investigations()
        yield from self._collect_actions()

    def _collect_queues(self) -> Iterator[Metric]:
        stats = self._gateway.relay.stats()
        jobs = GaugeMetricFamily("faultline_queue_jobs", "Unfinished jobs.", labels=["queue", "place"])
        messages = GaugeMetricFamily("faultline_queue_messages", "Unfinished messages in the broker.", labels=["queue"])
        age = GaugeMetricFamily("faultline_queue_oldest_age_seconds", "Wait of the oldest ready job.", labels=["queue"])
        finished = CounterMetricFamily("faultline_jobs_finished", "Jobs finished.", labels=["queue"])
        republished = CounterMetricFamily("faultline_jobs_republished", "Jobs handed again.", labels=["queue"])
        dead = CounterMetricFamily("faultline_jobs_dead_lettered", "Jobs given up.", labels=["queue"])
        for name, queue in stats.queues.items():
            for place in ("waiting", "delayed", "handed", "running"):
                jobs.add_metric([name, place], getattr(queue, place))
            messages.add_metric([name], queue.messages)
            age.add_metric([name], queue.oldest_age_seconds)
            finished.add_metric([name], queue.finished_total)
            republished.add_metric([name], queue.republished_total)
            dead.add_metric([name], queue.dead_lettered_total)
        yield from (jobs, messages, age, finished, republished, dead)
        workers = GaugeMetricFamily(
            "faultline_worker_heard_seconds", "Time since a worker said hello.", labels=["service", "worker"]
        )
        for worker in stats.workers:
            workers.add_metric([worker.service, worker.worker], worker.heard_seconds_ago)
        yield workers
        yield GaugeMetricFamily("faultline_timers", "Timers that are set.", value=stats.timers)
        broker_up = 1 if stats.broker_problem is None else 0
        yield GaugeMetricFamily("faultline_broker_up", "1 if the broker answers.", value=broker_up)

    def _collect_store(self) -> Iterator[Metric]:
        store = self._gateway.store
        writable = 1 if store.health() is None else 0
        yield GaugeMetricFamily("faultline_store_writable", "1 if writes work.", value=writable)
        yield CounterMetricFamily("faultline_store_commits", "Commits since the store was made.", value=store.last_seq)
        incidents = GaugeMetricFamily("faultline_incidents", "Incidents by status.", labels=["status"])
        for status in IncidentStatus:
            total = store.list_incidents(IncidentQuery(statuses=(status,), limit=1)).total
            incidents.add_metric([status], total)
        yield incidents

    def _collect_actions(self) -> Iterator[Metric]:
        known = GaugeMetricFamily("faultline_actions", "Actions by state.", labels=["state"])
        for state in ActionState:
            page = self._gateway.store.list_records(Action, RecordQuery(states=(state,), limit=1))
            known.add_metric([state], page.total or 0)
        yield known

    def _collect_investigations(self) -> Iterator[Metric]:
        store = self._gateway.store
        known = GaugeMetricFamily("faultline_investigations", "Investigations by state.", labels=["state"])
        for state in InvestigationState:
            page = store.list_records(KeptInvestigation, RecordQuery(states=(state,), limit=1))
            known.add_metric([state], page.total or 0)
        yield known
        left_out = store.list_records(IncidentGraph, RecordQuery(states=(LEFT_OUT,), limit=1)).total or 0
        yield GaugeMetricFamily(
            "faultline_incidents_left_out",
            "Incidents left out the last time they were to be investigated by themselves, as too many others waited.",
            value=left_out,
        )
