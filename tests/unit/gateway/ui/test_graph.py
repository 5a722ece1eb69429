import re
from typing import Any

import pytest

from services.gateway.domain.records import Role
from services.gateway.ui.pages.incident.graph_view import all_findings, view_of
from shared.contracts.diagnosis import CoverageNote, DiagnosedResource, ReadGrant
from shared.contracts.investigation import Cut, GraphEntity
from tests.support.gateway import GatewayUnderTest
from tests.support.investigated import ask, begin, body_of, fail, investigated, opened
from tests.support.investigations import CHECKOUT, CONFIG, an_edge

GRAPH = "/incidents/INC-1/graph"
CONFIG_ID = "ConfigMap/shop/checkout-config"
HOSTILE = '"><img src=x onerror=alert(1)>'
GONE = DiagnosedResource(cluster="prod", namespace="shop", kind="Service", name="orders-db")


def an_entity(resource: DiagnosedResource, **fields: Any) -> GraphEntity:
    given: dict[str, Any] = {"layer": "network", "uid": "u9", "hops": 2}
    return GraphEntity(id=f"{resource.kind}/{resource.namespace}/{resource.name}", resource=resource, **given | fields)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_an_incident_that_nobody_investigated_teaches_and_offers_it(gw: GatewayUnderTest):
    opened(gw)

    page = gw.get(GRAPH)

    assert page.status_code == 200
    assert "Nobody looked at what surrounds this incident yet" in page.text
    assert 'action="/incidents/INC-1/graph/investigations"' in page.text
    assert 'action="/incidents/INC-1/graph/investigations"' not in gw.get(GRAPH, role=Role.VIEWER).text


def test_the_list_says_without_a_script_what_the_picture_says(gw: GatewayUnderTest):
    incident = opened(gw)
    investigated(gw, incident, cut=(Cut(kind="Pod", count=7, reason="more were found than asked for"),))

    page = text_of(gw.get(GRAPH).text)

    assert "ConfigMap checkout-config shop culprit downstream 1" in page
    assert "Deployment checkout shop affected seed 0" in page
    assert f"USES CONFIG {CONFIG_ID}" in page
    assert "any logs pods/log is forbidden" in page
    assert "7 Pod more were found than asked for" in page


def test_the_script_is_told_of_nodes_edges_and_layers_in_their_order(gw: GatewayUnderTest):
    incident = opened(gw)
    named = investigated(gw, incident)

    told = body_of(gw.get(f"{GRAPH}.json"))

    assert told["investigationId"] == named
    assert told["layers"] == ["app", "platform"]
    states = {node["id"]: (node["state"], node["is_seed"], node["blast"]) for node in told["nodes"]}
    assert states == {"Deployment/shop/checkout": ("affected", True, ""), CONFIG_ID: ("culprit", False, "downstream")}
    (link,) = told["links"]
    assert (link["source"], link["target"], link["rationale"]) == (
        "Deployment/shop/checkout",
        CONFIG_ID,
        "envFrom of container app",
    )


def test_an_entity_shows_its_findings_with_their_evidence_and_its_edges_with_their_reasons(gw: GatewayUnderTest):
    incident = opened(gw)
    named = investigated(gw, incident)

    part = gw.get(f"{GRAPH}/entity?entity={CONFIG_ID}").text

    assert f"/incidents/INC-1/evidence?investigation={named}#hypothesis-config-key-missing" in part
    assert "envFrom of container app" in part
    assert "spec.template.spec.containers[0].envFrom[0]" in part
    assert "key DB_HOST was removed" in part
    whole = gw.get(f"{GRAPH}?entity={CONFIG_ID}").text
    assert "envFrom of container app" in whole


def test_an_entity_that_the_graph_does_not_hold_is_said_so(gw: GatewayUnderTest):
    investigated(gw, opened(gw))

    part = gw.get(f"{GRAPH}/entity?entity=Pod/shop/nobody")

    assert (part.status_code, "Not in this graph" in part.text) == (200, True)


