"""The policy at execution: freezes, who breaks them, who was revoked, hours, and names; each refusal by its code."""

import dataclasses
from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.access import Subject
from services.gateway.domain.actions.policy import ApprovalPolicy, Environment, Freeze, Hours, PolicyOverride
from services.gateway.domain.records import Action, Role, Scope, Token, TokenState
from services.gateway.errors import ActionNotApproved
from services.gateway.handlers.action_case import ActionCall
from services.gateway.handlers.execute_action import execute_action
from services.gateway.handlers.manage_tokens import make_token, revoke_token, token_id_for
from tests.support.action_calls import ACTIONS, DONE, approve, approved, propose, read, timeline, with_incident
from tests.support.actions import SCALE
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest, some_settings

HOUR = timedelta(hours=1)
YEAR_END = Freeze(
    name="year-end",
    reason="Half of us are away.",
    from_at=START,
    until=START + HOUR / 2,
    break_glass_role=Role.ADMIN,
)
FROZEN = ApprovalPolicy(freezes=(YEAR_END,))
URGENT = {"breakGlass": "Customers cannot pay."}
PRODUCTION = ApprovalPolicy(
    environments=(Environment(name="production", contexts=("prod-*",)),),
    freezes=(msgspec.structs.replace(YEAR_END, environments=("production",)),),
)


def execute(gw: GatewayUnderTest, action, *, role=Role.RESPONDER, token=None, **body):
    return gw.call("POST", f"{action['href']}/execute", role=role, token=token, json={**DONE, **body})


def revoke(gw: GatewayUnderTest, name: str) -> None:
    gw.store.transact(lambda tx: revoke_token(tx, token_id_for(name), "test"))


def test_while_a_freeze_holds_an_action_is_approved_but_not_executed():
    gw = with_incident(approvals=FROZEN)
    action = approved(gw)
    before = timeline(gw)
    refused = execute(gw, action)

    assert (refused.status_code, refused.json["code"]) == (409, "action_frozen")
    assert refused.json["nextFreeAt"] == "2026-11-01T12:30:00Z"
    (freeze,) = refused.json["freezes"]
    assert (freeze["name"], freeze["reason"], freeze["until"]) == ("year-end", YEAR_END.reason, "2026-11-01T12:30:00Z")
    for word in ("year-end", YEAR_END.reason, "2026-11-01T12:30:00Z"):
        assert word in refused.json["detail"]
    assert (read(gw, action)["state"], timeline(gw)) == ("approved", before)


def test_what_is_not_approved_is_refused_as_that_first_and_glass_opens_nothing():
    gw = with_incident(approvals=FROZEN)
    for role in (Role.RESPONDER, Role.ADMIN):
        refused = execute(gw, propose(gw), role=role, **URGENT)
        assert (refused.status_code, refused.json["code"]) == (403, "action_not_approved")


@pytest.mark.parametrize(
    ("seconds", "status"), [(1_799, 409), (1_800, 200)], ids=["last second of the freeze", "when it is over"]
)
def test_it_is_executed_from_the_moment_the_freeze_is_over(seconds, status):
    gw = with_incident(approvals=FROZEN)
    action = approved(gw)
    gw.clock.advance(seconds)

    assert execute(gw, action).status_code == status


@pytest.mark.parametrize(
    ("role", "said", "status"),
    [
        (Role.ADMIN, "Customers cannot pay.", 200),
        (Role.ADMIN, " ", 409),
        (Role.ADMIN, "", 409),
        (Role.APPROVER, "Customers cannot pay.", 409),
    ],
    ids=["an admin with a reason", "blank", "without a reason", "another role"],
)
def test_glass_is_broken_by_the_role_that_may_with_a_reason(role, said, status):
    gw = with_incident(approvals=FROZEN)
    answer = execute(gw, approved(gw), role=role, breakGlass=said)

    assert answer.status_code == status
    told = [entry for entry in timeline(gw) if entry[0] in {"action_freeze_broken", "action_executed"}]
    both = [("action_freeze_broken", "token:admin"), ("action_executed", "token:admin")]
    assert told == (both if status == 200 else [])


def test_the_timeline_says_which_freeze_was_broken_and_why_without_secrets():
    gw = with_incident(approvals=FROZEN)
    action = approved(gw)
    execute(gw, action, role=Role.ADMIN, breakGlass="They cannot pay; postgres://shop:hunter2hunter2@db/shop is up.")

    entries = gw.get("/api/incidents/INC-1/timeline?limit=100").json["items"]
    (broken,) = [entry for entry in entries if entry["type"] == "action_freeze_broken"]
    assert broken["payload"]["freezes"] == ["year-end"]
    assert broken["payload"]["actionId"] == action["id"]
    assert broken["payload"]["reason"].startswith("They cannot pay")
    assert "hunter2" not in str(entries)


