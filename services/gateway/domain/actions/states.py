"""Decide which calls each state of an action takes, and in which state an action is now."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec

from services.gateway.domain.actions.policy import ApprovalRule
from services.gateway.domain.actions.standing import Roles, standing
from services.gateway.domain.records import Action, ActionEnd, ActionState
from services.gateway.errors import CallNotAllowed

SYSTEM = "system"


class Call(StrEnum):
    """What can be asked of an action."""

    PREVIEW = "preview"
    REQUEST_APPROVAL = "request_approval"
    APPROVE = "approve"
    REJECT = "reject"
    WITHDRAW = "withdraw"
    EXECUTE = "execute"


_S = ActionState
_OPEN_CALLS = (Call.PREVIEW, Call.REQUEST_APPROVAL, Call.APPROVE, Call.REJECT, Call.WITHDRAW)

# Execution is not refused by this table alone: without a valid approval it is refused as what it is, not approved.
ALLOWED: Mapping[ActionState, tuple[Call, ...]] = {
    _S.PROPOSED: _OPEN_CALLS,
    _S.PREVIEWED: _OPEN_CALLS,
    _S.PENDING: (Call.PREVIEW, Call.APPROVE, Call.REJECT, Call.WITHDRAW),
    _S.APPROVED: (Call.EXECUTE, Call.PREVIEW, Call.REJECT, Call.WITHDRAW),
    _S.REJECTED: (),
    _S.EXPIRED: (),
    _S.WITHDRAWN: (),
    _S.EXECUTING: (),
    _S.STALE: (Call.PREVIEW, Call.APPROVE, Call.REJECT, Call.WITHDRAW),
    _S.EXECUTED: (),
    _S.VERIFIED: (),
    _S.INEFFECTIVE: (),
    _S.UNKNOWN: (),
    _S.FAILED: (),
}
OPEN_STATES = frozenset(state for state, calls in ALLOWED.items() if calls)
# What ends by itself once ``expires_at`` has come.
EXPIRING_STATES = frozenset({_S.PENDING, _S.STALE, _S.APPROVED})
# What somebody must decide, or it expires.
WAITING_STATES = frozenset({_S.PENDING, _S.STALE})


def check_call(action: Action, call: Call) -> None:
    """Return if the state of ``action`` takes ``call``; raise ``CallNotAllowed`` if not."""
    allowed = ALLOWED[action.state]
    if call not in allowed:
        raise CallNotAllowed(
            f"An action that is {action.state} takes no {call.replace('_', ' ')}.",
            state=action.state,
            requested=call,
            allowed=list(allowed),
        )


def is_over(action: Action, now: datetime) -> bool:
    """Answer whether the request or the approval of ``action`` has ended by ``now``."""
    return action.state in EXPIRING_STATES and action.expires_at is not None and action.expires_at <= now


def settle(action: Action, rule: ApprovalRule, roles: Roles, now: datetime) -> Action:
    """Return ``action`` as it is at ``now``, whether or not a timer has said so in the store yet.

    The clock ends what has expired; an approval that no longer satisfies the policy is a request again.
    """
    if is_over(action, now):
        return end_by_time(action)
    if action.state is _S.APPROVED and len(standing(action, rule, roles, now)) < rule.approvals:
        return msgspec.structs.replace(action, state=_S.PENDING)
    return action


def note_wait(action: Action, now: datetime) -> Action:
    """Return ``action`` with the moment since when it waits for approval; what waited already goes on waiting."""
    since = action.waits_since or now
    return msgspec.structs.replace(action, waits_since=since if action.state in WAITING_STATES else None)


def end_by_time(action: Action) -> Action:
    """Return ``action`` expired, at the moment that was set for it."""
    what = "the approval ran out" if action.state is _S.APPROVED else "nobody decided in time"
    end = ActionEnd(by=SYSTEM, at=action.expires_at or action.updated_at, reason=what)
    return msgspec.structs.replace(action, state=_S.EXPIRED, end=end, expires_at=None)
