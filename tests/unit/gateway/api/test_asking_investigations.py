"""Investigations are asked for: by people, over the API."""

from typing import Any

import pytest

from services.gateway.domain.records import (
    IncidentGraph,
    Job,
    JobState,
    KeptInvestigation,
    Role,
)
from services.gateway.handlers.put_investigation import MOST_ASKED
from services.gateway.ports import RecordQuery
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import all_of, ask, begin, fail, investigated, opened, told
from tests.support.investigations import an_investigation, report_investigation


def test_what_is_asked_for_is_a_job_of_the_graph_queue(gw: GatewayUnderTest):
    incident = opened(gw)
    answer = gw.post(
        f"/api/incidents/{incident}/investigate", json={"maxEntities": 50, "since": "2026-11-01T11:00:00Z"}
    )
    job, asked = gw.store.get(Job, answer.json["jobId"]), gw.store.get(KeptInvestigation, answer.json["id"])

    assert (answer.status_code, answer.json["state"]) == (202, "queued")
    assert answer.headers["Location"] == f"/api/jobs/{job.id}"
    assert (job.queue, job.kind, job.incident_id) == ("graph", "graph.investigate_incident", incident)
    assert (asked.context, asked.cluster, asked.max_entities) == ("prod", "prod", 50)
    assert asked.onset is not None


def test_asking_while_one_is_under_way_returns_that_one(gw: GatewayUnderTest):
    incident = opened(gw)

    assert ask(gw, incident) == ask(gw, incident)
    assert len(all_of(gw, incident)) == 1


def test_asking_again_with_the_same_key_asks_once(gw: GatewayUnderTest):
    incident = opened(gw)
    path, headers = f"/api/incidents/{incident}/investigate", {"Idempotency-Key": "k"}
    first = gw.post(path, json={}, headers=headers).json
    report_investigation(gw, first["jobId"], an_investigation(incident, observed_at=gw.clock.now()))

    assert gw.post(path, json={}, headers=headers).json == first
    assert len(all_of(gw, incident)) == 1


def test_asking_needs_no_body_and_a_responder(gw: GatewayUnderTest):
    incident = opened(gw)
    path = f"/api/incidents/{incident}/investigate"

    assert gw.call("POST", path, role=Role.VIEWER, json={}).status_code == 403
    assert gw.post(path).status_code == 202


@pytest.mark.parametrize("body", [{"maxEntities": 0}, {"maxEntities": 1_001}, {"cluster": ""}])
def test_what_cannot_be_meant_is_refused(gw: GatewayUnderTest, body: dict[str, Any]):
    assert gw.post(f"/api/incidents/{opened(gw)}/investigate", json=body).status_code == 422


@pytest.mark.parametrize("body", [{}, {"cluster": "moon"}])
def test_a_cluster_nobody_can_read_is_refused_with_those_there_are(gw: GatewayUnderTest, body: dict[str, Any]):
    know_clusters(gw, "prod", "staging")
    incident = gw.open_incident()["id"]
    answer = gw.post(f"/api/incidents/{incident}/investigate", json=body)

    assert (answer.status_code, answer.json["code"]) == (409, "graph_cluster_unknown")
    assert answer.json["known"] == ["prod", "staging"]
    assert all_of(gw, incident) == []


def test_a_merged_incident_is_not_investigated(gw: GatewayUnderTest):
    incident, target = opened(gw), gw.open_incident()["id"]
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})

    assert gw.post(f"/api/incidents/{incident}/investigate", json={}).json["code"] == "incident_merged"


