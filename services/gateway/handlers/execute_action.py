"""Execute an action that is approved; what no valid approval covers is refused, whoever asks."""

from services.gateway.domain.actions import calls
from services.gateway.domain.records import ActionType
from services.gateway.errors import ExecutionUnavailable, ValidationFailed
from services.gateway.handlers.action_case import ActionCall, check_version, keep, open_case, refuse_ended
from services.gateway.ports import Transaction
from shared.redaction import redact


def execute_action(tx: Transaction, call: ActionCall, *, succeeded: bool | None, result: str) -> str:
    """Record that a manual action was done, or failed, as the subject says; return its id.

    Raises ``ActionNotApproved`` before anything else that stands against it, then ``Forbidden``, ``IncidentEnded``,
    ``VersionConflict``, ``ExecutionUnavailable`` for every other type (nothing is done then, and the approval
    stands), and ``ValidationFailed``.
    """
    case = open_case(tx, call)
    approvals = calls.check_approved(case.action, case.rule, tx.now)
    calls.check_executor(case.rule, call.subject)
    refuse_ended(tx, case.incident)
    check_version(case.action, call.versions)
    if case.action.type is not ActionType.MANUAL:
        raise ExecutionUnavailable(
            f"It is approved, but this version executes no action of type {case.action.type}; nothing was done.",
            actionType=case.action.type,
        )
    if succeeded is None or not result.strip():
        missing = {"succeeded": ["required"]} if succeeded is None else {}
        missing |= {"result": ["required"]} if not result.strip() else {}
        raise ValidationFailed(f"Not valid: {', '.join(missing)}.", errors=missing)
    said, _ = redact(result)
    after, drafts = calls.finish_by_hand(case.action, approvals, call.subject, tx.now, succeeded=succeeded, result=said)
    return keep(tx, after, drafts)
