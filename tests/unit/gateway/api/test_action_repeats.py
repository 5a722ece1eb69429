"""Actions under stale versions, repeated requests, and people who call at the same time."""

from datetime import timedelta

import pytest

from services.gateway.domain.records import Role
from tests.support.action_calls import (
    ACTIONS,
    DONE,
    another_approver,
    approve,
    approved,
    at_once,
    propose,
    read,
    timeline,
    with_incident,
)
from tests.support.actions import MANUAL
from tests.support.clock import START
from tests.support.gateway import GatewayUnderTest


@pytest.fixture
def gw() -> GatewayUnderTest:
    return with_incident()


@pytest.fixture(scope="module")
def lasting() -> GatewayUnderTest:
    """A gateway for many refusals: to make one takes longer than to ask it."""
    return with_incident()


def test_a_stale_if_match_is_refused_with_the_version_of_now(gw: GatewayUnderTest):
    action = propose(gw)
    etag = gw.get(action["href"]).headers["ETag"]
    assert gw.get(action["href"], headers={"If-None-Match": etag}).status_code == 304
    assert gw.post(f"{action['href']}/previews", json={"output": "x"}, headers={"If-Match": etag}).status_code == 201
    for path, body in (("/approve", {"approved": True}), ("/withdraw", {}), ("/request-approval", None)):
        stale = gw.post(action["href"] + path, json=body, headers={"If-Match": etag})
        assert (stale.status_code, stale.json["code"], stale.json["currentVersion"]) == (412, "version_conflict", 2)


@pytest.mark.parametrize("path", ["", "/previews", "/request-approval", "/approve", "/execute", "/withdraw"])
def test_a_repeated_key_has_one_effect_and_the_same_answer(gw: GatewayUnderTest, path):
    action = approved(gw) if path == "/execute" else propose(gw, risk="high")
    bodies = {
        "": MANUAL,
        "/previews": {"output": "x"},
        "/approve": {"approved": True, "digest": action["digest"]},
        "/execute": DONE,
    }
    role = Role.APPROVER if path == "/approve" else Role.RESPONDER
    target = action["href"] + path if path else ACTIONS
    before = len(timeline(gw))
    answers = [
        gw.call("POST", target, role=role, json=bodies.get(path, {}), headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    after = len(timeline(gw))

    assert answers[0].status_code < 300, answers[0].text
    assert answers[0].data == answers[1].data
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert after - before == (2 if path == "" else 1)


@pytest.mark.parametrize(("risk", "needed"), [("low", 1), ("critical", 2)])
def test_approvers_at_the_same_time_give_exactly_what_is_needed(gw: GatewayUnderTest, risk, needed):
    action = propose(gw, risk=risk)
    secrets = [another_approver(gw, f"approver-{number}") for number in range(6)]
    answers = at_once(*(lambda secret=secret: approve(gw, action, token=secret) for secret in secrets * 2))

    shown = read(gw, action)
    assert (shown["state"], len(shown["approvals"]), shown["approvalsGiven"]) == ("approved", needed, needed)
    assert sum(kind == "action_approved" for kind, _ in timeline(gw)) == needed
    given = {one["by"] for one in shown["approvals"]}
    for answer in answers:
        assert answer.status_code == 200 or answer.json["code"] == "call_not_allowed"
    assert len(given) == needed


def test_one_approver_many_times_at_once_counts_once(gw: GatewayUnderTest):
    action = propose(gw, risk="critical")
    answers = at_once(*(lambda: approve(gw, action) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert read(gw, action)["approvalsGiven"] == 1


def test_an_action_is_executed_once_however_many_ask_at_the_same_time(gw: GatewayUnderTest):
    action = approved(gw)
    answers = at_once(*(lambda: gw.post(f"{action['href']}/execute", json=DONE) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200, *[403] * 7]
    assert sum(kind == "action_executed" for kind, _ in timeline(gw)) == 1


def test_an_approval_and_a_preview_at_the_same_time_never_approve_what_was_not_seen(gw: GatewayUnderTest):
    for _ in range(10):
        action = propose(gw, risk="high")
        at_once(
            lambda action=action: approve(gw, action),
            lambda action=action: gw.post(f"{action['href']}/previews", json={"output": "worse"}),
        )
        shown = read(gw, action)

        assert shown["reviewDigest"] != action["reviewDigest"]
        assert shown["state"] in {"previewed", "pending"}
        assert shown["approvalsGiven"] == 0


def test_an_approval_and_a_rejection_at_the_same_time_end_rejected(gw: GatewayUnderTest):
    for _ in range(10):
        action = propose(gw)
        at_once(
            lambda action=action: approve(gw, action),
            lambda action=action: gw.post(f"{action['href']}/approve", json={"approved": False, "reason": "no"}),
        )

        assert read(gw, action)["state"] == "rejected"


def test_no_payload_and_no_reason_is_logged(gw: GatewayUnderTest, capsys: pytest.CaptureFixture[str]):
    action = propose(gw, payload={"instructions": "the-payload"})
    gw.post(f"{action['href']}/previews", json={"output": "the-output"})
    gw.post(f"{action['href']}/execute", json={**DONE, "result": "the-result"})
    gw.post(f"{action['href']}/approve", json={"approved": False, "reason": "the-reason"})

    logged = "".join(capsys.readouterr())
    assert "request answered" in logged
    for word in ("the-payload", "the-output", "the-result", "the-reason"):
        assert word not in logged


def test_an_approval_names_how_long_it_holds(gw: GatewayUnderTest):
    action = propose(gw, risk="critical")
    approve(gw, action)
    gw.clock.advance(600)
    second = approve(gw, action, token="flt_secret-of-cy").json

    assert second["expiresAt"] == (START + timedelta(minutes=30)).isoformat().replace("+00:00", "Z")
