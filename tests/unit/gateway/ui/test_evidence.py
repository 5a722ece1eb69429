"""The tab of evidence without a browser."""

from typing import Any

from services.gateway.domain.records import Role
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import investigated, opened

XSS = "<script>alert(1)</script>"
DIAGNOSIS: dict[str, Any] = {
    "resource": {"cluster": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout"},
    "observedAt": "2026-11-01T11:00:00Z",
    "producedBy": "me",
    "summary": XSS,
    "hypotheses": [
        {
            "ruleId": "mine",
            "title": XSS,
            "confidence": 0.6,
            "severity": "high",
            "evidence": [{"kind": XSS, "source": "s", "query": XSS, "observation": XSS}],
            "arithmetic": [{"reason": "base", "delta": 0.5}, {"reason": XSS, "delta": 0.1}],
            "actions": [{"text": "Restart it.", "command": ["kubectl", "rollout", "restart", "deploy/checkout"]}],
        }
    ],
}


def test_without_an_investigation_the_page_teaches_and_asks_for_one(gw: GatewayUnderTest):
    incident = opened(gw)
    page = gw.get(f"/incidents/{incident}/evidence").text
    assert "No evidence yet" in page
    assert "A responder can ask for one." in gw.get(f"/incidents/{incident}/evidence", role=Role.VIEWER).text

    answer = gw.post(f"/incidents/{incident}/investigate", data={"cluster": ""}, headers={"HX-Request": "true"})

    assert answer.status_code == 204
    assert "waiting for a graph worker" in gw.get(f"/incidents/{incident}/evidence/part").text


def test_a_cluster_nobody_reads_is_refused_in_the_form(gw: GatewayUnderTest):
    incident = opened(gw)
    form = {"cluster": "mars"}

    answer = gw.post(f"/incidents/{incident}/investigate", data=form, headers={"HX-Request": "true"})

    assert answer.status_code == 409
    assert "graph_cluster_unknown" in answer.text


def test_hypotheses_stand_with_their_sum_and_what_supports_them(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident)
    evidence = gw.get(f"/api/incidents/{incident}/evidence").json or {}

    page = gw.get(f"/incidents/{incident}/evidence").text

    assert evidence["hypotheses"]
    for one in evidence["hypotheses"]:
        assert f'id="hypothesis-{one["ruleId"]}"' in page
        assert all(step["reason"] in page for step in one.get("arithmetic", ()))
    assert "No evidence yet" not in page


def test_a_diagnosis_is_shown_whole_and_nothing_in_it_is_markup(gw: GatewayUnderTest):
    incident = opened(gw)
    attached = gw.post(f"/api/incidents/{incident}/diagnoses", json=DIAGNOSIS).json or {}

    page = gw.get(f"/incidents/{incident}/evidence/diagnoses/{attached['id']}").text

    assert XSS not in page
    assert "+0.1" in page
    assert "has no panel of its own yet" in page
    # What the rule says becomes the form of that change, in the cluster it was found in.
    assert "type=kubernetes&amp;verb=restart&amp;kind=Deployment&amp;name=checkout&amp;context=prod" in page
    assert XSS not in gw.get(f"/incidents/{incident}/evidence").text
