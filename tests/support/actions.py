"""Actions as they could stand in the store, and people who decide about them."""

from datetime import timedelta
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.actions.digests import content_digest, preview_digest, review_digest
from services.gateway.domain.actions.states import EXPIRING_STATES
from services.gateway.domain.records import (
    Action,
    ActionRisk,
    ActionState,
    ActionType,
    Approval,
    ManualPayload,
    PreviewSeen,
    Role,
)
from shared.contracts.action import KubernetesPayload, KubernetesVerb
from tests.support.clock import START

ANN = Subject(id="token:ann", name="ann", role=Role.RESPONDER)
BOB = Subject(id="token:bob", name="bob", role=Role.APPROVER)
CY = Subject(id="token:cy", name="cy", role=Role.APPROVER)
DEE = Subject(id="token:dee", name="dee", role=Role.ADMIN)
ROLES = {one.id: one.role for one in (ANN, BOB, CY, DEE)}

MANUAL: dict[str, Any] = {
    "type": "manual",
    "payload": {"instructions": "Fail the database over to eu-2."},
    "title": "Fail over",
    "risk": "low",
}
SCALE: dict[str, Any] = {
    "type": "kubernetes",
    "payload": {
        "verb": "scale",
        "context": "prod-eu",
        "namespace": "shop",
        "kind": "Deployment",
        "name": "checkout",
        "parameters": {"replicas": 6},
    },
    "title": "Double the checkout pods",
    "risk": "low",
}


def an_action(**fields: Any) -> Action:
    """Return an action ann proposed at ``START``, by hand and of low risk, with the digest of its content."""
    state = fields.get("state", ActionState.PROPOSED)
    given: dict[str, Any] = {
        "id": "act_1",
        "incident_id": "inc_1",
        "type": ActionType.MANUAL,
        "title": "Fail over",
        "risk": ActionRisk.LOW,
        "digest": "",
        "proposed_by": ANN.id,
        "proposed_at": START,
        "updated_at": START,
        "expires_at": START + timedelta(hours=1) if state in EXPIRING_STATES else None,
    } | fields
    if not {"kubernetes", "command"} & set(given):
        given.setdefault("manual", ManualPayload(instructions="Fail over to eu-2."))
    action = Action(**given)
    return action if action.digest else msgspec.structs.replace(action, digest=content_digest(action))


def a_change(**fields: Any) -> Action:
    """Return an action that scales a deployment; ``fields`` of its payload by their names."""
    members = {name: fields.pop(name) for name in ("verb", "context", "namespace", "kind", "name") if name in fields}
    is_scale = members.get("verb", KubernetesVerb.SCALE) is KubernetesVerb.SCALE
    parameters = fields.pop("parameters", {"replicas": 6} if is_scale else {})
    given: dict[str, Any] = {
        "verb": KubernetesVerb.SCALE,
        "context": "prod-eu",
        "namespace": "shop",
        "kind": "Deployment",
        "name": "checkout",
        "parameters": parameters,
    } | members
    return an_action(type=ActionType.KUBERNETES, kubernetes=KubernetesPayload(**given), **fields)


def a_preview(number: int = 1, **fields: Any) -> PreviewSeen:
    """Return what an action keeps of its ``number``-th preview."""
    name = f"apv_{number}"
    given: dict[str, Any] = {
        "id": name,
        "digest": preview_digest(name, b"scaled", succeeded=True),
        "succeeded": True,
        "length": 6,
        "redacted": 0,
        "created_by": ANN.id,
        "created_at": START,
    }
    return PreviewSeen(**(given | fields))


def approved_by(action: Action, *subjects: Subject, minutes: float = 60, **fields: Any) -> Action:
    """Return ``action`` approved by ``subjects`` at ``START``, for an hour."""
    until = START + timedelta(minutes=minutes)
    given: dict[str, Any] = {"digest": review_digest(action), "at": START, "expires_at": until} | fields
    approvals = tuple(Approval(by=one.id, role=one.role, **given) for one in subjects)
    return msgspec.structs.replace(action, state=ActionState.APPROVED, approvals=approvals, expires_at=until)
