"""The approval policy: what an action of each risk needs before anyone may execute it."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import msgspec

from services.gateway.domain.access import may
from services.gateway.domain.records import Action, ActionRisk, Role
from shared.contracts.action import KubernetesPayload
from shared.contracts.base import Contract


class ApprovalRule(Contract, frozen=True, kw_only=True):
    """What an action needs: how many different approvers, of which role, and for how long their word holds.

    ``self_approval``: the proposer may be one of them. ``ask_at_once``: proposing it asks for approval too.
    """

    approvals: int
    self_approval: bool
    approver_role: Role = Role.APPROVER
    executor_role: Role = Role.RESPONDER
    approval_minutes: int
    pending_minutes: int
    ask_at_once: bool


class PolicyOverride(Contract, frozen=True, kw_only=True):
    """Asks more of the actions it matches; each list narrows, an empty one matches all, ``*`` stands for anything.

    It can only tighten: a member that asks less than the rule of the risk changes nothing.
    """

    types: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    approvals: int | None = None
    self_approval: bool | None = None
    approver_role: Role | None = None
    executor_role: Role | None = None
    approval_minutes: int | None = None
    pending_minutes: int | None = None
    ask_at_once: bool | None = None

    def matches(self, action: Action) -> bool:
        """Answer whether it is about ``action``. Only changes of a cluster have a verb, a context and a namespace."""
        found = action.kubernetes
        return _is_one_of(action.type, self.types) and (
            _names_place(found, self) if found is not None else not (self.verbs or self.contexts or self.namespaces)
        )


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


class ApprovalPolicy(Contract, frozen=True, kw_only=True):
    """A rule for every risk, and overrides that tighten it for some actions."""

    risk: dict[ActionRisk, ApprovalRule] = msgspec.field(default_factory=lambda: dict(DEFAULT_RULES))
    overrides: tuple[PolicyOverride, ...] = ()

    def rule_for(self, action: Action) -> ApprovalRule:
        """Return what ``action`` needs: the rule of its risk, tightened by every override that matches it."""
        rule = self.risk[action.risk]
        for override in self.overrides:
            if override.matches(action):
                rule = _tighten(rule, override)
        return rule


def needs_digest(action: Action) -> bool:
    """Answer whether an approver must say which digest was seen: from high risk on, or where it may have changed."""
    return action.risk in {ActionRisk.HIGH, ActionRisk.CRITICAL} or len(action.previews) > 1


def _tighten(rule: ApprovalRule, override: PolicyOverride) -> ApprovalRule:
    return ApprovalRule(
        approvals=max(rule.approvals, override.approvals or 0),
        self_approval=rule.self_approval and override.self_approval is not False,
        approver_role=_higher(rule.approver_role, override.approver_role),
        executor_role=_higher(rule.executor_role, override.executor_role),
        approval_minutes=min(rule.approval_minutes, override.approval_minutes or rule.approval_minutes),
        pending_minutes=min(rule.pending_minutes, override.pending_minutes or rule.pending_minutes),
        ask_at_once=rule.ask_at_once and override.ask_at_once is not False,
    )


def _higher(role: Role, other: Role | None) -> Role:
    return other if other is not None and may(other, role) else role


def _names_place(payload: KubernetesPayload, override: PolicyOverride) -> bool:
    return (
        _is_one_of(payload.verb, override.verbs)
        and _is_one_of(payload.context, override.contexts)
        and _is_one_of(payload.namespace or "", override.namespaces)
    )


def _is_one_of(word: str, patterns: Iterable[str]) -> bool:
    wanted = tuple(patterns)
    return not wanted or any(fnmatchcase(word, pattern) for pattern in wanted)
