"""The approval policy: a rule for every risk, what tightens it, which environments there are, and what freezes."""

from datetime import datetime

import msgspec

from services.gateway.domain.actions.policy.freezes import Freeze
from services.gateway.domain.actions.policy.matching import UNKNOWN_ENVIRONMENT, Environment, level_of
from services.gateway.domain.actions.policy.rules import DEFAULT_RULES, ApprovalRule, PolicyOverride, tighten
from services.gateway.domain.records import Action, ActionRisk
from shared.contracts.base import Contract


class ApprovalPolicy(Contract, frozen=True, kw_only=True):
    """A rule for every risk, overrides that tighten it for some actions at some times, and freezes."""

    risk: dict[ActionRisk, ApprovalRule] = msgspec.field(default_factory=lambda: dict(DEFAULT_RULES))
    environments: tuple[Environment, ...] = ()
    overrides: tuple[PolicyOverride, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether a rule changes with the hour, although nothing is written."""
        return any(override.hours for override in self.overrides)

    def environments_of(self, action: Action) -> tuple[str, ...]:
        """Return every environment ``action`` may touch; ``unknown`` if none of the policy takes it in."""
        found = tuple(one.name for one in self.environments if one.takes_in(action))
        return found or (UNKNOWN_ENVIRONMENT,)

    def overrides_of(self, action: Action, now: datetime) -> tuple[tuple[int, PolicyOverride], ...]:
        """Return the overrides that hold for ``action`` at ``now``, each with its number in the file, from 1 on."""
        environments = self.environments_of(action)
        return tuple(
            (number, override)
            for number, override in enumerate(self.overrides, 1)
            if override.holds_for(action, environments, now)
        )

    def rule_for(self, action: Action, now: datetime) -> ApprovalRule:
        """Return what ``action`` needs at ``now``: the rule of its risk, tightened by every override that holds.

        Where the actions worker could not show what it would change, it needs what the next higher risk does.
        """
        rule = self.risk[level_of(action)]
        for _, override in self.overrides_of(action, now):
            rule = tighten(rule, override)
        return rule


def needs_digest(action: Action) -> bool:
    """Answer whether an approver must say which digest was seen: from high risk on, or where it may have changed.

    A dry run that a worker makes may come between a look and an approval.
    """
    is_previewed = any(seen.target_digest is not None for seen in action.previews)
    return level_of(action) in {ActionRisk.HIGH, ActionRisk.CRITICAL} or is_previewed or len(action.previews) > 1
