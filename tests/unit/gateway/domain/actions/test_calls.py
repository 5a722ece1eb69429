"""Who may decide what, and what each decision leaves behind."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.domain.actions import calls
from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.policy import DEFAULT_RULES
from services.gateway.domain.actions.standing import NotCounted, judge_approvals, standing
from services.gateway.domain.records import ActionRisk, ActionState, Role
from services.gateway.errors import ActionChanged, ApproverIsProposer, Forbidden, ReasonRequired, TooManyPreviews
from tests.support.actions import ANN, BOB, CY, DEE, ROLES, a_preview, an_action, approved_by
from tests.support.clock import START

NOW = START + timedelta(minutes=1)


def approve(action, subject, **fields):
    rule = fields.pop("rule", DEFAULT_RULES[action.risk])
    given = {"digest": review_digest(action), "reason": ""} | fields
    return calls.approve(action, rule, ROLES, subject, NOW, **given)


def test_a_critical_action_needs_two_different_people():
    first, (entry,) = approve(an_action(risk=ActionRisk.CRITICAL), BOB)
    same, nothing = approve(first, BOB)
    second, (other,) = approve(first, CY)

    assert (first.state, entry.payload["given"], entry.payload["needed"]) == (ActionState.PENDING, 1, 2)
    assert (same, nothing) == (first, [])
    assert (second.state, other.payload["given"]) == (ActionState.APPROVED, 2)
    assert entry.payload["digest"] == review_digest(first)


@pytest.mark.parametrize("risk", [ActionRisk.HIGH, ActionRisk.CRITICAL])
def test_from_high_risk_on_the_proposer_does_not_approve(risk):
    with pytest.raises(ApproverIsProposer):
        approve(an_action(risk=risk, proposed_by=BOB.id), BOB)


@pytest.mark.parametrize("risk", [ActionRisk.LOW, ActionRisk.MEDIUM])
def test_below_it_the_proposer_may(risk):
    assert approve(an_action(risk=risk, proposed_by=BOB.id), BOB)[0].state is ActionState.APPROVED


@pytest.mark.parametrize("subject", [ANN, BOB])
def test_the_rule_names_the_least_role_of_an_approver(subject):
    rule = replace(DEFAULT_RULES[ActionRisk.LOW], approver_role=Role.ADMIN)

    with pytest.raises(Forbidden):
        approve(an_action(), subject, rule=rule)
    assert approve(an_action(), DEE, rule=rule)[0].state is ActionState.APPROVED


@pytest.mark.parametrize("digest", [None, "0" * 64, ""])
@pytest.mark.parametrize("risk", [ActionRisk.HIGH, ActionRisk.CRITICAL])
def test_from_high_risk_on_an_approver_names_what_was_seen(risk, digest):
    action = an_action(risk=risk)

    with pytest.raises(ActionChanged) as refused:
        approve(action, BOB, digest=digest)

    assert refused.value.fields == {"currentDigest": action.digest}


def test_below_it_the_digest_may_be_left_out_until_a_second_preview_but_never_be_wrong():
    once = an_action(previews=(a_preview(1),))
    twice = an_action(previews=(a_preview(1), a_preview(2)))

    assert approve(once, BOB, digest=None)[0].state is ActionState.APPROVED
    for wrong in (once.digest, "x"):
        with pytest.raises(ActionChanged):
            approve(once, BOB, digest=wrong)
    with pytest.raises(ActionChanged):
        approve(twice, BOB, digest=None)
    assert approve(twice, BOB)[0].state is ActionState.APPROVED


def test_a_repeated_approval_of_something_else_is_refused_too():
    with pytest.raises(ActionChanged):
        approve(approved_by(an_action(), BOB), BOB, digest="0" * 64)


def test_a_preview_lapses_what_was_approved_without_it():
    rule = DEFAULT_RULES[ActionRisk.LOW]
    before = approved_by(an_action(), BOB)
    after, (entry,) = calls.add_preview(before, rule, ROLES, a_preview(created_at=NOW))

    assert (after.state, standing(after, rule, ROLES, NOW)) == (ActionState.PENDING, ())
    assert {one.why_not for one in judge_approvals(after, rule, ROLES, NOW)} == {NotCounted.CONTENT_CHANGED}
    assert after.expires_at == NOW + timedelta(minutes=rule.pending_minutes)
    assert entry.payload["lapsedApprovals"] == 1
    assert entry.payload["digest"] == review_digest(after) != review_digest(before)


def test_a_preview_does_not_give_a_request_more_time():
    before = an_action(state=ActionState.PENDING)
    after, _ = calls.add_preview(before, DEFAULT_RULES[ActionRisk.LOW], ROLES, a_preview(created_at=NOW))

    assert after.expires_at == before.expires_at


def test_an_action_has_no_more_previews_than_a_person_can_read():
    previews = tuple(a_preview(number) for number in range(calls.MOST_PREVIEWS))

    with pytest.raises(TooManyPreviews):
        calls.add_preview(an_action(previews=previews), DEFAULT_RULES[ActionRisk.LOW], ROLES, a_preview(99))


def test_a_rejection_needs_a_reason_and_also_takes_back_an_approval():
    action = approved_by(an_action(), BOB)

    with pytest.raises(ReasonRequired):
        calls.reject(action, CY, NOW, reason="")
    after, (entry,) = calls.reject(action, CY, NOW, reason="The window is over.")
    assert (after.state, after.end.by, entry.payload["reason"]) == (
        ActionState.REJECTED,
        CY.id,
        "The window is over.",
    )


@pytest.mark.parametrize("subject", [BOB, DEE])
def test_nobody_but_its_proposer_withdraws_an_action(subject):
    with pytest.raises(Forbidden):
        calls.withdraw(an_action(), subject, NOW, reason="")


def test_an_old_approval_is_dropped_when_the_next_one_comes():
    action = replace(
        approved_by(an_action(risk=ActionRisk.CRITICAL), BOB, minutes=0.5),
        state=ActionState.PENDING,
        expires_at=START + timedelta(hours=4),
    )

    after, (entry,) = approve(action, CY)

    assert (after.state, [one.by for one in after.approvals]) == (ActionState.PENDING, [CY.id])
    assert (entry.payload["given"], after.expires_at) == (1, action.expires_at)


def test_a_failure_is_told_from_a_success():
    action = approved_by(an_action(), BOB)
    approvals = calls.check_approved(action, DEFAULT_RULES[ActionRisk.LOW], ROLES, NOW)
    after, (entry,) = calls.finish_by_hand(action, approvals, ANN, NOW, succeeded=False, result="No quorum.")

    assert (after.state, after.execution.by, entry.type) == (ActionState.FAILED, ANN.id, "action_failed")
    assert entry.payload["approvedBy"] == [BOB.id]
