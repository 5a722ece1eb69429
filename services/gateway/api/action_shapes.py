"""The shapes of answers about actions, for the OpenAPI document."""

from typing import Any

from marshmallow import fields

from services.gateway.api.action_inputs import PAYLOADS
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.actions.standing import NotCounted
from services.gateway.domain.actions.states import Call
from services.gateway.domain.records import ActionRisk, ActionState, ActionType, Role


def _moment(**options: Any) -> fields.DateTime:
    return fields.DateTime(format="iso", **options)


class ActionSummaryShape(Shape):
    """One line of a list of actions."""

    id = fields.String()
    incident_id = fields.String()
    type = Word(ActionType)
    title = fields.String()
    risk = Word(ActionRisk)
    state = Word(ActionState, metadata={"description": "Of now: what has expired says so."})
    digest = fields.String(metadata={"description": "Of the content, which never changes."})
    review_digest = fields.String(metadata={"description": "Of content and previews: what an approver names."})
    approvals_given = fields.Integer(metadata={"description": "How many hold now, or held when it was executed."})
    approvals_needed = fields.Integer()
    expires_at = _moment(allow_none=True, metadata={"description": "When the request, or the approval, ends."})
    proposed_by = fields.String()
    proposed_at = _moment()
    updated_at = _moment()
    version = fields.Integer()
    href = fields.String()


class PreviewSeenShape(Shape):
    """One preview of an action, without its output."""

    id = fields.String()
    digest = fields.String()
    succeeded = fields.Boolean()
    length = fields.Integer(metadata={"description": "Bytes of output."})
    redacted = fields.Integer(metadata={"description": "How many secrets were taken out of it."})
    created_by = fields.String()
    created_at = _moment()
    href = fields.String()


class ActionPreviewShape(PreviewSeenShape):
    """One preview of an action with its output."""

    action_id = fields.String()
    output = fields.String()


class ApprovalShape(Shape):
    """One person's word that exactly this may be done."""

    by = fields.String()
    role = Word(Role)
    digest = fields.String()
    reason = fields.String()
    at = _moment()
    expires_at = _moment()
    holds = fields.Boolean(metadata={"description": "Whether it counts now, or did when it was executed."})
    why_not = Word(
        NotCounted, allow_none=True, metadata={"description": "Why it does not count, while the action is open."}
    )


class ActionEndShape(Shape):
    """Who rejected or withdrew it, or let it expire."""

    by = fields.String()
    at = _moment()
    reason = fields.String()


class ExecutionShape(Shape):
    """Who did it, or says that it was done, and what came of it."""

    by = fields.String()
    at = _moment()
    succeeded = fields.Boolean()
    result = fields.String()


class ApprovalRuleShape(Shape):
    """What an action needs before anyone may execute it."""

    approvals = fields.Integer(metadata={"description": "How many different people."})
    self_approval = fields.Boolean(metadata={"description": "Whether the proposer may be one of them."})
    approver_role = Word(Role)
    approvers = fields.List(
        fields.List(fields.String()),
        metadata={
            "description": "Patterns of token names; an approver is named by each list. Empty: by the role alone."
        },
    )
    executor_role = Word(Role)
    approval_minutes = fields.Integer()
    pending_minutes = fields.Integer()
    ask_at_once = fields.Boolean(metadata={"description": "Whether proposing it asks for approval too."})


class ActionShape(ActionSummaryShape):
    """An action whole."""

    payload = fields.Dict(
        keys=fields.String(),
        metadata={"anyOf": [{"$ref": f"#/components/schemas/{schema.__name__}"} for schema in PAYLOADS.values()]},
    )
    rationale = fields.String()
    rollback = fields.String()
    expected_effect = fields.String()
    allowed_calls = fields.List(Word(Call))
    rule = fields.Nested(ApprovalRuleShape)
    is_digest_required = fields.Boolean(metadata={"description": "Whether an approval must name reviewDigest."})
    previews = fields.List(fields.Nested(PreviewSeenShape))
    approvals = fields.List(fields.Nested(ApprovalShape))
    end = fields.Nested(ActionEndShape, allow_none=True)
    execution = fields.Nested(ExecutionShape, allow_none=True)
    supersedes = fields.String(allow_none=True)
    superseded_by = fields.String(allow_none=True)


ActionPageShape = page_of(ActionSummaryShape)
