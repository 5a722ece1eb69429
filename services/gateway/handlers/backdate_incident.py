"""Correct when an incident reached its milestones, on the record."""

from collections.abc import Mapping
from datetime import datetime

from services.gateway.domain import backdating, move_entries
from services.gateway.domain.access import Subject
from services.gateway.domain.lifecycle import reason_required
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import Transaction


def backdate_incident(
    tx: Transaction,
    incident_id: str,
    times: Mapping[str, datetime],
    reason: str,
    subject: Subject,
    versions: tuple[int, ...] | None,
) -> str:
    """Give milestones other times and return the incident's id; times that it has already change nothing.

    The timeline says what each was and is, and why. Raises ``RecordNotFound``, ``IncidentMerged``,
    ``VersionConflict``, ``ReasonRequired`` and what ``backdating.backdate`` raises.
    """
    before = get_writable(tx, incident_id, versions)
    if not reason:
        raise reason_required("Correcting milestones needs a reason.")
    after = backdating.backdate(before, times, tx.now)
    if after is not before:
        tx.put(after)
        changes = backdating.changes_of(before.milestones, after.milestones)
        tx.append(incident_id, move_entries.backdated(changes, reason, subject, tx.now))
    return incident_id
