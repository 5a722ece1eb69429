"""Propose an action, in place of an earlier one if it says so."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.actions import calls, entries
from services.gateway.domain.actions.check_content import check_content
from services.gateway.domain.actions.digests import content_digest
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.actions.states import OPEN_STATES, is_over
from services.gateway.domain.records import Action, ActionState, ActionType
from services.gateway.errors import ValidationFailed
from services.gateway.handlers.action_case import keep, refuse_ended
from services.gateway.handlers.ask_dry_run import preview_proposed
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import Transaction
from shared.contracts.action import KubernetesPayload
from shared.ids import new_id
from shared.remediation_parameters import freeze_parameters


def propose_action(
    tx: Transaction, incident_id: str, subject: Subject, policy: ApprovalPolicy, fields: Mapping[str, Any]
) -> str:
    """Put the proposal and return its id; where the policy says so, approval is requested with it.

    What it supersedes is withdrawn if it is still open. Raises ``RecordNotFound``, ``IncidentEnded``, and
    ``ValidationFailed`` naming every problem of the content.
    """
    incident = get_writable(tx, incident_id)
    refuse_ended(tx, incident)
    action = _make(tx, incident.id, subject, fields)
    if problems := check_content(action):
        raise ValidationFailed(f"Not valid: {', '.join(problems)}.", errors=problems)
    if action.supersedes is not None:
        _supersede(tx, action, action.supersedes)
    drafts = [entries.proposed(action)]
    rule = policy.rule_for(action, tx.now)
    if rule.ask_at_once:
        action, more = calls.ask(action, rule, subject.id, tx.now)
        drafts += more
    return keep(tx, preview_proposed(tx, msgspec.structs.replace(action, version=1)), drafts)


def _make(tx: Transaction, incident_id: str, subject: Subject, fields: Mapping[str, Any]) -> Action:
    known = dict(fields)
    kind: ActionType = known["type"]
    if isinstance(known["payload"], KubernetesPayload):
        known["payload"] = freeze_parameters(known["payload"], tx.now)
    action = Action(
        id=new_id("act"),
        incident_id=incident_id,
        digest="",
        proposed_by=subject.id,
        proposed_at=tx.now,
        updated_at=tx.now,
        **{str(kind): known.pop("payload")},
        **known,
    )
    return msgspec.structs.replace(action, digest=content_digest(action))


def _supersede(tx: Transaction, newer: Action, action_id: str) -> None:
    older = tx.find(Action, action_id)
    if older is None or older.incident_id != newer.incident_id:
        raise ValidationFailed("Not valid: supersedes.", errors={"supersedes": ["no action of this incident"]})
    if older.state in {ActionState.EXECUTING, ActionState.UNKNOWN}:
        # What its worker still reports must not bring it back.
        tx.put(calls.supersede(older, newer)[0])
    elif older.state in OPEN_STATES and not is_over(older, tx.now):
        keep(tx, *calls.supersede(older, newer))
