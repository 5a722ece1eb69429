"""How actions look on the wire: as they are now, with what they need and what may be asked of them."""

from datetime import datetime
from typing import Any

import msgspec

from services.gateway.api.current import encode, entity_tag
from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.policy import ApprovalPolicy, ApprovalRule, needs_digest
from services.gateway.domain.actions.states import ALLOWED, EXPIRING_STATES, Call, settle, standing
from services.gateway.domain.records import (
    Action,
    ActionEnd,
    ActionRisk,
    ActionState,
    ActionType,
    Approval,
    Execution,
    Payload,
    PreviewSeen,
    Role,
)
from services.gateway.handlers.answer_once import Answer
from services.gateway.ports import RecordQuery, StoreReads
from services.gateway.wiring import Gateway
from shared.contracts.base import Contract

SHOWN_ACTIONS = 20


class ActionSummary(Contract, frozen=True, kw_only=True):
    """One line of a list of actions."""

    id: str
    incident_id: str
    type: ActionType
    title: str
    risk: ActionRisk
    state: ActionState
    digest: str
    review_digest: str
    approvals_given: int
    approvals_needed: int
    expires_at: datetime | None
    proposed_by: str
    proposed_at: datetime
    updated_at: datetime
    version: int
    href: str


class PreviewView(Contract, frozen=True, kw_only=True):
    """One preview, without its output."""

    id: str
    digest: str
    succeeded: bool
    length: int
    redacted: int
    created_by: str
    created_at: datetime
    href: str


class PreviewOutput(PreviewView, frozen=True, kw_only=True):
    """One preview with its output."""

    action_id: str
    output: str


class ApprovalView(Contract, frozen=True, kw_only=True):
    """One approval; ``holds`` says whether it counts now, or did when it was executed."""

    by: str
    role: Role
    digest: str
    reason: str
    at: datetime
    expires_at: datetime
    holds: bool


class ActionView(ActionSummary, frozen=True, kw_only=True):
    """An action whole."""

    payload: Payload
    rationale: str
    rollback: str
    expected_effect: str
    allowed_calls: tuple[Call, ...]
    rule: ApprovalRule
    is_digest_required: bool
    previews: tuple[PreviewView, ...]
    approvals: tuple[ApprovalView, ...]
    end: ActionEnd | None
    execution: Execution | None
    supersedes: str | None
    superseded_by: str | None


def action_path(action: Action) -> str:
    """Return where an action is."""
    return f"/api/incidents/{action.incident_id}/actions/{action.id}"


def summarise_action(stored: Action, policy: ApprovalPolicy, now: datetime) -> ActionSummary:
    """Return an action as a list shows it."""
    return ActionSummary(**_summary_members(stored, policy, now))


def view_action(stored: Action, policy: ApprovalPolicy, now: datetime) -> ActionView:
    """Return an action as it is shown."""
    rule = policy.rule_for(stored)
    action = settle(stored, rule, now)
    holding = _holding(action, rule, now)
    return ActionView(
        **_summary_members(stored, policy, now),
        payload=action.payload,
        rationale=action.rationale,
        rollback=action.rollback,
        expected_effect=action.expected_effect,
        allowed_calls=ALLOWED[action.state],
        rule=rule,
        is_digest_required=needs_digest(action),
        previews=tuple(PreviewView(**_preview_members(action, preview)) for preview in action.previews),
        approvals=tuple(_view_approval(approval, is_holding=approval in holding) for approval in action.approvals),
        end=action.end,
        execution=action.execution,
        supersedes=action.supersedes,
        superseded_by=action.superseded_by,
    )


def view_output(action: Action, preview: PreviewSeen, output: str) -> PreviewOutput:
    """Return a preview with what it put out."""
    return PreviewOutput(**_preview_members(action, preview), action_id=action.id, output=output)


def show_action(gateway: Gateway, action_id: str, status: int = 200, *, is_new: bool = False) -> Answer:
    """Return the answer to a write: the action as it is then."""
    action = gateway.store.get(Action, action_id)
    body = encode(view_action(action, gateway.settings.approvals, gateway.clock.now()))
    location = action_path(action) if is_new else None
    return Answer(status, body.decode(), location=location, etag=entity_tag(body, action.version))


def newest_actions(
    store: StoreReads, policy: ApprovalPolicy, now: datetime, incident_id: str
) -> tuple[ActionSummary, ...]:
    """Return the newest actions of an incident, as they are at ``now``."""
    query = RecordQuery(parent=incident_id, limit=SHOWN_ACTIONS, with_total=False)
    return tuple(summarise_action(action, policy, now) for action in store.list_records(Action, query).records)


def may_expire(action: ActionSummary) -> bool:
    """Answer whether time alone changes how the action is shown: a request or an approval runs out."""
    return bool(ALLOWED[action.state]) and (action.state in EXPIRING_STATES or action.approvals_given > 0)


def _summary_members(stored: Action, policy: ApprovalPolicy, now: datetime) -> dict[str, Any]:
    rule = policy.rule_for(stored)
    action = settle(stored, rule, now)
    return {
        "id": action.id,
        "incident_id": action.incident_id,
        "type": action.type,
        "title": action.title,
        "risk": action.risk,
        "state": action.state,
        "digest": action.digest,
        "review_digest": review_digest(action),
        "approvals_given": len(_holding(action, rule, now)),
        "approvals_needed": rule.approvals,
        "expires_at": action.expires_at,
        "proposed_by": action.proposed_by,
        "proposed_at": action.proposed_at,
        "updated_at": action.updated_at,
        "version": action.version,
        "href": action_path(action),
    }


def _holding(action: Action, rule: ApprovalRule, now: datetime) -> tuple[Approval, ...]:
    """Return the approvals that count now; of an action that was executed, those that counted then."""
    if action.execution is not None:
        return action.approvals
    return standing(action, rule, now) if action.state in EXPIRING_STATES else ()


def _view_approval(approval: Approval, *, is_holding: bool) -> ApprovalView:
    return ApprovalView(**msgspec.structs.asdict(approval), holds=is_holding)


def _preview_members(action: Action, preview: PreviewSeen) -> dict[str, Any]:
    return msgspec.structs.asdict(preview) | {"href": f"{action_path(action)}/previews/{preview.id}"}
