"""What the timeline of an incident says of the execution of its actions, and of whether it helped."""

from datetime import datetime
from typing import Any

from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.entries import because, draft
from services.gateway.domain.records import Action, ActionState, Approval, EntryDraft, EntryType, Execution, PreviewSeen

_SYSTEM = "system"
_SHOWN_RESULT = 200
_ENDS = {
    ActionState.EXECUTED: ("Done", EntryType.ACTION_EXECUTED),
    ActionState.FAILED: ("Failed", EntryType.ACTION_FAILED),
    ActionState.UNKNOWN: ("Not known whether it was done", EntryType.ACTION_UNKNOWN),
}


def started(action: Action, execution: Execution, approvals: tuple[Approval, ...]) -> EntryDraft:
    """Return the entry of an action that was handed to a worker."""
    facts = {
        "digest": review_digest(action),
        "approvedBy": [approval.by for approval in approvals],
        "jobId": execution.job_id,
    }
    return draft(EntryType.ACTION_STARTED, action, execution.by, execution.at, f"Executing: {action.title}", facts)


def refused(action: Action, by: str, at: datetime, *, words: str) -> EntryDraft:
    """Return the entry of an execution that was not begun; ``words`` begin with the code of the refusal."""
    facts = {"digest": review_digest(action), "reason": words}
    message = because(f"Not executed, nothing was done: {action.title}", words[:_SHOWN_RESULT])
    return draft(EntryType.ACTION_REFUSED, action, by, at, message, facts)


def stale(action: Action, preview: PreviewSeen, words: str, at: datetime) -> EntryDraft:
    """Return the entry of a target that is not any more what was approved."""
    facts = {
        "digest": review_digest(action),
        "previewId": preview.id,
        "previewDigest": preview.digest,
        "reason": words,
    }
    message = because(f"Not executed, its target has changed: {action.title}", words[:_SHOWN_RESULT])
    return draft(EntryType.ACTION_STALE, action, _SYSTEM, at, message, facts)


def ended(action: Action, execution: Execution) -> EntryDraft:
    """Return the entry of what came of an execution."""
    how, kind = _ENDS[action.state]
    facts: dict[str, Any] = {
        "digest": review_digest(action),
        "approvedBy": [approval.by for approval in action.approvals],
        "executedBy": execution.by,
        "succeeded": execution.succeeded,
        "result": execution.result,
        "code": execution.code or None,
        "done": list(execution.done) or None,
        "look": execution.look or None,
        "outputId": execution.output_id,
        "jobId": execution.job_id,
    }
    message = because(f"{how}: {action.title}", execution.result[:_SHOWN_RESULT])
    return draft(kind, action, _SYSTEM, execution.finished_at or execution.at, message, facts)


def verified(action: Action, firing: int, at: datetime) -> EntryDraft:
    """Return the entry of an action that brought about what it should."""
    message = f"Verified: {action.title}: {_words(action)}{_signals(firing)}"
    return draft(EntryType.ACTION_VERIFIED, action, _SYSTEM, at, message, _facts(action, firing))


def ineffective(action: Action, firing: int, at: datetime, *, is_late: bool) -> EntryDraft:
    """Return the entry of an action that did not; ``is_late``: not within the time it had."""
    how = "Without effect in time" if is_late else "Without effect"
    message = f"{how}: {action.title}: {_words(action)}{_signals(firing)}"
    return draft(EntryType.ACTION_INEFFECTIVE, action, _SYSTEM, at, message, _facts(action, firing))


def not_verified(action: Action, words: str, at: datetime) -> EntryDraft:
    """Return the entry of an action nobody could look at."""
    message = because(f"Not verified: {action.title}", words[:_SHOWN_RESULT])
    return draft(EntryType.ACTION_NOT_VERIFIED, action, _SYSTEM, at, message, {"reason": words})


def _words(action: Action) -> str:
    return action.verification.words[:_SHOWN_RESULT] if action.verification is not None else ""


def _signals(firing: int) -> str:
    if not firing:
        return ""
    return f" ({firing} signal{'s' if firing > 1 else ''} of the incident still fire{'' if firing > 1 else 's'})"


def _facts(action: Action, firing: int) -> dict[str, Any]:
    awaited = action.verification
    looks = awaited.looks if awaited is not None else None
    return {"looks": looks, "result": _words(action), "firingSignals": firing}
