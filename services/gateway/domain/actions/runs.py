"""Turn what workers report of an action's execution into its next state and the facts for the timeline."""

import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from services.gateway.domain.actions import run_entries as entries
from services.gateway.domain.actions.policy import ApprovalRule
from services.gateway.domain.records import (
    Action,
    ActionEnd,
    ActionState,
    Approval,
    EntryDraft,
    Execution,
    PreviewSeen,
    Verification,
)
from shared.contracts.action import Expectation, KubernetesPayload, Verdict, VerdictState

# What should become true must within this time; looks are further and further apart.
VERIFY_WINDOW = timedelta(minutes=5)
_LOOKS = (2, 5, 10, 20, 40, 60)
_S = ActionState
_SYSTEM = "system"
Outcome = tuple[Action, list[EntryDraft]]
Looked = tuple[Action, list[EntryDraft], timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What came of an execution: ``state`` is executed, failed or unknown, ``words`` for a person."""

    state: ActionState
    words: str
    code: str = ""
    done: tuple[str, ...] = ()
    look: str = ""
    output_id: str | None = None
    rollback: KubernetesPayload | None = None
    expectation: Expectation | None = None


def start(
    action: Action, approvals: tuple[Approval, ...], by: str, job_id: str, now: datetime, *, break_glass: str = ""
) -> Outcome:
    """Return the action handed to a worker; the approvals it goes by are kept with it."""
    execution = Execution(by=by, at=now, succeeded=None, result="", job_id=job_id, break_glass=break_glass)
    after = _step(
        action, now, state=_S.EXECUTING, approvals=approvals, execution=execution, expires_at=None, verification=None
    )
    return after, [entries.started(after, execution, approvals)]


def as_asked(action: Action) -> Action:
    """Return an action that was handed to a worker as it was when that was asked for."""
    expires_at = min((one.expires_at for one in action.approvals), default=None)
    return msgspec.structs.replace(action, state=_S.APPROVED, execution=None, expires_at=expires_at)


def hand_back(action: Action, now: datetime, *, words: str, by: str) -> Outcome:
    """Return the action as it was before it was handed to a worker, because nothing was done and why.

    Approvals that hold still do; the clock and the policy end the others as ever. What was superseded is withdrawn.
    """
    back = _step(as_asked(action), now)
    if action.superseded_by is not None:
        end = ActionEnd(by=by, at=now, reason=f"superseded by {action.superseded_by}")
        back = msgspec.structs.replace(back, state=_S.WITHDRAWN, end=end, expires_at=None)
    return back, [entries.refused(back, by, now, words=words)]


def how_to_look(action: Action) -> str:
    """Return the command that shows whether a change of a cluster was made; empty for what only a person can tell."""
    change = action.kubernetes
    if change is None:
        return ""
    namespace = ["--namespace", change.namespace] if change.namespace else []
    words = ["kubectl", "--context", change.context, *namespace, "get", change.kind, change.name, "--output", "yaml"]
    return shlex.join(words)


def end(action: Action, begun: Execution, ended: Ended, now: datetime) -> Outcome:
    """Return the action with what came of what had ``begun``; where something should become true, that is awaited."""
    execution = msgspec.structs.replace(
        begun,
        succeeded=None if ended.state is _S.UNKNOWN else ended.state is _S.EXECUTED,
        result=ended.words,
        code=ended.code,
        finished_at=now,
        done=ended.done,
        look=ended.look,
        output_id=ended.output_id,
        rollback=ended.rollback,
    )
    awaited = None
    if ended.state in {_S.EXECUTED, _S.UNKNOWN} and ended.expectation is not None:
        awaited = Verification(expectation=ended.expectation, until=now + VERIFY_WINDOW)
    after = _step(action, now, state=ended.state, execution=execution, verification=awaited)
    return after, [entries.ended(after, execution)]


def turn_stale(action: Action, rule: ApprovalRule, preview: PreviewSeen, words: str, now: datetime) -> Outcome:
    """Return the action waiting for approval of what ``preview`` shows, since its target is not as it was approved."""
    after = _step(
        action,
        now,
        state=_S.STALE,
        previews=(*action.previews, preview),
        execution=None,
        expires_at=now + timedelta(minutes=rule.pending_minutes),
    )
    if action.superseded_by is not None:
        withdrawal = ActionEnd(by=_SYSTEM, at=now, reason=f"superseded by {action.superseded_by}")
        after = msgspec.structs.replace(after, state=_S.WITHDRAWN, end=withdrawal, expires_at=None)
    return after, [entries.stale(after, preview, words, now)]


def look_at(action: Action, awaited: Verification, verdict: Verdict, firing: int, now: datetime) -> Looked:
    """Return the action after one look, the facts, and when to look again (nothing: never).

    ``firing`` is how many signals of the incident fire: what a change was made for is seldom only in its object.
    """
    seen = msgspec.structs.replace(awaited, looks=awaited.looks + 1, words=verdict.words, checked_at=now, job_id=None)
    if verdict.state is VerdictState.HOLDS:
        after = _step(action, now, state=_S.VERIFIED, verification=seen)
        return after, [entries.verified(after, firing, now)], timedelta()
    wait = next_look(seen)
    if verdict.state is not VerdictState.CANNOT_HOLD and now + wait <= awaited.until:
        return msgspec.structs.replace(action, verification=seen), [], wait
    if action.state is _S.UNKNOWN or verdict.state is VerdictState.NOT_SEEN:
        # That it is not so does not say that nothing was done, and what nobody saw says nothing.
        return *unseen(action, seen, verdict.words, now), timedelta()
    after = _step(action, now, state=_S.INEFFECTIVE, verification=seen)
    is_late = verdict.state is VerdictState.NOT_YET
    return after, [entries.ineffective(after, firing, now, is_late=is_late)], timedelta()


def next_look(awaited: Verification) -> timedelta:
    """Return how long to wait before the next look."""
    return timedelta(seconds=_LOOKS[min(awaited.looks, len(_LOOKS) - 1)])


def unseen(action: Action, awaited: Verification, words: str, now: datetime) -> Outcome:
    """Return the action as it is still, since nobody could see whether it helped, and why."""
    seen = msgspec.structs.replace(awaited, words=words, checked_at=now, job_id=None)
    after = _step(action, now, verification=seen)
    return after, [entries.not_verified(after, words, now)]


def _step(action: Action, now: datetime, **changes: object) -> Action:
    return msgspec.structs.replace(action, **changes, updated_at=now, version=action.version + 1)
