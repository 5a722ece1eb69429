"""Read what the actions worker reports into words and states."""

from services.gateway.domain.actions.runs import Ended
from services.gateway.domain.records import ActionState
from shared.contracts.action import ExecutionOutcome, ExecutionState, PreviewOutcome, RbacRule
from shared.contracts.command import CommandEnd, CommandOutcome
from shared.contracts.messages import ActionDone

_CHANGES = {
    ExecutionState.SUCCEEDED: ActionState.EXECUTED,
    ExecutionState.FAILED: ActionState.FAILED,
    ExecutionState.STALE: ActionState.FAILED,
    ExecutionState.PARTIAL: ActionState.FAILED,
    ExecutionState.CANCELLED: ActionState.FAILED,
    ExecutionState.UNKNOWN: ActionState.UNKNOWN,
}
_ENDS = {CommandEnd.LOST: ActionState.UNKNOWN}
_NEVER_RAN = frozenset({CommandEnd.REFUSED, CommandEnd.NOT_STARTED})
_MOST_STEPS = 200


def describe_preview(outcome: PreviewOutcome) -> str:
    """Return a dry run as the approver reads it: what would change, warnings, the way back, or why there is none."""
    parts: list[str] = []
    refused = outcome.no_preview
    if refused is not None:
        parts.append(f"No preview ({refused.reason}): {refused.words}")
        parts += [f"{place}: {', '.join(texts)}" for place, texts in refused.problems.items()]
        parts += [f"It needs: {_describe_right(one)}" for one in refused.needs]
    if outcome.diff:
        parts.append(outcome.diff)
    elif refused is None:
        parts.append("Nothing would change.")
    parts += [f"Mind: {warning}" for warning in outcome.warnings]
    if outcome.rollback_words:
        parts.append(f"Way back: {outcome.rollback_words}")
    return "\n".join(parts)


def read_end(result: ActionDone, output_id: str | None) -> Ended | None:
    """Return what came of an execution; None where the report says neither of a change nor of a command."""
    if result.change is not None:
        return _of_change(result.change, output_id)
    return _of_command(result.command, output_id) if result.command is not None else None


def _of_change(outcome: ExecutionOutcome, output_id: str | None) -> Ended:
    needs = "".join(f" It needs: {_describe_right(one)}." for one in outcome.needs)
    return Ended(
        state=_CHANGES[outcome.state],
        words=f"{outcome.words}{needs}",
        code=outcome.code or ("" if outcome.state is ExecutionState.SUCCEEDED else str(outcome.state)),
        done=outcome.done[:_MOST_STEPS],
        look=outcome.look,
        output_id=output_id,
        rollback=outcome.rollback,
        expectation=outcome.expectation,
    )


def _of_command(outcome: CommandOutcome, output_id: str | None) -> Ended:
    state = ActionState.EXECUTED if outcome.succeeded else _ENDS.get(outcome.ended_by, ActionState.FAILED)
    return Ended(
        state=state,
        words=_describe_end(outcome),
        code="" if outcome.succeeded else outcome.code or str(outcome.ended_by),
        output_id=output_id,
    )


def _describe_end(outcome: CommandOutcome) -> str:
    said = f"{outcome.reason} {outcome.hint}".strip()
    if outcome.ended_by in _NEVER_RAN:
        return f"{said or outcome.ended_by}; nothing was run"
    seconds = f"after {outcome.duration_ms / 1000:.1f} s"
    if outcome.ended_by is CommandEnd.EXITED:
        return f"exit code {outcome.exit_code} {seconds}"
    how = f"signal {outcome.signal}" if outcome.signal is not None else str(outcome.ended_by).replace("_", " ")
    return f"{how} {seconds}; what it did until then stays" + (f" ({said})" if said else "")


def _describe_right(right: RbacRule) -> str:
    where = f"in namespace {right.namespace}" if right.namespace else "in the whole cluster"
    group = f" of {right.api_group}" if right.api_group else ""
    return f"{', '.join(right.verbs)} on {right.resource}{group} {where}"
