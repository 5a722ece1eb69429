"""What queues, broker and workers show: asked of the relay, and by it of the broker, when Prometheus asks."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.wiring import RelayView

_STATES = ("waiting", "delayed", "handed", "running")


class WorkFigures(Collector):
    """Reads the relay, which counts since the gateway's start."""

    def __init__(self, relay: RelayView) -> None:
        self._relay = relay

    def collect(self) -> Iterator[Metric]:
        """Yield the figures of now."""
        stats = self._relay.stats()
        jobs = GaugeMetricFamily("faultline_jobs", "Unfinished jobs.", labels=["queue", "state"])
        messages = GaugeMetricFamily("faultline_queue_messages", "Unfinished messages in the broker.", labels=["queue"])
        age = GaugeMetricFamily(
            "faultline_job_oldest_age_seconds", "How long the oldest job has been ready.", labels=["queue"]
        )
        finished = CounterMetricFamily("faultline_jobs_finished", "Jobs that ended.", labels=["queue"])
        swept = CounterMetricFamily(
            "faultline_sweep_republished", "Jobs lost, as their lease had run out, and handed again.", labels=["queue"]
        )
        dead = CounterMetricFamily("faultline_jobs_dead_lettered", "Jobs given up.", labels=["queue"])
        for name, queue in stats.queues.items():
            for state in _STATES:
                jobs.add_metric([name, state], getattr(queue, state))
            messages.add_metric([name], queue.messages)
            age.add_metric([name], queue.oldest_age_seconds)
            finished.add_metric([name], queue.finished_total)
            swept.add_metric([name], queue.republished_total)
            dead.add_metric([name], queue.dead_lettered_total)
        yield from (jobs, messages, age, finished, swept, dead)
        heard = GaugeMetricFamily(
            "faultline_worker_heard_seconds", "Since a worker said hello.", labels=["service", "worker"]
        )
        for worker in stats.workers:
            heard.add_metric([worker.service, worker.worker], worker.heard_seconds_ago)
        yield heard
        yield GaugeMetricFamily("faultline_timers", "Timers that are set.", value=stats.timers)
        # Asked, since where nothing is sent nothing fails; and one that answers need not take what it is sent.
        problem = stats.broker_problem or self._relay.health()
        broker_up = 1 if problem is None else 0
        yield GaugeMetricFamily("faultline_broker_up", "1 if the broker takes messages.", value=broker_up)
