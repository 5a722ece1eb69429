"""What an action of each risk needs before anyone may execute it, and what asks more of some actions."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from services.gateway.domain.access import may
from services.gateway.domain.actions.policy.hours import Hours
from services.gateway.domain.actions.policy.matching import ActionMatch, is_one_of
from services.gateway.domain.records import Action, ActionRisk, Role
from shared.contracts.base import Contract

_NAMED = "token:"


class ApprovalRule(Contract, frozen=True, kw_only=True):
    """What an action needs: how many different approvers, of which role, and for how long their word holds.

    ``approvers``: lists of patterns of token names; an approver must be named by each of them. None: whoever has the
    role. ``self_approval``: the proposer may be one of them. ``ask_at_once``: proposing it asks for approval too.
    """

    approvals: int
    self_approval: bool
    approver_role: Role = Role.APPROVER
    approvers: tuple[tuple[str, ...], ...] = ()
    executor_role: Role = Role.RESPONDER
    approval_minutes: int
    pending_minutes: int
    ask_at_once: bool


class PolicyOverride(ActionMatch, frozen=True, kw_only=True):
    """Asks more of the actions it matches, in its ``hours`` or, without any, always. ``reason`` says why.

    It can only tighten: a member that asks less than the rule of the risk changes nothing.
    """

    hours: tuple[Hours, ...] = ()
    reason: str = ""
    approvals: int | None = None
    self_approval: bool | None = None
    approver_role: Role | None = None
    approvers: tuple[str, ...] = ()
    executor_role: Role | None = None
    approval_minutes: int | None = None
    pending_minutes: int | None = None
    ask_at_once: bool | None = None

    def holds_for(self, action: Action, environments: Iterable[str], now: datetime) -> bool:
        """Answer whether it asks anything of ``action``, which is in ``environments``, at ``now``."""
        return self.matches(action, environments) and (not self.hours or bool(self.hours_at(now)))

    def hours_at(self, now: datetime) -> tuple[Hours, ...]:
        """Return those of its hours that hold at ``now``."""
        return tuple(hours for hours in self.hours if hours.contains(now))


DEFAULT_RULES: Mapping[ActionRisk, ApprovalRule] = {
    ActionRisk.LOW: ApprovalRule(
        approvals=1, self_approval=True, approval_minutes=60, pending_minutes=1_440, ask_at_once=True
    ),
    ActionRisk.MEDIUM: ApprovalRule(
        approvals=1, self_approval=True, approval_minutes=60, pending_minutes=1_440, ask_at_once=True
    ),
    ActionRisk.HIGH: ApprovalRule(
        approvals=1, self_approval=False, approval_minutes=30, pending_minutes=240, ask_at_once=False
    ),
    ActionRisk.CRITICAL: ApprovalRule(
        approvals=2, self_approval=False, approval_minutes=30, pending_minutes=240, ask_at_once=False
    ),
}


def tighten(rule: ApprovalRule, override: PolicyOverride) -> ApprovalRule:
    """Return ``rule`` with what ``override`` asks more; what it asks less is passed over."""
    lists = (*rule.approvers, override.approvers) if override.approvers else rule.approvers
    return ApprovalRule(
        approvals=max(rule.approvals, override.approvals or 0),
        self_approval=rule.self_approval and override.self_approval is not False,
        approver_role=_higher(rule.approver_role, override.approver_role),
        approvers=tuple(dict.fromkeys(lists)),
        executor_role=_higher(rule.executor_role, override.executor_role),
        approval_minutes=min(rule.approval_minutes, override.approval_minutes or rule.approval_minutes),
        pending_minutes=min(rule.pending_minutes, override.pending_minutes or rule.pending_minutes),
        ask_at_once=rule.ask_at_once and override.ask_at_once is not False,
    )


def names_approver(rule: ApprovalRule, subject_id: str) -> bool:
    """Answer whether every list of approvers of ``rule`` names the token behind ``subject_id``."""
    if not rule.approvers:
        return True
    name = subject_id.removeprefix(_NAMED)
    return subject_id.startswith(_NAMED) and all(is_one_of(name, patterns) for patterns in rule.approvers)


def _higher(role: Role, other: Role | None) -> Role:
    return other if other is not None and may(other, role) else role
