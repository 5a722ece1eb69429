"""Actions through the API: the story of one, what it belongs to, and what can be proposed."""

import hashlib
import json

import pytest
from msgspec.structs import replace

from services.gateway.api import action_shapes, policy_shapes, shapes
from services.gateway.domain.records import Incident, IncidentStatus, Role
from tests.support.action_calls import (
    ACTIONS,
    COMMAND,
    DONE,
    approve,
    approved,
    propose,
    read,
    timeline,
    with_incident,
)
from tests.support.actions import MANUAL, SCALE
from tests.support.gateway import GatewayUnderTest


@pytest.fixture
def gw() -> GatewayUnderTest:
    return with_incident()


@pytest.fixture(scope="module")
def lasting() -> GatewayUnderTest:
    """A gateway for many refusals: to make one takes longer than to ask it."""
    return with_incident()


def test_a_manual_action_from_proposal_to_its_result(gw: GatewayUnderTest):
    action = propose(gw, risk="critical")
    previewed = gw.call("POST", f"{action['href']}/previews", role=Role.RESPONDER, json={"output": "2 replicas lag"})
    asked = gw.call("POST", f"{action['href']}/request-approval", role=Role.RESPONDER)
    first = approve(gw, asked.json, reason="Lag is small.")
    second = approve(gw, asked.json, token="flt_secret-of-cy")
    done = gw.call("POST", f"{action['href']}/execute", role=Role.RESPONDER, json=DONE)

    states = [one.json["state"] for one in (previewed, asked, first, second, done)]
    assert states == ["previewed", "pending", "pending", "approved", "executed"]
    said = {"by": "token:responder", "at": "2026-11-01T12:00:00Z", **DONE}
    assert said.items() <= done.json["execution"].items()
    assert [(one["by"], one["holds"]) for one in done.json["approvals"]] == [
        ("token:approver", True),
        ("token:cy", True),
    ]
    assert (done.json["approvalsGiven"], done.json["approvalsNeeded"]) == (2, 2)
    assert timeline(gw) == [
        ("action_proposed", "token:responder"),
        ("action_previewed", "token:responder"),
        ("action_approval_requested", "token:responder"),
        ("action_approved", "token:approver"),
        ("action_approved", "token:cy"),
        ("action_executed", "token:responder"),
    ]
    assert gw.get("/api/incidents/INC-1").json["version"] == 1, "actions are no edits of the incident"


def test_its_digests_can_be_computed_from_what_the_api_says(gw: GatewayUnderTest):
    for body in (MANUAL, SCALE, COMMAND):
        action = propose(gw, body, rationale="Öl läuft aus\nseit 12:04")
        gw.post(f"{action['href']}/previews", json={"output": "would “scale”", "succeeded": False})
        gw.post(f"{action['href']}/previews", json={"output": "x" * 40_000})
        shown = read(gw, action)

        def digest(value):
            text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            return hashlib.sha256(text.encode()).hexdigest()

        names = ["id", "incidentId", "type", "payload", "title", "rationale", "risk", "rollback", "expectedEffect"]
        assert digest({name: shown[name] for name in names}) == shown["digest"]
        previews = [gw.get(preview["href"]).json for preview in shown["previews"]]
        for preview in previews:
            output = hashlib.sha256(preview["output"].encode()).hexdigest()
            seen = {"id": preview["id"], "output": output, "succeeded": preview["succeeded"]}
            assert digest(seen) == preview["digest"]
        seen = {"content": shown["digest"], "previews": [preview["digest"] for preview in previews]}
        assert digest(seen) == shown["reviewDigest"]


def test_an_incident_shows_its_newest_actions(gw: GatewayUnderTest):
    made = [propose(gw, title=f"Step {number}") for number in range(22)]
    shown = gw.get("/api/incidents/INC-1").json

    assert [one["id"] for one in shown["actions"]] == [one["id"] for one in reversed(made)][:20]
    assert "payload" not in shown["actions"][0]
    assert gw.get(shown["links"]["actions"]).json["total"] == 22
    assert shapes.IncidentShape().validate(shown) == {}


def test_an_approver_finds_what_waits_for_them_in_all_incidents(gw: GatewayUnderTest):
    gw.open_incident()
    waits, other = propose(gw), propose(gw, risk="medium")
    elsewhere = gw.post("/api/incidents/INC-2/actions", json=MANUAL).json
    propose(gw, risk="high")
    approve(gw, other)

    def found(query):
        return {one["id"] for one in gw.get(f"/api/actions?{query}").json["items"]}

    assert found("state=pending") == {waits["id"], elsewhere["id"]}
    assert found("state=approved,pending&risk=medium") == {other["id"]}
    assert gw.get(f"{ACTIONS}?risk=low").json["total"] == 1
    assert gw.get("/api/actions?limit=3").json["total"] == 4
    assert gw.get("/api/actions?state=nope").status_code == 422


