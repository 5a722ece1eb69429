"""Decide, at the moment a worker claims a job of an action, whether it may still be done, and what exactly that is."""

import dataclasses

from services.gateway.domain.access import Subject
from services.gateway.domain.actions import runs
from services.gateway.domain.actions.calls import check_approved
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.actions.states import Call, check_call, settle
from services.gateway.domain.records import Action, Job, JobState, Role, Scope
from services.gateway.errors import ActionNotApproved, CallNotAllowed, ExecutorRevoked
from services.gateway.handlers.action_case import ActionCall, open_case
from services.gateway.handlers.approver_roles import find_role
from services.gateway.handlers.execute_action import approved_target, check_execution
from services.gateway.handlers.finish_job import finish_job
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.action import ApprovedChange
from shared.contracts.messages import ActionOrder, ExecuteOrder, PreviewOrder, VerifyOrder
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION
from shared.errors import AppError


def give_order(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder | AppError | None:
    """Return what the worker is to do; an error if it must not, and then the job is at its end; None for other jobs.

    All that stood against an execution when it was asked for is asked again, of the policy, the clock, the tokens and
    the action of now: a message may have waited for hours, or come from whoever can write to the queue.
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
    action = open_case(tx, _call(tx, job, policy)).action
    check_call(action, Call.PREVIEW)
    if action.kubernetes is None:
        raise CallNotAllowed("Only changes of a cluster have a dry run.", state=action.state)
    return PreviewOrder(payload=action.kubernetes)


def _verify(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder:
    action = open_case(tx, _call(tx, job, policy)).action
    awaited = action.verification
    if awaited is None or awaited.job_id != job.id:
        raise CallNotAllowed("Nobody waits for this look any more.", state=action.state)
    return VerifyOrder(expectation=awaited.expectation)


def _execute(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionOrder:
    call = _call(tx, job, policy)
    case = open_case(tx, call)
    begun = case.action.execution
    if begun is None or begun.job_id != job.id:
        raise ActionNotApproved("This job is not the one that was to execute the action.", state=case.action.state)
    action = settle(runs.as_asked(case.action), case.rule, case.roles, tx.now)
    case = dataclasses.replace(case, action=action)
    role = find_role(tx, begun.by, Scope.INCIDENTS_WRITE, tx.now)
    if role is None:
        check_approved(action, case.rule, case.roles, tx.now)
        raise ExecutorRevoked(f"{begun.by}, who had it executed, may not any more.")
    who = dataclasses.replace(call, subject=_subject(begun.by, role))
    check_execution(case, who, break_glass=begun.break_glass)
    return _order_of(action)


def _order_of(action: Action) -> ActionOrder:
    target = approved_target(action)
    change = action.kubernetes
    return ExecuteOrder(
        action_id=action.id,
        change=ApprovedChange(payload=change, target_digest=target) if change is not None and target else None,
        command=action.command,
    )


def _call(tx: Transaction, job: Job, policy: ApprovalPolicy) -> ActionCall:
    action = tx.get(Action, str(job.payload.get("actionId", "")))
    subject = _subject(SYSTEM, Role.VIEWER)
    return ActionCall(incident_id=action.incident_id, action_id=action.id, subject=subject, policy=policy)


def _subject(subject_id: str, role: Role) -> Subject:
    return Subject(id=subject_id, name=subject_id, role=role)


_GIVERS = {PREVIEW_ACTION: _preview, EXECUTE_ACTION: _execute, VERIFY_ACTION: _verify}
