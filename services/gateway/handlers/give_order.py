"""Decide, at the moment a worker claims a job of an action, whether it may still be done, and what exactly that is."""

from services.gateway.domain.access import Subject
from services.gateway.domain.actions import runs
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.actions.states import Call, check_call
from services.gateway.domain.records import Action, Job, JobState
from services.gateway.errors import ActionNotApproved, CallNotAllowed, RecordNotFound
from services.gateway.handlers.action_case import ActionCall, ActionCase, keep, open_case
from services.gateway.handlers.approver_roles import find_role
from services.gateway.handlers.execute_action import approved_target, check_execution
from services.gateway.handlers.record_results import finish_job
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.action import ApprovedChange
from shared.contracts.messages import ActionOrder, ExecuteOrder, PreviewOrder, VerifyOrder
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.errors import AppError


def give_order(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder | AppError | None:
    """Return what the worker is to do; an error if it must not, and then the job is at its end; None for other jobs.

    All that stood against an execution when it was asked for is asked again, of the policy, the clock, the tokens and
    the action of now.
    """
    give = _GIVERS.get(job.kind)
    if give is None:
        return None
    try:
        return give(tx, job, policy)
    except AppError as refusal:
        finish_job(tx, job, JobState.FAILED, attempt=job.attempt, error=f"{refusal.code}: {refusal.detail}")
        return refusal


def _preview(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder:
    case = _case(tx, job, policy)
    check_call(case.action, Call.PREVIEW)
    if case.action.kubernetes is None:
        raise CallNotAllowed("Only changes of a cluster have a dry run.", state=case.action.state)
    return PreviewOrder(payload=case.action.kubernetes)


def _verify(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder:
    action = _case(tx, job, policy).action
    awaited = action.verification
    if awaited is None or awaited.job_id != job.id:
        raise CallNotAllowed("Nobody waits for this look any more.", state=action.state)
    return VerifyOrder(expectation=awaited.expectation)


def _execute(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder:
    stored = _action_of(tx, job)
    begun = stored.execution
    if begun is None or begun.job_id != job.id:
        raise ActionNotApproved(f"It is {stored.state}; this job is not the one that executes it.", state=stored.state)
    role = find_role(tx, begun.by, tx.now)
    case = _case(tx, job, policy)
    asked = runs.as_asked(stored)
    ...