def test_what_could_not_be_seen_is_told_by_layer_with_the_right_that_is_missing(gw: GatewayUnderTest):
    note = CoverageNote(
        part="ConfigMap",
        kind="ConfigMap",
        namespace="shop",
        reason="may not be listed",
        grant=ReadGrant(api_groups=("",), resources=("configmaps",), verbs=("get", "list"), namespace="shop"),
    )
    unknown = an_entity(GONE, presence="unknown")
    checkout, config = an_entity(CHECKOUT, layer="app"), an_entity(CONFIG, layer="platform")
    investigated(gw, opened(gw), coverage=(note,), entities=(checkout, config, unknown))

    page = text_of(gw.get(GRAPH).text)

    assert (
        "platform ConfigMap in shop may not be listed It could be read with the right to get, list configmaps" in page
    )
    assert "network Service/shop/orders-db something refers to it; whether it is there is not known" in page


def test_two_investigations_are_compared(gw: GatewayUnderTest):
    incident = opened(gw)
    config, checkout = an_entity(CONFIG, layer="platform"), an_entity(CHECKOUT, layer="app", hops=0, is_seed=True)
    before = investigated(gw, incident, entities=(checkout, config), edges=(an_edge(),), coverage=())
    investigated(gw, incident, entities=(checkout, an_entity(GONE, presence="absent")), edges=(), coverage=())

    told = body_of(gw.get(f"{GRAPH}.json?from={before}"))
    page = text_of(gw.get(f"{GRAPH}?from={before}").text)

    changes = {node["id"]: node["change"] for node in told["nodes"]}
    assert changes == {"Deployment/shop/checkout": "", "Service/shop/orders-db": "came", CONFIG_ID: "went"}
    assert [link["change"] for link in told["links"]] == ["went"]
    assert "1 came 2 went 0 changed" in page
    assert "What changed from" in page


def test_what_may_only_be_unseen_is_said_beside_the_difference(gw: GatewayUnderTest):
    incident = opened(gw)
    before = investigated(gw, incident)
    investigated(gw, incident, entities=(), edges=())

    page = text_of(gw.get(f"{GRAPH}?from={before}").text)
    assert "may only have been unseen (1 reason) logs" in page


def test_the_form_asks_for_what_was_typed(gw: GatewayUnderTest):
    incident = opened(gw)
    form = {"cluster": "staging", "maxEntities": "50", "requestKey": "once"}

    answer = gw.post(f"{GRAPH}/investigations", data=form, role=Role.RESPONDER)

    assert (answer.status_code, answer.headers["Location"]) == (303, GRAPH)
    (asked,) = body_of(gw.get(f"/api/incidents/{incident}/investigations"))["items"]
    assert (asked["context"], asked["maxEntities"]) == ("staging", 50)


@pytest.mark.parametrize("is_part", [True, False])
def test_an_unknown_cluster_offers_those_that_are_known(gw: GatewayUnderTest, is_part: bool):
    opened(gw)
    headers = {"HX-Request": "true"} if is_part else {}

    refused = gw.post(f"{GRAPH}/investigations", data={"cluster": "nope"}, headers=headers)

    assert refused.status_code == 409
    assert '<button name="cluster" value="prod">' in refused.text
    assert ("<html" in refused.text) is not is_part
    # What is offered goes over what was typed.
    taken = gw.post(f"{GRAPH}/investigations", data={"cluster": ["nope", "prod"]}, headers=headers)
    assert taken.status_code in {204, 303}


@pytest.mark.parametrize(("form", "status"), [({"maxEntities": "many"}, 422), ({"maxEntities": "0"}, 422)])
def test_what_the_api_refuses_is_shown_where_it_was_typed(gw: GatewayUnderTest, form: dict[str, str], status: int):
    opened(gw)

    refused = gw.post(f"{GRAPH}/investigations", data=form, headers={"HX-Request": "true"})

    assert (refused.status_code, "maxEntities" in refused.text) == (status, True)


