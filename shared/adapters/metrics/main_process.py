"""What only a worker's main process knows: what runs in its pool, and when the gateway heard it last."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from celery.worker import state
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

_TRIES = 5


class MainProcessFigures(Collector):
    """Asked when Prometheus asks. ``hello_age_seconds`` is since the gateway last heard a hello."""

    def __init__(
        self, service: str, version: str, tasks: Sequence[str], hello_age_seconds: Callable[[], float]
    ) -> None:
        self._service, self._version = service, version
        self._tasks, self._hello_age_seconds = tasks, hello_age_seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of now."""
        running = GaugeMetricFamily("faultline_tasks_running", "Tasks begun and not ended.", labels=["task"])
        found = _running()
        for task in self._tasks:
            running.add_metric([task], found[task])
        yield running
        yield GaugeMetricFamily(
            "faultline_hello_age_seconds", "Since the gateway heard our hello.", value=self._hello_age_seconds()
        )
        build = GaugeMetricFamily("faultline_build_info", "Always 1.", labels=["service", "version"])
        build.add_metric([self._service, self._version], 1)
        yield build


def renderer(folder: Path, own: Collector) -> Callable[[], bytes]:
    """Return what renders the counts that processes keep in ``folder``, together with ``own``."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    registry.register(own)
    return partial(generate_latest, registry)


def _running() -> Counter[str]:
    """Count by task what Celery knows to run: it is told of a killed process, which could not say so itself."""
    for _ in range(_TRIES):
        try:
            return Counter(request.name for request in state.active_requests)
        except RuntimeError:  # The main thread added one in the middle of it.
            continue
    return Counter()