def test_every_answer_has_the_shape_that_is_described(gw: GatewayUnderTest):
    action = approved(gw)
    preview = gw.post(f"{propose(gw, SCALE)['href']}/previews", json={"output": "x"}).json["previews"][0]
    gw.post(f"{action['href']}/execute", json=DONE)
    rejected = propose(gw, COMMAND)
    gw.post(f"{rejected['href']}/approve", json={"approved": False, "reason": "no"})

    for one in (action, rejected):
        assert action_shapes.ActionShape().validate(read(gw, one)) == {}
    assert action_shapes.ActionPageShape().validate(gw.get(ACTIONS).json) == {}
    assert action_shapes.ActionPreviewShape().validate(gw.get(preview["href"]).json) == {}
    assert policy_shapes.ApprovalPolicyShape().validate(gw.get("/api/actions/policy").json) == {}


@pytest.mark.parametrize("status", [IncidentStatus.CLOSED, IncidentStatus.CANCELLED, IncidentStatus.MERGED])
def test_nothing_is_begun_about_an_incident_that_has_ended(gw: GatewayUnderTest, status):
    ready, waits = approved(gw), propose(gw)
    incident = gw.store.get(Incident, ready["incidentId"])
    gw.store.transact(lambda tx: tx.put(replace(incident, status=status)))

    for path, body in (
        (ACTIONS, MANUAL),
        (f"{waits['href']}/previews", {"output": "x"}),
        (f"{waits['href']}/request-approval", None),
        (f"{waits['href']}/approve", {"approved": True}),
        (f"{ready['href']}/execute", DONE),
    ):
        refused = gw.post(path, json=body)
        code = "incident_merged" if status is IncidentStatus.MERGED else "incident_ended"
        assert (refused.status_code, refused.json["code"]) == (409, code), path
        assert status is IncidentStatus.MERGED or refused.json["incidentStatus"] == status
    assert gw.post(f"{ready['href']}/approve", json={"approved": False, "reason": "over"}).status_code == 200
    assert gw.call("POST", f"{waits['href']}/withdraw", role=Role.RESPONDER).status_code == 200


@pytest.mark.parametrize("status", [IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM])
def test_what_was_done_in_a_hurry_can_be_undone_after_it_is_resolved(gw: GatewayUnderTest, status):
    incident = gw.store.get(Incident, gw.get("/api/incidents/INC-1").json["id"])
    gw.store.transact(lambda tx: tx.put(replace(incident, status=status)))
    action = approved(gw)

    assert gw.post(f"{action['href']}/execute", json=DONE).status_code == 200


