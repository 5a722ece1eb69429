"""Change the fields of an incident, move its status, or both, in one commit."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain import changes
from services.gateway.domain.access import Subject
from services.gateway.domain.changes import Move
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Activity, Incident, IncidentStatus
from services.gateway.handlers.ask_investigation import investigate_moved
from services.gateway.handlers.auto_resolve import cancel_resolve
from services.gateway.handlers.lead_group import lead_group_again
from services.gateway.handlers.writable import check_version, refuse_merged
from services.gateway.ports import Transaction


def change_incident(
    tx: Transaction,
    incident_id: str,
    subject: Subject,
    fields: Mapping[str, Any],
    move: Move | None,
    versions: tuple[int, ...] | None,
) -> str:
    """Apply the change and return the incident's id; a change that changes nothing writes nothing.

    ``versions`` are those the client takes the incident to be at (None: any). One request raises the version
    by one, however much it changes. Raises ``RecordNotFound``, ``IncidentMerged``, ``VersionConflict`` and what
    the lifecycle raises.
    """
    before = tx.get(Incident, incident_id)
    if before.status is IncidentStatus.MERGED and (fields or (move and move.status is not IncidentStatus.MERGED)):
        asked = {"current": before.status, "requested": move.status, "allowed": []} if move else {}
        refuse_merged(tx, before, **asked)
    check_version(before, versions)
    after, drafts = changes.edit_fields(before, fields, subject, tx.now)
    if move is not None:
        after, more = changes.make_move(after, move, subject, tx.now, firing_count=_firing(tx, incident_id, move))
        drafts = [*drafts, *more]
        if after.status in OPEN_STATUSES and before.status not in OPEN_STATUSES:
            after = lead_group_again(tx, after)
            _stay_open(tx, incident_id)
    if drafts:
        tx.put(msgspec.structs.replace(after, version=before.version + 1))
    for draft in drafts:
        tx.append(incident_id, draft)
    investigate_moved(tx, before.status, after)
    return incident_id


def _stay_open(tx: Transaction, incident_id: str) -> None:
    """Withdraw the timer that was set before the incident ended: it would end again what a person brought back."""
    activity = tx.find(Activity, incident_id)
    if activity is not None and activity.resolve_job_id is not None:
        tx.put(cancel_resolve(tx, activity))


def _firing(tx: Transaction, incident_id: str, move: Move) -> int:
    """Count the firing signals, but only for the move that depends on them: reading is a precondition."""
    if move.status is not IncidentStatus.RESOLVED:
        return 0
    activity = tx.find(Activity, incident_id)
    return activity.firing_count if activity else 0
