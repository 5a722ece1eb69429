"""What the timeline of an incident says of its actions: who did what, and which digest it was about."""

from datetime import datetime
from typing import Any

from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.policy import FreezeSpan
from services.gateway.domain.records import Action, ActionEnd, Approval, EntryDraft, EntryType, Execution, PreviewSeen

_FROM_API = "api"
_SHOWN_RESULT = 200


def proposed(action: Action) -> EntryDraft:
    """Return the entry of a proposal. The payload stays in the action: only its digest stands here."""
    facts = {"type": action.type, "risk": action.risk, "digest": action.digest, "supersedes": action.supersedes}
    message = f"Proposed, {action.risk} risk: {action.title}"
    return draft(EntryType.ACTION_PROPOSED, action, action.proposed_by, action.proposed_at, message, facts)


def previewed(action: Action, preview: PreviewSeen, *, lapsed: int) -> EntryDraft:
    """Return the entry of a preview; ``lapsed`` approvals were of what could be seen before it."""
    facts = {
        "previewId": preview.id,
        "previewDigest": preview.digest,
        "succeeded": preview.succeeded,
        "digest": review_digest(action),
        "lapsedApprovals": lapsed or None,
    }
    message = f"Previewed{'' if preview.succeeded else ', which failed'}: {action.title}"
    if lapsed:
        message += f" ({lapsed} earlier approval{'s lapse' if lapsed > 1 else ' lapses'})"
    return draft(EntryType.ACTION_PREVIEWED, action, preview.created_by, preview.created_at, message, facts)


def approval_requested(action: Action, by: str, at: datetime, needed: int) -> EntryDraft:
    """Return the entry of a request for approval."""
    facts = {"digest": review_digest(action), "needed": needed, "expiresAt": action.expires_at}
    message = f"Approval requested ({needed} needed): {action.title}"
    return draft(EntryType.ACTION_APPROVAL_REQUESTED, action, by, at, message, facts)


def approved(action: Action, approval: Approval, given: int, needed: int) -> EntryDraft:
    """Return the entry of one person's approval, the ``given``-th of ``needed``."""
    facts = {
        "digest": approval.digest,
        "role": approval.role,
        "given": given,
        "needed": needed,
        "expiresAt": approval.expires_at,
        "reason": approval.reason or None,
    }
    message = because(f"Approved ({given} of {needed}): {action.title}", approval.reason)
    return draft(EntryType.ACTION_APPROVED, action, approval.by, approval.at, message, facts)


def rejected(action: Action, end: ActionEnd) -> EntryDraft:
    """Return the entry of a rejection."""
    message = because(f"Rejected: {action.title}", end.reason)
    return _ended(EntryType.ACTION_REJECTED, action, end, message)


def withdrawn(action: Action, end: ActionEnd) -> EntryDraft:
    """Return the entry of a withdrawal, also one by a newer proposal."""
    message = because(f"Withdrawn: {action.title}", end.reason)
    return _ended(EntryType.ACTION_WITHDRAWN, action, end, message)


def expired(action: Action, end: ActionEnd) -> EntryDraft:
    """Return the entry of an action that expired."""
    return _ended(EntryType.ACTION_EXPIRED, action, end, f"Expired, {end.reason}: {action.title}")


def freeze_broken(action: Action, freezes: tuple[FreezeSpan, ...], by: str, at: datetime, reason: str) -> EntryDraft:
    """Return the entry of an execution that did not wait for ``freezes`` to end, and why."""
    names = [freeze.name for freeze in freezes]
    facts = {"digest": review_digest(action), "freezes": names, "reason": reason}
    message = because(f"Executed in spite of the freeze {', '.join(names)}: {action.title}", reason)
    return draft(EntryType.ACTION_FREEZE_BROKEN, action, by, at, message, facts)


def executed(action: Action, execution: Execution, approvals: tuple[Approval, ...]) -> EntryDraft:
    """Return the entry of an execution and of what came of it."""
    facts = {
        "digest": review_digest(action),
        "approvedBy": [approval.by for approval in approvals],
        "succeeded": execution.succeeded,
        "result": execution.result,
    }
    how, kind = ("Done", EntryType.ACTION_EXECUTED) if execution.succeeded else ("Failed", EntryType.ACTION_FAILED)
    message = because(f"{how}: {action.title}", execution.result[:_SHOWN_RESULT])
    return draft(kind, action, execution.by, execution.at, message, facts)


def _ended(kind: EntryType, action: Action, end: ActionEnd, message: str) -> EntryDraft:
    facts = {
        "digest": review_digest(action),
        "reason": end.reason or None,
        "supersededBy": action.superseded_by,
    }
    return draft(kind, action, end.by, end.at, message, facts)


def because(message: str, reason: str) -> str:
    """Return ``message`` with its reason, if there is one."""
    return f"{message}: {reason}" if reason else message


def draft(kind: EntryType, action: Action, by: str, at: datetime, message: str, facts: dict[str, Any]) -> EntryDraft:
    """Return an entry about ``action``; facts that are None are left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    return EntryDraft(
        type=kind,
        actor=by,
        source="system" if by == "system" else _FROM_API,
        occurred_at=at,
        message=message,
        payload={"actionId": action.id, **known},
    )
