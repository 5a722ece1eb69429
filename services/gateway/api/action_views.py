"""How actions look on the wire: as they are now, with what they need and what may be asked of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.api.current import encode, entity_tag
from services.gateway.domain.actions.digests import review_digest
from services.gateway.domain.actions.policy import ApprovalPolicy, ApprovalRule, needs_digest
from services.gateway.domain.actions.standing import Judged, NotCounted, judge_approvals
from services.gateway.domain.actions.states import ALLOWED, EXPIRING_STATES, Call, settle
from services.gateway.domain.records import (
    Action,
    ActionEnd,
    ActionOutput,
    ActionRisk,
    ActionState,
    ActionType,
    Payload,
    PreviewSeen,
    Role,
    Verification,
)
from services.gateway.handlers.answer_once import Answer
from services.gateway.handlers.approver_roles import find_roles
from services.gateway.ports import RecordQuery, StoreReads
from services.gateway.wiring import Gateway
from shared.contracts.action import KubernetesPayload
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
    target_digest: str | None
    no_preview: str | None
    created_by: str
    created_at: datetime
    href: str


class PreviewOutput(PreviewView, frozen=True, kw_only=True):
    """One preview with its output."""

    action_id: str
    output: str


class RunOutput(Contract, frozen=True, kw_only=True):
    """What an execution put out; ``digest`` and ``length`` are of the whole, of which the middle may be left out."""

    id: str
    action_id: str
    output: str
    digest: str
    length: int
    is_truncated: bool
    redacted: int
    created_at: datetime


class ExecutionView(Contract, frozen=True, kw_only=True):
    """Who had it done, when, and what came of it."""

    by: str
    at: datetime
    succeeded: bool | None
    result: str
    code: str
    job_id: str | None
    finished_at: datetime | None
    done: tuple[str, ...]
    look: str
    output_href: str | None
    rollback: KubernetesPayload | None
    break_glass: str


class ApprovalView(Contract, frozen=True, kw_only=True):
    """One approval; ``holds``: it counts now, or did when it was executed; ``why_not``: what it lacks now."""

    by: str
    role: Role
    digest: str
    reason: str
    at: datetime
    expires_at: datetime
    holds: bool
    why_not: NotCounted | None


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
    execution: ExecutionView | None
    verification: Verification | None
    preview_job_id: str | None
    supersedes: str | None
    superseded_by: str | None


def action_path(action: Action) -> str:
    """Return where an action is."""
    return f"/api/incidents/{action.incident_id}/actions/{action.id}"


@dataclass(frozen=True, slots=True)
class _ActionNow:
    """An action as it is now, the rule it goes by, and what its approvals count for."""

    action: Action
    rule: ApprovalRule
    judged: tuple[Judged, ...]

    @property
    def given(self) -> int:
        """How many approvals hold."""
        return sum(1 for one in self.judged if self.holds(one))

    def holds(self, judged: Judged) -> bool:
        """Answer whether an approval counts now; of an action that was executed, all that are kept counted then."""
        if self.action.execution is not None:
            return True
        return self.action.state in EXPIRING_STATES and judged.why_not is None

    def why_not(self, judged: Judged) -> NotCounted | None:
        """Return why an approval does not count; of an action that has ended nobody asks."""
        return judged.why_not if self.action.state in EXPIRING_STATES else None


def summarise_action(store: StoreReads, stored: Action, policy: ApprovalPolicy, now: datetime) -> ActionSummary:
    """Return an action as a list shows it."""
    return ActionSummary(**_summary_members(_read_now(store, stored, policy, now)))


def view_action(store: StoreReads, stored: Action, policy: ApprovalPolicy, now: datetime) -> ActionView:
    """Return an action as it is shown."""
    current = _read_now(store, stored, policy, now)
    action = current.action
    return ActionView(
        **_summary_members(current),
        payload=action.payload,
        rationale=action.rationale,
        rollback=action.rollback,
        expected_effect=action.expected_effect,
        allowed_calls=ALLOWED[action.state],
        rule=current.rule,
        is_digest_required=needs_digest(action),
        previews=tuple(PreviewView(**_preview_members(action, preview)) for preview in action.previews),
        approvals=tuple(_view_approval(current, one) for one in current.judged),
        end=action.end,
        execution=_view_execution(action),
        verification=action.verification,
        preview_job_id=action.preview_job_id,
        supersedes=action.supersedes,
        superseded_by=action.superseded_by,
    )


def view_run_output(kept: ActionOutput, output: str) -> RunOutput:
    """Return what an execution put out."""
    return RunOutput(
        id=kept.id,
        action_id=kept.action_id,
        output=output,
        digest=kept.digest,
        length=kept.length,
        is_truncated=kept.truncated,
        redacted=kept.redacted,
        created_at=kept.created_at,
    )


def view_output(action: Action, preview: PreviewSeen, output: str) -> PreviewOutput:
    """Return a preview with what it put out."""
    return PreviewOutput(**_preview_members(action, preview), action_id=action.id, output=output)


def show_action(gateway: Gateway, action_id: str, status: int = 200, *, is_new: bool = False) -> Answer:
    """Return the answer to a write: the action as it is then."""
    action = gateway.store.get(Action, action_id)
    body = encode(view_action(gateway.store, action, gateway.settings.approvals, gateway.clock.now()))
    location = action_path(action) if is_new else None
    return Answer(status, body.decode(), location=location, etag=entity_tag(body, action.version))


def newest_actions(
    store: StoreReads, policy: ApprovalPolicy, now: datetime, incident_id: str
) -> tuple[ActionSummary, ...]:
    """Return the newest actions of an incident, as they are at ``now``."""
    query = RecordQuery(parent=incident_id, limit=SHOWN_ACTIONS, with_total=False)
    return tuple(summarise_action(store, action, policy, now) for action in store.list_records(Action, query).records)


def may_expire(action: ActionSummary, policy: ApprovalPolicy) -> bool:
    """Answer whether time alone changes how the action is shown.

    A request or an approval runs out, and so does the token of an approver; a policy may ask more at some hours.
    """
    is_counting = action.state in EXPIRING_STATES or action.approvals_given > 0 or policy.is_timed
    return bool(ALLOWED[action.state]) and is_counting


def _read_now(store: StoreReads, stored: Action, policy: ApprovalPolicy, now: datetime) -> _ActionNow:
    rule = policy.rule_for(stored, now)
    # Nobody's approval is weighed any more of what has ended, or yet of what nobody was asked about.
    roles = find_roles(store, stored, now) if stored.state in EXPIRING_STATES else {}
    return _ActionNow(settle(stored, rule, roles, now), rule, judge_approvals(stored, rule, roles, now))


def _summary_members(current: _ActionNow) -> dict[str, Any]:
    action = current.action
    return {
        "id": action.id,
        "incident_id": action.incident_id,
        "type": action.type,
        "title": action.title,
        "risk": action.risk,
        "state": action.state,
        "digest": action.digest,
        "review_digest": review_digest(action),
        "approvals_given": current.given,
        "approvals_needed": current.rule.approvals,
        "expires_at": action.expires_at,
        "proposed_by": action.proposed_by,
        "proposed_at": action.proposed_at,
        "updated_at": action.updated_at,
        "version": action.version,
        "href": action_path(action),
    }


def _view_approval(current: _ActionNow, judged: Judged) -> ApprovalView:
    members = msgspec.structs.asdict(judged.approval)
    return ApprovalView(**members, holds=current.holds(judged), why_not=current.why_not(judged))


def _preview_members(action: Action, preview: PreviewSeen) -> dict[str, Any]:
    return msgspec.structs.asdict(preview) | {"href": f"{action_path(action)}/previews/{preview.id}"}


def _view_execution(action: Action) -> ExecutionView | None:
    execution = action.execution
    if execution is None:
        return None
    members = msgspec.structs.asdict(execution)
    output_id = members.pop("output_id")
    return ExecutionView(**members, output_href=f"{action_path(action)}/outputs/{output_id}" if output_id else None)
