"""What the policy asks of an action, there is or there might be, and why; and that it is what is done."""

from datetime import timedelta

import pytest

from services.gateway.api.policy_shapes import ApprovalPolicyShape, PolicyExplanationShape
from services.gateway.domain.actions.policy import ApprovalPolicy, Environment, Freeze, Hours, PolicyOverride, Weekday
from services.gateway.domain.records import Role, Scope
from services.gateway.handlers.manage_tokens import make_token, revoke_token, token_id_for
from tests.support.action_calls import approve, approved, propose, with_incident
from tests.support.actions import SCALE
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest

PATH = "/api/policy/explain"
NIGHT = Hours(from_time="20:00", to_time="07:00", zone="Europe/Berlin")
POLICY = ApprovalPolicy(
    environments=(Environment(name="production", contexts=("prod-*",)),),
    overrides=(
        PolicyOverride(verbs=("drain", "delete"), approvals=2, self_approval=False, reason="They lose work."),
        PolicyOverride(environments=("production",), hours=(NIGHT,), approvers=("oncall-*",), approvals=1),
        PolicyOverride(environments=("production",), namespaces=("pay-*",), approvals=3),
    ),
    freezes=(
        Freeze(
            name="year-end",
            reason="Half of us are away.",
            from_at=START + timedelta(days=49),
            until=START + timedelta(days=60),
            environments=("production",),
            break_glass_role=Role.ADMIN,
        ),
        Freeze(name="sunday", reason="Nobody looks.", hours=(Hours(days=(Weekday.SUN,), zone="UTC"),)),
    ),
)
DRAIN = {"type": "kubernetes", "payload": {"verb": "drain", "context": "prod-eu"}, "risk": "low"}


@pytest.fixture(scope="module")
def gw() -> GatewayUnderTest:
    return with_incident(approvals=POLICY)


def explain(gw: GatewayUnderTest, **body):
    answer = gw.call("POST", PATH, role=Role.VIEWER, json=body)
    assert answer.status_code == 200, answer.text
    assert PolicyExplanationShape().validate(answer.json) == {}
    return answer.json


def test_it_names_the_environment_each_override_that_holds_what_it_matched_and_what_it_tightens(gw: GatewayUnderTest):
    found = explain(gw, **DRAIN, at="2026-12-22T21:00:00+01:00")
    policy = found["policy"]

    assert found["action"] is None
    assert (policy["at"], policy["environments"]) == ("2026-12-22T20:00:00Z", ["production"])
    assert [one["number"] for one in policy["overrides"]] == [1, 2]
    drains, nights = policy["overrides"]
    assert (drains["matched"], drains["reason"]) == ({"verbs": ["drain"]}, "They lose work.")
    assert drains["tightens"] == [
        {"member": "approvals", "from": 1, "to": 2},
        {"member": "selfApproval", "from": True, "to": False},
    ]
    assert nights["hours"] == ["every day 20:00-07:00 Europe/Berlin"]
    assert nights["tightens"] == [{"member": "approvers", "from": [], "to": [["oncall-*"]]}]
    assert (policy["riskRule"]["approvals"], policy["rule"]["approvals"]) == (1, 2)
    assert (policy["rule"]["approverRole"], policy["rule"]["approvers"]) == ("approver", [["oncall-*"]])


@pytest.mark.parametrize(
    ("at", "held", "following", "free"),
    [
        ("2026-11-02T12:00:00Z", [], ["sunday", "year-end"], "2026-11-02T12:00:00Z"),
        ("2026-11-01T12:00:00Z", ["sunday"], ["sunday", "year-end"], "2026-11-02T00:00:00Z"),
        ("2026-12-22T12:00:00Z", ["year-end"], ["sunday"], "2026-12-31T12:00:00Z"),
        ("2026-12-27T12:00:00Z", ["year-end", "sunday"], ["sunday"], "2026-12-31T12:00:00Z"),
    ],
    ids=["monday", "sunday", "year's end", "both"],
)
def test_it_names_the_freezes_that_hold_those_that_come_and_when_it_is_free(gw, at, held, following, free):
    policy = explain(gw, **DRAIN, at=at)["policy"]

    assert [one["name"] for one in policy["freezes"]] == held
    assert [one["name"] for one in policy["nextFreezes"]] == following
    assert policy["nextFreeAt"] == free


def test_without_a_moment_it_is_about_now(gw: GatewayUnderTest):
    policy = explain(gw, type="manual")["policy"]

    assert policy["at"] == "2026-11-01T12:00:00Z"
    assert (policy["risk"], policy["environments"], policy["isDigestRequired"]) == ("high", ["unknown"], True)
    assert [one["name"] for one in policy["freezes"]] == ["sunday"]


def test_a_command_is_where_its_target_is(gw: GatewayUnderTest):
    found = explain(gw, type="command", payload={"target": "prod-eu"}, risk="low")

    assert found["policy"]["environments"] == ["production"]
    assert found["policy"]["isDigestRequired"] is False