def test_without_a_freeze_a_reason_to_break_one_is_not_told():
    gw = with_incident()

    assert execute(gw, approved(gw), role=Role.ADMIN, **URGENT).json["state"] == "executed"
    assert "action_freeze_broken" not in dict(timeline(gw))


def test_a_freeze_of_an_environment_holds_for_what_is_in_it():
    gw = with_incident(approvals=PRODUCTION)
    stage = {**SCALE, "payload": {**SCALE["payload"], "context": "stage-eu"}}

    assert execute(gw, approved(gw, SCALE)).json["code"] == "action_frozen"
    assert execute(gw, approved(gw, stage)).json["code"] == "execution_unavailable"
    assert execute(gw, approved(gw)).json["state"] == "executed"


def test_a_glass_broken_for_what_cannot_be_executed_leaves_no_trace():
    gw = with_incident(approvals=PRODUCTION)
    action = approved(gw, SCALE)
    before = timeline(gw)

    assert execute(gw, action, role=Role.ADMIN, **URGENT).json["code"] == "execution_unavailable"
    assert timeline(gw) == before


def test_other_refusals_come_before_the_freeze():
    strict = ApprovalPolicy(freezes=(YEAR_END,), overrides=(PolicyOverride(executor_role=Role.ADMIN),))
    gw = with_incident(approvals=strict)
    action = approved(gw)
    assert execute(gw, action, role=Role.RESPONDER).json["code"] == "forbidden"
    stale = gw.call("POST", f"{action['href']}/execute", json=DONE, headers={"If-Match": '"7"'})
    assert (stale.status_code, stale.json["code"]) == (412, "version_conflict")
    gw.patch("/api/incidents/INC-1", json={"status": "cancelled", "reason": "It was a drill."})
    assert execute(gw, action, role=Role.ADMIN).json["code"] == "incident_ended"


def not_counted(answer):
    found = [(one["by"], one["why"]) for one in answer.json["notCounted"]]
    assert (answer.status_code, answer.json["code"]) == (403, found[0][1] if found else "more_approvals_needed")
    return found


def test_the_approval_of_a_revoked_token_counts_no_more():
    gw = with_incident()
    action = approved(gw)
    revoke(gw, "approver")
    refused = execute(gw, action)

    assert not_counted(refused) == [("token:approver", "approver_revoked")]
    assert "token:approver (approver revoked)" in refused.json["detail"]
    shown = read(gw, action)
    assert (shown["state"], shown["approvalsGiven"], shown["allowedCalls"][0]) == ("pending", 0, "preview")
    assert [(one["holds"], one["whyNot"]) for one in shown["approvals"]] == [(False, "approver_revoked")]
    assert gw.get(ACTIONS).json["items"][0]["state"] == "pending"
    assert gw.get("/api/incidents/INC-1").json["actions"][0]["approvalsGiven"] == 0


def test_a_page_that_is_kept_forgets_an_approval_when_its_token_is_revoked():
    gw = with_incident()
    approve(gw, propose(gw, risk="critical"))
    shown = [gw.get("/api/incidents/INC-1").json["actions"][0]["approvalsGiven"]]
    revoke(gw, "approver")
    shown.append(gw.get("/api/incidents/INC-1").json["actions"][0]["approvalsGiven"])

    assert shown == [1, 0]


def test_somebody_else_can_approve_in_place_of_who_was_revoked():
    gw = with_incident()
    action = approved(gw)
    revoke(gw, "approver")
    again = approve(gw, action, token="flt_secret-of-cy")

    assert [(one["by"], one["holds"]) for one in again.json["approvals"]] == [("token:cy", True)]
    assert execute(gw, action).json["state"] == "executed"


def test_the_approval_of_an_expired_token_counts_no_more_though_nobody_wrote_that_down():
    gw = with_incident()
    secret, ends = "flt_secret-of-guest", gw.clock.now() + HOUR / 4
    gw.store.transact(
        lambda tx: make_token(tx, name="guest", role=Role.APPROVER, secret=secret, created_by="test", expires_at=ends)
    )
    action = propose(gw)
    assert approve(gw, action, token=secret).json["state"] == "approved"
    gw.clock.advance(15 * 60 - 1)
    assert read(gw, action)["state"] == "approved"
    gw.clock.advance(1)

    assert not_counted(execute(gw, action)) == [("token:guest", "approver_revoked")]
    assert gw.get("/api/incidents/INC-1").json["actions"][0]["state"] == "pending"