def test_an_action_is_found_under_its_own_incident_only(gw: GatewayUnderTest):
    action = propose(gw)
    preview = gw.post(f"{action['href']}/previews", json={"output": "x"}).json["previews"][0]
    other = gw.open_incident()
    elsewhere = f"/api/incidents/{other['id']}/actions/{action['id']}"

    for method, path, body in (
        ("GET", elsewhere, None),
        ("GET", f"{elsewhere}/previews/{preview['id']}", None),
        ("GET", f"{action['href']}/previews/apv_none", None),
        ("POST", f"{elsewhere}/approve", {"approved": True}),
        ("POST", f"{elsewhere}/execute", DONE),
        ("POST", f"{elsewhere}/withdraw", {}),
        ("GET", f"{ACTIONS}/act_none", None),
        ("GET", "/api/incidents/INC-9/actions", None),
        ("POST", "/api/incidents/inc_none/actions", MANUAL),
    ):
        assert gw.call(method, path, json=body).status_code == 404, (method, path)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**MANUAL, "type": "runbook"}, "type"),
        ({**MANUAL, "payload": {}}, "payload.instructions"),
        ({**MANUAL, "payload": {"instructions": " "}}, "payload.instructions"),
        ({**MANUAL, "payload": {**MANUAL["payload"], "verb": "scale"}}, "payload.verb"),
        ({**MANUAL, "payload": []}, "payload"),
        ({**MANUAL, "payload": None}, "payload"),
        ({**MANUAL, "state": "approved"}, "state"),
        ({**MANUAL, "digest": "0" * 64}, "digest"),
        ({**MANUAL, "title": ""}, "title"),
        ({**MANUAL, "title": "x" * 301}, "title"),
        ({**MANUAL, "risk": "none"}, "risk"),
        ({**MANUAL, "rationale": "x" * 4_001}, "rationale"),
        ({**MANUAL, "rollback": "export AWS=AKIAABCDEFGHIJKLMNOP"}, "rollback"),
        ({**COMMAND, "payload": {"argv": [], "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": [" "], "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": "rm -rf /", "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": ["ls", "a\0b"], "target": "x"}}, "payload.argv.1"),
        ({**COMMAND, "payload": {"argv": ["ls"] * 65, "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": ["ls", *["x" * 2_000] * 10], "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": ["bash", "-c", "ls"], "target": "x"}}, "payload.argv"),
        ({**COMMAND, "payload": {"argv": ["ls"]}}, "payload.target"),
    ],
)
def test_a_proposal_that_cannot_be_meant_is_refused_by_its_place(lasting: GatewayUnderTest, body, field):
    before = lasting.get(ACTIONS).json["total"]
    refused = lasting.post(ACTIONS, json=body)

    assert (refused.status_code, list(refused.json["errors"])) == (422, [field])
    assert "AKIA" not in refused.text
    assert lasting.get(ACTIONS).json["total"] == before


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"verb": "exec"}, "payload.verb"),
        ({"context": "-prod"}, "payload.context"),
        ({"context": "arn:aws:eks:eu-1:1:cluster/prod"}, None),
        ({"namespace": "Shop"}, "payload.namespace"),
        ({"namespace": "--all"}, "payload.namespace"),
        ({"name": "checkout\n"}, "payload.name"),
        ({"name": "--all"}, "payload.name"),
        ({"name": "system:node-reader"}, None),
        ({"kind": "Deployment/x"}, "payload.kind"),
        ({"parameters": {"replicas": 3, "x": "a\0"}}, "payload.parameters"),
        ({"parameters": {"replicas": 3, "x": 2**60}}, "payload.parameters"),
        ({"parameters": {"replicas": 3, "x": "y" * 17_000}}, "payload.parameters"),
        ({"parameters": {"replicas": 3, **{f"k{n}": 1 for n in range(50)}}}, "payload.parameters"),
        ({"parameters": {"replicas": 3, "x": [[[[[[[[[[[]]]]]]]]]]]}}, "payload.parameters"),
        ({"colour": "red"}, "payload.colour"),
    ],
)
def test_a_change_of_a_cluster_names_its_object_exactly(lasting: GatewayUnderTest, change, field):
    answer = lasting.post(ACTIONS, json={**SCALE, "payload": {**SCALE["payload"], **change}})

    if field is None:
        assert answer.status_code == 201, answer.text
    else:
        assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_a_risk_nobody_gave_is_high(gw: GatewayUnderTest):
    made = gw.post(ACTIONS, json={name: value for name, value in MANUAL.items() if name != "risk"}).json

    assert (made["risk"], made["state"], made["isDigestRequired"]) == ("high", "proposed", True)


def test_secrets_in_what_a_dry_run_put_out_are_taken_out(gw: GatewayUnderTest):
    action = propose(gw)
    for size in (0, 20_000):
        output = "env: PGPASSWORD=hunter2hunter\n" + "x" * size
        preview = gw.post(f"{action['href']}/previews", json={"output": output}).json["previews"][-1]
        shown = gw.get(preview["href"]).json

        assert (preview["redacted"], shown["output"]) == (1, output.replace("hunter2hunter", "[redacted]"))


def test_previews_have_their_limits(gw: GatewayUnderTest):
    action = propose(gw)
    assert gw.post(f"{action['href']}/previews", json={"output": "x" * 262_145}).status_code == 422
    assert gw.post(f"{action['href']}/previews", json={"output": " "}).status_code == 422
    for _ in range(20):
        assert gw.post(f"{action['href']}/previews", json={"output": "x"}).status_code == 201
    assert gw.post(f"{action['href']}/previews", json={"output": "x"}).json["code"] == "too_many_previews"


@pytest.mark.parametrize("path", ["/execute", "/withdraw", "/request-approval"])
def test_a_body_may_be_left_out_but_not_be_another_thing(gw: GatewayUnderTest, path):
    action = propose(gw, role=Role.ADMIN)

    assert gw.post(action["href"] + path).status_code in {200, 403}
    if path != "/request-approval":
        assert gw.post(action["href"] + path, data=b"x", content_type="text/plain").status_code == 415
        assert gw.post(action["href"] + path, json={"force": True}).status_code == 422
