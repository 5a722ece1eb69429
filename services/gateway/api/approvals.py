"""Endpoints of what is asked of an action: approval, rejection, execution, withdrawal; and the policy in force."""

from collections.abc import Callable
from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import action_inputs, action_shapes, policy_shapes
from services.gateway.api.action_views import show_action
from services.gateway.api.actions import action_call
from services.gateway.api.current import encode, gateway, read_answer, repeat_guard, write_answer
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role
from services.gateway.handlers.action_case import ActionCall
from services.gateway.handlers.answer_once import answer_once
from services.gateway.handlers.decide_action import approve_action, reject_action, request_approval, withdraw_action
from services.gateway.handlers.execute_action import execute_action
from services.gateway.ports import Transaction

blueprint = ReadingBlueprint("approvals", __name__, description="What is asked of actions, and what they need.")
_DECIDING = (errors.RecordNotFound, errors.VersionConflict, errors.CallNotAllowed)
_DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@endpoint(
    blueprint,
    Operation(
        path="/api/actions/policy",
        role=Role.VIEWER,
        answer=policy_shapes.ApprovalPolicyShape,
        conditional=True,
    ),
)
def read_policy() -> Response:
    """Read the approval policy in force: the rule of each risk, and what tightens it."""
    return read_answer(encode(gateway().settings.approvals))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/request-approval",
        method="POST",
        role=Role.RESPONDER,
        answer=action_shapes.ActionShape,
        errors=(*_DECIDING, errors.IncidentEnded, errors.IncidentMerged),
        keyed=True,
        matched=True,
    ),
)
def ask_for_approval(incident_id: str, action_id: str) -> Response:
    """Let an action wait for approval, until the policy's time is over; one that waits already stays as it is."""
    return _answer(incident_id, action_id, request_approval)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/approve",
        method="POST",
        role=Role.APPROVER,
        answer=action_shapes.ActionShape,
        body=action_inputs.DecisionInput,
        body_example={"approved": True, "digest": _DIGEST, "reason": "The dry run shows what we want."},
        errors=(
            *_DECIDING,
            errors.IncidentEnded,
            errors.IncidentMerged,
            errors.ApproverNotNamed,
            errors.ApproverIsProposer,
            errors.ActionChanged,
            errors.ReasonRequired,
        ),
        keyed=True,
        matched=True,
    ),
)
def approve(fields: dict[str, Any], incident_id: str, action_id: str) -> Response:
    """Approve exactly what was seen, or with `approved` false reject it, also after it was approved."""
    reason = fields["reason"].strip()

    def decide(tx: Transaction, call: ActionCall) -> str:
        if fields["approved"]:
            return approve_action(tx, call, digest=fields.get("digest"), reason=reason)
        return reject_action(tx, call, reason=reason)

    return _answer(incident_id, action_id, decide)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/execute",
        method="POST",
        role=Role.RESPONDER,
        answer=action_shapes.ActionShape,
        body=action_inputs.ExecutionInput,
        body_example={"succeeded": True, "result": "Failed over at 12:31; replication caught up."},
        errors=(
            errors.RecordNotFound,
            errors.ActionNotApproved,
            errors.ActionSuperseded,
            errors.ApprovalExpired,
            errors.ApproverIsProposer,
            errors.ApproverNotNamed,
            errors.ApproverRevoked,
            errors.ContentChanged,
            errors.MoreApprovalsNeeded,
            errors.RoleTooLow,
            errors.VersionConflict,
            errors.IncidentEnded,
            errors.IncidentMerged,
            errors.ActionFrozen,
            errors.ExecutionUnavailable,
            errors.PreviewRequired,
        ),
        keyed=True,
        matched=True,
    ),
)
def execute(fields: dict[str, Any], incident_id: str, action_id: str) -> Response:
    """Let a worker execute what a valid approval covers; of a manual action, state that it was done and how it went."""
    return _answer(incident_id, action_id, lambda tx, call: execute_action(tx, call, **fields))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/actions/{action_id}/withdraw",
        method="POST",
        role=Role.RESPONDER,
        answer=action_shapes.ActionShape,
        body=action_inputs.WithdrawalInput,
        body_example={"reason": "The deploy was rolled back meanwhile."},
        errors=_DECIDING,
        keyed=True,
        matched=True,
    ),
)
def withdraw(fields: dict[str, Any], incident_id: str, action_id: str) -> Response:
    """Withdraw an action one proposed oneself."""
    reason = fields["reason"].strip()
    return _answer(incident_id, action_id, lambda tx, call: withdraw_action(tx, call, reason=reason))


def _answer(incident_id: str, action_id: str, do: Callable[[Transaction, ActionCall], str]) -> Response:
    parts, call = gateway(), action_call(incident_id, action_id)
    answer = answer_once(
        parts.store, repeat_guard(), lambda tx: do(tx, call), lambda changed: show_action(parts, changed)
    )
    return write_answer(answer)
