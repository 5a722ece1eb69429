"""Graph, evidence and lists of investigations are read over the API."""

from services.gateway.api import investigation_shapes
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import ask, investigated, opened
from tests.support.investigations import (
    an_edge,
    an_investigation,
    report_investigation,
)


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


def test_by_default_what_is_compared_is_of_one_cluster(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    names = []
    for _ in range(2):
        asked = ask(gw, incident, cluster="staging")
        report_investigation(gw, asked["jobId"], an_investigation(incident, observed_at=gw.clock.now()))
        names.append(asked["id"])
    diff = gw.get(f"/api/incidents/{incident}/graph/diff").json

    assert [diff["fromId"], diff["toId"]] == names
