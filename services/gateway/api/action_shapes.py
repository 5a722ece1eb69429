"""The shapes of answers about actions, for the OpenAPI document."""

from typing import Any

from marshmallow import fields

from services.gateway.api.action_inputs import PAYLOADS, KubernetesPayloadInput
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.actions.standing import NotCounted
from services.gateway.domain.actions.states import Call
from services.gateway.domain.records import ActionRisk, ActionState, ActionType, JobState, Role
from shared.contracts.action import ExpectationCheck


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
    target_digest = fields.String(
        allow_none=True,
        metadata={"description": "Of the object and the fields it reads or writes, where a worker made the dry run."},
    )
    no_preview = fields.String(allow_none=True, metadata={"description": "Why a worker could not show what it does."})
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
    """Who had it done, or says that it was done, and what came of it."""

    by = fields.String()
    at = _moment()
    succeeded = fields.Boolean(
        allow_none=True, metadata={"description": "Null while it is under way, and where nobody knows."}
    )
    result = fields.String()
    code = fields.String(metadata={"description": "The frozen name of what went wrong; empty where nothing did."})
    job_id = fields.String(allow_none=True)
    finished_at = _moment(allow_none=True)
    done = fields.List(fields.String(), metadata={"description": "The steps that were done, of one that has several."})
    look = fields.String(metadata={"description": "A command that shows whether it was done, where nobody knows."})
    output_href = fields.String(allow_none=True)
    rollback = fields.Nested(
        KubernetesPayloadInput, allow_none=True, metadata={"description": "What would undo it, to be proposed."}
    )
    break_glass = fields.String(metadata={"description": "Why it could not wait for a freeze to end."})


class ExpectationShape(Shape):
    """What should become true of one object."""

    check = Word(ExpectationCheck)
    context = fields.String()
    namespace = fields.String(allow_none=True)
    kind = fields.String()
    name = fields.String()
    uid = fields.String(allow_none=True)
    generation = fields.Integer()
    field = fields.String()
    value = fields.Raw(allow_none=True)
    parameters = fields.Dict(keys=fields.String())
    words = fields.String()


class ActionVerificationShape(Shape):
    """Whether what it was to bring about has become so."""

    expectation = fields.Nested(ExpectationShape)
    until = _moment()
    looks = fields.Integer()
    words = fields.String(metadata={"description": "Those of the last look."})
    checked_at = _moment(allow_none=True)
    job_id = fields.String(allow_none=True, metadata={"description": "The next look; null where there is none."})


class DryRunAskedShape(Shape):
    """A dry run that was asked for; its job says how far it is, and the action has a preview then."""

    job_id = fields.String()
    state = Word(JobState)


class RunOutputShape(Shape):
    """What an execution put out, secrets taken out of it."""

    id = fields.String()
    action_id = fields.String()
    output = fields.String()
    digest = fields.String(metadata={"description": "SHA-256 of the whole."})
    length = fields.Integer(metadata={"description": "Bytes of the whole."})
    is_truncated = fields.Boolean(metadata={"description": "Whether its middle is left out here."})
    redacted = fields.Integer()
    created_at = _moment()


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
    verification = fields.Nested(ActionVerificationShape, allow_none=True)
    preview_job_id = fields.String(allow_none=True, metadata={"description": "The dry run that is under way."})
    supersedes = fields.String(allow_none=True)
    superseded_by = fields.String(allow_none=True)


class ActionStatsShape(Shape):
    """What became of actions."""

    total = fields.Integer()
    by_state = fields.Dict(keys=Word(ActionState), values=fields.Integer())
    verified_share = fields.Float(
        allow_none=True,
        metadata={"description": "Of those that were verified or ineffective, how many helped; null where none was."},
    )


class ActionPlacesShape(Shape):
    """What all actions workers heard last can do; an action that is for none of it is not executed."""

    clusters = fields.List(fields.String(), metadata={"description": "Those that can be changed, by their contexts."})
    runs_commands = fields.Boolean(metadata={"description": "Each has a policy for commands."})
    problem = fields.String(
        allow_none=True, metadata={"description": "Why no worker would take an action now; null where one is there."}
    )


ActionPageShape = page_of(ActionSummaryShape)
