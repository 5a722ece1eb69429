"""The approval policy: what an action needs, in which environment and hours, and what freezes it. Pure rules."""

from services.gateway.domain.actions.policy.approval_policy import ApprovalPolicy, needs_digest
from services.gateway.domain.actions.policy.freezes import Freeze
from services.gateway.domain.actions.policy.holding import FreezeSpan, freezes_at, next_free_at, next_freezes
from services.gateway.domain.actions.policy.hours import Hours, Weekday
from services.gateway.domain.actions.policy.matching import UNKNOWN_ENVIRONMENT, Environment
from services.gateway.domain.actions.policy.rules import DEFAULT_RULES, ApprovalRule, PolicyOverride, names_approver

__all__ = [
    "DEFAULT_RULES",
    "UNKNOWN_ENVIRONMENT",
    "ApprovalPolicy",
    "ApprovalRule",
    "Environment",
    "Freeze",
    "FreezeSpan",
    "Hours",
    "PolicyOverride",
    "Weekday",
    "freezes_at",
    "names_approver",
    "needs_digest",
    "next_free_at",
    "next_freezes",
]