def test_what_else_is_asked_replaces_what_waits_and_tells_who_waited_why(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    second = ask(gw, incident, cluster="staging", maxEntities=50)
    replaced = gw.store.get(KeptInvestigation, first["id"])

    assert gw.store.get(KeptInvestigation, second["id"]).context == "staging"
    assert (replaced.state, replaced.error) == ("failed", f"replaced by {second['id']}")
    assert gw.store.get(Job, first["jobId"]).state is JobState.CANCELLED
    assert ask(gw, incident)["id"] == second["id"]


def test_what_else_is_asked_comes_after_what_runs(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    begin(gw, first["jobId"])

    assert ask(gw, incident)["id"] == first["id"]
    assert ask(gw, incident, maxEntities=50)["id"] != first["id"]
    assert [one.state for one in all_of(gw, incident)] == ["queued", "running"]


def test_the_one_under_way_is_returned_also_where_its_cluster_can_no_longer_be_told(gw: GatewayUnderTest):
    know_clusters(gw, "prod", "staging", is_automatic=False)
    incident = gw.open_incident()["id"]
    asked = ask(gw, incident, cluster="prod")

    assert ask(gw, incident) == asked


def test_a_person_is_given_a_look_by_itself_and_told_of_it_whatever_it_finds(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    given = ask(gw, incident)
    nothing = {"seeds": (), "hypotheses": (), "findings": (), "changes": ()}
    found = an_investigation(incident, observed_at=gw.clock.now(), **nothing)
    report_investigation(gw, given["jobId"], found)

    assert [(one.id, one.trigger) for one in all_of(gw, incident)] == [(given["id"], "opened")]
    assert told(gw, incident) == ["investigated"]


def test_what_a_person_was_given_is_not_taken_away_by_a_move(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    begin(gw, all_of(gw, incident)[0].job_id)
    given = ask(gw, incident)
    fail(gw, given["jobId"], retryable=True)
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})

    assert [(one.id, one.state) for one in all_of(gw, incident)] == [(given["id"], "queued")]


def test_the_same_question_asked_twice_is_one(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident, cluster="staging", maxEntities=50)
    assert ask(gw, incident, cluster="staging", maxEntities=50) == first
    begin(gw, first["jobId"])

    assert ask(gw, incident, cluster="staging", maxEntities=50)["id"] == first["id"]


def test_one_runs_at_a_time_and_the_next_begins_when_it_ends(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    begin(gw, first["jobId"])
    second = ask(gw, incident, maxEntities=50)
    third = ask(gw, incident, maxEntities=60)
    held_back = gw.store.get(Job, third["jobId"]).not_before
    found = an_investigation(incident, observed_at=gw.clock.now())
    report_investigation(gw, first["jobId"], found)
    graph = gw.store.get(IncidentGraph, incident)

    assert held_back is not None
    assert held_back > gw.clock.now()
    assert gw.store.get(Job, third["jobId"]).not_before is None
    assert (graph.queued_id, graph.running_id) == (third["id"], None)
    assert gw.store.get(KeptInvestigation, second["id"]).state == "failed"


def test_another_attempt_gives_way_to_what_was_asked_for_meanwhile(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    begin(gw, first["jobId"])
    second = ask(gw, incident, maxEntities=50)
    fail(gw, first["jobId"], retryable=True)
    graph = gw.store.get(IncidentGraph, incident)

    assert (graph.queued_id, graph.running_id) == (second["id"], None)
    assert gw.store.get(Job, first["jobId"]).state is JobState.CANCELLED
    assert gw.store.get(KeptInvestigation, first["id"]).error == f"replaced by {second['id']}"
    assert gw.store.get(Job, second["jobId"]).not_before is None


def test_what_runs_is_answered_after_what_came_later_was_cancelled(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    begin(gw, first["jobId"])
    second = ask(gw, incident, maxEntities=50)
    gw.post(f"/api/jobs/{second['jobId']}/cancel")

    assert ask(gw, incident)["id"] == first["id"]
    assert gw.get(f"/api/incidents/{incident}/graph").json["waitingJobId"] == first["jobId"]


def test_an_incident_keeps_the_records_of_so_many(gw: GatewayUnderTest):
    incident = opened(gw)
    first, *_ = [investigated(gw, incident) for _ in range(2)]
    asked = [ask(gw, incident, maxEntities=50 + number)["id"] for number in range(MOST_ASKED)]
    kept = [one.id for one in gw.store.list_records(KeptInvestigation, RecordQuery(parent=incident, limit=500)).records]

    assert len(kept) == MOST_ASKED
    # What was found is worth more than what was asked and taken back.
    assert first in kept
    assert asked[0] not in kept
    assert set(asked[2:]) <= set(kept)
    assert gw.get(f"/api/incidents/{incident}/graph?investigation={first}").status_code == 200


def test_the_one_that_runs_keeps_its_record_however_many_are_asked_for_meanwhile(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    begin(gw, first["jobId"])
    for number in range(MOST_ASKED + 1):
        ask(gw, incident, maxEntities=50 + number)

    assert gw.store.find(KeptInvestigation, first["id"]) is not None
