"""Turn what someone asks of an action into its next state and the facts for the timeline.

Every function takes the action as it is now (``states.settle``), and raises what stands against the call.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from services.gateway.domain.access import Subject, may
from services.gateway.domain.actions import entries
from services.gateway.domain.actions.digests import content_digest, review_digest
from services.gateway.domain.actions.policy import ApprovalRule, names_approver, needs_digest
from services.gateway.domain.actions.standing import Judged, NotCounted, Roles, judge_approvals, standing
from services.gateway.domain.actions.states import EXPIRING_STATES, OPEN_STATES, Call, check_call, end_by_time
from services.gateway.domain.records import (
    Action,
    ActionEnd,
    ActionState,
    Approval,
    EntryDraft,
    Execution,
    PreviewSeen,
    Role,
)
from services.gateway.errors import (
    ActionChanged,
    ActionNotApproved,
    ActionSuperseded,
    ApprovalExpired,
    ApproverIsProposer,
    ApproverNotNamed,
    ApproverRevoked,
    ContentChanged,
    Forbidden,
    MoreApprovalsNeeded,
    ReasonRequired,
    RoleTooLow,
    TooManyPreviews,
)

MOST_PREVIEWS = 20
_S = ActionState
# The states in which only approvals are lacking; what is rejected, executed and so on is not approved, whoever did.
_LACKING = OPEN_STATES | {_S.EXPIRED}
# What an execution is refused as, by why an approval does not count; of several reasons, the first.
_SORTS: Mapping[NotCounted, type[ActionNotApproved]] = {
    NotCounted.CONTENT_CHANGED: ContentChanged,
    NotCounted.APPROVER_REVOKED: ApproverRevoked,
    NotCounted.ROLE_TOO_LOW: RoleTooLow,
    NotCounted.APPROVER_NOT_NAMED: ApproverNotNamed,
    NotCounted.APPROVER_IS_PROPOSER: ApproverIsProposer,
    NotCounted.APPROVAL_EXPIRED: ApprovalExpired,
}
Outcome = tuple[Action, list[EntryDraft]]


def add_preview(action: Action, rule: ApprovalRule, roles: Roles, preview: PreviewSeen) -> Outcome:
    """Return the action with one more preview. Approvals of what could be seen before it lapse."""
    check_call(action, Call.PREVIEW)
    if len(action.previews) >= MOST_PREVIEWS:
        raise TooManyPreviews(f"It has {MOST_PREVIEWS} previews; propose it anew.")
    now = preview.created_at
    lapsed = len(standing(action, rule, roles, now))
    expires_at = action.expires_at
    if action.state is _S.APPROVED:
        expires_at = now + timedelta(minutes=rule.pending_minutes)
    after = _step(
        action,
        now,
        state=_S.PENDING if action.state in EXPIRING_STATES else _S.PREVIEWED,
        # The approvals stay, of a digest that is none any more: so a refusal can say what became of them.
        previews=(*action.previews, preview),
        expires_at=expires_at,
    )
    return after, [entries.previewed(after, preview, lapsed=lapsed)]


def ask(action: Action, rule: ApprovalRule, by: str, now: datetime) -> Outcome:
    """Return the action waiting for approval; one that waits already stays as it is."""
    if action.state is _S.PENDING:
        return action, []
    check_call(action, Call.REQUEST_APPROVAL)
    after = _step(action, now, state=_S.PENDING, expires_at=now + timedelta(minutes=rule.pending_minutes))
    return after, [entries.approval_requested(after, by, now, rule.approvals)]


def approve(
    action: Action,
    rule: ApprovalRule,
    roles: Roles,
    subject: Subject,
    now: datetime,
    *,
    digest: str | None,
    reason: str,
) -> Outcome:
    """Return the action with one more approval; saying the same again changes nothing.

    Raises ``CallNotAllowed``, ``Forbidden``, ``ApproverNotNamed``, ``ApproverIsProposer``, or ``ActionChanged`` if
    ``digest`` is not that of what there is to see now, or is missing where it must be named.
    """
    given = standing(action, rule, roles, now) if action.state in EXPIRING_STATES else ()
    is_repeat = any(approval.by == subject.id for approval in given)
    if not is_repeat:
        check_call(action, Call.APPROVE)
    _check_approver(action, rule, subject)
    seen = _check_seen(action, digest)
    if is_repeat:
        return action, []
    approval = Approval(
        by=subject.id,
        role=subject.role,
        digest=seen,
        reason=reason,
        at=now,
        expires_at=now + timedelta(minutes=rule.approval_minutes),
    )
    approvals = (*given, approval)
    if len(approvals) >= rule.approvals:
        state, expires_at = _S.APPROVED, min(one.expires_at for one in approvals)
    else:
        # Nobody need have asked: an approver may come first, and then waits for the others like a request.
        state, expires_at = _S.PENDING, action.expires_at or now + timedelta(minutes=rule.pending_minutes)
    after = _step(action, now, state=state, approvals=approvals, expires_at=expires_at)
    return after, [entries.approved(after, approval, len(approvals), rule.approvals)]


def reject(action: Action, subject: Subject, now: datetime, *, reason: str) -> Outcome:
    """Return the action rejected, also one that was approved and not executed yet. It needs a reason."""
    check_call(action, Call.REJECT)
    if not reason:
        raise ReasonRequired("Rejecting needs a reason.", errors={"reason": ["required"]})
    end = ActionEnd(by=subject.id, at=now, reason=reason)
    after = _step(action, now, state=_S.REJECTED, end=end, expires_at=None)
    return after, [entries.rejected(after, end)]


def withdraw(action: Action, subject: Subject, now: datetime, *, reason: str) -> Outcome:
    """Return the action withdrawn by who proposed it; anyone else is ``Forbidden``."""
    if subject.id != action.proposed_by:
        raise Forbidden(f"Only {action.proposed_by}, who proposed it, may withdraw it; an approver may reject it.")
    check_call(action, Call.WITHDRAW)
    end = ActionEnd(by=subject.id, at=now, reason=reason)
    after = _step(action, now, state=_S.WITHDRAWN, end=end, expires_at=None)
    return after, [entries.withdrawn(after, end)]


def supersede(action: Action, newer: Action) -> Outcome:
    """Return the action withdrawn in favour of ``newer``.

    One that a worker was asked to execute is only marked: if none has begun, none will, and it is withdrawn then.
    """
    if action.state is _S.EXECUTING:
        return _step(action, newer.proposed_at, superseded_by=newer.id), []
    end = ActionEnd(by=newer.proposed_by, at=newer.proposed_at, reason=f"superseded by {newer.id}")
    after = _step(action, newer.proposed_at, state=_S.WITHDRAWN, end=end, expires_at=None, superseded_by=newer.id)
    return after, [entries.withdrawn(after, end)]


def expire(action: Action, now: datetime) -> Outcome:
    """Return the action expired at the moment that was set for it."""
    after = _step(end_by_time(action), now)
    return after, [entries.expired(after, after.end)] if after.end is not None else []


def check_approved(action: Action, rule: ApprovalRule, roles: Roles, now: datetime) -> tuple[Approval, ...]:
    """Return the approvals by which ``action`` may be executed at ``now``.

    Raises ``ActionNotApproved`` unless as many as the policy demands stand, for exactly this content; it says of each
    other approval why it does not count, and is of the sort that says so by its code.
    """
    judged = judge_approvals(action, rule, roles, now)
    given = tuple(one.approval for one in judged if one.why_not is None)
    is_current = content_digest(action) == action.digest and action.superseded_by is None
    if action.state is not _S.APPROVED or len(given) < rule.approvals or not is_current:
        instead = f", superseded by {action.superseded_by}" if action.superseded_by else ""
        raise _sort_of_refusal(action, judged)(
            f"It is {action.state}{instead}, with {len(given)} of {rule.approvals} approvals that hold now"
            f"{_left_out(judged)}.",
            state=action.state,
            approvalsGiven=len(given),
            approvalsNeeded=rule.approvals,
            notCounted=[{"by": one.approval.by, "why": one.why_not} for one in judged if one.why_not is not None],
        )
    return given


def _sort_of_refusal(action: Action, judged: tuple[Judged, ...]) -> type[ActionNotApproved]:
    """Return what stands against executing: nobody approved it, it is decided otherwise, or why that does not count."""
    if action.superseded_by is not None:
        return ActionSuperseded
    if action.state not in _LACKING or not judged or content_digest(action) != action.digest:
        return ActionNotApproved
    reasons = {one.why_not for one in judged}
    return next((sort for reason, sort in _SORTS.items() if reason in reasons), MoreApprovalsNeeded)


def _left_out(judged: tuple[Judged, ...]) -> str:
    words = [f"{one.approval.by} ({one.why_not.replace('_', ' ')})" for one in judged if one.why_not is not None]
    return f"; not counted: {', '.join(words)}" if words else ""


def check_executor(rule: ApprovalRule, subject: Subject) -> None:
    """Return if the policy lets ``subject`` execute; raise ``Forbidden`` if not."""
    _check_role(subject, rule.executor_role, "Executing")


def finish_by_hand(
    action: Action,
    approvals: tuple[Approval, ...],
    subject: Subject,
    now: datetime,
    *,
    succeeded: bool,
    result: str,
) -> Outcome:
    """Return the action as someone says it was done, or that it failed. Its approvals are spent with it."""
    execution = Execution(by=subject.id, at=now, succeeded=succeeded, result=result)
    state = _S.EXECUTED if succeeded else _S.FAILED
    after = _step(action, now, state=state, approvals=approvals, execution=execution, expires_at=None)
    return after, [entries.executed(after, execution, approvals)]


def _check_approver(action: Action, rule: ApprovalRule, subject: Subject) -> None:
    _check_role(subject, rule.approver_role, "Approving")
    if not names_approver(rule, subject.id):
        named = " and ".join(f"one of {', '.join(patterns)}" for patterns in rule.approvers)
        raise ApproverNotNamed(f"The policy wants {named} to approve it, and you are {subject.id}.")
    if subject.id == action.proposed_by and not rule.self_approval:
        raise ApproverIsProposer("The policy wants another person than its proposer to approve it.")


def _check_seen(action: Action, digest: str | None) -> str:
    """Return the digest of what there is to see now; raise ``ActionChanged`` if it is not what was seen."""
    current = review_digest(action)
    if digest is None and needs_digest(action):
        raise ActionChanged("Say which digest you have seen: the one of now is named here.", currentDigest=current)
    if digest is not None and digest != current:
        raise ActionChanged("It is not what you have seen; look at it again.", currentDigest=current)
    return current


def _check_role(subject: Subject, role: Role, what: str) -> None:
    if not may(subject.role, role):
        raise Forbidden(f"{what} it needs the role {role}, and {subject.id} is {subject.role}.")


def _step(action: Action, now: datetime, **changes: object) -> Action:
    return msgspec.structs.replace(action, **changes, updated_at=now, version=action.version + 1)
