"""Decide which approvals of an action count at a moment, and why each of the others does not."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.gateway.domain.access import may
from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.policy import ApprovalRule, names_approver
from services.gateway.domain.records import Action, Approval, Role

Roles = Mapping[str, Role]
"""The role that each person has now who may approve at all, by subject id. Whoever is not in it does not count."""


class NotCounted(StrEnum):
    """Why an approval does not count."""

    CONTENT_CHANGED = "content_changed"
    APPROVAL_EXPIRED = "approval_expired"
    APPROVER_REVOKED = "approver_revoked"
    ROLE_TOO_LOW = "role_too_low"
    APPROVER_NOT_NAMED = "approver_not_named"
    APPROVER_IS_PROPOSER = "approver_is_proposer"
    SAME_PERSON = "same_person"


@dataclass(frozen=True, slots=True)
class Judged:
    """An approval, and why it does not count; None: it does."""

    approval: Approval
    why_not: NotCounted | None


def judge_approvals(action: Action, rule: ApprovalRule, roles: Roles, now: datetime) -> tuple[Judged, ...]:
    """Return every approval of ``action`` with whether it counts at ``now``.

    One counts that is of exactly what there is to see, within the time the rule gives it, and the first of a person
    whom the rule lets approve, both with the role of then and with that of now. The rule is that of now, so a policy
    that was made stricter meanwhile is obeyed.
    """
    seen, counted, found = review_digest(action), set[str](), []
    for approval in action.approvals:
        why_not = (
            _why_not(approval, action, rule, roles, now) if approval.digest == seen else NotCounted.CONTENT_CHANGED
        )
        if why_not is None and approval.by in counted:
            why_not = NotCounted.SAME_PERSON
        if why_not is None:
            counted.add(approval.by)
        found.append(Judged(approval, why_not))
    return tuple(found)


def standing(action: Action, rule: ApprovalRule, roles: Roles, now: datetime) -> tuple[Approval, ...]:
    """Return the approvals that count at ``now``."""
    return tuple(one.approval for one in judge_approvals(action, rule, roles, now) if one.why_not is None)


def _why_not(approval: Approval, action: Action, rule: ApprovalRule, roles: Roles, now: datetime) -> NotCounted | None:
    if now >= min(approval.expires_at, approval.at + timedelta(minutes=rule.approval_minutes)):
        return NotCounted.APPROVAL_EXPIRED
    role = roles.get(approval.by)
    if role is None:
        return NotCounted.APPROVER_REVOKED
    if not (may(approval.role, rule.approver_role) and may(role, rule.approver_role)):
        return NotCounted.ROLE_TOO_LOW
    if not names_approver(rule, approval.by):
        return NotCounted.APPROVER_NOT_NAMED
    if approval.by == action.proposed_by and not rule.self_approval:
        return NotCounted.APPROVER_IS_PROPOSER
    return None