def test_of_an_action_there_is_it_says_what_stands_and_what_does_not_count():
    gw = with_incident(approvals=POLICY)
    action = approved(gw, SCALE)
    held = explain(gw, actionId=action["id"])
    gw.store.transact(lambda tx: revoke_token(tx, token_id_for("approver"), "test"))
    lost = explain(gw, actionId=action["id"])
    later = explain(gw, actionId=action["id"], at="2026-11-01T13:00:00Z")

    assert (held["action"]["state"], held["action"]["approvalsGiven"]) == ("approved", 1)
    assert (lost["action"]["state"], lost["action"]["approvalsGiven"]) == ("pending", 0)
    assert [(one["by"], one["whyNot"]) for one in lost["action"]["approvals"]] == [
        ("token:approver", "approver_revoked")
    ]
    assert later["action"]["state"] == "expired"
    assert (held["action"]["href"], held["action"]["title"]) == (action["href"], SCALE["title"])


def test_what_it_explains_is_what_an_action_of_that_kind_needs(gw: GatewayUnderTest):
    for body in (
        SCALE,
        {**SCALE, "risk": "critical"},
        {**SCALE, "payload": {**SCALE["payload"], "namespace": "pay-eu"}},
    ):
        action = propose(gw, body)
        place = {name: body["payload"][name] for name in ("verb", "context", "namespace")}
        imagined = explain(gw, type=body["type"], payload=place, risk=body["risk"])["policy"]

        assert imagined == explain(gw, actionId=action["id"])["policy"]
        assert imagined["rule"] == action["rule"]
        assert imagined["isDigestRequired"] == action["isDigestRequired"]


def test_nothing_is_written(gw: GatewayUnderTest):
    before = gw.store.last_seq
    explain(gw, **DRAIN)

    assert gw.store.last_seq == before


@pytest.mark.parametrize(
    ("body", "places"),
    [
        ({}, ["type"]),
        ({"actionId": "act_1", "type": "manual"}, ["type"]),
        ({"actionId": "act_1", "risk": "low", "payload": {"verb": "scale"}}, ["payload", "risk"]),
        ({"type": "kubernetes"}, ["payload"]),
        ({"type": "kubernetes", "payload": {"verb": "scale"}}, ["payload"]),
        ({"type": "command", "payload": {"target": "lb-1", "verb": "scale"}}, ["payload"]),
        ({"type": "manual", "payload": {"context": "prod-eu"}}, ["payload"]),
        ({"type": "kubernetes", "payload": {"verb": "explode", "context": "a", "namespce": "b"}}, ["payload"]),
        ({"type": "manual", "at": "2026-11-01T12:00:00"}, ["at"]),
        ({"type": "manual", "at": "9999-12-31T23:59:59Z"}, ["at"]),
        ({"type": "manual", "at": "1999-12-31T23:59:59Z"}, ["at"]),
        ({"type": "manual", "when": "now"}, ["when"]),
    ],
)
def test_what_cannot_be_explained_is_refused_by_its_place(gw: GatewayUnderTest, body, places):
    refused = gw.post(PATH, json=body)

    assert (refused.status_code, refused.json["code"]) == (422, "validation_failed")
    assert sorted({place.partition(".")[0] for place in refused.json["errors"]}) == places


def test_an_action_that_is_not_there_is_not_found(gw: GatewayUnderTest):
    refused = gw.post(PATH, json={"actionId": "act_none"})

    assert (refused.status_code, refused.json["code"]) == (404, "not_found")


def test_whoever_reads_incidents_may_ask_and_nobody_else(gw: GatewayUnderTest):
    for name, scope, status in (("reads", Scope.INCIDENTS_READ, 200), ("rules", Scope.RULES_READ, 403)):
        gw.store.transact(
            lambda tx, name=name, scope=scope: make_token(
                tx, name=name, role=Role.VIEWER, secret=f"flt_secret-of-{name}", created_by="test", scopes=(scope,)
            )
        )
        assert gw.post(PATH, token=f"flt_secret-of-{name}", json={"type": "manual"}).status_code == status
    assert gw.call("POST", PATH, role=Role.SERVICE, json={"type": "manual"}).status_code == 403


def test_the_policy_in_force_is_shown_whole(gw: GatewayUnderTest):
    policy = gw.get("/api/actions/policy").json

    assert ApprovalPolicyShape().validate(policy) == {}
    assert policy["environments"] == [{"name": "production", "contexts": ["prod-*"], "namespaces": []}]
    assert policy["overrides"][1]["hours"][0] == {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "from": "20:00",
        "to": "07:00",
        "zone": "Europe/Berlin",
    }
    assert (policy["freezes"][0]["from"], policy["freezes"][0]["breakGlassRole"]) == ("2026-12-20T12:00:00Z", "admin")


def test_who_is_not_named_is_refused_as_explained(gw: GatewayUnderTest):
    night = with_incident(approvals=POLICY)
    night.clock.advance(8 * 3_600)
    action = propose(night, SCALE)

    assert explain(night, actionId=action["id"])["policy"]["rule"]["approvers"] == [["oncall-*"]]
    assert approve(night, action).json["code"] == "approver_not_named"
