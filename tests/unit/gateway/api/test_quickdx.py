"""Diagnoses that are asked for: asked, followed, promoted and judged over the API."""

from typing import Any

import msgspec
import pytest

from services.gateway.api import quickdx_shapes
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Job, JobState, QuickDx, QuickDxState, Role
from services.gateway.handlers.follow_job import follow_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.relay.progress import Progress
from shared.contracts.messages import JobFailed, ResourceDiagnosed, Results
from tests.support.diagnoses import a_diagnosis, a_large_diagnosis
from tests.support.gateway import GatewayUnderTest

ASKED = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"}


def ask(gw: GatewayUnderTest, **changes: Any) -> dict[str, Any]:
    answer = gw.post("/api/quickdx", json=ASKED | changes)
    assert answer.status_code == 202, answer.text
    gw.clock.advance(1)
    body: dict[str, Any] = answer.json
    return body


def report(gw: GatewayUnderTest, *results: Any) -> None:
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=results), gw.gateway.blobs)


def finish(gw: GatewayUnderTest, asked: dict[str, Any], content: dict[str, Any]) -> None:
    body = msgspec.json.encode(content)
    is_small = len(body) < 16_384
    where = {"text": body.decode()} if is_small else {"blob": gw.gateway.blobs.put(body)}
    report(gw, ResourceDiagnosed(job_id=asked["jobId"], attempt=1, **where))


def done(gw: GatewayUnderTest, content: dict[str, Any] | None = None) -> str:
    asked = ask(gw)
    finish(gw, asked, content or a_diagnosis())
    name: str = asked["id"]
    return name


def test_what_is_asked_for_is_a_job_of_the_graph_queue(gw: GatewayUnderTest):
    answer = gw.post("/api/quickdx", json=ASKED)
    job = gw.store.get(Job, answer.json["jobId"])

    assert (answer.status_code, answer.json["state"]) == (202, "queued")
    assert answer.headers["Location"] == f"/api/quickdx/{answer.json['id']}"
    assert (job.queue, job.kind) == ("graph", "graph.diagnose_resource")


def test_asking_again_with_the_same_key_asks_once(gw: GatewayUnderTest):
    answers = [gw.post("/api/quickdx", json=ASKED, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert answers[0].json == answers[1].json
    assert gw.get("/api/quickdx").json["total"] == 1


def test_it_follows_its_job_and_shows_how_far_that_is(gw: GatewayUnderTest):
    asked = ask(gw)

    def begin(tx: Any) -> None:
        begun = msgspec.structs.replace(tx.get(Job, asked["jobId"]), state=JobState.RUNNING, attempt=1)
        tx.put(begun)
        follow_job(tx, begun)

    gw.store.transact(begin)
    gw.relay.progress_of_all = Progress(0.5, "list pods")
    shown = gw.get(f"/api/quickdx/{asked['id']}").json

    assert (shown["state"], shown["progress"]) == ("running", {"share": 0.5, "note": "list pods"})
    assert quickdx_shapes.QuickDxWithContentShape().validate(shown) == {}


@pytest.mark.parametrize("content", [a_diagnosis(), a_large_diagnosis()], ids=["small", "large"])
def test_what_was_found_is_shown_as_the_worker_wrote_it(gw: GatewayUnderTest, content: dict[str, Any]):
    later = content | {"memberOfALaterRelease": {"x": 1}}
    shown = gw.get(f"/api/quickdx/{done(gw, later)}").json

    assert (shown["state"], shown["content"]) == ("done", later)
    assert shown["summary"] == content["summary"]


def test_a_job_that_fails_says_why_and_a_retry_waits_again(gw: GatewayUnderTest):
    asked = ask(gw)
    report(gw, JobFailed(job_id=asked["jobId"], attempt=1, error="no such context", retryable=False))
    failed = gw.get(f"/api/quickdx/{asked['id']}").json
    again = gw.post(f"/api/jobs/{asked['jobId']}/retry").json
    waiting = gw.store.get(QuickDx, asked["id"])

    assert (failed["state"], failed["error"]) == ("failed", "no such context")
    assert (waiting.state, waiting.job_id, waiting.error) == (QuickDxState.QUEUED, again["id"], None)


def test_cancelling_its_job_ends_it(gw: GatewayUnderTest):
    asked = ask(gw)
    gw.post(f"/api/jobs/{asked['jobId']}/cancel")

    assert gw.get(f"/api/quickdx/{asked['id']}").json["state"] == "failed"


def test_bytes_that_are_no_diagnosis_fail_the_job(gw: GatewayUnderTest):
    asked = ask(gw)
    report(gw, ResourceDiagnosed(job_id=asked["jobId"], attempt=1, text='{"id": 1}'))

    assert "not of the contract" in gw.get(f"/api/quickdx/{asked['id']}").json["error"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 3),
        ("context=prod", 2),
        ("kind=Pod", 1),
        ("namespace=shop&name=checkout", 2),
        ("state=done", 0),
        ("kind=x", 0),
    ],
)
def test_the_list_is_narrowed(gw: GatewayUnderTest, query: str, count: int):
    ask(gw)
    ask(gw, kind="Pod", name="checkout-1")
    ask(gw, context="eu")

    assert len(gw.get(f"/api/quickdx?{query}").json["items"]) == count


