import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.records import Delivery, DeliveryBody, DeliveryState, Job, JobState
from services.gateway.handlers.accept_delivery import Incoming, accept_delivery
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.steer_job import cancel_job
from services.gateway.handlers.write_question import write_question
from services.gateway.relay import ClaimRefused, Relay, RelayOptions
from shared.adapters.clock import SystemClock
from shared.contracts.messages import Beat, Claim, Hello
from shared.contracts.queues import EXECUTE_ACTION, Queue
from tests.support.builders import a_job
from tests.support.fake_queue import FakeJobQueue
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore

LEASE = 0.2


class StoreThatFailsOnce(MemoryStore):
    """Its first read by the relay's own thread fails."""

    has_failed = False

    def find(self, kind, record_id):
        if threading.current_thread().name == "relay" and not self.has_failed:
            self.has_failed = True
            raise sqlite3.OperationalError("disk I/O error")
        return super().find(kind, record_id)


class Setting:
    """A relay between a store in memory and a broker that only keeps what it is given."""

    def __init__(self, store: type[MemoryStore] = MemoryStore) -> None:
        self.clock = SystemClock()
        self.store = store(self.clock)
        self.blobs = MemoryBlobs(self.clock)
        self.queue = FakeJobQueue()
        self.fired: list[str] = []
        self.changed = threading.Condition()
        self.store.subscribe(lambda _: self._notify())

    def accept(self, body: bytes = b"{}", source: str = "webhook") -> str:
        incoming = Incoming(source=source, sender="tok_1", headers={}, body=body)
        return accept_delivery(self.store, self.blobs, incoming).job_id

    def finish(self, job_id: str) -> None:
        self.end(job_id, JobState.SUCCEEDED)

    def end(self, job_id: str, state: JobState) -> None:
        job = self.store.get(Job, job_id)
        self.store.transact(lambda tx: tx.put(msgspec.structs.replace(job, state=state)))

    def run_timer(self, job_id: str) -> None:
        self.fired.append(job_id)
        self.finish(job_id)

    def wait_for_state(self, job_id: str, state: JobState) -> Job:
        with self.changed:
            assert self.changed.wait_for(lambda: self.store.get(Job, job_id).state is state, 10)
        return self.store.get(Job, job_id)

    @contextmanager
    def relay(self) -> Iterator[Relay]:
        options = RelayOptions(window=3, batch_limit=4, linger_seconds=0.01, lease_seconds=LEASE)
        relay = Relay(
            self.store,
            self.queue,
            self.clock,
            on_timer=self.run_timer,
            dead_letter=dead_letter,
            write_question=write_question,
            options=options,
        )
        relay.start()
        try:
            yield relay
        finally:
            relay.stop()

    def _notify(self) -> None:
        with self.changed:
            self.changed.notify_all()


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_a_committed_delivery_is_handed_with_its_body(setting: Setting) -> None:
    with setting.relay() as relay:
        job_id = setting.accept(b'{"title": "disk"}')
        [message] = setting.queue.wait_for(1)

        [delivery] = message.deliveries
        assert (delivery.job_id, delivery.attempt, delivery.body) == (job_id, 1, '{"title": "disk"}')
        assert not message.claim
        assert relay.backlog(Queue.INTAKE) == 1
        setting.finish(job_id)
        assert relay.backlog(Queue.INTAKE) == 0


def test_what_waited_before_the_gateway_started_is_handed(setting: Setting) -> None:
    job_ids = [setting.accept() for _ in range(3)]

    with setting.relay():
        messages = setting.queue.wait_for(1)

    assert [delivery.job_id for delivery in messages[0].deliveries] == job_ids


def test_a_finished_job_is_not_handed_again_after_a_restart(setting: Setting) -> None:
    with setting.relay():
        setting.finish(setting.accept())
    handed = len(setting.queue.messages())

    with setting.relay() as relay:
        assert relay.backlog(Queue.INTAKE) == 0
    assert len(setting.queue.messages()) == handed


