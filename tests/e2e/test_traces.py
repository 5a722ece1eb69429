"""Traces and log lines of the whole product: from the request through queue and worker to what was recorded."""

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from services.gateway.domain.demo_story import CHECKOUT as STORY
from services.gateway.domain.demo_story import tell_story
from tests.support.product import ROOT, Product, running_product
from tests.support.trace_files import Span, chain, children, one_named, read_spans, trace_of
from tests.support.waiting import wait_until

FIRING = (ROOT / "data" / "samples" / "alertmanager" / "01_firing.json").read_bytes()
# What a caller of the product's own traces: its ids go on in ours.
OUTSIDE = "4bf92f3577b34da6a3ce929d0e0e4736"
OUTSIDE_SPAN = "00f067aa0ba902b7"
CALLER = f"00-{OUTSIDE}-{OUTSIDE_SPAN}-01"
CHECKOUT = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}


class Desk:
    """The admin at the API of a product that writes its spans to a file."""

    def __init__(self, product: Product, file: Path) -> None:
        self.product, self.file = product, file

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        all_headers = self.product.headers | (headers or {})
        answer = requests.request(method, self.product.url + path, headers=all_headers, timeout=30, **options)
        assert answer.status_code < 300, answer.text
        return answer.json()

    def job_done(self, job_id: str) -> Any:
        """Return the job once it has ended."""

        def ended() -> bool:
            return self.call("GET", f"/api/jobs/{job_id}")["state"] not in {"pending", "handed", "running"}

        wait_until(ended, f"the end of {job_id}")
        return self.call("GET", f"/api/jobs/{job_id}")

    def recorded(self, job_id: str) -> list[Span]:
        """Return the spans of the trace of a job, once its result's is among them."""
        return trace_of(self.file, job_id, OUTSIDE_SPAN)

    def lines(self, service: str) -> list[dict[str, Any]]:
        """Return what a service logged about."""
        text = (self.product.data_dir / "logs" / f"{service}.log").read_text()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("traces")
    settings = {
        "FAULTLINE_TRACES": f"file:{folder}/traces.jsonl",
        "FAULTLINE_LOG_LEVEL": "debug",
        "FAULTLINE_GATEWAY_LEASE_SECONDS": "1",
        "FAULTLINE_GATEWAY_INVESTIGATE": "auto",
    }
    with running_product(folder, **settings) as product:
        yield Desk(product, folder / "traces.jsonl")


def test_an_alert_is_one_trace_from_the_request_to_the_recorded_result(desk):
    accepted = desk.call("POST", "/api/intake/alertmanager", {"traceparent": CALLER}, data=FIRING)
    desk.job_done(accepted["jobId"])
    spans = desk.recorded(accepted["jobId"])

    request = one_named(spans, "POST /api/intake/alertmanager")
    handed, worked, recorded = chain(spans, request, "intake.normalise_deliveries")

    assert (request.trace_id, request.parent_id) == (OUTSIDE, OUTSIDE_SPAN)
    assert [one.kind for one in (request, handed, worked, recorded)] == ["server", "producer", "consumer", "internal"]
    services = ["faultline-gateway", "faultline-gateway", "faultline-intake", "faultline-gateway"]
    assert [one.service for one in (request, handed, worked, recorded)] == services
    assert {one.get("job_id") for one in (handed, worked, recorded)} == {accepted["jobId"]}
    assert (worked.get("attempt"), worked.get("result"), recorded.get("recorded")) == (1, "normalised", True)
    assert "door results" in {one.name for one in children(spans, worked)}
    assert handed.attributes["messaging.destination.name"] == "intake"
    assert request.attributes["http.response.status_code"] == 202
    assert not any(one.is_error for one in spans)


def test_spans_hold_ids_and_codes_and_nothing_of_what_was_sent(desk):
    secret = "s3cr3t-in-an-alert"
    body = json.loads(FIRING)
    body["alerts"][0]["annotations"] = {"summary": secret, "password": secret}
    body["alerts"][0]["labels"]["alertname"] = secret
    accepted = desk.call(
        "POST",
        f"/api/intake/alertmanager?x={secret}",
        {"baggage": f"k={secret}", "tracestate": f"k={secret}"},
        json=body,
    )
    desk.job_done(accepted["jobId"])
    desk.recorded(accepted["jobId"])

    written = desk.file.read_text()
    assert secret not in written
    assert desk.product.token not in written


def test_what_an_alert_causes_goes_on_in_its_trace(desk):

    body = next(one.body for one in tell_story(datetime.now(UTC), "demo") if STORY.name.encode() in one.body)
    accepted = desk.call("POST", "/api/intake/alertmanager", {"X-Request-Id": "the-alert"}, data=body)
    desk.job_done(accepted["jobId"])

    def investigated() -> list[Span]:
        named = [one for one in read_spans(desk.file) if one.name == "graph.investigate_incident"]
        return [one for one in named if one.get("request_id") == "the-alert"]

    wait_until(investigated, "an investigation")
    spans = desk.recorded(investigated()[0].get("job_id"))
    of_alert = chain(spans, one_named(spans, "POST /api/intake/alertmanager"), "intake.normalise_deliveries")[2]
    _, worked, recorded = chain(spans, of_alert, "graph.investigate_incident")

    assert worked.get("incident_id") == of_alert.get("incident_id") == recorded.get("incident_id")
    assert {"door claim", "door put_blob", "door results"} <= {one.name for one in children(spans, worked)}