@pytest.mark.parametrize(
    ("change", "why"),
    [({"role": Role.RESPONDER}, "role_too_low"), ({"scopes": (Scope.INCIDENTS_WRITE,)}, "approver_revoked")],
    ids=["a lower role", "a narrower scope"],
)
def test_the_approval_of_a_token_that_may_do_less_now_counts_no_more(change, why):
    gw = with_incident()
    action = approved(gw)
    lowered = msgspec.structs.replace(gw.store.get(Token, token_id_for("approver")), **change)
    gw.store.transact(lambda tx: tx.put(lowered))

    assert not_counted(execute(gw, action)) == [("token:approver", why)]


def test_a_revocation_and_an_execution_do_not_pass_each_other():
    gw = with_incident()
    action = approved(gw)
    subject = Subject(id="token:responder", name="responder", role=Role.RESPONDER)
    call = ActionCall(
        incident_id=action["incidentId"], action_id=action["id"], subject=subject, policy=ApprovalPolicy()
    )
    runs = []

    def work(tx) -> str:
        done = execute_action(tx, call, succeeded=True, result="Done.")
        if not runs:
            # Between its reads and its commit.
            revoke(gw, "approver")
        runs.append(gw.store.get(Token, token_id_for("approver")).state(tx.now))
        return done

    with pytest.raises(ActionNotApproved):
        gw.store.transact(work)
    assert runs == [TokenState.REVOKED], "it was done once, in vain"
    assert gw.store.get(Action, action["id"]).state == "approved"
    assert "action_executed" not in dict(timeline(gw))


def test_self_approval_and_a_second_approval_that_is_missing_are_told_apart_at_execution():
    own = propose(gw := with_incident(), risk="low", role=Role.APPROVER)
    assert approve(gw, own).json["state"] == "approved"
    critical = propose(gw, risk="critical")
    approve(gw, critical)
    strict = ApprovalPolicy(overrides=(PolicyOverride(self_approval=False),))
    gw.app.extensions["faultline"] = dataclasses.replace(gw.gateway, settings=some_settings(approvals=strict))

    refused = execute(gw, own)
    assert not_counted(refused) == [("token:approver", "approver_is_proposer")]
    assert (refused.json["approvalsGiven"], refused.json["approvalsNeeded"]) == (0, 1)
    lacking = execute(gw, critical)
    assert not_counted(lacking) == []
    assert (lacking.json["approvalsGiven"], lacking.json["approvalsNeeded"]) == (1, 2)


def test_only_who_is_named_approves():
    named = ApprovalPolicy(overrides=(PolicyOverride(approvers=("c*",)),))
    gw = with_incident(approvals=named)
    action = propose(gw)
    refused = approve(gw, action, role=Role.ADMIN)

    assert (refused.status_code, refused.json["code"]) == (403, "approver_not_named")
    assert approve(gw, action, token="flt_secret-of-cy").json["state"] == "approved"
    assert gw.post(f"{action['href']}/approve", json={"approved": False, "reason": "No."}).status_code == 200


def test_what_one_person_approved_by_day_lacks_another_at_night_and_has_enough_again_after_it():
    evening = Hours(from_time="12:10", to_time="12:20", zone="UTC")
    gw = with_incident(approvals=ApprovalPolicy(overrides=(PolicyOverride(hours=(evening,), approvals=2),)))
    action = approved(gw)
    shown = []
    for _ in range(3):
        listed = gw.get("/api/incidents/INC-1").json["actions"][0]
        shown.append((read(gw, action)["state"], listed["state"], listed["approvalsNeeded"]))
        gw.clock.advance(600)
        if len(shown) == 1:
            assert execute(gw, action).json["code"] == "more_approvals_needed"

    assert shown == [("approved", "approved", 1), ("pending", "pending", 2), ("approved", "approved", 1)]
    assert execute(gw, action).json["state"] == "executed"


def test_a_page_that_is_kept_knows_the_hour_also_of_what_nobody_was_asked_about():
    evening = Hours(from_time="12:10", to_time="12:20", zone="UTC")
    gw = with_incident(approvals=ApprovalPolicy(overrides=(PolicyOverride(hours=(evening,), approvals=3),)))
    propose(gw, risk="high")
    shown = [gw.get("/api/incidents/INC-1").json["actions"][0]["approvalsNeeded"]]
    gw.clock.advance(600)
    shown.append(gw.get("/api/incidents/INC-1").json["actions"][0]["approvalsNeeded"])

    assert shown == [1, 3]
