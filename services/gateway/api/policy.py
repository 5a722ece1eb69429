"""The endpoint that explains the approval policy: what it asks of an action, which part of it, and why."""

from datetime import datetime
from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import policy_inputs, policy_shapes
from services.gateway.api.action_views import ApprovalView, action_path, view_action
from services.gateway.api.current import JSON, encode, gateway, subject
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.actions.policy.explain import Explanation, explain
from services.gateway.domain.records import Action, ActionRisk, ActionState, ActionType, ManualPayload, Role, Scope
from services.gateway.wiring import Gateway
from shared.contracts.action import CommandPayload, KubernetesPayload
from shared.contracts.base import Contract

blueprint = ReadingBlueprint("policy", __name__, description="What the approval policy asks, and why.")
_ASKED = {
    "type": "kubernetes",
    "payload": {"verb": "scale", "context": "prod-eu", "namespace": "shop"},
    "risk": "medium",
    "at": "2026-12-24T18:00:00Z",
}


class ExplainedAction(Contract, frozen=True, kw_only=True):
    """What stands of an action at the moment that was asked about."""

    id: str
    incident_id: str
    title: str
    state: ActionState
    approvals_given: int
    approvals: tuple[ApprovalView, ...]
    href: str


class ExplanationView(Contract, frozen=True, kw_only=True):
    """What the policy asks, and of an action there is, what it has of that; null for one there might be."""

    action: ExplainedAction | None
    policy: Explanation


@endpoint(
    blueprint,
    Operation(
        path="/api/policy/explain",
        method="POST",
        role=Role.VIEWER,
        scope=Scope.INCIDENTS_READ,
        answer=policy_shapes.PolicyExplanationShape,
        body=policy_inputs.ExplainInput,
        body_example=_ASKED,
        errors=(errors.RecordNotFound,),
    ),
)
def explain_policy(fields: dict[str, Any]) -> Response:
    """Explain what the policy asks of an action, or of one there might be, and why. Nothing is changed."""
    parts = gateway()
    at: datetime = fields.get("at") or parts.clock.now()
    action_id = fields.get("action_id")
    action = parts.store.get(Action, action_id) if action_id else _imagine(fields, at)
    view = ExplanationView(
        action=_stand(parts, action, at) if action_id else None,
        policy=explain(parts.settings.approvals, action, at),
    )
    return Response(encode(view), 200, content_type=JSON)


def _stand(parts: Gateway, action: Action, at: datetime) -> ExplainedAction:
    view = view_action(parts.store, action, parts.settings.approvals, at)
    return ExplainedAction(
        id=view.id,
        incident_id=view.incident_id,
        title=view.title,
        state=view.state,
        approvals_given=view.approvals_given,
        approvals=view.approvals,
        href=action_path(action),
    )


def _imagine(fields: dict[str, Any], at: datetime) -> Action:
    """Return an action that nobody proposed, as far as the policy looks at one. It is never stored."""
    kind, payload = fields["type"], fields["payload"]
    change = KubernetesPayload(kind="", name="", **payload) if kind is ActionType.KUBERNETES else None
    command = CommandPayload(argv=(), **payload) if kind is ActionType.COMMAND else None
    return Action(
        id="",
        incident_id="",
        type=kind,
        kubernetes=change,
        command=command,
        manual=ManualPayload(instructions="") if kind is ActionType.MANUAL else None,
        title="",
        risk=fields.get("risk", ActionRisk.HIGH),
        digest="",
        proposed_by=subject().id,
        proposed_at=at,
        updated_at=at,
    )