def test_a_diagnosis_that_a_person_asks_for_is_one_trace(desk):
    asked = desk.call("POST", "/api/quickdx", json=CHECKOUT)
    desk.job_done(asked["jobId"])
    spans = desk.recorded(asked["jobId"])

    _, worked, recorded = chain(spans, one_named(spans, "POST /api/quickdx"), "graph.diagnose_resource")

    assert (worked.service, recorded.get("result")) == ("faultline-graph", "diagnosed")


def test_a_job_that_is_done_again_begins_a_trace_that_names_the_earlier_one(desk):
    accepted = desk.call("POST", "/api/intake/webhook", data=b"\xff not understood")
    desk.job_done(accepted["jobId"])
    earlier = desk.recorded(accepted["jobId"])[0].trace_id
    again = desk.call("POST", f"/api/deliveries/{accepted['deliveryId']}/replay")
    desk.job_done(again["jobId"])

    spans = desk.recorded(again["jobId"])
    handed, worked, _ = chain(
        spans, one_named(spans, "POST /api/deliveries/<delivery_id>/replay"), "intake.normalise_deliveries"
    )

    assert handed.trace_id != earlier
    assert handed.links == (earlier,)
    assert worked.get("result") == "quarantined"


def test_a_killed_worker_leaves_a_trace_that_tells_of_both_times(desk):
    main = desk.product.pids["intake"]
    pool = [int(pid) for pid in Path(f"/proc/{main}/task/{main}/children").read_text().split()]
    for pid in pool:
        os.kill(pid, signal.SIGSTOP)
    accepted = desk.call("POST", "/api/intake/alertmanager", data=FIRING)
    broker = redis.Redis(unix_socket_path=str(desk.product.broker_socket))

    def is_taken() -> bool:
        handed = [one for one in read_spans(desk.file) if one.get("job_id") == accepted["jobId"]]
        return bool(handed) and broker.llen("intake") == 0

    wait_until(is_taken, "the worker to take the message")
    for pid in (main, *pool):
        os.kill(pid, signal.SIGKILL)
    assert desk.job_done(accepted["jobId"])["state"] == "succeeded"
    spans = desk.recorded(accepted["jobId"])

    request = one_named(spans, "POST /api/intake/alertmanager")
    first, *more = [one for one in children(spans, request) if one.name.startswith("hand ")]
    (worked,) = [one for one in spans if one.name == "intake.normalise_deliveries"]
    assert not first.get("handed_again")
    assert children(spans, first) == []
    assert all(one.get("handed_again") for one in more)
    assert worked.parent_id in {one.span_id for one in more}
    assert worked.pid not in pool
    assert one_named(spans, "record result").parent_id == worked.span_id


def test_one_request_id_stands_in_the_lines_of_gateway_and_worker(desk):
    accepted = desk.call("POST", "/api/intake/alertmanager", {"X-Request-Id": "find-me"}, data=FIRING)
    desk.job_done(accepted["jobId"])
    spans = desk.recorded(accepted["jobId"])
    incident = one_named(spans, "record result").get("incident_id")

    def of_request(service: str) -> list[dict[str, Any]]:
        return [line for line in desk.lines(service) if line.get("request_id") == "find-me"]

    wait_until(lambda: len(of_request("gateway")) > 1 and of_request("intake"), "the lines of both")
    (answered,) = [line for line in of_request("gateway") if line["event"] == "request answered"]
    (recorded,) = [line for line in of_request("gateway") if line["event"] == "a result was recorded"]
    (reported,) = [line for line in of_request("intake") if line["event"] == "a job was reported"]

    assert answered["trace_id"] == reported["trace_id"] == recorded["trace_id"] == spans[0].trace_id
    assert reported["job_id"] == recorded["job_id"] == accepted["jobId"]
    assert reported["delivery_id"] == recorded["delivery_id"] == accepted["deliveryId"]
    assert recorded["incident_id"] == incident
    assert incident.startswith("inc_")


def test_what_looks_at_the_product_is_not_traced(desk):
    for path in ("/healthz", "/metrics"):
        assert requests.get(desk.product.url + path, timeout=30).status_code == 200
    asked = desk.call("POST", "/api/quickdx", json=CHECKOUT)
    desk.job_done(asked["jobId"])
    desk.recorded(asked["jobId"])

    routes = {one.attributes.get("http.route") for one in read_spans(desk.file)}
    assert "/api/quickdx" in routes
    assert not routes & {"/healthz", "/readyz", "/metrics", "/assets/<name>"}
