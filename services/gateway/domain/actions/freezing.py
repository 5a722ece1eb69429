"""Refuse to execute what a freeze of the policy holds for, but to those whom the freeze itself lets through."""

from datetime import datetime

import msgspec

from services.gateway.domain.access import Subject, may
from services.gateway.domain.actions import entries
from services.gateway.domain.actions.policy import ApprovalPolicy, FreezeSpan, freezes_at, next_free_at
from services.gateway.domain.records import Action, EntryDraft
from services.gateway.errors import ActionFrozen


def pass_freezes(
    policy: ApprovalPolicy, action: Action, subject: Subject, now: datetime, *, reason: str
) -> list[EntryDraft]:
    """Return what the timeline is told if ``subject`` may execute ``action`` at ``now``: nothing if nothing is frozen.

    ``reason`` is why it cannot wait, empty where nobody says so. Raises ``ActionFrozen`` without it, and unless the
    role of ``subject`` reaches what every freeze that holds asks of those who break it.
    """
    held = freezes_at(policy, action, now)
    if not held:
        return []
    if reason and all(_lets_through(freeze, subject) for freeze in held):
        return [entries.freeze_broken(action, held, subject.id, now, reason)]
    raise ActionFrozen(
        " ".join(_describe(freeze, subject) for freeze in held),
        freezes=msgspec.to_builtins(held),
        nextFreeAt=msgspec.to_builtins(next_free_at(policy, action, now)),
    )


def _lets_through(freeze: FreezeSpan, subject: Subject) -> bool:
    return freeze.break_glass_role is not None and may(subject.role, freeze.break_glass_role)


def _describe(freeze: FreezeSpan, subject: Subject) -> str:
    until = f"until {msgspec.to_builtins(freeze.until)}" if freeze.until is not None else "with no end in sight"
    if freeze.break_glass_role is None:
        way = "Nobody may execute it before."
    elif _lets_through(freeze, subject):
        way = "Say in breakGlass why it cannot wait, to execute it all the same."
    else:
        way = f"To execute it before takes the role {freeze.break_glass_role}, and a reason in breakGlass."
    return f"The freeze {freeze.name} holds {until}: {freeze.reason} {way}"
