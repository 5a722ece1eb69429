"""Why an approval does not count: each reason by itself, and in what a refused execution says."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.domain.actions import calls
from services.gateway.domain.actions.policy import DEFAULT_RULES
from services.gateway.domain.actions.standing import NotCounted, judge_approvals, standing
from services.gateway.domain.actions.states import settle
from services.gateway.domain.records import ActionRisk, ActionState, Role
from services.gateway.errors import ActionNotApproved
from tests.support.actions import BOB, CY, DEE, ROLES, a_preview, an_action, approved_by
from tests.support.clock import START

NOW = START + timedelta(minutes=1)
LOW = DEFAULT_RULES[ActionRisk.LOW]
BOBS = approved_by(an_action(), BOB)
OWN = approved_by(an_action(proposed_by=BOB.id), BOB)
WITHOUT_BOB = {who: role for who, role in ROLES.items() if who != BOB.id}
CASES = {
    NotCounted.CONTENT_CHANGED: (replace(BOBS, previews=(a_preview(),)), LOW, ROLES),
    NotCounted.APPROVAL_EXPIRED: (BOBS, replace(LOW, approval_minutes=1), ROLES),
    NotCounted.APPROVER_REVOKED: (BOBS, LOW, WITHOUT_BOB),
    NotCounted.ROLE_TOO_LOW: (BOBS, LOW, {**ROLES, BOB.id: Role.RESPONDER}),
    NotCounted.APPROVER_NOT_NAMED: (BOBS, replace(LOW, approvers=(("cy", "dee"),)), ROLES),
    NotCounted.APPROVER_IS_PROPOSER: (OWN, replace(LOW, self_approval=False), ROLES),
    NotCounted.SAME_PERSON: (approved_by(an_action(), BOB, BOB), replace(LOW, approvals=2), ROLES),
}


@pytest.mark.parametrize("why", NotCounted)
def test_each_reason_is_told_at_execution_by_its_own_word(why: NotCounted):
    action, rule, roles = CASES[why]
    settled = settle(action, rule, roles, NOW)
    with pytest.raises(ActionNotApproved) as refused:
        calls.check_approved(settled, rule, roles, NOW)

    assert settled.state is ActionState.PENDING
    assert refused.value.code == ("more_approvals_needed" if why is NotCounted.SAME_PERSON else why)
    assert refused.value.fields["notCounted"] == [{"by": BOB.id, "why": why}]
    assert f"not counted: {BOB.id} ({why.replace('_', ' ')})" in refused.value.detail
    assert refused.value.fields["approvalsGiven"] == (1 if why is NotCounted.SAME_PERSON else 0)


def test_what_lacks_nothing_counts():
    assert [one.why_not for one in judge_approvals(BOBS, LOW, ROLES, NOW)] == [None]
    assert standing(BOBS, LOW, ROLES, NOW) == BOBS.approvals


def test_a_role_that_was_too_low_then_does_not_count_though_it_suffices_now():
    rule = replace(LOW, approver_role=Role.ADMIN)

    (judged,) = judge_approvals(BOBS, rule, {BOB.id: Role.ADMIN}, NOW)
    assert judged.why_not is NotCounted.ROLE_TOO_LOW


def test_one_that_does_not_count_takes_no_other_with_it():
    rule = replace(LOW, approvals=2)
    action = approved_by(an_action(), BOB, CY, DEE)

    assert [one.by for one in calls.check_approved(action, rule, WITHOUT_BOB, NOW)] == [CY.id, DEE.id]


def test_the_place_of_one_that_does_not_count_can_be_taken():
    settled = settle(BOBS, LOW, WITHOUT_BOB, NOW)
    after, _ = calls.approve(settled, LOW, WITHOUT_BOB, CY, NOW, digest=None, reason="")

    assert (after.state, [one.by for one in after.approvals]) == (ActionState.APPROVED, [CY.id])


def test_a_critical_action_that_one_person_approved_lacks_one():
    rule = DEFAULT_RULES[ActionRisk.CRITICAL]
    action = approved_by(an_action(risk=ActionRisk.CRITICAL), BOB)
    with pytest.raises(ActionNotApproved) as refused:
        calls.check_approved(settle(action, rule, ROLES, NOW), rule, ROLES, NOW)

    said = refused.value.fields
    assert (said["approvalsGiven"], said["approvalsNeeded"], said["notCounted"]) == (1, 2, [])
