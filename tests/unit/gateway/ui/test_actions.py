"""The pages of actions without a browser: what forms send, what is refused and how it is said, what is shown."""

import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from services.gateway.domain.actions.policy import ApprovalPolicy, Freeze
from services.gateway.domain.records import Role
from tests.support.actions import MANUAL, SCALE
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest, a_gateway

PART = {"HX-Request": "true"}
XSS = "<img src=x onerror=alert(1)>"


YEAR_END = Freeze(
    name="year-end",
    reason="Half of us are away.",
    from_at=START,
    until=START + timedelta(hours=1),
    break_glass_role=Role.ADMIN,
)


@pytest.fixture
def incident(gw: GatewayUnderTest) -> dict[str, Any]:
    return gw.open_incident()


def propose(gw: GatewayUnderTest, incident: dict[str, Any], **fields: Any) -> str:
    """Propose an action as the responder; return its page."""
    path = f"/api/incidents/{incident['id']}/actions"
    answer = gw.post(path, json={**MANUAL, **fields}, role=Role.RESPONDER)
    assert answer.status_code == 201, answer.text
    return f"/incidents/INC-{incident['number']}/actions/{(answer.json or {})['id']}"


def action(gw: GatewayUnderTest, page: str) -> dict[str, Any]:
    body: dict[str, Any] = gw.get(f"/api{page}").json or {}
    return body


def send(gw: GatewayUnderTest, page: str, role: Role = Role.APPROVER, **form: str) -> TestResponse:
    return gw.post(page, data=form, role=role, headers=PART)


def test_a_filled_form_proposes_and_leads_to_the_action(gw: GatewayUnderTest, incident: dict[str, Any]):
    place = {"context": "prod", "namespace": "shop", "kind": "Deployment", "name": "checkout", "replicas": "5"}
    form = {"type": "kubernetes", "verb": "scale", "title": "More pods", "risk": "high", **place}

    answer = gw.post(f"/incidents/INC-{incident['number']}/actions/new", data=form, role=Role.RESPONDER)

    page = answer.headers["Location"]
    assert answer.status_code == 303
    assert action(gw, page)["payload"]["parameters"] == {"replicas": 5}
    assert "More pods" in gw.get(page).text


def test_a_refused_proposal_comes_back_with_what_was_typed(gw: GatewayUnderTest, incident: dict[str, Any]):
    form = {"type": "kubernetes", "verb": "scale", "title": "More", "kind": "Deployment", "replicas": "many"}
    form |= {"context": "prod", "namespace": "shop", "name": "checkout"}

    answer = gw.post(f"/incidents/INC-{incident['number']}/actions/new", data=form, role=Role.RESPONDER)

    assert answer.status_code == 422
    assert "payload.parameters.replicas" in answer.text
    assert 'value="many"' in answer.text


def test_links_fill_the_form_in_and_the_fields_follow_the_verb(gw: GatewayUnderTest, incident: dict[str, Any]):
    query = {"type": "kubernetes", "verb": "rollback", "kind": "StatefulSet", "name": "db", "revision": "7"}

    page = gw.get(f"/incidents/{incident['id']}/actions/new", query_string=query).text

    assert 'name="revision"' in page
    assert 'value="7"' in page
    assert "<option selected>StatefulSet</option>" in page
    assert 'name="replicas"' not in page