def test_one_call_opens_an_incident_with_the_evidence(gw: GatewayUnderTest):
    content = a_diagnosis()
    quickdx_id = done(gw, content)
    opened = gw.post("/api/incidents", json={"diagnosisId": quickdx_id}, role=Role.RESPONDER)

    assert opened.status_code == 201, opened.text
    assert (opened.json["source"], opened.json["severity"]) == ("quickdx", "critical")
    assert "The memory limit is too low" in opened.json["title"]
    path = f"/api/incidents/{opened.json['id']}/diagnoses/{content['id']}"
    assert gw.get(path).json["content"] == content
    assert gw.get(f"/api/quickdx/{quickdx_id}").json["incidentIds"] == [opened.json["id"]]


def test_it_is_attached_to_an_incident_once(gw: GatewayUnderTest):
    quickdx_id, path = done(gw), f"/api/incidents/{gw.open_incident()['id']}/diagnoses"
    answers = [gw.post(path, json={"diagnosisId": quickdx_id}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert gw.get(path).json["total"] == 1


def test_a_diagnosis_comes_whole_or_by_its_id(gw: GatewayUnderTest):
    path = f"/api/incidents/{gw.open_incident()['id']}/diagnoses"

    assert set(gw.post(path, json={}).json["errors"]) == {"resource", "observedAt", "producedBy", "summary"}
    both = gw.post(path, json={"diagnosisId": "qdx_1", "summary": "x"}).json
    assert set(both["errors"]) == {"diagnosisId"}


def test_people_judge_rules_and_may_change_their_mind(gw: GatewayUnderTest):
    path = f"/api/quickdx/{done(gw)}/feedback"
    said = {"ruleId": "pod-oom-killed", "verdict": "rejected"}
    gw.post(path, json=said, role=Role.RESPONDER)
    gw.post(path, json=said | {"verdict": "confirmed"}, role=Role.RESPONDER)
    gw.post(path, json=said, role=Role.ADMIN)
    (counted,) = gw.get("/api/quickdx/precision").json["items"]

    assert counted == {"ruleId": "pod-oom-killed", "confirmed": 1, "rejected": 1, "precision": 0.5}
    assert gw.post(path, json=said | {"ruleId": "unheard-of"}).json["errors"].keys() == {"ruleId"}


def test_the_inventory_is_taken_once_at_a_time(gw: GatewayUnderTest):
    nothing = gw.get("/api/quickdx/inventory").json
    first, second = (gw.post("/api/quickdx/inventory").json for _ in range(2))

    assert (nothing["takenAt"], nothing["content"]) == (None, None)
    assert first == second
