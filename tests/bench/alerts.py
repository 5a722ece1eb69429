"""Alertmanager bodies for loads: four of five alerts repeat one that was sent before."""

import random
import threading
from datetime import UTC, datetime, timedelta

import msgspec

REPEATS = 0.8


class AlertBodies:
    """Makes bodies; safe to use from many threads. The same seed makes the same alerts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._known: list[dict[str, object]] = []
        self._lock = threading.Lock()
        self._start = datetime.now(UTC) - timedelta(minutes=10)

    def make(self, alerts: int) -> bytes:
        """Return one webhook body with ``alerts`` alerts."""
        with self._lock:
            chosen = [self._alert() for _ in range(alerts)]
        return msgspec.json.encode(
            {
                "receiver": "faultline",
                "status": "firing",
                "alerts": chosen,
                "groupLabels": {"namespace": "shop"},
                "commonLabels": {"namespace": "shop"},
                "commonAnnotations": {},
                "externalURL": "http://alertmanager.example:9093",
                "version": "4",
                "groupKey": '{}:{namespace="shop"}',
                "truncatedAlerts": 0,
            },
        )

    def _alert(self) -> dict[str, object]:
        if self._known and self._random.random() < REPEATS:
            return self._random.choice(self._known)
        number = len(self._known)
        alert: dict[str, object] = {
            "status": "firing",
            "labels": {
                "alertname": f"Alert{number % 60}",
                "cluster": "bench",
                "env": "test",
                "instance": f"10.0.{number // 250 % 250}.{number % 250}:9100",
                "job": "shop",
                "namespace": f"ns-{number % 25}",
                "pod": f"checkout-7d9f-{number:05d}",
                "service": f"service-{number % 40}",
                "severity": self._random.choice(["critical", "warning", "info"]),
                "team": "payments",
            },
            "annotations": {
                "summary": f"Something is wrong with pod {number}",
                "description": "error ratio is above the objective for five minutes",
                "runbook_url": "https://runbooks.example.com/checkout-down",
            },
            "startsAt": (self._start + timedelta(milliseconds=number)).isoformat().replace("+00:00", "Z"),
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example/graph?g0.expr=pay_up+%3D%3D+0&g0.tab=1",
            "fingerprint": f"{number:016x}",
        }
        self._known.append(alert)
        return alert