def test_who_may_not_approve_is_told_why_and_offered_nothing(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")

    assert "/approve" not in gw.get(page, role=Role.RESPONDER).text
    assert "It takes an approver to approve this; you are a responder." in gw.get(page, role=Role.RESPONDER).text
    assert "/approve" in gw.get(page, role=Role.APPROVER).text
    assert send(gw, f"{page}/approve", Role.RESPONDER, digest=action(gw, page)["digest"]).status_code == 403
    assert action(gw, page)["approvals"] == []


def test_the_form_approves_exactly_what_it_was_shown_with(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")
    shown = gw.get(page, role=Role.APPROVER).text
    seen = re.search(r'name="digest" value="([0-9a-f]{64})"', shown)
    assert seen is not None
    gw.post(f"/api{page}/previews", json={"output": "-a\n+b"}, role=Role.RESPONDER)

    # Fetched anew meanwhile, the form still names what was seen, and says that there is something else now.
    part = gw.get(f"{page}/part?seen={seen[1]}", role=Role.APPROVER).text
    assert f'name="digest" value="{seen[1]}"' in part
    assert "There is something else to see since you opened this page" in part
    refused = send(gw, f"{page}/approve", digest=seen[1])
    assert (refused.status_code, "Show it as it is now" in refused.text) == (409, True)
    assert action(gw, page)["approvals"] == []

    anew = gw.get(page, role=Role.APPROVER).text
    assert "diff-added" in anew
    now = re.search(r'name="digest" value="([0-9a-f]{64})"', anew)
    assert now is not None
    assert send(gw, f"{page}/approve", digest=now[1], reason="ok").status_code == 204
    assert action(gw, page)["state"] == "approved"


def test_without_a_script_a_changed_action_is_shown_as_it_is_now(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")
    old = action(gw, page)["reviewDigest"]
    gw.post(f"/api{page}/previews", json={"output": "the newer content"}, role=Role.RESPONDER)

    answer = gw.post(f"{page}/approve", data={"digest": old, "reason": "typed"}, role=Role.APPROVER)

    assert answer.status_code == 409
    assert "the newer content" in answer.text
    assert f'value="{action(gw, page)["reviewDigest"]}"' in answer.text
    assert ">typed</textarea>" in answer.text


def test_an_execution_without_approval_is_refused_and_says_what_lacks(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="critical")

    refused = send(gw, f"{page}/execute", succeeded="yes", result="done")

    assert refused.status_code == 403
    assert "action_not_approved" in refused.text
    assert "0 of 2 approvals count" in refused.text
    assert action(gw, page)["state"] == "proposed"
    assert f"{page}/execute" not in gw.get(page).text


def test_a_manual_action_goes_from_request_to_result(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")

    assert send(gw, f"{page}/request-approval", Role.RESPONDER).status_code == 204
    assert send(gw, f"{page}/approve", digest=action(gw, page)["reviewDigest"]).status_code == 204
    assert send(gw, f"{page}/execute", Role.RESPONDER, succeeded="no", result="It did not start.").status_code == 204

    shown = gw.get(page).text
    assert action(gw, page)["state"] == "failed"
    assert "It did not start." in shown
    assert f"{page}/execute" not in shown


def test_why_an_approval_does_not_count_is_shown(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="critical")
    send(gw, f"{page}/approve", digest=action(gw, page)["reviewDigest"])
    gw.post(f"/api{page}/previews", json={"output": "x"}, role=Role.RESPONDER)

    shown = gw.get(page).text

    assert "it does not count" in shown
    assert "it is not of what there is to see now" in shown


def test_the_policy_is_explained_to_a_session_too(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")
    signed_in = gw.post("/sign-in", data={"token": gw.secrets[Role.VIEWER], "next": "/"}, role=None)
    cookie = signed_in.headers["Set-Cookie"].partition(";")[0]

    # Typed into the address bar, so from no page of ours.
    shown = gw.get(page, role=None, headers={"Cookie": cookie, "Sec-Fetch-Site": "none"}).text

    assert "its risk is high" in shown


def test_rejecting_needs_a_reason_and_withdrawing_its_proposer(gw: GatewayUnderTest, incident: dict[str, Any]):
    page, other = propose(gw, incident), propose(gw, incident)

    assert send(gw, f"{page}/reject", reason=" ").status_code == 422
    assert send(gw, f"{page}/reject", reason="Not now.").status_code == 204
    assert send(gw, f"{other}/withdraw").status_code == 403
    assert send(gw, f"{other}/withdraw", Role.RESPONDER, reason="Wrong one.").status_code == 204
    assert "Not now." in gw.get(page).text
    assert "Wrong one." in gw.get(other).text


def test_lists_show_what_waits_first(gw: GatewayUnderTest, incident: dict[str, Any]):
    propose(gw, incident, title="It waits", risk="low")
    propose(gw, incident, title="It is only said", risk="high")

    for address in (f"/incidents/INC-{incident['number']}/actions", "/actions", "/actions/part"):
        page = gw.get(address).text
        assert page.index("It waits") < page.index("It is only said"), address
    assert "It is only said" not in gw.get("/actions?show=waiting").text
    assert "No action was proposed yet" in gw.get(f"/incidents/{gw.open_incident()['id']}/actions").text


def waiting_in_the_bar(page: str) -> str:
    """Return what stands beside Actions in the bar."""
    found = re.search(
        r'<a href="/actions"[^>]*>.*?<span>Actions</span>\s*<span id="actions-waiting".*?</a>', page, re.DOTALL
    )
    assert found is not None
    return re.sub(r"<[^>]+>|\s+", " ", found[0]).strip()


def test_every_page_leads_to_the_actions_and_says_how_many_wait(gw: GatewayUnderTest, incident: dict[str, Any]):
    assert waiting_in_the_bar(gw.get("/incidents").text) == "Actions"
    for _ in range(2):
        propose(gw, incident, risk="low")
    propose(gw, incident, risk="high")

    for address in ("/", "/incidents", "/actions", "/operations", f"/incidents/INC-{incident['number']}"):
        assert " ".join(waiting_in_the_bar(gw.get(address).text).split()) == "Actions 2 waiting for approval", address
    assert "2 wait for approval" in gw.get("/actions").text
    assert "waiting for approval" in gw.get("/actions/waiting").text
    assert 'href="/actions" aria-current="page"' in gw.get("/actions").text


def test_whose_token_may_not_read_actions_gets_the_bar_without_a_number(gw: GatewayUnderTest, incident: dict[str, Any]):
    propose(gw, incident, risk="low")
    body = {"name": "rules", "role": "viewer", "scopes": ["rules:read"]}
    secret = (gw.post("/api/tokens", json=body, role=Role.ADMIN).json or {})["token"]

    page = gw.get("/operations/rules", role=None, headers={"Authorization": f"Bearer {secret}"})

    assert (page.status_code, waiting_in_the_bar(page.text)) == (200, "Actions")


def test_what_people_wrote_is_text_and_what_nobody_sees_is_made_visible(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, title=XSS, rationale=XSS, payload={"instructions": XSS}, risk="high")
    gw.post(f"/api{page}/previews", json={"output": f"-{XSS}\n+\u202e{XSS}"}, role=Role.RESPONDER)

    for address in (page, f"{page}/part", f"/incidents/{incident['id']}/actions", "/actions"):
        text = gw.get(address).text
        assert XSS not in text, address
        assert "&lt;img src=x" in text, address
    assert "&lt;U+202E&gt;" in gw.get(page).text


def test_a_change_is_shown_word_by_word(gw: GatewayUnderTest, incident: dict[str, Any]):
    text = gw.get(propose(gw, incident, **SCALE)).text

    assert "<strong>scale</strong> <code>Deployment shop/checkout</code>" in text
    assert "<dt>replicas</dt><dd><code>6</code></dd>" in text


def test_an_earlier_preview_is_a_page_and_a_part(gw: GatewayUnderTest, incident: dict[str, Any]):
    page = propose(gw, incident, risk="high")
    for output in ("-the first\n+preview", "-the second\n+preview"):
        gw.post(f"/api{page}/previews", json={"output": output}, role=Role.RESPONDER)
    first = action(gw, page)["previews"][0]["id"]

    shown = gw.get(page).text

    assert "the second" in shown
    assert "the first" not in shown
    assert "the first" in gw.get(f"{page}/previews/{first}").text
    assert "<html" not in gw.get(f"{page}/previews/{first}", headers=PART).text


def test_a_freeze_is_shown_and_only_whom_it_lets_through_is_offered_to_break_the_glass():
    gw = a_gateway(approvals=ApprovalPolicy(freezes=(YEAR_END,)))
    page = propose(gw, gw.open_incident())
    send(gw, f"{page}/approve", digest=action(gw, page)["reviewDigest"])

    shown = gw.get(page, role=Role.RESPONDER).text
    assert "Frozen: year-end." in shown
    assert f"{page}/execute" not in shown
    refused = send(gw, f"{page}/execute", Role.RESPONDER, succeeded="yes", result="done")
    assert (refused.status_code, "year-end: Half of us are away." in refused.text) == (409, True)

    assert 'name="breakGlass"' in gw.get(page, role=Role.ADMIN).text
    form = {"succeeded": "yes", "result": "done", "breakGlass": "Customers cannot pay."}
    assert send(gw, f"{page}/execute", Role.ADMIN, **form).status_code == 204
    told = (gw.get(f"/api{page.partition('/actions/')[0]}/timeline?limit=100").json or {})["items"]
    (broken,) = [entry for entry in told if entry["type"] == "action_freeze_broken"]
    assert "Customers cannot pay." in broken["message"]
