"""Senders that send the same body again until somebody answers 2xx, each kind in words of its own."""

import http.client
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

import msgspec

from tests.chaos.problems import Problem, write_body

ANSWER_SECONDS = 10.0
GIVE_UP_SECONDS = 90.0
_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_BUSY = 429


@dataclass(slots=True)
class Load:
    """What the senders share: how many deliveries are still to be sent, and what was acknowledged."""

    target: int
    acknowledged: dict[str, int] = field(default_factory=dict)  # delivery id → alerts in it
    # How many of them by source.
    by_source: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    # Why a body had to be sent again: a status, or the kind of broken connection.
    retries: Counter[str] = field(default_factory=Counter)
    given_up: int = 0
    refused: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)
    # Set once all harm is done: until then the load goes on, so that all of it happens under load.
    harmed: threading.Event = field(default_factory=threading.Event)

    def is_done(self) -> bool:
        """Answer whether enough was acknowledged and all harm done, or the run was told to stop."""
        return self.stop.is_set() or (len(self.acknowledged) >= self.target and self.harmed.is_set())


class Sender(threading.Thread):
    """Sends deliveries about its own problems, all of one source, one at a time, until the load is done."""

    def __init__(self, url: str, token: str, problems: list[Problem], load: Load, seed: int, rate: float) -> None:
        super().__init__(name=f"sender-{seed}", daemon=True)
        parts = urlsplit(url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._token = token
        self._problems = problems
        self._source = problems[0].source
        self._load = load
        self._random = random.Random(seed)
        self._pause = 1 / rate
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        due = time.monotonic()
        while not self._load.is_done():
            due = max(due + self._random.expovariate(1) * self._pause, time.monotonic() - 1)
            self._load.stop.wait(max(0.0, due - time.monotonic()))
            if not self._load.is_done():
                self._deliver(self._change_some())
        self._hang_up()

    def _change_some(self) -> list[Problem]:
        size = 1 if self._source == "pagerduty" else self._random.choice((1, 1, 1, 1, 2, 3, 5))
        chosen = self._random.sample(self._problems, min(size, len(self._problems)))
        for problem in chosen:
            # Four of five say again what was said before.
            if problem.firing and self._random.random() < 0.2:
                problem.firing = False
            elif not problem.firing and (problem.accepted_firing is None or self._random.random() < 0.3):
                problem.firing = True
                problem.starts_at += timedelta(seconds=self._random.randint(1, 5))
        return chosen

    def _deliver(self, chosen: list[Problem]) -> None:
        # What is taken on goes on firing.
        acknowledges = all(problem.accepted_firing and problem.firing for problem in chosen)
        body = write_body(chosen, acknowledges=acknowledges and self._random.random() < 0.3)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        pause = _PAUSE_SECONDS
        while time.monotonic() < deadline:
            delivery_id = self._post(body)
            if delivery_id:
                with self._load.lock:
                    self._load.acknowledged[delivery_id] = len(chosen)
                    self._load.by_source[self._source] += 1
                for problem in chosen:
                    problem.accepted_firing = problem.firing
                return
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
        self._load.given_up += 1

    def _post(self, body: bytes) -> str | None:
        """Return the delivery id of a 202, or None when the same body must be sent again."""
        began = time.monotonic()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(*self._address, timeout=ANSWER_SECONDS)
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
            self._connection.request("POST", f"/api/intake/{self._source}", body, headers)
            response = self._connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._hang_up()
            self._again(type(error).__name__)
            return None
        if response.status == 202:
            self._load.latencies.append(time.monotonic() - began)
            return str(msgspec.json.decode(content)["deliveryId"])
        if response.status < 500 and response.status != _BUSY:
            self._load.refused.append(f"{response.status}: {content[:300]!r}")
        self._again(str(response.status))
        return None

    def _again(self, reason: str) -> None:
        with self._load.lock:
            self._load.retries[reason] += 1

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
