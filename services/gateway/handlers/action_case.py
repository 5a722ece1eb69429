"""What every call on an action needs first, and how what came of it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.actions.policy import ApprovalPolicy, ApprovalRule
from services.gateway.domain.actions.standing import Roles
from services.gateway.domain.actions.states import EXPIRING_STATES, note_wait, settle
from services.gateway.domain.records import Action, EntryDraft, Incident, IncidentStatus, Job, JobState
from services.gateway.errors import IncidentEnded, RecordNotFound, VersionConflict
from services.gateway.handlers.approver_roles import find_roles
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.handlers.writable import refuse_merged
from services.gateway.ports import Transaction
from services.gateway.trail import current_trail
from shared.ids import new_id

EXPIRE_ACTION = "gateway.expire_action"
_NEVER = 1_000_000
_ENDED = frozenset({IncidentStatus.CLOSED, IncidentStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCall:
    """Who calls on which action, which versions of it they take it to be at (None: any), and the policy in force."""

    incident_id: str
    action_id: str
    subject: Subject
    policy: ApprovalPolicy
    versions: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCase:
    """An action as it is now, the rule it goes by, the roles its approvers have now, and its incident."""

    tx: Transaction
    incident: Incident
    action: Action
    rule: ApprovalRule
    roles: Roles


def open_case(tx: Transaction, call: ActionCall) -> ActionCase:
    """Return the case of ``call``. Raises ``RecordNotFound``, also for an action of another incident."""
    incident = tx.get(Incident, call.incident_id)
    stored = tx.get(Action, call.action_id)
    if stored.incident_id != incident.id:
        raise RecordNotFound(f"{incident.id} has no action {call.action_id!r}.")
    return open_stored(tx, stored, call.policy)


def open_stored(tx: Transaction, stored: Action, policy: ApprovalPolicy) -> ActionCase:
    """Return the case of an action as it is in the store. Raises ``RecordNotFound`` if its incident is gone."""
    incident = tx.get(Incident, stored.incident_id)
    rule = policy.rule_for(stored, tx.now)
    roles = find_roles(tx, stored, tx.now)
    return ActionCase(tx=tx, incident=incident, action=settle(stored, rule, roles, tx.now), rule=rule, roles=roles)


def check_version(action: Action, versions: tuple[int, ...] | None) -> None:
    """Return if ``action`` is at one of ``versions``; raise ``VersionConflict`` if not."""
    if versions is not None and action.version not in versions:
        raise VersionConflict(f"It is at version {action.version} now.", currentVersion=action.version)


def refuse_ended(tx: Transaction, incident: Incident) -> None:
    """Return if actions are still taken for ``incident``; raise ``IncidentEnded`` or ``IncidentMerged`` if not.

    Not so for one that is resolved or in its postmortem: what was done in a hurry is often undone then.
    """
    if incident.status is IncidentStatus.MERGED:
        refuse_merged(tx, incident)
    if incident.status in _ENDED:
        raise IncidentEnded(f"It is {incident.status}; reopen it first.", incidentStatus=incident.status)


def keep(tx: Transaction, after: Action, drafts: Sequence[EntryDraft]) -> str:
    """Put the action with its timer, append ``drafts``, and return its id; without drafts nothing is written."""
    if drafts:
        tx.put(_set_timer(tx, note_wait(after, tx.now)))
    for draft in drafts:
        tx.append(after.incident_id, draft)
    return after.id


def _set_timer(tx: Transaction, after: Action) -> Action:
    """Return ``after`` with the timer that lets it expire, in place of any set for another moment."""
    due = after.expires_at if after.state in EXPIRING_STATES else None
    before = tx.find(Job, after.expire_job_id) if after.expire_job_id else None
    is_live = before is not None and not before.state.is_final
    if before is not None and is_live:
        if before.not_before == due:
            return after
        tx.put(msgspec.structs.replace(before, state=JobState.CANCELLED, finished_at=tx.now))
    if due is None:
        return msgspec.structs.replace(after, expire_job_id=None)
    job = expire_timer(after, tx)
    tx.put(job)
    return msgspec.structs.replace(after, expire_job_id=job.id)


def expire_timer(action: Action, tx: Transaction) -> Job:
    """Return a timer for the moment ``action`` expires at."""
    return Job(
        id=new_id("job"),
        kind=EXPIRE_ACTION,
        queue=None,
        incident_id=action.incident_id,
        payload={"actionId": action.id},
        # Never given up: it is tried again every few minutes. The clock refuses what has expired all the while.
        max_attempts=_NEVER,
        not_before=action.expires_at,
        created_by=SYSTEM,
        created_at=tx.now,
        trail=current_trail(),
    )
