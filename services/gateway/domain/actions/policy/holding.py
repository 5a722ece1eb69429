"""Which freezes hold for an action at a moment, which come next, and when none does any more."""

from datetime import datetime

from services.gateway.domain.actions.policy.approval_policy import ApprovalPolicy
from services.gateway.domain.actions.policy.freezes import Freeze
from services.gateway.domain.actions.policy.hours import Span
from services.gateway.domain.records import Action, Role
from shared.contracts.base import Contract

MOST_NEXT = 10
# Freezes that relieve one another for longer than this many steps have no end worth waiting for.
_MOST_STEPS = 50


class FreezeSpan(Contract, frozen=True, kw_only=True):
    """One time a freeze holds, from ``starts_at`` until before ``until``; None: no end is in sight."""

    name: str
    reason: str
    starts_at: datetime
    until: datetime | None
    break_glass_role: Role | None


def freezes_at(policy: ApprovalPolicy, action: Action, now: datetime) -> tuple[FreezeSpan, ...]:
    """Return the freezes that hold for ``action`` at ``now``, in the order of the policy."""
    found = ((freeze, freeze.span_at(now)) for freeze in _freezes_of(policy, action))
    return tuple(_told(freeze, span) for freeze, span in found if span is not None)


def next_freezes(policy: ApprovalPolicy, action: Action, now: datetime) -> tuple[FreezeSpan, ...]:
    """Return of each freeze for ``action`` the first time it holds that begins after ``now``; the soonest first."""
    found = ((freeze, freeze.span_after(now)) for freeze in _freezes_of(policy, action))
    told = (_told(freeze, span) for freeze, span in found if span is not None)
    return tuple(sorted(told, key=lambda one: one.starts_at)[:MOST_NEXT])


def next_free_at(policy: ApprovalPolicy, action: Action, now: datetime) -> datetime | None:
    """Return the first moment from ``now`` on at which nothing freezes ``action``; None if none is in sight."""
    moment = now
    for _ in range(_MOST_STEPS):
        ends = [one.until for one in freezes_at(policy, action, moment)]
        if not ends:
            return moment
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        moment = max(known)
    return None


def _freezes_of(policy: ApprovalPolicy, action: Action) -> list[Freeze]:
    environments = policy.environments_of(action)
    return [freeze for freeze in policy.freezes if freeze.matches(action, environments)]


def _told(freeze: Freeze, span: Span) -> FreezeSpan:
    return FreezeSpan(
        name=freeze.name,
        reason=freeze.reason,
        starts_at=span.starts_at,
        until=span.ends_at,
        break_glass_role=freeze.break_glass_role,
    )
