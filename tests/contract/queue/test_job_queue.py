"""What every job queue promises; adding one adds a broker below."""

import base64
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest

from services.gateway.adapters.celery_queue import CeleryJobQueue
from services.gateway.errors import BrokerUnavailable
from services.gateway.ports import JobQueue
from shared.contracts.queues import NORMALISE_DELIVERIES, Queue
from tests.support.fake_queue import FakeJobQueue
from tests.support.valkey import Valkey, running_valkey


@dataclass
class Broker:
    """A queue, what its broker holds, and how to harm it."""

    queue: JobQueue
    messages: Callable[[], list[str]]
    kill: Callable[[], None]
    start: Callable[[], None]


def _fake() -> Iterator[Broker]:
    queue = FakeJobQueue()

    def kill() -> None:
        queue.problem = "gone"
        queue.published.clear()

    def start() -> None:
        queue.problem = None

    yield Broker(queue, lambda: [message.decode() for _, _, message in queue.published], kill, start)


def _celery() -> Iterator[Broker]:
    with running_valkey() as valkey:
        # The clock moves a minute at each look, so that health is never an old answer.
        minutes = iter(range(0, 1_000_000, 60))
        queue = CeleryJobQueue(valkey.url, monotonic=lambda: float(next(minutes)))
        yield Broker(queue, lambda: _held_by(valkey), valkey.kill, valkey.start)
        queue.close()


def _held_by(valkey: Valkey) -> list[str]:
    with valkey.client as client:
        envelopes = [msgspec.json.decode(raw) for raw in client.lrange(Queue.INTAKE, 0, -1)]
    bodies = [msgspec.json.decode(base64.b64decode(envelope["body"])) for envelope in reversed(envelopes)]
    return [args[0] for args, _, _ in bodies]


@pytest.fixture(params=[pytest.param(_fake, id="fake"), pytest.param(_celery, id="celery")])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    yield from request.param()


def test_a_message_reaches_the_broker_unchanged(broker: Broker) -> None:
    broker.queue.publish(NORMALISE_DELIVERIES, '{"text": "Ünïcode ☃"}'.encode(), queue=Queue.INTAKE)

    assert broker.messages() == ['{"text": "Ünïcode ☃"}']


def test_messages_keep_their_order(broker: Broker) -> None:
    for number in range(20):
        broker.queue.publish(NORMALISE_DELIVERIES, f"{number}".encode(), queue=Queue.INTAKE)

    assert broker.messages() == [str(number) for number in range(20)]


def test_a_dead_broker_is_an_error_and_soon(broker: Broker) -> None:
    broker.queue.publish(NORMALISE_DELIVERIES, b"1", queue=Queue.INTAKE)
    broker.kill()
    began = time.monotonic()

    with pytest.raises(BrokerUnavailable):
        broker.queue.publish(NORMALISE_DELIVERIES, b"2", queue=Queue.INTAKE)

    # Not a measurement: a publish that hangs would hold every job of every queue.
    assert time.monotonic() - began < 10


def test_it_goes_on_by_itself_once_the_broker_is_back(broker: Broker) -> None:
    broker.queue.publish(NORMALISE_DELIVERIES, b"1", queue=Queue.INTAKE)
    broker.kill()
    with pytest.raises(BrokerUnavailable):
        broker.queue.publish(NORMALISE_DELIVERIES, b"2", queue=Queue.INTAKE)
    broker.start()

    broker.queue.publish(NORMALISE_DELIVERIES, b"3", queue=Queue.INTAKE)

    assert broker.messages() == ["3"]


def test_a_broker_that_was_replaced_while_nobody_looked_takes_messages_soon(broker: Broker) -> None:
    broker.queue.publish(NORMALISE_DELIVERIES, b"1", queue=Queue.INTAKE)
    broker.kill()
    broker.start()

    # The broken connection is noticed at the first use at the latest.
    try:
        broker.queue.publish(NORMALISE_DELIVERIES, b"2", queue=Queue.INTAKE)
    except BrokerUnavailable:
        broker.queue.publish(NORMALISE_DELIVERIES, b"2", queue=Queue.INTAKE)

    assert broker.messages() == ["2"]


def test_health_says_what_is_wrong_and_that_it_is_over(broker: Broker) -> None:
    assert broker.queue.health() is None
    broker.kill()
    assert broker.queue.health()
    broker.start()
    assert broker.queue.health() is None


def test_an_error_never_shows_the_password_of_the_broker() -> None:
    queue = CeleryJobQueue("redis://someone:hunter2@127.0.0.1:1/0")

    with pytest.raises(BrokerUnavailable) as caught:
        queue.publish(NORMALISE_DELIVERIES, b"1", queue=Queue.INTAKE)

    assert "hunter2" not in str(caught.value)
    queue.close()


def test_a_hanging_broker_does_not_hold_the_caller() -> None:
    with running_valkey() as valkey:
        queue = CeleryJobQueue(valkey.url)
        queue.publish(NORMALISE_DELIVERIES, b"1", queue=Queue.INTAKE)
        valkey.pause()
        began = time.monotonic()
        try:
            with pytest.raises(BrokerUnavailable):
                queue.publish(NORMALISE_DELIVERIES, b"2", queue=Queue.INTAKE)
        finally:
            valkey.resume()

        assert time.monotonic() - began < 10
        queue.close()


class HeldApp:
    """Hands messages to a broker that does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def send_task(self, *_args: object, **_options: object) -> None:
        self.asked.set()
        self.go_on.wait(30)


def test_health_answers_while_a_publish_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = CeleryJobQueue("redis://127.0.0.1:1/0")
    held = HeldApp()
    monkeypatch.setattr(queue._app, "send_task", held.send_task)
    publishing = threading.Thread(target=queue.publish, args=(NORMALISE_DELIVERIES, b"1"), kwargs={"queue": "q"})
    answers: list[str | None] = []
    asking = threading.Thread(target=lambda: answers.append(queue.health()), daemon=True)

    publishing.start()
    assert held.asked.wait(30)
    asking.start()
    asking.join(10)
    try:
        assert answers == [None]
    finally:
        held.go_on.set()
        publishing.join(30)
        queue.close()


def test_who_gets_the_lock_after_another_asked_does_not_ask_again() -> None:
    # Old at the look before the lock, new at the look behind it.
    times = iter([100.0, 0.0, 0.5])
    queue = CeleryJobQueue("redis://127.0.0.1:1/0", monotonic=lambda: next(times))
    queue._health, queue._health_at = "as the other thread found it", 0.0

    assert queue.health() == "as the other thread found it"
    queue.close()
