"""Incidents ask to be investigated when they open and move, and what the worker is asked then."""

from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.records import (
    Incident,
    IncidentGraph,
    InvestigationSnapshot,
    Job,
    JobState,
)
from services.gateway.handlers.investigation_slots import MOST_BY_ITSELF
from services.gateway.handlers.write_question import MOST_SIGNALS, write_question
from shared.contracts.signal import EntityHint, SignalStatus
from tests.support.builders import a_signal
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import alert, all_of, ask, begin, investigated, opened
from tests.support.investigations import (
    an_investigation,
    report_investigation,
)


def test_an_incident_that_opens_by_an_alert_is_investigated_once_its_signals_had_time_to_come(gw: GatewayUnderTest):
    know_clusters(gw, "prod", "staging")
    incident = alert(gw)
    asked = all_of(gw, incident)
    job = gw.store.get(Job, asked[0].job_id)

    assert [(one.trigger, one.context, one.requested_by) for one in asked] == [("opened", "prod", "system")]
    assert job.not_before == gw.clock.now() + timedelta(seconds=10)


def test_more_alerts_ask_no_more(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw)

    assert alert(gw, "Down", fingerprint="webhook:other") == incident
    assert len(all_of(gw, incident)) == 1


def test_a_person_who_asks_need_not_wait_for_more_signals(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw)
    asked = ask(gw, incident)

    assert asked["id"] == all_of(gw, incident)[0].id
    assert gw.store.get(Job, asked["jobId"]).not_before is None


def test_an_incident_is_looked_at_again_when_it_is_mitigated_and_when_it_is_resolved(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    seen = []
    for status in ("investigating", "mitigated", "resolved", "investigating"):
        for one in all_of(gw, incident):
            if one.state == "queued":
                report_investigation(gw, one.job_id, an_investigation(incident, observed_at=gw.clock.now()))
        gw.clock.advance(60)
        moved = gw.patch(f"/api/incidents/{incident}", json={"status": status, "reason": "so it is"})
        assert moved.status_code == 200, moved.text
        seen.append(all_of(gw, incident)[0].trigger)

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

    assert all_of(gw, gw.open_incident(labels=labels)["id"]) == []


def test_a_storm_of_incidents_does_not_fill_the_queue(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incidents = [gw.open_incident(title=f"one of many, {number}")["id"] for number in range(MOST_BY_ITSELF + 2)]
    *asked, _, left_out = incidents
    metrics = gw.get("/metrics", role=None).text
    refused = gw.get(f"/api/incidents/{left_out}/graph").json

    assert [len(all_of(gw, one)) for one in incidents] == [1] * MOST_BY_ITSELF + [0, 0]
    assert 'faultline_investigations{state="queued"} 50.0' in metrics
    assert "faultline_incidents_left_out 2.0" in metrics
    assert refused["detail"].startswith("Too many investigations waited")

    ask(gw, left_out)
    report_investigation(gw, all_of(gw, asked[7])[0].job_id, an_investigation(asked[7], observed_at=gw.clock.now()))

    assert len(all_of(gw, gw.open_incident()["id"])) == 1, "the one that is done made room"
    assert all_of(gw, gw.open_incident()["id"]) == [], "and for one only: what people ask for takes none of it"
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

    assert [one.context for one in all_of(gw, incident)] == ["staging"]


def test_the_question_has_all_signals_there_are_when_the_job_goes_out(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    pod = EntityHint(kind="pod", name="checkout-1", namespace="shop", cluster="prod")
    began = gw.clock.now() - timedelta(minutes=5)
    incident = alert(gw, entities=(pod,), service="checkout", starts_at=began)
    alert(gw, "Down", fingerprint="webhook:other")
    asked = write_question(gw.store, all_of(gw, incident)[0].id)

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


def test_a_move_while_one_runs_asks_for_another_look(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    first = all_of(gw, incident)[0]

    begin(gw, first.job_id)
    gw.clock.advance(1)
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})
    report_investigation(gw, first.job_id, an_investigation(incident, observed_at=gw.clock.now()))

    assert [(one.trigger, one.state) for one in all_of(gw, incident)] == [("mitigated", "queued"), ("opened", "done")]
    assert ask(gw, incident)["id"] == all_of(gw, incident)[0].id


def test_what_has_fired_for_months_is_not_when_the_trouble_began(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw, starts_at=gw.clock.now() - timedelta(days=90))
    asked = write_question(gw.store, all_of(gw, incident)[0].id)

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


def test_a_later_look_by_itself_takes_the_place_of_one_that_waits(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = alert(gw)
    first = all_of(gw, incident)[0]
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})
    replaced = gw.store.get(Job, first.job_id)

    assert [(one.trigger, one.state) for one in all_of(gw, incident)] == [("mitigated", "queued")]
    assert (replaced.state, replaced.error) == ("cancelled", f"replaced by {all_of(gw, incident)[0].id}")


def test_a_look_by_itself_leaves_the_one_a_person_waits_for(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident(labels={"cluster": "prod"})["id"]
    asked = ask(gw, incident, maxEntities=50)
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})

    assert [(one.id, one.max_entities) for one in all_of(gw, incident)] == [(asked["id"], 50)]


def test_one_that_waits_stays_where_no_place_is_free_for_a_later_one(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    for number in range(MOST_BY_ITSELF - 1):
        gw.open_incident(title=f"one of many, {number}")
    for status in ("investigating", "mitigated"):
        gw.patch(f"/api/incidents/{incident}", json={"status": status})

    assert [one.trigger for one in all_of(gw, incident)] == ["opened"]
    assert not gw.store.get(IncidentGraph, incident).is_left_out


def test_what_waits_ends_when_its_incident_is_merged(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident, target = gw.open_incident()["id"], gw.open_incident()["id"]
    waiting = all_of(gw, incident)[0]
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})

    assert gw.store.get(Job, waiting.job_id).state is JobState.CANCELLED
    assert (all_of(gw, incident), len(all_of(gw, target))) == ([], 1)
    assert gw.store.get(IncidentGraph, incident).queued_id is None
    assert write_question(gw.store, waiting.id) is None


def test_an_incident_that_is_split_off_again_is_looked_at_again(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident, target = gw.open_incident()["id"], gw.open_incident()["id"]
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})
    gw.post(f"/api/incidents/{incident}/split", json={"reason": "not the same"})

    assert [one.trigger for one in all_of(gw, incident)] == ["opened"]


def test_nobody_misses_an_investigation_of_an_incident_that_ended(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    for number in range(MOST_BY_ITSELF):
        begin(gw, all_of(gw, gw.open_incident(title=f"one of many, {number}")["id"])[0].job_id)
    incident = gw.open_incident()["id"]
    assert gw.store.get(IncidentGraph, incident).is_left_out
    gw.patch(f"/api/incidents/{incident}", json={"status": "cancelled", "reason": "a drill"})

    assert not gw.store.get(IncidentGraph, incident).is_left_out
