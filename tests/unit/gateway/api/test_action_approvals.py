"""Nothing is executed that was not approved: by whom, of what, and until when."""

import pytest
from msgspec.structs import replace

from services.gateway.domain.actions.policy import DEFAULT_RULES, ApprovalPolicy
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Action, ActionRisk, Job, JobState, Role
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.run_timers import run_timer
from services.gateway.ports import RecordQuery
from tests.support.action_calls import (
    ACTIONS,
    COMMAND,
    DONE,
    approve,
    approved,
    propose,
    read,
    run_due_timers,
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


@pytest.mark.parametrize("role", [Role.RESPONDER, Role.APPROVER, Role.ADMIN])
@pytest.mark.parametrize("body", [None, {}, DONE])
@pytest.mark.parametrize("kind", [MANUAL, SCALE, COMMAND], ids=lambda kind: kind["type"])
def test_what_is_not_approved_is_not_executed_whoever_asks_and_however(lasting: GatewayUnderTest, role, body, kind):
    action = propose(lasting, kind)
    options = {} if body is None else {"json": body}
    refused = lasting.call("POST", f"{action['href']}/execute", role=role, **options)

    assert (refused.status_code, refused.json["code"]) == (403, "action_not_approved")
    assert (refused.json["state"], refused.json["approvalsGiven"], refused.json["approvalsNeeded"]) == ("pending", 0, 1)
    assert read(lasting, action) == action


def test_those_who_may_not_even_respond_get_no_further(gw: GatewayUnderTest):
    action = approved(gw)
    for path, role in (("/execute", Role.VIEWER), ("/execute", Role.SERVICE), ("/approve", Role.RESPONDER)):
        refused = gw.call("POST", action["href"] + path, role=role, json={"approved": True})
        assert (refused.status_code, refused.json["code"]) == (403, "forbidden")


@pytest.mark.parametrize("kind", [SCALE, COMMAND], ids=lambda kind: kind["type"])
def test_what_this_version_cannot_execute_it_says_so_and_leaves_the_approval(gw: GatewayUnderTest, kind):
    action = approved(gw, kind)
    before, entries = read(gw, action), timeline(gw)
    refused = gw.post(f"{action['href']}/execute", json=DONE)

    assert (refused.status_code, refused.json["code"]) == (409, "execution_unavailable")
    assert (read(gw, action), timeline(gw)) == (before, entries)


def test_an_approval_is_good_for_one_execution(gw: GatewayUnderTest):
    action = approved(gw)
    path = f"{action['href']}/execute"

    assert gw.post(path, json={"succeeded": False, "result": "No quorum."}).json["state"] == "failed"
    again = gw.post(path, json=DONE)
    assert (again.status_code, again.json["code"], again.json["state"]) == (403, "action_not_approved", "failed")


def test_a_statement_says_how_it_went_and_what_came_of_it(gw: GatewayUnderTest):
    action = approved(gw)
    for body, missing in (({}, {"succeeded", "result"}), ({"result": " "}, {"succeeded", "result"})):
        refused = gw.post(f"{action['href']}/execute", json=body)
        assert (refused.status_code, set(refused.json["errors"])) == (422, missing)
    assert read(gw, action)["state"] == "approved"


def test_the_policy_may_want_another_role_to_execute():
    rule = replace(DEFAULT_RULES[ActionRisk.LOW], executor_role=Role.APPROVER)
    gw = with_incident(approvals=ApprovalPolicy(risk={**DEFAULT_RULES, ActionRisk.LOW: rule}))
    action = approved(gw)
    refused = gw.call("POST", f"{action['href']}/execute", role=Role.RESPONDER, json=DONE)

    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert gw.call("POST", f"{action['href']}/execute", role=Role.APPROVER, json=DONE).status_code == 200


def test_an_approval_past_its_time_is_refused_though_no_timer_ran(gw: GatewayUnderTest):
    action = approved(gw)
    gw.clock.advance(3_600)
    refused = gw.post(f"{action['href']}/execute", json=DONE)

    assert (refused.status_code, refused.json["state"]) == (403, "expired")
    assert gw.store.get(Action, action["id"]).state == "approved", "the timer has not said so yet"
    shown = read(gw, action)
    assert (shown["state"], shown["approvalsGiven"], shown["end"]["at"]) == ("expired", 0, "2026-11-01T13:00:00Z")
    assert gw.get(ACTIONS).json["items"][0]["state"] == "expired"

    run_due_timers(gw)
    assert {**read(gw, action), "version": 2, "updatedAt": shown["updatedAt"]} == shown
    assert timeline(gw)[-1] == ("action_expired", "system")


def test_a_request_nobody_decides_expires_by_its_timer_and_can_be_proposed_anew(gw: GatewayUnderTest):
    action = propose(gw)
    gw.clock.advance(24 * 3_600 - 1)
    run_due_timers(gw)
    assert read(gw, action)["state"] == "pending"
    gw.clock.advance(1)
    run_due_timers(gw)

    assert gw.store.get(Action, action["id"]).state == "expired"
    refused = approve(gw, action)
    assert (refused.status_code, refused.json["code"]) == (409, "call_not_allowed")
    again = propose(gw, supersedes=action["id"])
    assert (again["state"], again["supersedes"]) == ("pending", action["id"])
    assert read(gw, action)["supersededBy"] is None, "it had ended by itself"


def test_there_is_one_timer_and_it_is_always_the_right_one(gw: GatewayUnderTest):
    action = propose(gw, risk="critical")
    assert gw.store.list_records(Job, RecordQuery()).total == 0
    for step in (
        lambda: gw.post(f"{action['href']}/request-approval"),
        lambda: approve(gw, action),
        lambda: approve(gw, action, token="flt_secret-of-cy"),
        lambda: gw.post(f"{action['href']}/previews", json={"output": "x"}),
    ):
        gw.clock.advance(60)
        assert step().status_code < 300
        (timer,) = gw.store.list_records(Job, RecordQuery(states=("pending",))).records
        assert timer.not_before == gw.store.get(Action, action["id"]).expires_at
        assert gw.post(f"/api/jobs/{timer.id}/cancel").json["code"] == "job_not_cancellable"
    gw.post(f"{action['href']}/withdraw", json={})
    assert gw.post(f"{action['href']}/approve", json={"approved": False, "reason": "no"}).status_code == 200
    assert gw.store.list_records(Job, RecordQuery(states=("pending",))).total == 0


def test_a_timer_that_failed_can_be_driven_again_while_it_matters(gw: GatewayUnderTest):
    action = propose(gw)
    (timer,) = gw.store.list_records(Job, RecordQuery(states=("pending",))).records
    gw.store.transact(lambda tx: tx.put(replace(timer, state=JobState.FAILED)))
    again = gw.post(f"/api/jobs/{timer.id}/retry")
    assert again.status_code == 202
    assert gw.post(f"/api/jobs/{timer.id}/retry").json["code"] == "job_not_retryable"

    gw.clock.advance(24 * 3_600)
    run_due_timers(gw)
    assert gw.store.get(Action, action["id"]).state == "expired"


def test_a_timer_that_comes_too_soon_is_set_anew(gw: GatewayUnderTest):
    action = propose(gw)
    (timer,) = gw.store.list_records(Job, RecordQuery(states=("pending",))).records
    run_timer(gw.store, Judge(GroupingPolicy()), timer.id)

    (again,) = gw.store.list_records(Job, RecordQuery(states=("pending",))).records
    assert (again.not_before, gw.store.get(Action, action["id"]).expire_job_id) == (timer.not_before, again.id)


def test_what_was_not_seen_is_not_approved(gw: GatewayUnderTest):
    action = propose(gw, risk="high")
    missing = approve(gw, action, digest="0" * 64)
    nothing = gw.call("POST", f"{action['href']}/approve", role=Role.APPROVER, json={"approved": True})
    gw.post(f"{action['href']}/previews", json={"output": "would delete everything"})
    stale = approve(gw, action)

    current = read(gw, action)["reviewDigest"]
    for refused, digest in ((missing, action["digest"]), (nothing, action["digest"]), (stale, current)):
        assert (refused.status_code, refused.json["code"]) == (409, "action_changed")
        assert refused.json["currentDigest"] == digest
    assert approve(gw, read(gw, action)).json["state"] == "approved"


def test_a_low_risk_needs_no_digest_until_there_is_a_second_preview(gw: GatewayUnderTest):
    action = propose(gw)
    gw.post(f"{action['href']}/previews", json={"output": "one"})
    gw.post(f"{action['href']}/previews", json={"output": "two"})

    assert read(gw, action)["isDigestRequired"] is True
    assert gw.post(f"{action['href']}/approve", json={"approved": True}).json["code"] == "action_changed"


def test_the_proposer_of_a_high_risk_is_not_its_approver(gw: GatewayUnderTest):
    action = propose(gw, risk="high", role=Role.APPROVER)
    refused = approve(gw, action)

    assert (refused.status_code, refused.json["code"]) == (403, "approver_is_proposer")
    assert approve(gw, action, role=Role.ADMIN).json["state"] == "approved"


def test_one_approver_twice_counts_once(gw: GatewayUnderTest):
    action = propose(gw, risk="critical")
    first, second = approve(gw, action), approve(gw, action)

    assert (second.status_code, second.json) == (200, first.json)
    assert (second.json["state"], second.json["approvalsGiven"]) == ("pending", 1)
    assert timeline(gw).count(("action_approved", "token:approver")) == 1


def test_a_rejection_needs_its_reason_and_takes_back_an_approval(gw: GatewayUnderTest):
    action = approved(gw)
    path = f"{action['href']}/approve"
    assert gw.post(path, json={"approved": False, "reason": " "}).json["code"] == "reason_required"
    rejected = gw.post(path, json={"approved": False, "reason": "Wrong region."}).json

    assert (rejected["state"], rejected["end"]["reason"]) == ("rejected", "Wrong region.")
    assert gw.post(f"{action['href']}/execute", json=DONE).json["code"] == "action_not_approved"


def test_only_its_proposer_withdraws_an_action(gw: GatewayUnderTest):
    action = propose(gw)
    assert gw.call("POST", f"{action['href']}/withdraw", role=Role.ADMIN).json["code"] == "forbidden"
    withdrawn = gw.call("POST", f"{action['href']}/withdraw", role=Role.RESPONDER)

    assert (withdrawn.json["state"], withdrawn.json["end"]["by"]) == ("withdrawn", "token:responder")


def test_a_newer_proposal_takes_over_from_an_open_one(gw: GatewayUnderTest):
    older = approved(gw)
    newer = propose(gw, title="Fail over to eu-3", supersedes=older["id"])
    shown = read(gw, older)

    assert (shown["state"], shown["supersededBy"], newer["supersedes"]) == ("withdrawn", newer["id"], older["id"])
    assert newer["approvalsGiven"] == 0
    gw.open_incident()
    for wrong in ("act_none", older["id"]):
        refused = gw.post("/api/incidents/INC-2/actions", json={**MANUAL, "supersedes": wrong})
        assert (refused.status_code, list(refused.json["errors"])) == (422, ["supersedes"])
