"""Do what was approved: read again, compare, write with the version just read, and tell truly what came of it."""

from dataclasses import dataclass

from services.actions.domain.diff import make_diff
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations.nodes import Drain
from services.actions.domain.requests import bind
from services.actions.domain.words import look_command
from services.actions.errors import Conflict, Forbidden, Invalid, KubeError
from services.actions.handlers.drain import drain
from services.actions.handlers.looking import Ready, look_at
from services.actions.handlers.preview import show
from services.actions.ports import IsCancelled, KubeClient, OnProgress, Pace
from shared.contracts.action import ApprovedChange, ExecutionOutcome, ExecutionState, NoPreview, StepsDone

# How often a write that met a newer version is tried with that, as long as the target is still what was approved.
_MOST_LOOKS = 4
_S = ExecutionState


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A write that was made: of what was read, and the object after it."""

    ready: Ready
    after: KubeObject


def execute(
    approved: ApprovedChange,
    client: KubeClient,
    on_progress: OnProgress,
    is_cancelled: IsCancelled,
    pace: Pace | None = None,
) -> ExecutionOutcome:
    """Make the approved change, at most once.

    ``on_progress`` is told of each step before it begins: what it was told last is the truth for a worker that dies,
    which may or may not have done the step it was at. ``is_cancelled`` is asked before each step; a step under way is
    never broken off. Never raises for what a server answers; what ``on_progress`` and ``is_cancelled`` raise is let
    through, and is as if the worker had died then. After the last step neither is called.
    """
    written = _write_once(approved, client, on_progress, is_cancelled)
    if isinstance(written, ExecutionOutcome):
        return written
    remediation, sight = written.ready.remediation, written.ready.sight
    diff, _ = make_diff(sight.object, written.after)
    undo, words = remediation.undo(sight, written.after)
    outcome = ExecutionOutcome(
        state=_S.SUCCEEDED,
        words=f"done: {remediation.step(sight)}",
        done=(remediation.step(sight),),
        diff=diff,
        uid=written.after.uid or sight.object.uid or None,
        resource_version=written.after.resource_version or None,
        expectation=remediation.expect(sight, written.after),
        rollback=undo,
        rollback_words=words,
    )
    if isinstance(remediation, Drain):
        return drain(sight, outcome, client, on_progress, is_cancelled, pace or Pace())
    return outcome


def failure_of(error: KubeError, done: tuple[str, ...] = ()) -> ExecutionOutcome:
    """Return the end of an execution that met ``error`` where nothing is in doubt; ``done`` are the steps before."""
    said = "nothing was done" if not done else f"{len(done)} steps were done before"
    return ExecutionOutcome(
        state=_S.PARTIAL if done else _S.FAILED,
        words=f"{error}; {said}",
        code=error.code,
        problems=error.causes if isinstance(error, Invalid) else {},
        needs=(error.rule,) if isinstance(error, Forbidden) else (),
        done=done,
    )


def _write_once(
    approved: ApprovedChange, client: KubeClient, on_progress: OnProgress, is_cancelled: IsCancelled
) -> Written | ExecutionOutcome:
    refused: Conflict | None = None
    for _ in range(_MOST_LOOKS):
        ready = _look_again(approved, client)
        if isinstance(ready, ExecutionOutcome):
            return ready
        if is_cancelled():
            return ExecutionOutcome(state=_S.CANCELLED, words="cancelled before anything was done", code="cancelled")
        on_progress(StepsDone(doing=ready.remediation.step(ready.sight)))
        try:
            answer = client.write(bind(ready.remediation.write(ready.sight), ready.sight.object), dry_run=False)
        except Conflict as error:
            refused = error
        except KubeError as error:
            return _unknown(ready, error) if error.may_be_done else failure_of(error)
        else:
            return Written(ready=ready, after=ready.remediation.after(ready.sight, answer))
    return failure_of(refused or Conflict("the object changes too often"))


def _look_again(approved: ApprovedChange, client: KubeClient) -> Ready | ExecutionOutcome:
    """Return the change as its target is now, where that is what was approved."""
    try:
        ready = look_at(approved.payload, client)
    except KubeError as error:
        return failure_of(error)
    if isinstance(ready, NoPreview):
        words = f"{ready.words}; nothing was done"
        return ExecutionOutcome(state=_S.FAILED, words=words, code="not_possible", problems=ready.problems)
    return _not_as_approved(ready, approved, client) or ready


def _not_as_approved(ready: Ready, approved: ApprovedChange, client: KubeClient) -> ExecutionOutcome | None:
    """Return why the change must not be made of what is there now; None where it may."""
    if ready.digest != approved.target_digest:
        return ExecutionOutcome(
            state=_S.STALE,
            words="what it is about is not any more what was approved; nothing was done",
            code="target_changed",
            uid=ready.sight.object.uid or None,
            preview=show(ready, client),
        )
    if refusal := ready.refusal:
        words = f"{refusal.words}; nothing was done"
        return ExecutionOutcome(state=_S.FAILED, words=words, code="not_possible", problems=refusal.problems)
    return None


def _unknown(ready: Ready, error: KubeError) -> ExecutionOutcome:
    sight = ready.sight
    # The next generation is the one that holds the change, if there is one.
    meta = {**sight.object.raw.get("metadata", {}), "generation": sight.object.generation + 1}
    return ExecutionOutcome(
        state=_S.UNKNOWN,
        words=f"{error}; whether it was done is not known, and it is not tried again",
        code=error.code,
        uid=sight.object.uid or None,
        look=look_command(sight.target.payload, sight.target.kind),
        expectation=ready.remediation.expect(sight, KubeObject({**sight.object.raw, "metadata": meta})),
    )
