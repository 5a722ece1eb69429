"""What a request leaves behind it: a span, and a trail in each job it puts; nothing stays with the thread."""

import dataclasses
from typing import Any

import pytest

from services.gateway.app import create_app
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Job, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.trail import add_trail, current_trail, following
from shared.contracts.messages import DeliveryQuarantined, Results
from shared.contracts.trail import Trail
from tests.support.gateway import GatewayUnderTest, NamedAssets, a_gateway
from tests.support.spans_kept import KeptSpan, KeptSpans

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Traced:
    def __init__(self) -> None:
        self.spans = KeptSpans()
        self.gw: GatewayUnderTest = a_gateway()
        gateway = dataclasses.replace(self.gw.gateway, tracer=self.spans)
        self.gw.app = create_app(gateway, self.gw.app.extensions["faultline_auth"], assets=NamedAssets())

    def deliver(self, **options: Any) -> Job:
        """Send a delivery and return its job."""
        answer = self.gw.post("/api/intake/webhook", data=b"{}", role=Role.SERVICE, **options)
        assert answer.status_code == 202, answer.text
        return self.gw.store.get(Job, (answer.json or {})["jobId"])

    def only(self, name: str) -> KeptSpan:
        (span,) = self.spans.named(name)
        return span


@pytest.fixture
def traced() -> Traced:
    return Traced()


def test_a_job_remembers_the_request_that_put_it_and_its_span(traced: Traced) -> None:
    job = traced.deliver(headers={"X-Request-Id": "mine", "traceparent": TRACE})

    span = traced.only("POST /api/intake/webhook")
    assert job.trail == Trail(request_id="mine", trace=span.context)
    assert (span.parent, span.kind, span.is_ended) == (TRACE, "server", True)
    assert span.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/intake/webhook",
        "http.response.status_code": 202,
        "faultline.request_id": "mine",
    }


def test_where_nothing_is_traced_a_job_remembers_the_request_alone() -> None:
    gw = a_gateway()
    headers = {"X-Request-Id": "mine", "traceparent": TRACE}
    answer = gw.post("/api/intake/webhook", data=b"{}", role=Role.SERVICE, headers=headers)

    assert gw.store.get(Job, (answer.json or {})["jobId"]).trail == Trail(request_id="mine")


def test_no_request_leaves_anything_with_its_thread(traced: Traced) -> None:
    traced.deliver()
    traced.gw.get("/api/no-such-thing")

    assert current_trail() is None


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_only_looks_is_not_traced(traced: Traced, path: str) -> None:
    traced.gw.get(path)

    assert traced.spans.spans == []


def test_a_token_in_the_address_and_a_word_for_a_method_do_not_reach_a_span(traced: Traced) -> None:
    secret = traced.gw.secrets[Role.SERVICE]
    traced.gw.post(f"/api/intake/webhook/{secret}", data=b"{}", role=None)
    traced.gw.get("/api/no-such-thing/hunter2")
    traced.gw.call("HUNTER2", "/api/incidents")

    said = repr(traced.spans.spans)
    assert len(traced.spans.spans) == 3
    assert secret not in said
    assert "hunter2" not in said.lower()


def test_what_a_page_asks_the_api_stands_under_the_page(traced: Traced) -> None:
    assert traced.gw.get("/incidents").status_code == 200

    page = traced.only("GET /incidents")
    asked = [span for span in traced.spans.spans if span.parent == page.context]
    assert asked
    assert {span.kind for span in asked} == {"internal"}
    assert {span.attributes["faultline.request_id"] for span in asked} == {page.attributes["faultline.request_id"]}


def test_a_job_that_is_done_again_names_the_trace_of_the_earlier_one(traced: Traced) -> None:
    job = traced.deliver()
    assert job.trail is not None
    refused = DeliveryQuarantined(job_id=job.id, attempt=1, delivery_id=job.delivery_id or "", code="c", reason="r")
    record_results(traced.gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(refused,)))
    replayed = traced.gw.post(f"/api/deliveries/{job.delivery_id}/replay").json or {}
    cancelled = traced.deliver()
    traced.gw.post(f"/api/jobs/{cancelled.id}/cancel")
    retried = traced.gw.post(f"/api/jobs/{cancelled.id}/retry").json or {}

    for again, earlier in ((replayed["jobId"], job), (retried["id"], cancelled)):
        trail = traced.gw.store.get(Job, again).trail
        assert trail is not None
        assert earlier.trail is not None
        assert trail.earlier == earlier.trail.trace
        assert trail.trace != earlier.trail.trace


def test_a_result_is_recorded_under_the_work_on_it_and_tells_what_it_is_about(traced: Traced) -> None:
    job = traced.deliver(headers={"X-Request-Id": "mine"})
    recorder = Recorder(Judge(GroupingPolicy()), tracer=traced.spans)
    odd = DeliveryQuarantined(job_id=job.id, attempt=1, delivery_id=job.delivery_id or "", code="c", reason="hunter2")
    for _ in range(2):
        record_results(traced.gw.store, recorder, Results(results=(odd,), traces={job.id: TRACE}))

    first, again = traced.spans.named("record result")
    assert (first.parent, again.parent) == (TRACE, TRACE)
    assert (first.attributes["faultline.recorded"], again.attributes["faultline.recorded"]) == (True, False)
    assert first.attributes["faultline.request_id"] == "mine"
    assert first.attributes["faultline.result"] == "quarantined"
    assert first.is_ended
    assert "hunter2" not in repr(traced.spans.spans)


def test_the_ids_of_the_trail_stand_in_log_lines_unless_they_name_others() -> None:
    with following(Trail(request_id="mine", trace=TRACE)):
        added = add_trail(None, "info", {"event": "e"})
        named = add_trail(None, "info", {"event": "e", "request_id": "theirs"})

    assert added["request_id"] == "mine"
    assert (added["trace_id"], added["span_id"]) == (TRACE.split("-")[1], TRACE.split("-")[2])
    assert named["request_id"] == "theirs"
    assert add_trail(None, "info", {"event": "e"}) == {"event": "e"}
