"""Change the fields of an incident, move its status, or both, in one commit."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain import changes
from services.gateway.domain.access import Subject
from services.gateway.domain.changes import Move
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Activity, Group, Incident, IncidentStatus
from services.gateway.errors import VersionConflict
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
    by one, however much it changes. Raises ``RecordNotFound``, ``VersionConflict`` and what the lifecycle raises.
    """
    before = tx.get(Incident, incident_id)
    if versions is not None and before.version not in versions:
        raise VersionConflict(f"It is at version {before.version} now.", currentVersion=before.version)
    after, drafts = changes.edit_fields(before, fields, subject, tx.now)
    if move is not None:
        after, more = changes.make_move(after, move, subject, tx.now, firing_count=_firing(tx, incident_id, move))
        drafts = [*drafts, *more]
        after = _beside_newer(tx, before, after)
    if drafts:
        tx.put(msgspec.structs.replace(after, version=before.version + 1))
    for draft in drafts:
        tx.append(incident_id, draft)
    return incident_id


def _beside_newer(tx: Transaction, before: Incident, after: Incident) -> Incident:
    """Return ``after``; without its dedup key if it comes back while its group has another open incident.

    New signals go to that one: of two open incidents only one bears the key.
    """
    comes_back = after.status in OPEN_STATUSES and before.status not in OPEN_STATUSES
    group = tx.find(Group, after.dedup_key) if comes_back and after.dedup_key else None
    other = tx.find(Incident, group.incident_id) if group is not None and group.incident_id != after.id else None
    if other is None or other.status not in OPEN_STATUSES:
        return after
    return msgspec.structs.replace(after, dedup_key=None)


def _firing(tx: Transaction, incident_id: str, move: Move) -> int:
    """Count the firing signals, but only for the move that depends on them: reading is a precondition."""
    if move.status is not IncidentStatus.RESOLVED:
        return 0
    activity = tx.find(Activity, incident_id)
    return activity.firing_count if activity else 0
