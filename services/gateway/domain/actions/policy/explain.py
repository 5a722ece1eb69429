"""Say what the policy asks of an action at a moment, and which part of it asks what, and why."""

from datetime import datetime

import msgspec

from services.gateway.domain.actions.policy.approval_policy import ApprovalPolicy, needs_digest
from services.gateway.domain.actions.policy.holding import FreezeSpan, freezes_at, next_free_at, next_freezes
from services.gateway.domain.actions.policy.matching import level_of
from services.gateway.domain.actions.policy.rules import ApprovalRule, PolicyOverride, tighten
from services.gateway.domain.records import Action, ActionRisk, ActionType, Role
from shared.contracts.base import Contract

Asked = int | bool | Role | tuple[tuple[str, ...], ...]


class Tightened(Contract, frozen=True, kw_only=True):
    """One member of the risk's rule, and what an override makes of it by itself."""

    member: str
    from_value: Asked = msgspec.field(name="from")
    to_value: Asked = msgspec.field(name="to")


class AppliedOverride(Contract, frozen=True, kw_only=True):
    """An override that holds: its number in the file, what it matched of the action, and what it tightens.

    ``tightens`` is empty where the rule of the risk asks as much already.
    """

    number: int
    reason: str
    matched: dict[str, tuple[str, ...]]
    hours: tuple[str, ...]
    tightens: tuple[Tightened, ...]


class Explanation(Contract, frozen=True, kw_only=True):
    """What the policy asks of an action at ``at``: ``rule`` is ``risk_rule`` with all that the overrides tighten."""

    at: datetime
    type: ActionType
    risk: ActionRisk
    environments: tuple[str, ...]
    risk_rule: ApprovalRule
    overrides: tuple[AppliedOverride, ...]
    rule: ApprovalRule
    is_digest_required: bool
    freezes: tuple[FreezeSpan, ...]
    next_freezes: tuple[FreezeSpan, ...]
    next_free_at: datetime | None


def explain(policy: ApprovalPolicy, action: Action, at: datetime) -> Explanation:
    """Return what ``policy`` asks of ``action`` at ``at``, by the very functions that decide."""
    base = policy.risk[level_of(action)]
    environments = policy.environments_of(action)
    return Explanation(
        at=at,
        type=action.type,
        risk=action.risk,
        environments=environments,
        risk_rule=base,
        overrides=tuple(
            AppliedOverride(
                number=number,
                reason=override.reason,
                matched=override.reasons(action, environments),
                hours=tuple(hours.words() for hours in override.hours_at(at)),
                tightens=_tightened(base, override),
            )
            for number, override in policy.overrides_of(action, at)
        ),
        rule=policy.rule_for(action, at),
        is_digest_required=needs_digest(action),
        freezes=freezes_at(policy, action, at),
        next_freezes=next_freezes(policy, action, at),
        next_free_at=next_free_at(policy, action, at),
    )


def _tightened(base: ApprovalRule, override: PolicyOverride) -> tuple[Tightened, ...]:
    """Return what ``override`` changes in ``base`` by itself: with several the order means nothing."""
    after = tighten(base, override)
    names = zip(ApprovalRule.__struct_fields__, ApprovalRule.__struct_encode_fields__, strict=True)
    return tuple(
        Tightened(member=encoded, from_value=getattr(base, name), to_value=getattr(after, name))
        for name, encoded in names
        if getattr(base, name) != getattr(after, name)
    )
