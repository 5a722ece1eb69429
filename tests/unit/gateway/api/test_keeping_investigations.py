"""What an investigation found is kept once, and told of once."""

from datetime import timedelta
from typing import Any

import pytest

from services.gateway.api import shapes
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    Incident,
    IncidentGraph,
    InvestigationContent,
    InvestigationSnapshot,
    KeptInvestigation,
)
from services.gateway.handlers.apply_retention import Retention, apply_retention
from services.gateway.handlers.drop_incident import drop_incident
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.ports import RecordQuery
from shared.contracts.messages import IncidentInvestigated, JobFailed, Results
from tests.support.clusters_known import know_clusters
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import all_of, ask, begin, fail, investigated, opened, told
from tests.support.investigations import (
    a_change,
    a_hypothesis,
    an_investigation,
    report_investigation,
)


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
        for one in all_of(gw, incident):
            if one.state == "queued":
                report_investigation(gw, one.job_id, an_investigation(incident, observed_at=gw.clock.now()))
        gw.clock.advance(60)

    assert len(all_of(gw, incident)) == 2
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

    assert (all_of(gw, incident)[0].state, told(gw, incident)) == ("failed", [])


def test_what_was_found_of_another_incident_is_not_kept(gw: GatewayUnderTest):
    incident = opened(gw)
    asked = ask(gw, incident)
    report_investigation(gw, asked["jobId"], an_investigation("inc_other", observed_at=gw.clock.now()))

    assert all_of(gw, incident)[0].error == "the worker reported on another incident"


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

    begin(gw, asked["jobId"])

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


def test_one_that_nobody_asked_for_and_that_found_nothing_the_incident_names_says_nothing(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    nothing = {"seeds": (), "hypotheses": (), "findings": (), "changes": ()}
    found = an_investigation(incident, observed_at=gw.clock.now(), **nothing)
    report_investigation(gw, all_of(gw, incident)[0].job_id, found)

    assert (all_of(gw, incident)[0].state, told(gw, incident)) == ("done", [])


def test_a_slow_one_that_saw_an_older_state_hides_nothing_newer(gw: GatewayUnderTest):
    incident = opened(gw)
    slow = ask(gw, incident)
    begin(gw, slow["jobId"])
    saw = gw.clock.now()
    quick = ask(gw, incident, maxEntities=50)
    newer = an_investigation(incident, observed_at=gw.clock.now(), hypotheses=(a_hypothesis("newer"),))
    report_investigation(gw, quick["jobId"], newer)
    report_investigation(gw, slow["jobId"], an_investigation(incident, observed_at=saw))
    shown = gw.get(f"/api/incidents/{incident}").json

    assert shown["investigation"]["id"] == quick["id"]
    assert [one["ruleId"] for one in shown["hypotheses"]] == ["newer"]
    assert gw.store.get(IncidentGraph, incident).kept_ids == (slow["id"], quick["id"])
    assert gw.get(f"/api/incidents/{incident}/graph/diff").json["fromId"] == slow["id"]


def test_what_comes_after_the_incident_was_merged_is_not_kept(gw: GatewayUnderTest):
    incident, target = opened(gw), gw.open_incident()["id"]
    asked = ask(gw, incident)
    begin(gw, asked["jobId"])
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))

    assert (told(gw, incident), told(gw, target)) == ([], [])
    assert all_of(gw, incident)[0].error == "its incident was merged into another meanwhile"
    assert gw.store.find(InvestigationContent, asked["id"]) is None


def test_what_was_told_of_one_cluster_is_news_of_another(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    asked = ask(gw, incident, cluster="staging")
    report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))

    assert told(gw, incident) == ["investigated", "hypothesis_found", "change_found"] * 2


def test_one_that_failed_is_not_done_again_while_another_is_under_way(gw: GatewayUnderTest):
    incident = opened(gw)
    failed = ask(gw, incident)
    fail(gw, failed["jobId"])
    other = ask(gw, incident)
    answer = gw.post(f"/api/jobs/{failed['jobId']}/retry")

    assert (answer.status_code, answer.json["code"]) == (409, "job_not_retryable")
    assert other["id"] in answer.json["detail"]
    assert gw.store.get(IncidentGraph, incident).queued_id == other["id"]


def test_one_that_was_taken_back_is_not_done_again(gw: GatewayUnderTest):
    know_clusters(gw, "prod")
    incident = gw.open_incident()["id"]
    taken_back = all_of(gw, incident)[0]
    fail(gw, ask(gw, incident, maxEntities=50)["jobId"])

    assert gw.post(f"/api/jobs/{taken_back.job_id}/retry").json["code"] == "job_not_retryable"


def test_one_that_failed_is_not_done_again_while_another_runs(gw: GatewayUnderTest):
    incident = opened(gw)
    failed = ask(gw, incident)
    fail(gw, failed["jobId"])
    begin(gw, ask(gw, incident)["jobId"])

    assert gw.post(f"/api/jobs/{failed['jobId']}/retry").json["code"] == "job_not_retryable"


def test_nothing_is_done_again_for_an_incident_that_was_merged(gw: GatewayUnderTest):
    incident, target = opened(gw), gw.open_incident()["id"]
    failed = ask(gw, incident)
    fail(gw, failed["jobId"])
    gw.post(f"/api/incidents/{incident}/merge", json={"into": target, "reason": "the same"})

    assert gw.post(f"/api/jobs/{failed['jobId']}/retry").json["code"] == "job_not_retryable"


def test_an_older_one_that_ends_leaves_the_newer_one_waiting(gw: GatewayUnderTest):
    incident = opened(gw)
    first = ask(gw, incident)
    second = ask(gw, incident, maxEntities=50)
    begin(gw, second["jobId"])
    third = ask(gw, incident, maxEntities=60)
    gw.post(f"/api/jobs/{first['jobId']}/cancel")
    graph = gw.store.get(IncidentGraph, incident)

    assert (graph.queued_id, graph.running_id) == (third["id"], second["id"])


def test_a_worker_whose_clock_goes_ahead_hides_nothing_that_is_seen_later(gw: GatewayUnderTest):
    incident = opened(gw)
    ahead = ask(gw, incident)
    found = an_investigation(incident, observed_at=gw.clock.now() + timedelta(days=30))
    report_investigation(gw, ahead["jobId"], found)
    gw.clock.advance(60)
    later = investigated(gw, incident)

    assert gw.get(f"/api/incidents/{incident}").json["investigation"]["id"] == later


class AskingStore:
    """A store in which somebody asks for an investigation once the records of an incident were listed."""

    def __init__(self, gw: GatewayUnderTest, incident: str) -> None:
        self._gw, self._incident = gw, incident

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gw.store, name)

    def list_records(self, kind: Any, query: RecordQuery) -> Any:
        page = self._gw.store.list_records(kind, query)
        if kind is InvestigationSnapshot:
            ask(self._gw, self._incident)
        return page


def test_what_is_asked_for_while_its_incident_is_dropped_goes_with_it(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    store: Any = AskingStore(gw, incident)

    assert drop_incident(store, incident, lambda _tx, _incident: True)
    kinds = (KeptInvestigation, InvestigationContent, InvestigationSnapshot, IncidentGraph)
    assert [gw.store.list_records(kind, RecordQuery()).records for kind in kinds] == [[], [], [], []]