def test_a_viewer_asks_for_nothing(gw: GatewayUnderTest):
    opened(gw)

    assert gw.post(f"{GRAPH}/investigations", data={"cluster": "prod"}, role=Role.VIEWER).status_code == 403


def test_the_bar_tells_of_what_is_under_way_what_is_newer_and_what_failed(gw: GatewayUnderTest):
    incident = opened(gw)
    shown = investigated(gw, incident)
    bar = f"{GRAPH}/news?shown={shown}"
    assert "note-box" not in gw.get(bar).text

    job = ask(gw, incident)["jobId"]
    assert "it waits for a graph worker" in text_of(gw.get(bar).text)
    assert "every 3s" in gw.get(bar).text
    begin(gw, job)
    fail(gw, job)
    failed = gw.get(bar).text
    assert "The last investigation failed" in failed
    assert "no such context" in failed
    assert "every 3s" not in failed

    investigated(gw, incident)
    newer = gw.get(bar).text
    assert "A newer investigation is done" in newer
    assert "failed" not in newer
    assert f"/incidents/INC-1/graph?from={shown}" in newer


def test_names_of_a_cluster_are_text_wherever_they_stand(gw: GatewayUnderTest):
    incident = opened(gw)
    evil = DiagnosedResource(cluster="prod", namespace=HOSTILE, kind=HOSTILE, name=HOSTILE)
    entity = an_entity(evil, layer=HOSTILE, presence="absent")
    edge = an_edge(source=entity.id, target=entity.id, relation=HOSTILE, rationale=HOSTILE, note=HOSTILE)
    investigated(
        gw,
        incident,
        summary=HOSTILE,
        entities=(entity,),
        edges=(edge,),
        cut=(Cut(kind=HOSTILE, count=1, reason=HOSTILE),),
    )

    for address in (GRAPH, f"{GRAPH}/entity"):
        shown = gw.get(address, query_string={"entity": entity.id})

        assert shown.status_code == 200
        assert "<img" not in shown.text


def test_an_investigation_that_is_not_there_is_a_problem_and_no_empty_page(gw: GatewayUnderTest):
    investigated(gw, opened(gw))

    assert gw.get(f"{GRAPH}?investigation=inv_nobody").status_code == 404
    assert gw.get("/incidents/INC-9/graph").status_code == 404


def test_advice_changes_no_state_and_unknown_is_never_absent():
    resource = {"kind": "Pod", "namespace": "shop", "name": "a"}
    other = {"kind": "Pod", "namespace": "shop", "name": "b"}
    finding = {"ruleId": "advice-root", "severity": "low", "subject": resource, "evidence": []}
    graph = {
        "investigationId": "inv_1",
        "entities": [
            {
                "id": "Pod/shop/a",
                "resource": resource,
                "layer": "app",
                "presence": "present",
                "hops": 0,
                "isSeed": True,
            },
            {"id": "Pod/shop/b", "resource": other, "layer": "odd", "presence": "vague", "hops": 1, "isSeed": False},
        ],
        "edges": [],
        "blastRadius": {"upstream": ["Pod/shop/b"], "downstream": ["Pod/shop/b"]},
    }

    view = view_of(graph, {"hypotheses": [], "findings": [finding]})

    assert [(node.state, node.findings, node.blast) for node in view.nodes] == [
        ("present", 1, ""),
        ("unknown", 0, "both"),
    ]
    assert [name for name, _ in view.layers] == ["app", "odd"]


def test_anchors_are_those_of_the_evidence_page():
    def finding(rule: str, name: str) -> dict[str, Any]:
        return {"ruleId": rule, "subject": {"kind": "Pod", "namespace": None, "name": name}}

    evidence = {
        "hypotheses": [finding("log-dns", "a"), finding("log-dns", "b")],
        "findings": [finding("Log DNS!", "c"), finding("log-dns", "a")],
    }

    anchors = [anchor for anchor, _ in all_findings(evidence)]

    assert anchors == ["hypothesis-log-dns", "hypothesis-log-dns-2", "finding-log-dns"]
