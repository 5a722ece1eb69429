"""Investigations over the API: asked by people, asked by the incident itself, kept once, read, compared."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from services.gateway.api import investigation_shapes, shapes
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    KNOWN_CLUSTERS,
    Delivery,
    GraphClusters,
    Incident,
    IncidentGraph,
    InvestigationContent,
    InvestigationSnapshot,
    Job,
    JobState,
    KeptInvestigation,
    Role,
)
from services.gateway.handlers.apply_retention import Retention, apply_retention
from services.gateway.handlers.ask_investigation import MOST_BY_ITSELF
from services.gateway.handlers.follow_quickdx import follow_job
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.note_clusters import ClusterNotes
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.write_question import MOST_SIGNALS, write_question
from services.gateway.ports import RecordQuery
from shared.contracts.messages import DeliveryNormalised, Hello, IncidentInvestigated, JobFailed, Results
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus
from tests.support.builders import a_signal
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest
from tests.support.investigations import (
    a_change,
    a_hypothesis,
    an_edge,
    an_investigation,
    report_investigation,
)

GRAPH_TYPES = {"investigated", "hypothesis_found", "change_found"}


def opened(gw: GatewayUnderTest, **fields: Any) -> str:
    """Open an incident in the cluster prod that nobody investigates by itself."""
    know_clusters(gw, "prod", "staging", is_automatic=False)
    incident: str = gw.open_incident(labels={"cluster": "prod"}, **fields)["id"]
    return incident


def ask(gw: GatewayUnderTest, incident: str, **body: Any) -> dict[str, Any]:
    answer = gw.post(f"/api/incidents/{incident}/investigate", json=body)
    assert answer.status_code == 202, answer.text
    gw.clock.advance(1)
    asked: dict[str, Any] = answer.json
    return asked


def investigated(gw: GatewayUnderTest, incident: str, **fields: Any) -> str:
    asked = ask(gw, incident)
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now(), **fields))
    name: str = asked["id"]
    return name


def told(gw: GatewayUnderTest, incident: str) -> list[str]:
    entries = gw.get(f"/api/incidents/{incident}/timeline?limit=100").json["items"]
    return [entry["type"] for entry in entries if entry["type"] in GRAPH_TYPES]


def waiting(gw: GatewayUnderTest, incident: str) -> list[KeptInvestigation]:
    return gw.store.list_records(KeptInvestigation, RecordQuery(parent=incident)).records


def alert(gw: GatewayUnderTest, name: str = "Down", **fields: Any) -> str:
    """Let an alert come in, and return the id of the incident it opened or joined."""
    taken = gw.post("/api/intake/webhook", json={"title": name}).json
    job_id = gw.store.get(Delivery, taken["deliveryId"]).job_id
    given: dict[str, Any] = {
        "source": "webhook",
        "fingerprint": f"webhook:{name}",
        "status": SignalStatus.FIRING,
        "severity": Severity.HIGH,
        "name": name,
        "title": name,
        "starts_at": gw.clock.now(),
        "labels": {"cluster": "prod"},
        "group_labels": {"cluster": "prod"},
    }
    signal = NormalisedSignal(**given | fields)
    result = DeliveryNormalised(job_id=job_id, attempt=1, delivery_id=taken["deliveryId"], signals=(signal,))
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)))
    return gw.store.get(Delivery, taken["deliveryId"]).signals[0].incident_id or ""


# --- asking


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
    assert len(waiting(gw, incident)) == 1


def test_asking_again_with_the_same_key_asks_once(gw: GatewayUnderTest):
    incident = opened(gw)
    path, headers = f"/api/incidents/{incident}/investigate", {"Idempotency-Key": "k"}
    first = gw.post(path, json={}, headers=headers).json
    report_investigation(gw, first["jobId"], an_investigation(incident, observed_at=gw.clock.now()))

    assert gw.post(path, json={}, headers=headers).json == first
    assert len(waiting(gw, incident)) == 1


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
    assert waiting(gw, incident) == []


def test_a_merged_incident_is_not_investigated(gw: GatewayUnderTest):
    incident, target = opened(gw), gw.open_incident()["id"]
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})

    assert gw.post(f"/api/incidents/{incident}/investigate", json={}).json["code"] == "incident_merged"


# --- by itself


def test_what_workers_can_read_is_written_once_and_outlives_them(gw: GatewayUnderTest):
    know_clusters(gw, "staging", "prod")
    written = gw.store.last_seq
    know_clusters(gw, "prod", "staging")
    know_clusters(gw)

    assert gw.store.last_seq == written
    assert gw.store.get(GraphClusters, KNOWN_CLUSTERS).names == ("prod", "staging")


def test_an_incident_that_opens_by_an_alert_is_investigated_once_its_signals_had_time_to_come(gw: GatewayUnderTest):
    know_clusters(gw, "prod", "staging")
    incident = alert(gw)
    asked = waiting(gw, incident)
    job = gw.store.get(Job, asked[0].job_id)

    assert [(one.trigger, one.context, one.requested_by) for one in asked] == [("opened", "prod", "system")]
    assert job.not_before == gw.clock.now() + timedelta(seconds=10)


def test_more_alerts_ask_no_more(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw)

    assert alert(gw, "Down", fingerprint="webhook:other") == incident
    assert len(waiting(gw, incident)) == 1


def test_a_person_who_asks_need_not_wait_for_more_signals(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw)
    asked = ask(gw, incident)

    assert asked["id"] == waiting(gw, incident)[0].id
    assert gw.store.get(Job, asked["jobId"]).not_before is None


def test_an_incident_is_looked_at_again_when_it_is_mitigated_and_when_it_is_resolved(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    seen = []
    for status in ("investigating", "mitigated", "resolved", "investigating"):
        for one in waiting(gw, incident):
            if one.state == "queued":
                report_investigation(gw, one.job_id, an_investigation(incident, observed_at=gw.clock.now()))
        gw.clock.advance(60)
        moved = gw.patch(f"/api/incidents/{incident}", json={"status": status, "reason": "so it is"})
        assert moved.status_code == 200, moved.text
        seen.append(waiting(gw, incident)[0].trigger)

    assert seen == ["opened", "mitigated", "resolved", "opened"]


@pytest.mark.parametrize(
    ("clusters", "is_automatic", "labels"),
    [((), True, {}), (("prod",), False, {}), (("prod", "staging"), True, {}), (("prod",), True, {"cluster": "moon"})],
    ids=["no worker", "turned off", "which one", "another"],
)
def test_nothing_is_asked_by_itself_where_it_would_lead_nowhere(
    gw: GatewayUnderTest, clusters: tuple[str, ...], is_automatic: bool, labels: dict[str, str]
):
    know_clusters(gw, *clusters, is_automatic=is_automatic)

    assert waiting(gw, gw.open_incident(labels=labels)["id"]) == []


def test_a_storm_of_incidents_does_not_fill_the_queue(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incidents = [gw.open_incident(title=f"one of many, {number}")["id"] for number in range(MOST_BY_ITSELF + 2)]
    *asked, _, left_out = incidents
    metrics = gw.get("/metrics", role=None).text
    refused = gw.get(f"/api/incidents/{left_out}/graph").json

    assert [len(waiting(gw, one)) for one in incidents] == [1] * MOST_BY_ITSELF + [0, 0]
    assert 'faultline_investigations{state="queued"} 50.0' in metrics
    assert "faultline_incidents_left_out 2.0" in metrics
    assert refused["detail"].startswith("Too many investigations waited")

    ask(gw, left_out)
    report_investigation(gw, waiting(gw, asked[7])[0].job_id, an_investigation(asked[7], observed_at=gw.clock.now()))

    assert len(waiting(gw, gw.open_incident()["id"])) == 1, "the one that is done made room"
    assert waiting(gw, gw.open_incident()["id"]) == [], "and for one only: what people ask for takes none of it"
    assert "faultline_incidents_left_out 2.0" in gw.get("/metrics", role=None).text


def test_opening_from_a_diagnosis_looks_where_the_diagnosis_was_made(gw: GatewayUnderTest):
    know_clusters(gw, "prod", "staging")
    diagnosis = {
        "resource": {"cluster": "staging", "namespace": "shop", "kind": "Deployment", "name": "checkout"},
        "observedAt": "2026-11-01T11:59:00Z",
        "producedBy": "quickdx",
        "summary": "It is broken.",
    }
    incident = gw.post("/api/incidents", json={"diagnosis": diagnosis}).json["id"]

    assert [one.context for one in waiting(gw, incident)] == ["staging"]


# --- the question


def test_the_question_has_all_signals_there_are_when_the_job_goes_out(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    pod = EntityHint(kind="pod", name="checkout-1", namespace="shop", cluster="prod")
    began = gw.clock.now() - timedelta(minutes=5)
    incident = alert(gw, entities=(pod,), service="checkout", starts_at=began)
    alert(gw, "Down", fingerprint="webhook:other")
    asked = write_question(gw.store, waiting(gw, incident)[0].id)

    assert asked is not None
    assert (asked.context, asked.question.cluster, asked.earlier) == ("prod", "prod", None)
    assert {one.id for one in asked.question.signals} == {"webhook:Down", "webhook:other"}
    assert asked.question.entities == (pod,)
    assert asked.question.onset == began


def test_of_very_many_signals_those_that_fire_are_told(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    firing = [a_signal(fingerprint=f"f{n}", incident_id=incident) for n in range(MOST_SIGNALS + 50)]
    quiet = [a_signal(fingerprint=f"q{n}", incident_id=incident, status=SignalStatus.RESOLVED) for n in range(50)]
    gw.store.transact(lambda tx: [tx.put(one) for one in (*firing, *quiet)])
    question = write_question(gw.store, asked["id"])

    assert question is not None
    assert len(question.question.signals) == MOST_SIGNALS
    assert all(one.id.startswith("f") for one in question.question.signals)
    assert question.left_out == 100


def test_few_signals_are_all_told(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    gw.store.transact(lambda tx: tx.put(a_signal(fingerprint="f", incident_id=incident)))
    question = write_question(gw.store, asked["id"])

    assert question is not None
    assert ([one.id for one in question.question.signals], question.left_out) == (["f"], 0)


def test_the_next_one_is_compared_with_what_the_last_one_saw(gw: GatewayUnderTest):
    incident = opened(gw)
    first = investigated(gw, incident)
    question = write_question(gw.store, ask(gw, incident)["id"])

    assert question is not None
    assert question.earlier == gw.store.get(InvestigationSnapshot, first).digest


# --- keeping


def test_what_was_found_is_shown_at_the_incident(gw: GatewayUnderTest):
    incident = opened(gw)
    name = investigated(gw, incident)
    shown = gw.get(f"/api/incidents/{incident}").json

    assert (shown["investigation"]["id"], shown["investigation"]["state"]) == (name, "done")
    assert [one["id"] for one in shown["graphEntities"]] == [
        "Deployment/shop/checkout",
        "ConfigMap/shop/checkout-config",
    ]
    assert [one["relation"] for one in shown["graphEdges"]] == ["USES_CONFIG"]
    assert [one["weight"] for one in shown["correlations"]] == [0.9]
    assert [one["culprit"]["name"] for one in shown["hypotheses"]] == ["checkout-config"]
    assert shapes.IncidentShape().validate(shown) == {}


def test_an_incident_nobody_investigated_shows_nothing(gw: GatewayUnderTest):
    shown = gw.open_incident()

    assert (shown["investigation"], shown["graphEdges"], shown["hypotheses"]) == (None, [], [])


def test_a_repeat_tells_the_timeline_only_what_is_new(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    first = told(gw, incident)
    investigated(gw, incident)
    second = told(gw, incident)
    change = a_change(gw.clock.now(), id="ch2", summary="the image was changed")
    investigated(gw, incident, changes=(a_change(gw.clock.now()), change), hypotheses=(a_hypothesis("other-rule"),))

    assert first == ["investigated", "hypothesis_found", "change_found"]
    # Somebody asked, so it is answered; what is known is not told again.
    assert second == [*first, "investigated"]
    assert told(gw, incident) == [*second, "investigated", "hypothesis_found", "change_found"]


def test_one_that_nobody_asked_for_and_found_nothing_new_says_nothing(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})
        for one in waiting(gw, incident):
            if one.state == "queued":
                report_investigation(gw, one.job_id, an_investigation(incident, observed_at=gw.clock.now()))
        gw.clock.advance(60)

    assert len(waiting(gw, incident)) == 2
    assert told(gw, incident) == ["investigated", "hypothesis_found", "change_found"]


def test_of_very_many_changes_the_likely_ones_are_told(gw: GatewayUnderTest):
    incident = opened(gw)
    likely = tuple(a_change(gw.clock.now(), id=f"likely{n}", confidence=0.3) for n in range(11))
    unlikely = a_change(gw.clock.now(), id="unlikely", confidence=0.29)
    investigated(
        gw, incident, changes=(unlikely, *likely), hypotheses=tuple(a_hypothesis(f"rule{n}") for n in range(4))
    )

    assert told(gw, incident).count("change_found") == 10
    assert told(gw, incident).count("hypothesis_found") == 3
    entries = gw.get(f"/api/incidents/{incident}/timeline?limit=100").json["items"]
    assert "unlikely" not in [entry["payload"].get("changeId") for entry in entries]


def test_a_report_that_comes_twice_counts_once(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    found = an_investigation(incident, observed_at=gw.clock.now())

    assert report_investigation(gw, asked["jobId"], found).recorded == 1
    before = told(gw, incident)
    assert report_investigation(gw, asked["jobId"], found, attempt=2).ignored == 1
    assert told(gw, incident) == before


def test_nothing_that_people_entered_is_changed(gw: GatewayUnderTest):
    incident = opened(gw, services=["checkout"], owner="ann", severity="low", description="by hand")
    before = gw.store.get(Incident, incident)
    investigated(gw, incident)

    assert gw.store.get(Incident, incident) == before


def test_a_change_stands_on_the_timeline_when_it_was_made(gw: GatewayUnderTest):
    incident = opened(gw)
    at = gw.clock.now() - timedelta(minutes=3)
    investigated(gw, incident, changes=(a_change(at),))
    entries = gw.get(f"/api/incidents/{incident}/timeline?limit=100").json["items"]
    change = next(entry for entry in entries if entry["type"] == "change_found")

    assert change["occurredAt"] == at.isoformat().replace("+00:00", "Z")
    assert change["payload"]["changeId"] == "ch1"


@pytest.mark.parametrize("text", ['{"id": 1}', "nothing"])
def test_bytes_that_are_no_investigation_fail_the_job(gw: GatewayUnderTest, text: str):
    incident = opened(gw)
    asked = ask(gw, incident)
    result = IncidentInvestigated(job_id=asked["jobId"], attempt=1, snapshot="0" * 64, text=text)
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(result,)), gw.gateway.blobs)

    assert (waiting(gw, incident)[0].state, told(gw, incident)) == ("failed", [])


def test_what_was_found_of_another_incident_is_not_kept(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    report_investigation(gw, asked["jobId"], an_investigation("inc_other", observed_at=gw.clock.now()))

    assert waiting(gw, incident)[0].error == "the worker reported on another incident"


def test_one_that_failed_may_be_done_again_and_does_not_block_the_next(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    failed = JobFailed(job_id=asked["jobId"], attempt=1, error="no such context", retryable=False)
    record_results(gw.store, Recorder(Judge(GroupingPolicy())), Results(results=(failed,)), gw.gateway.blobs)
    again = gw.post(f"/api/jobs/{asked['jobId']}/retry").json
    record = gw.store.get(KeptInvestigation, asked["id"])

    assert (record.state, record.job_id) == ("queued", again["id"])
    assert ask(gw, incident)["id"] == asked["id"]


def test_it_follows_its_job(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)

    def begin(tx: Any) -> None:
        begun = msgspec.structs.replace(tx.get(Job, asked["jobId"]), state=JobState.RUNNING, attempt=1)
        tx.put(begun)
        follow_job(tx, begun)

    gw.store.transact(begin)

    assert gw.get(f"/api/incidents/{incident}").json["investigation"]["state"] == "running"


def test_the_first_and_the_newest_are_kept_whole(gw: GatewayUnderTest):
    incident = opened(gw)
    names = [investigated(gw, incident) for _ in range(23)]
    kept = gw.store.list_records(InvestigationContent, RecordQuery(parent=incident, limit=100)).records

    assert {one.investigation_id for one in kept} == {names[0], *names[-19:]}
    assert gw.get(f"/api/incidents/{incident}/graph?investigation={names[1]}").status_code == 404
    assert gw.get(f"/api/incidents/{incident}/investigations").json["total"] == 23


def test_blobs_in_use_stay_and_go_with_their_incident(gw: GatewayUnderTest):
    incident = opened(gw)
    entities = an_investigation(incident, observed_at=gw.clock.now()).entities * 200
    investigated(gw, incident, entities=entities)
    content = gw.store.list_records(InvestigationContent, RecordQuery(parent=incident)).records[0]
    snapshot = gw.store.list_records(InvestigationSnapshot, RecordQuery(parent=incident)).records[0]
    assert content.blob is not None
    apply_retention(gw.store, gw.gateway.blobs, Retention(), gw.clock.now() + timedelta(days=1))
    assert all(gw.gateway.blobs.get(digest) for digest in (content.blob, snapshot.digest))

    gw.patch(f"/api/incidents/{incident}", json={"status": "cancelled", "reason": "a drill"})
    apply_retention(gw.store, gw.gateway.blobs, Retention(incident_days=1), gw.clock.now() + timedelta(days=3))

    kinds = (KeptInvestigation, InvestigationContent, InvestigationSnapshot, IncidentGraph)
    assert [gw.store.list_records(kind, RecordQuery()).records for kind in kinds] == [[], [], [], []]


# --- reading


def test_the_graph_is_read_whole_or_by_layer(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    whole = gw.get(f"/api/incidents/{incident}/graph").json
    part = gw.get(f"/api/incidents/{incident}/graph?layer=app").json

    assert investigation_shapes.IncidentGraphShape().validate(whole) == {}
    assert ([one["layer"] for one in whole["entities"]], len(whole["edges"])) == (["app", "platform"], 1)
    assert ([one["layer"] for one in part["entities"]], part["edges"]) == (["app"], [])
    assert whole["blastRadius"]["downstream"] == ["ConfigMap/shop/checkout-config"]


def test_the_evidence_has_the_arithmetic_and_what_could_not_be_seen(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    evidence = gw.get(f"/api/incidents/{incident}/evidence").json

    assert investigation_shapes.IncidentEvidenceShape().validate(evidence) == {}
    assert evidence["hypotheses"][0]["arithmetic"] == [{"reason": "the rule", "delta": 0.9}]
    assert evidence["changes"][0]["fieldPath"] == "data.DB_HOST"
    assert evidence["coverage"][0]["part"] == "logs"


def test_before_there_is_any_it_says_how_to_get_one(gw: GatewayUnderTest):
    incident = opened(gw)
    none = gw.get(f"/api/incidents/{incident}/graph").json
    asked = ask(gw, incident)
    soon = gw.get(f"/api/incidents/{incident}/evidence").json

    assert (none["code"], none["waitingJobId"]) == ("incident_not_investigated", None)
    assert f"/api/incidents/{incident}/investigate" in none["detail"]
    assert soon["waitingJobId"] == asked["jobId"]


def test_one_of_another_incident_is_not_found(gw: GatewayUnderTest):
    mine, other = opened(gw), opened(gw)
    name = investigated(gw, mine)
    investigated(gw, other)

    assert gw.get(f"/api/incidents/{other}/graph?investigation={name}").status_code == 404


def test_two_are_compared(gw: GatewayUnderTest):
    incident = opened(gw)
    first = investigated(gw, incident)
    entities = an_investigation(incident, observed_at=gw.clock.now()).entities[:1]
    second = investigated(gw, incident, entities=entities, edges=(an_edge(state="absent"),))
    diff = gw.get(f"/api/incidents/{incident}/graph/diff").json
    back = gw.get(f"/api/incidents/{incident}/graph/diff?from={second}&to={first}").json

    assert investigation_shapes.GraphDiffShape().validate(diff) == {}
    assert (diff["fromId"], diff["toId"]) == (first, second)
    assert [one["id"] for one in diff["entitiesRemoved"]] == ["ConfigMap/shop/checkout-config"]
    assert diff["edgesChanged"] == [{"id": "e1", "before": "present", "after": "absent"}]
    assert diff["mayBeUnseen"] == ["logs: pods/log is forbidden"]
    assert [one["id"] for one in back["entitiesAdded"]] == ["ConfigMap/shop/checkout-config"]


def test_the_list_is_newest_first_and_narrowed(gw: GatewayUnderTest):
    incident = opened(gw)
    names = [investigated(gw, incident) for _ in range(2)]
    ask(gw, incident)
    found = gw.get(f"/api/incidents/{incident}/investigations?state=done").json

    assert [one["id"] for one in found["items"]] == names[::-1]
    assert investigation_shapes.InvestigationPageShape().validate(found) == {}


def test_a_report_tells_of_suspected_causes(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    report = gw.get(f"/api/incidents/{incident}/report").text

    assert "A key that the container needs is not in its ConfigMap" in report
    assert "key DB" in report
    assert "pods/log is forbidden" in report


def test_a_move_while_one_runs_asks_for_another_look(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    first = waiting(gw, incident)[0]

    def begin(tx: Any) -> None:
        begun = msgspec.structs.replace(tx.get(Job, first.job_id), state=JobState.RUNNING, attempt=1)
        tx.put(begun)
        follow_job(tx, begun)

    gw.store.transact(begin)
    gw.clock.advance(1)
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})
    report_investigation(gw, first.job_id, an_investigation(incident, observed_at=gw.clock.now()))

    assert [(one.trigger, one.state) for one in waiting(gw, incident)] == [("mitigated", "queued"), ("opened", "done")]
    assert ask(gw, incident)["id"] == waiting(gw, incident)[0].id


def test_what_has_fired_for_months_is_not_when_the_trouble_began(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw, starts_at=gw.clock.now() - timedelta(days=90))
    asked = write_question(gw.store, waiting(gw, incident)[0].id)

    assert asked is not None
    assert asked.question.onset == gw.store.get(Incident, incident).milestones.detected_at


def test_a_question_is_no_larger_than_a_message_may_be(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    labels = {f"label{n}": "x" * 500 for n in range(30)}
    many = [a_signal(fingerprint=f"f{n}", incident_id=incident, labels=labels) for n in range(100)]
    gw.store.transact(lambda tx: [tx.put(one) for one in many])
    question = write_question(gw.store, asked["id"])

    assert question is not None
    assert len(msgspec.json.encode(question.question)) < 300_000
    assert question.left_out == 100 - len(question.question.signals) > 0


def test_clusters_of_all_workers_are_known_until_one_is_gone(gw: GatewayUnderTest):
    now = [0.0]
    notes = ClusterNotes(gw.store, is_automatic=True, monotonic=lambda: now[0])

    def hello(worker: str, *clusters: str) -> tuple[str, ...]:
        said = Hello(service="graph", worker=worker, version="0", queues=("graph",), clusters=clusters)
        notes.note(said)
        return gw.store.get(GraphClusters, KNOWN_CLUSTERS).names

    assert hello("a", "prod") == ("prod",)
    assert hello("b", "staging") == ("prod", "staging")
    before = gw.store.last_seq
    assert hello("a", "prod") == ("prod", "staging")
    assert gw.store.last_seq == before
    now[0] = 119.0
    hello("b", "staging")
    now[0] = 130.0
    assert hello("b", "staging") == ("staging",)


def test_one_that_nobody_asked_for_and_that_found_nothing_the_incident_names_says_nothing(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    nothing = {"seeds": (), "hypotheses": (), "findings": (), "changes": ()}
    found = an_investigation(incident, observed_at=gw.clock.now(), **nothing)
    report_investigation(gw, waiting(gw, incident)[0].job_id, found)

    assert (waiting(gw, incident)[0].state, told(gw, incident)) == ("done", [])
