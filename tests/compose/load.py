"""Deliveries that keep coming while things are broken, and the reckoning afterwards: nothing lost, nothing doubled."""

import itertools
import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Self

from shared.contracts.queues import EXECUTE_ACTION
from shared.ids import new_id
from tests.compose.stack import Caller
from tests.support.waiting import wait_until

_SENDERS, _PROBLEMS = 4, 25
_PAUSE_SECONDS = 0.02
_LONGEST_WAIT = 180


class Load:
    """Sends one firing alert after the other, of problems of its own, from several senders, until it is stopped.

    Each is sent with a key of its own until it is acknowledged, so every 202 stands for exactly one delivery.
    """

    def __init__(self, caller: Caller, name: str) -> None:
        self._caller = caller
        self._name = f"{name}{new_id('run')[-8:]}"
        self._began = datetime.now(UTC)
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._failures: list[str] = []
        self._senders = [threading.Thread(target=self._send_many, daemon=True) for _ in range(_SENDERS)]
        # Of each delivery that was acknowledged, the fingerprint it reported.
        self.acknowledged: dict[str, str] = {}

    def __enter__(self) -> Self:
        for sender in self._senders:
            sender.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for sender in self._senders:
            sender.join(_LONGEST_WAIT)
        assert not any(sender.is_alive() for sender in self._senders), "a sender never got an answer"
        assert not self._failures, self._failures

    def wait_for(self, more: int) -> None:
        """Return once ``more`` deliveries were acknowledged from now on."""
        enough = len(self.acknowledged) + more
        wait_until(lambda: self._failures or len(self.acknowledged) >= enough, f"{enough} answers", _LONGEST_WAIT)

    def send(self, count: int) -> None:
        """Send so many, one after the other, from here."""
        for _ in range(count):
            self._send_one()

    def _send_many(self) -> None:
        try:
            while not self._stop.wait(_PAUSE_SECONDS):
                self._send_one()
        except AssertionError as error:
            self._failures.append(str(error))

    def _send_one(self) -> None:
        number = next(self._numbers)
        key = f"{self._name}-{number % _PROBLEMS:02d}"
        headers = {"Idempotency-Key": f"{self._name}:{number}"}
        body = alertmanager_body(key, self._began)
        answer = self._caller.answer("POST", "/api/intake/alertmanager", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        self.acknowledged[answer.json()["deliveryId"]] = f"alertmanager:{key}"

    def reckon(self) -> None:
        """Wait until all that was acknowledged has its outcome, and compare each with what came of it."""
        caller, expected = self._caller, Counter(self.acknowledged.values())
        wait_until(lambda: not caller.items("/api/deliveries?state=accepted"), "all deliveries", _LONGEST_WAIT)
        ours = {one["id"]: one for one in caller.items("/api/deliveries") if self._is_ours(one)}
        assert set(ours) == set(self.acknowledged), "deliveries that are not those that were acknowledged"
        assert {one["state"] for one in ours.values()} == {"processed"}
        outcomes = {one_id: [signal["fingerprint"] for signal in one["signals"]] for one_id, one in ours.items()}
        assert outcomes == {one_id: [fingerprint] for one_id, fingerprint in self.acknowledged.items()}
        opened = Counter(one["signals"][0]["fingerprint"] for one in ours.values() if one["outcome"] == "opened")
        assert opened == dict.fromkeys(expected, 1), "problems that opened no incident, or two"
        self._reckon_signals(expected)
        assert_chains(caller)
        print(f"{len(ours)} deliveries of {len(expected)} problems: none lost, none doubled")

    def _is_ours(self, delivery: dict[str, Any]) -> bool:
        if delivery["id"] in self.acknowledged:
            return True
        return any(self._name in signal["fingerprint"] for signal in delivery["signals"])

    def _reckon_signals(self, expected: Counter[str]) -> None:
        signals = {one["fingerprint"]: one for one in self._caller.items("/api/signals")}
        assert {fingerprint: signals[fingerprint]["count"] for fingerprint in expected} == dict(expected)
        held = {fingerprint: signals[fingerprint]["incidentId"] for fingerprint in expected}
        named = [one for one in self._caller.items("/api/incidents") if self._name in one["title"]]
        assert sorted(one["id"] for one in named) == sorted(held.values()), "incidents that are not one a problem"
        assert all(one["signalCount"] == one["firingCount"] == 1 for one in named)


def alertmanager_body(name: str, starts_at: datetime) -> dict[str, Any]:
    """Return what an Alertmanager sends of one alert that fires; its name is its fingerprint too."""
    labels = {"alertname": name, "namespace": "load", "service": name.lower(), "severity": "warning"}
    alert = {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": f"{name} fires"},
        "startsAt": starts_at.isoformat(),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": name,
    }
    common = {"groupLabels": {}, "commonLabels": labels, "commonAnnotations": {}, "truncatedAlerts": 0}
    head = {"version": "4", "groupKey": "{}:{load}", "status": "firing", "receiver": "faultline"}
    return {**head, **common, "externalURL": "http://alertmanager.example", "alerts": [alert]}


def assert_chains(caller: Caller) -> None:
    """Every timeline and the audit log are what was written, and every job came to its end."""
    path: str | None = "/api/verify"
    while path is not None:
        part = caller.get(path)
        assert part["problems"] == []
        path = f"/api/verify?cursor={part['nextCursor']}" if part["nextCursor"] else None
    # An execution whose worker was killed is never begun anew: nobody knows how far it came.
    unknown = [one for one in caller.items("/api/jobs?state=unknown") if one["kind"] != EXECUTE_ACTION]
    assert unknown == []