def test_large_bodies_are_spread_over_messages(setting: Setting) -> None:
    for _ in range(4):
        setting.accept(b"[" + b" " * 16_000 + b"]")
    big = [setting.store.get(Job, setting.accept(b"x" * 100)) for _ in range(1)]
    assert big[0].delivery_id

    with setting.relay():
        messages = setting.queue.wait_for(2)

    assert all(sum(len(d.body or "") for d in message.deliveries) <= 256 << 10 for message in messages)
    assert sum(len(message.deliveries) for message in messages) == 5


def test_a_broker_that_takes_nothing_delays_work_and_loses_none(setting: Setting) -> None:
    setting.queue.problem = "down"
    with setting.relay() as relay:
        job_id = setting.accept()
        setting.queue.problem = None
        [message] = setting.queue.wait_for(1)

        assert message.deliveries[0].job_id == job_id
        assert relay.health() is None


def test_lost_work_is_handed_again_alone_and_to_be_claimed(setting: Setting) -> None:
    with setting.relay() as relay:
        relay.hello(Hello(service="intake", worker="w1", version="1", queues=("intake",)))
        jobs = {setting.accept(), setting.accept()}
        messages = setting.queue.wait_for(3)[-2:]

        assert {message.deliveries[0].job_id for message in messages} <= jobs
        assert all(len(message.deliveries) == 1 and message.claim for message in messages)
        # Nobody began it, so it is the same attempt still.
        assert {message.deliveries[0].attempt for message in messages} == {1}
        assert relay.stats().queues[Queue.INTAKE].republished_total >= 1


def test_attempts_nobody_began_never_dead_letter_a_job(setting: Setting) -> None:
    with setting.relay():
        job_id = setting.accept()
        setting.queue.wait_for(4, seconds=20)

    assert setting.store.get(Job, job_id).state is JobState.PENDING


def test_a_job_that_takes_its_worker_with_it_is_dead_lettered_with_its_delivery(setting: Setting) -> None:
    with setting.relay() as relay:
        job_id = setting.accept()
        for attempt in range(1, 6):
            setting.queue.wait_for(attempt)
            while setting.queue.messages()[-1].deliveries[0].attempt != attempt:
                setting.queue.wait_for(len(setting.queue.messages()) + 1)
            relay.claim(Claim(job_id=job_id, attempt=attempt, worker="w"))
        job = setting.wait_for_state(job_id, JobState.FAILED)
        delivery = setting.store.get(Delivery, job.delivery_id or "")

        assert job.attempt == 5
        assert (delivery.state, delivery.code) == (DeliveryState.QUARANTINED, "worker_lost")
        assert relay.backlog(Queue.INTAKE) == 0
        stats = relay.stats().queues[Queue.INTAKE]
        assert (stats.dead_lettered_total, stats.finished_total) == (1, 1)


def test_a_job_its_worker_gives_up_counts_as_a_dead_letter_and_an_execution_that_failed_does_not(
    setting: Setting,
) -> None:
    with setting.relay() as relay:
        setting.end(setting.accept(), JobState.FAILED)
        setting.end(setting.accept(), JobState.CANCELLED)
        execution = a_job(job_id="job_x", kind=EXECUTE_ACTION, queue=Queue.ACTIONS)
        setting.store.transact(lambda tx: tx.put(execution))
        setting.end(execution.id, JobState.FAILED)
        stats = relay.stats().queues

    assert (stats[Queue.INTAKE].dead_lettered_total, stats[Queue.INTAKE].finished_total) == (1, 2)
    assert (stats[Queue.ACTIONS].dead_lettered_total, stats[Queue.ACTIONS].finished_total) == (0, 1)


def test_an_attempt_can_be_begun_once(setting: Setting) -> None:
    with setting.relay() as relay:
        job_id = setting.accept()
        claimed = relay.claim(Claim(job_id=job_id, attempt=1, worker="w"))

        with pytest.raises(ClaimRefused):
            relay.claim(Claim(job_id=job_id, attempt=1, worker="other"))
        with pytest.raises(ClaimRefused):
            relay.claim(Claim(job_id=job_id, attempt=3, worker="other"))
        with pytest.raises(ClaimRefused):
            relay.claim(Claim(job_id="job_unknown", attempt=1, worker="other"))
        assert not relay.beat(Beat(token=claimed.token)).cancel
        setting.finish(job_id)
        assert relay.beat(Beat(token=claimed.token)).cancel
        assert relay.beat(Beat(token="nonsense")).cancel
        with pytest.raises(ClaimRefused):
            relay.claim(Claim(job_id=job_id, attempt=2, worker="w"))


