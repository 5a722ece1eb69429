"""The shapes of answers about the approval policy, for the OpenAPI document."""

from typing import Any

from marshmallow import fields

from services.gateway.api.action_shapes import ApprovalRuleShape, ApprovalShape
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape
from services.gateway.domain.actions.policy import Weekday
from services.gateway.domain.records import ActionRisk, ActionState, ActionType, Role
from shared.contracts.action import KubernetesVerb


def _moment(**options: Any) -> fields.DateTime:
    return fields.DateTime(format="iso", **options)


def _patterns() -> fields.List[Any]:
    return fields.List(fields.String())


class HoursShape(Shape):
    """Weekly hours on the clocks of a time zone; where `to` is not after `from` they run over midnight."""

    days = fields.List(Word(Weekday))
    from_time = fields.String(data_key="from", metadata={"example": "18:00"})
    to_time = fields.String(data_key="to", metadata={"example": "08:00"})
    zone = fields.String(metadata={"example": "Europe/Berlin"})


class EnvironmentShape(Shape):
    """Which contexts, and which namespaces of them, go by one name."""

    name = fields.String()
    contexts = _patterns()
    namespaces = _patterns()


class ActionMatchShape(Shape):
    """Which actions it is about: those that all its lists match; an empty one matches all."""

    risks = fields.List(Word(ActionRisk))
    types = fields.List(Word(ActionType))
    verbs = fields.List(Word(KubernetesVerb))
    contexts = _patterns()
    namespaces = _patterns()
    environments = fields.List(fields.String())


class PolicyOverrideShape(ActionMatchShape):
    """What asks more of the actions it matches; null where it asks nothing."""

    hours = fields.List(fields.Nested(HoursShape), metadata={"description": "When it asks; empty: always."})
    reason = fields.String()
    approvals = fields.Integer(allow_none=True)
    self_approval = fields.Boolean(allow_none=True)
    approver_role = Word(Role, allow_none=True)
    approvers = _patterns()
    executor_role = Word(Role, allow_none=True)
    approval_minutes = fields.Integer(allow_none=True)
    pending_minutes = fields.Integer(allow_none=True)
    ask_at_once = fields.Boolean(allow_none=True)


class FreezeShape(ActionMatchShape):
    """A time in which nothing it matches is executed: from a moment until another, or weekly hours."""

    name = fields.String()
    reason = fields.String()
    from_at = _moment(data_key="from", allow_none=True)
    until = _moment(allow_none=True)
    hours = fields.List(fields.Nested(HoursShape))
    break_glass_role = Word(
        Role, allow_none=True, metadata={"description": "Who may execute all the same, with a reason; null: nobody."}
    )


class ApprovalPolicyShape(Shape):
    """The approval policy in force."""

    risk = fields.Dict(keys=Word(ActionRisk), values=fields.Nested(ApprovalRuleShape))
    environments = fields.List(fields.Nested(EnvironmentShape))
    overrides = fields.List(fields.Nested(PolicyOverrideShape))
    freezes = fields.List(fields.Nested(FreezeShape))


class FreezeSpanShape(Shape):
    """One time a freeze holds, until before `until`; null: no end is in sight."""

    name = fields.String()
    reason = fields.String()
    starts_at = _moment()
    until = _moment(allow_none=True)
    break_glass_role = Word(Role, allow_none=True)


class TightenedShape(Shape):
    """One member of the risk's rule, and what an override makes of it by itself."""

    member = fields.String(metadata={"example": "approvals"})
    from_value = fields.Raw(data_key="from")
    to_value = fields.Raw(data_key="to")


class AppliedOverrideShape(Shape):
    """An override that holds: what it matched, and what it tightens; nothing where as much was asked already."""

    number = fields.Integer(metadata={"description": "Its place in the file, from 1 on."})
    reason = fields.String()
    matched = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "By the name of each of its lists, what of the action is in it."},
    )
    hours = fields.List(fields.String(), metadata={"description": "Those of its hours that hold."})
    tightens = fields.List(fields.Nested(TightenedShape))


class ExplainedPolicyShape(Shape):
    """What the policy asks: `rule` is `riskRule` with all that the overrides tighten."""

    at = _moment()
    type = Word(ActionType)
    risk = Word(ActionRisk)
    environments = fields.List(fields.String())
    risk_rule = fields.Nested(ApprovalRuleShape)
    overrides = fields.List(fields.Nested(AppliedOverrideShape))
    rule = fields.Nested(ApprovalRuleShape)
    is_digest_required = fields.Boolean(metadata={"description": "Whether an approval must name what was seen."})
    freezes = fields.List(fields.Nested(FreezeSpanShape), metadata={"description": "Those that hold then."})
    next_freezes = fields.List(fields.Nested(FreezeSpanShape), metadata={"description": "The next time of each."})
    next_free_at = _moment(
        allow_none=True, metadata={"description": "When nothing freezes it; `at` if nothing does, null if never."}
    )


class ExplainedActionShape(Shape):
    """What stands of an action at that moment."""

    id = fields.String()
    incident_id = fields.String()
    title = fields.String()
    state = Word(ActionState)
    approvals_given = fields.Integer()
    approvals = fields.List(fields.Nested(ApprovalShape))
    href = fields.String()


class PolicyExplanationShape(Shape):
    """What the policy asks, and of an action there is, what it has of that."""

    action = fields.Nested(ExplainedActionShape, allow_none=True)
    policy = fields.Nested(ExplainedPolicyShape)
