"""Every state with every call, and in which state an action is at a moment."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.domain.actions import calls
from services.gateway.domain.actions.policy import DEFAULT_RULES
from services.gateway.domain.actions.standing import standing
from services.gateway.domain.actions.states import ALLOWED, OPEN_STATES, Call, settle
from services.gateway.domain.records import ActionRisk, ActionState, EntryType, Role
from services.gateway.errors import ActionNotApproved, CallNotAllowed
from tests.support.actions import ANN, BOB, CY, DEE, ROLES, a_preview, an_action, approved_by
from tests.support.clock import START

LOW = DEFAULT_RULES[ActionRisk.LOW]
NOW = START + timedelta(minutes=1)
S = ActionState

# What becomes of an action that bob has approved if it is approved, and nobody else has. None: the call is refused.
TABLE = {
    Call.PREVIEW: {
        S.PROPOSED: S.PREVIEWED,
        S.PREVIEWED: S.PREVIEWED,
        S.PENDING: S.PENDING,
        S.STALE: S.PENDING,
        S.APPROVED: S.PENDING,
    },
    Call.REQUEST_APPROVAL: {S.PROPOSED: S.PENDING, S.PREVIEWED: S.PENDING, S.PENDING: S.PENDING},
    Call.APPROVE: {S.PROPOSED: S.APPROVED, S.PREVIEWED: S.APPROVED, S.PENDING: S.APPROVED, S.STALE: S.APPROVED},
    Call.REJECT: dict.fromkeys(OPEN_STATES, S.REJECTED),
    Call.WITHDRAW: dict.fromkeys(OPEN_STATES, S.WITHDRAWN),
    Call.EXECUTE: {S.APPROVED: S.EXECUTED},
}


def an_action_in(state):
    action = an_action(state=state)
    return approved_by(action, BOB) if state is S.APPROVED else action


def make(call, action):
    match call:
        case Call.PREVIEW:
            return calls.add_preview(action, LOW, ROLES, a_preview(created_at=NOW))
        case Call.REQUEST_APPROVAL:
            return calls.ask(action, LOW, ANN.id, NOW)
        case Call.APPROVE:
            return calls.approve(action, LOW, ROLES, CY, NOW, digest=None, reason="")
        case Call.REJECT:
            return calls.reject(action, CY, NOW, reason="no")
        case Call.WITHDRAW:
            return calls.withdraw(action, ANN, NOW, reason="")
        case Call.EXECUTE:
            approvals = calls.check_approved(action, LOW, ROLES, NOW)
            return calls.finish_by_hand(action, approvals, ANN, NOW, succeeded=True, result="done")


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("call", Call)
def test_every_state_takes_exactly_the_calls_of_the_table(call, state):
    before = an_action_in(state)
    expected = TABLE[call].get(state)
    if expected is None:
        with pytest.raises(ActionNotApproved if call is Call.EXECUTE else CallNotAllowed):
            make(call, before)
        return

    after, drafts = make(call, before)

    assert after.state is expected
    if drafts:
        assert after.version == before.version + 1
        assert [draft.payload["actionId"] for draft in drafts] == [before.id]
    else:
        assert after == before


@pytest.mark.parametrize("state", S)
def test_what_an_action_says_it_takes_is_what_it_takes(state):
    taken = {call for call in Call if TABLE[call].get(state) is not None}
    # To ask again for what is asked for already is no refusal, but nothing to offer either.
    offered = taken - {Call.REQUEST_APPROVAL} if state is S.PENDING else taken

    assert set(ALLOWED[state]) == offered


def test_a_refused_call_says_which_are_allowed():
    with pytest.raises(CallNotAllowed) as refused:
        make(Call.APPROVE, an_action_in(S.APPROVED))

    assert refused.value.fields == {
        "state": "approved",
        "requested": "approve",
        "allowed": ["execute", "preview", "reject", "withdraw"],
    }


@pytest.mark.parametrize(
    ("state", "reason"), [(S.PENDING, "nobody decided in time"), (S.APPROVED, "the approval ran out")]
)
def test_what_has_run_out_is_expired_by_the_clock_alone(state, reason):
    action = an_action_in(state)
    over = action.expires_at

    assert settle(action, LOW, ROLES, over - timedelta(microseconds=1)).state is state
    expired = settle(action, LOW, ROLES, over)
    assert (expired.state, expired.end.at, expired.end.reason) == (S.EXPIRED, over, reason)
    for call in Call:
        with pytest.raises((ActionNotApproved, CallNotAllowed)):
            make(call, expired)


def test_the_timer_says_what_the_clock_says():
    action = an_action_in(S.APPROVED)
    after, (draft,) = calls.expire(action, NOW + timedelta(days=1))

    settled = settle(action, LOW, ROLES, NOW + timedelta(days=1))
    assert replace(after, version=1, updated_at=START) == settled
    assert (draft.type, draft.occurred_at, draft.actor) == (EntryType.ACTION_EXPIRED, action.expires_at, "system")


@pytest.mark.parametrize("state", [S.PROPOSED, S.PREVIEWED])
def test_what_nobody_was_asked_about_never_expires(state):
    action = an_action_in(state)

    assert settle(action, LOW, ROLES, NOW + timedelta(days=3_650)) == action


def test_an_approval_counts_only_as_the_policy_of_now_has_it():
    action = approved_by(an_action(), BOB)

    assert len(standing(action, LOW, ROLES, NOW)) == 1
    for stricter in (
        replace(LOW, approvals=2),
        replace(LOW, approver_role=Role.ADMIN),
        replace(LOW, approval_minutes=1),
    ):
        settled = settle(action, stricter, ROLES, NOW)
        assert settled.state is S.PENDING, stricter
        with pytest.raises(ActionNotApproved):
            calls.check_approved(settled, stricter, ROLES, NOW)


def test_a_request_that_stricter_rules_reopened_takes_the_approval_it_lacks():
    stricter = replace(LOW, approvals=2)
    reopened = settle(approved_by(an_action(), BOB), stricter, ROLES, NOW)

    after, _ = calls.approve(reopened, stricter, ROLES, DEE, NOW, digest=None, reason="")

    assert (after.state, [one.by for one in after.approvals]) == (S.APPROVED, [BOB.id, DEE.id])
    assert after.expires_at == START + timedelta(minutes=60), "the first to end ends them all"


def test_approvals_of_one_person_count_once_however_they_came_about():
    action = approved_by(an_action(), BOB, BOB)

    assert len(standing(action, LOW, ROLES, NOW)) == 1


def test_content_that_is_not_what_its_digest_says_is_not_approved():
    action = replace(approved_by(an_action(), BOB), title="Drop the database")

    with pytest.raises(ActionNotApproved):
        calls.check_approved(action, LOW, ROLES, NOW)
