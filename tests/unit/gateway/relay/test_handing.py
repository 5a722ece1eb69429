"""Jobs are handed with the trail they were put with, and under a span each where work is traced."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import structlog

from services.gateway.domain.records import Job
from services.gateway.handlers.accept_delivery import Incoming, accept_delivery
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.write_question import write_question
from services.gateway.relay import Relay, RelayOptions
from services.gateway.trail import current_trail, following
from shared.adapters.clock import SystemClock
from shared.adapters.tracing import NoTracer
from shared.contracts.diagnosis import DiagnosedResource
from shared.contracts.messages import Claim, decode_diagnose_resource
from shared.contracts.queues import DIAGNOSE_RESOURCE, Queue
from shared.contracts.trail import Trail
from shared.ports import Tracer
from tests.support.builders import a_job
from tests.support.fake_queue import FakeJobQueue
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore
from tests.support.spans_kept import KeptSpans
from tests.support.waiting import wait_until

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
EARLIER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRAIL = Trail(request_id="req_1", trace=TRACE)


class Setting:
    def __init__(self) -> None:
        self.clock = SystemClock()
        self.store = MemoryStore(self.clock)
        self.queue = FakeJobQueue()
        self.spans = KeptSpans()
        # What the work at each timer was done for.
        self.at_timers: list[Trail | None] = []

    def accept(self, trail: Trail | None) -> str:
        incoming = Incoming(source="webhook", sender="tok_1", headers={}, body=b"{}")
        with following(trail):
            return accept_delivery(self.store, MemoryBlobs(self.clock), incoming).job_id

    @contextmanager
    def relay(self, tracer: Tracer | None = None, lease: float = 5.0) -> Iterator[Relay]:
        relay = Relay(
            self.store,
            self.queue,
            self.clock,
            on_timer=lambda _: self.at_timers.append(current_trail()),
            dead_letter=dead_letter,
            write_question=write_question,
            options=RelayOptions(window=3, batch_limit=4, linger_seconds=0.01, lease_seconds=lease),
            tracer=tracer if tracer is not None else self.spans,
        )
        relay.start()
        try:
            yield relay
        finally:
            relay.stop()


@pytest.fixture
def setting() -> Setting:
    return Setting()


def test_each_delivery_of_a_batch_is_handed_under_its_own_request(setting: Setting) -> None:
    trails = [TRAIL, Trail(request_id="req_2", trace=EARLIER), None]
    job_ids = [setting.accept(trail) for trail in trails]
    with setting.relay():
        [message] = setting.queue.wait_for(1)

    handed = setting.spans.named("hand intake.normalise_deliveries")
    assert [span.parent for span in handed] == [TRACE, EARLIER, None]
    assert [span.attributes["faultline.job_id"] for span in handed] == job_ids
    assert {span.attributes["messaging.message.id"] for span in handed} == {message.message_id}
    assert [one.trail for one in message.deliveries] == [
        Trail(request_id="req_1", trace=handed[0].context),
        Trail(request_id="req_2", trace=handed[1].context),
        Trail(trace=handed[2].context),
    ]
    assert all(span.is_ended and span.code is None for span in handed)


def test_where_nothing_is_traced_a_job_goes_with_what_it_was_put_with(setting: Setting) -> None:
    setting.accept(TRAIL)
    setting.accept(None)
    with setting.relay(NoTracer()):
        [message] = setting.queue.wait_for(1)

    assert [one.trail for one in message.deliveries] == [TRAIL, None]


def test_a_gateway_that_starts_again_hands_what_waited_under_the_same_request(setting: Setting) -> None:
    job_id = setting.accept(TRAIL)
    with setting.relay():
        setting.queue.wait_for(1)
    setting.queue.published.clear()
    with setting.relay():
        setting.queue.wait_for(1)

    first, second = setting.spans.named("hand intake.normalise_deliveries")
    assert setting.store.get(Job, job_id).trail == TRAIL
    assert first.parent == second.parent == TRACE
    assert first.context != second.context


def test_work_that_was_lost_is_handed_again_in_the_same_trace_and_the_trace_says_so(setting: Setting) -> None:
    setting.accept(TRAIL)
    with setting.relay(lease=0.05):
        setting.queue.wait_for(2)

    first, second, *_ = setting.spans.named("hand intake.normalise_deliveries")
    assert (first.parent, second.parent) == (TRACE, TRACE)
    assert (first.attributes["faultline.handed_again"], second.attributes["faultline.handed_again"]) == (False, True)


def test_the_log_tells_of_a_worker_that_fell_silent_by_the_request_of_its_job(setting: Setting) -> None:
    job_id = setting.accept(TRAIL)
    with structlog.testing.capture_logs() as lines, setting.relay(lease=0.2) as relay:
        setting.queue.wait_for(1)
        relay.claim(Claim(job_id=job_id, attempt=1, worker="w"))
        silent = "the worker of a job fell silent"
        wait_until(lambda: any(line["event"] == silent for line in lines), "the line")

    told = next(line for line in lines if line["event"] == silent)
    assert (told["job_id"], told["request_id"]) == (job_id, "req_1")


def test_a_job_that_is_done_again_names_the_trace_of_the_earlier_one_once(setting: Setting) -> None:
    setting.accept(Trail(request_id="req_9", trace=TRACE, earlier=EARLIER))
    with setting.relay():
        [message] = setting.queue.wait_for(1)

    (handed,) = setting.spans.named("hand intake.normalise_deliveries")
    assert handed.links == (EARLIER,)
    assert message.deliveries[0].trail == Trail(request_id="req_9", trace=handed.context)


def test_what_a_timer_does_is_done_for_the_request_that_set_it_in_a_trace_of_its_own(setting: Setting) -> None:
    trail = Trail(request_id="req_9", trace=TRACE, earlier=EARLIER)
    timer = a_job(queue=None, not_before=setting.clock.now(), trail=trail)
    setting.store.transact(lambda tx: tx.put(timer))
    with setting.relay():
        wait_until(lambda: setting.at_timers, "the timer")

    (span,) = setting.spans.named(timer.kind)
    assert setting.at_timers == [Trail(request_id="req_9", trace=span.context)]
    assert (span.parent, span.links, span.attributes["faultline.job_id"]) == (None, (TRACE,), timer.id)


def test_a_job_that_travels_alone_says_its_incident_too(setting: Setting) -> None:
    resource = {"kind": "Pod", "name": "p", "namespace": "n"}
    job = a_job(
        kind=DIAGNOSE_RESOURCE, queue=Queue.GRAPH, incident_id="inc_1", payload={"resource": resource}, trail=TRAIL
    )
    setting.store.transact(lambda tx: tx.put(job))
    with setting.relay():
        wait_until(lambda: setting.queue.published, "the message")

    (handed,) = setting.spans.named("hand graph.diagnose_resource")
    message = decode_diagnose_resource(setting.queue.published[0][2])
    assert message.trail == Trail(request_id="req_1", trace=handed.context)
    assert message.incident_id == "inc_1"
    assert message.resource == DiagnosedResource(kind="Pod", name="p", namespace="n")


def test_while_the_broker_refuses_only_the_first_try_is_told(setting: Setting) -> None:
    setting.queue.problem = "the broker does not answer"
    setting.accept(TRAIL)
    with setting.relay():
        wait_until(lambda: len(setting.spans.named("hand intake.normalise_deliveries")) > 2, "more tries")
        setting.queue.problem = None
        setting.queue.wait_for(1)

    first, *tries, last = setting.spans.named("hand intake.normalise_deliveries")
    assert (first.code, first.is_ended) == ("broker_unavailable", True)
    assert not any(span.is_ended for span in tries)
    assert (last.code, last.is_ended) == (None, True)
