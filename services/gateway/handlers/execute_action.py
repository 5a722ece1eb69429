"""Execute an action that is approved; what no valid approval covers is refused, whoever asks."""

from dataclasses import dataclass

from services.gateway.domain.actions import calls, runs
from services.gateway.domain.actions.freezing import pass_freezes
from services.gateway.domain.records import Action, ActionType, Approval, EntryDraft
from services.gateway.errors import PreviewRequired, ValidationFailed
from services.gateway.handlers.action_case import ActionCall, ActionCase, check_version, keep, open_case, refuse_ended
from services.gateway.handlers.action_jobs import put_job, require_worker
from services.gateway.ports import Transaction
from shared.contracts.queues import EXECUTE_ACTION
from shared.redaction import redact


@dataclass(frozen=True, slots=True)
class Permit:
    """By which approvals an action may be executed now, and what the timeline is told of a freeze that was broken."""

    approvals: tuple[Approval, ...]
    told: list[EntryDraft]


def execute_action(
    tx: Transaction, call: ActionCall, *, succeeded: bool | None, result: str, break_glass: str = ""
) -> str:
    """Hand the action to a worker, or record that a manual one was done, or failed, as the subject says; return its id.

    ``break_glass`` says why it cannot wait for a freeze to end. Raises what ``check_execution`` raises,
    ``ExecutionUnavailable`` where no worker can do it and ``PreviewRequired`` where none has made a dry run of it
    (nothing is done then, and the approval stands), and ``ValidationFailed``.
    """
    case = open_case(tx, call)
    why, _ = redact(break_glass.strip())
    permit = check_execution(case, call, break_glass=why)
    if case.action.type is ActionType.MANUAL:
        return _finish_by_hand(case, call, permit, succeeded=succeeded, result=result)
    require_worker(tx, case.action)
    approved_target(case.action)
    job_id = put_job(tx, case.action, EXECUTE_ACTION, call.subject.id)
    after, drafts = runs.start(case.action, permit.approvals, call.subject.id, job_id, tx.now, break_glass=why)
    return keep(tx, after, [*permit.told, *drafts])


def check_execution(case: ActionCase, call: ActionCall, *, break_glass: str) -> Permit:
    """Return the permit to execute the action now: asked in the transaction that acts, of all that is so now.

    Raises ``ActionNotApproved`` before anything else that stands against it, then ``Forbidden``, ``IncidentEnded``,
    ``VersionConflict``, ``ActionFrozen``.
    """
    approvals = calls.check_approved(case.action, case.rule, case.roles, case.tx.now)
    calls.check_executor(case.rule, call.subject)
    refuse_ended(case.tx, case.incident)
    check_version(case.action, call.versions)
    told = pass_freezes(call.policy, case.action, call.subject, case.tx.now, reason=break_glass)
    return Permit(approvals, told)


def approved_target(action: Action) -> str | None:
    """Return the digest of the target that the approvals of a change of a cluster are of; None for a command.

    Raises ``PreviewRequired`` where the actions worker has not looked at the target.
    """
    if action.kubernetes is None:
        return None
    found = next((seen.target_digest for seen in reversed(action.previews) if seen.target_digest), None)
    if found is None:
        raise PreviewRequired("No worker has looked at what it would change; ask for a dry run, and approve that.")
    return found


def _finish_by_hand(case: ActionCase, call: ActionCall, permit: Permit, *, succeeded: bool | None, result: str) -> str:
    if succeeded is None or not result.strip():
        missing = {"succeeded": ["required"]} if succeeded is None else {}
        missing |= {"result": ["required"]} if not result.strip() else {}
        raise ValidationFailed(f"Not valid: {', '.join(missing)}.", errors=missing)
    said, _ = redact(result)
    after, drafts = calls.finish_by_hand(
        case.action, permit.approvals, call.subject, case.tx.now, succeeded=succeeded, result=said
    )
    return keep(case.tx, after, [*permit.told, *drafts])
