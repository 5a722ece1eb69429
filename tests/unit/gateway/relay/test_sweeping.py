"""What is said and counted of work that does not come back: lost, or untaken."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog.testing

from services.gateway.handlers.finish_job import dead_letter
from services.gateway.relay.endings import Endings
from services.gateway.relay.progress import ProgressBoard
from services.gateway.relay.sweeping import Sweeping
from services.gateway.relay.window import Window
from services.gateway.relay.workers import Workers
from shared.adapters.clock import SystemClock
from shared.contracts.messages import Hello
from shared.contracts.queues import Queue
from tests.support.memory_store import MemoryStore

LOST = "work was lost and is handed again"
WAITS = "work waits: no worker is there to take it"


class Swept:
    """One queue, whose worker says hello every ten seconds while it is there, swept each second."""

    def __init__(self, lines: list[Any]) -> None:
        self.now, self.messages, self.lines = 0.0, 0, lines
        self.is_worker_there = True
        self.window = Window(size=3, batch_limit=2, linger_seconds=0.0, lease_seconds=5.0)
        self.workers = Workers(lambda: self.now)
        endings = Endings(MemoryStore(SystemClock()), dead_letter)
        self.sweeping = Sweeping(threading.Condition(), endings, ProgressBoard(), self.workers, lambda: self.now)
        self.hello()

    def hello(self, *, is_leaving: bool = False) -> None:
        said = Hello(service="intake", worker="w", version="1", queues=(Queue.INTAKE,), is_leaving=is_leaving)
        if self.workers.note(said):
            self.window.welcome_worker(self.now)

    def hand(self, *jobs: str) -> None:
        for job in jobs:
            self.window.add(job, "am", now=self.now)
        self._feed()

    def go_on(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1
            if self.is_worker_there and self.now % 10 == 0:
                self.hello()
            self.sweeping.sweep(Queue.INTAKE, self.window)
            self._feed()

    def finish(self, *jobs: str) -> None:
        for job in jobs:
            self.window.finish(job, now=self.now)

    def said(self) -> list[str]:
        return [line["event"] for line in self.lines]

    def _feed(self) -> None:
        while entries := self.window.draw(self.now):
            self.messages += 1
            self.window.hand(f"m{self.messages}", entries, now=self.now)


@pytest.fixture
def queue() -> Iterator[Swept]:
    with structlog.testing.capture_logs() as lines:
        yield Swept(lines)


def test_what_waits_for_a_worker_that_left_is_untaken_and_said_to_be_so_once(queue: Swept) -> None:
    queue.hello(is_leaving=True)
    queue.is_worker_there = False
    queue.hand("a", "b", "c", "d", "e", "f")
    queue.go_on(600)

    assert queue.said() == [WAITS]
    assert queue.lines[0]["log_level"] == "warning"
    assert (queue.lines[0]["queue"], queue.lines[0]["jobs"]) == ("intake", 6)
    assert queue.messages > 3, "it is handed again all the same"
    assert queue.window.republished_total == 0


def test_a_worker_that_fell_silent_is_away_as_well(queue: Swept) -> None:
    queue.is_worker_there = False
    queue.go_on(30)
    queue.hand("a", "b")
    queue.go_on(60)

    assert queue.said() == [WAITS]
    assert queue.window.republished_total == 0


@pytest.mark.parametrize("seconds", [6, 20, 60])
def test_when_the_worker_is_back_and_takes_the_line_as_it_lies_nothing_was_lost(queue: Swept, seconds: int) -> None:
    queue.hello(is_leaving=True)
    queue.is_worker_there = False
    queue.hand("a", "b", "c", "d", "e", "f")
    queue.go_on(seconds)
    queue.is_worker_there = True
    queue.hello()
    for pair in ("ab", "cd", "ef"):
        queue.finish(*pair)
        queue.go_on(3)

    assert queue.said() == [WAITS]
    assert (queue.window.republished_total, len(queue.window)) == (0, 0)


def test_each_outage_is_said(queue: Swept) -> None:
    for job in ("a", "b"):
        queue.hello(is_leaving=True)
        queue.is_worker_there = False
        queue.hand(job)
        queue.go_on(60)
        queue.is_worker_there = True
        queue.hello()
        queue.finish(job)

    assert queue.said() == [WAITS, WAITS]


def test_a_worker_that_leaves_is_seen_as_that_until_it_is_back(queue: Swept) -> None:
    seen = [queue.workers.seen()]
    queue.hello(is_leaving=True)
    seen.append(queue.workers.seen())
    queue.hello()
    seen.append(queue.workers.seen())

    assert [[one.is_leaving for one in workers] for workers in seen] == [[False], [True], [False]]


def test_what_a_worker_that_is_there_and_free_does_not_bring_back_is_lost(queue: Swept) -> None:
    queue.hand("a", "b", "c", "d")
    queue.go_on(6)

    assert queue.said() == [LOST]
    assert queue.lines[0]["jobs"] == 2
    assert queue.window.republished_total == 2


def test_what_waits_behind_the_work_of_a_worker_is_nothing_to_be_said(queue: Swept) -> None:
    queue.hand("long")
    queue.hand("a", "b")
    queue.window.claim("long", "am", attempt=1, now=queue.now)
    for _ in range(300):
        queue.go_on(1)
        assert queue.window.beat("long", attempt=1, now=queue.now)

    assert queue.said() == []
    assert queue.window.republished_total == 0
    assert queue.window.counts().running == 1


def test_what_the_broker_lost_while_no_worker_was_there_is_found_once_one_is(queue: Swept) -> None:
    queue.hello(is_leaving=True)
    queue.is_worker_there = False
    queue.hand("a", "b", "c", "d", "e", "f")
    queue.go_on(6)
    queue.is_worker_there = True
    queue.hello()
    # The broker has but the probe, which holds the first job alone.
    queue.finish("a")
    queue.go_on(10)

    assert LOST in queue.said()
    assert queue.window.republished_total > 0