def test_a_beat_hears_whether_the_job_was_cancelled_or_is_not_its_own_any_more(setting: Setting) -> None:
    with setting.relay() as relay:
        cancelled, taken = setting.accept(), setting.accept()
        tokens = [relay.claim(Claim(job_id=one, attempt=1, worker="w")).token for one in (cancelled, taken)]
        setting.store.transact(lambda tx: cancel_job(tx, cancelled, "token:ann"))
        setting.finish(taken)
        ended = [relay.beat(Beat(token=token)) for token in (*tokens, f"{cancelled}.7", "job_unknown.1")]

    assert all(answer.cancel for answer in ended)
    assert [answer.is_cancelled for answer in ended] == [True, False, True, False]


def test_a_silent_worker_leaves_work_with_outside_effects_unknown(setting: Setting) -> None:
    job = a_job(kind="actions.execute", state=JobState.RUNNING, attempt=1)
    setting.store.transact(lambda tx: tx.put(job))

    with setting.relay():
        left = setting.wait_for_state(job.id, JobState.UNKNOWN)

    assert left.error is not None
    assert left.finished_at is not None


def test_a_read_that_fails_once_loses_none_of_the_lost_attempts() -> None:
    setting = Setting(StoreThatFailsOnce)
    jobs = [a_job(kind="actions.execute", state=JobState.RUNNING, attempt=1) for _ in range(3)]
    setting.store.transact(lambda tx: [tx.put(job) for job in jobs])

    with setting.relay() as relay:
        for job in jobs:
            setting.wait_for_state(job.id, JobState.UNKNOWN)
        assert relay.backlog(Queue.INTAKE) == 0

    assert setting.store.has_failed
    assert setting.queue.messages() == []


def test_a_job_whose_delivery_is_gone_is_given_up(setting: Setting) -> None:
    job = setting.store.get(Job, setting.accept())
    setting.store.transact(lambda tx: tx.remove(DeliveryBody, job.delivery_id or ""))

    with setting.relay():
        assert setting.wait_for_state(job.id, JobState.FAILED).error


def test_a_timer_fires_when_it_is_due_and_once(setting: Setting) -> None:
    now = setting.clock.now()
    soon = a_job(queue=None, kind="t", not_before=now + timedelta(seconds=0.05), created_at=now)
    late = a_job(queue=None, kind="t", not_before=now + timedelta(hours=1), created_at=now)
    with setting.relay() as relay:
        setting.store.transact(lambda tx: [tx.put(soon), tx.put(late)])
        setting.wait_for_state(soon.id, JobState.SUCCEEDED)

        assert setting.fired == [soon.id]
        assert relay.stats().timers == 1


def test_a_worker_that_said_hello_is_listed(setting: Setting) -> None:
    with setting.relay() as relay:
        relay.hello(Hello(service="intake", worker="w1", version="1", queues=("intake", "unknown")))

        assert [worker.worker for worker in relay.stats().workers] == ["w1"]


def test_many_writers_at_once_leave_nothing_behind(setting: Setting) -> None:
    with ExitStack() as stack:
        relay = stack.enter_context(setting.relay())
        accepted: list[str] = []
        writers = [
            threading.Thread(target=lambda: accepted.extend(setting.accept() for _ in range(50))) for _ in range(4)
        ]
        for writer in writers:
            writer.start()
        done: set[str] = set()
        seen = 0
        while len(done) < 200:
            messages = setting.queue.wait_for(seen + 1)
            for message in messages[seen:]:
                for delivery in message.deliveries:
                    setting.finish(delivery.job_id)
                    done.add(delivery.job_id)
            seen = len(messages)
        for writer in writers:
            writer.join()

        assert done == set(accepted)
        assert relay.backlog(Queue.INTAKE) == 0
