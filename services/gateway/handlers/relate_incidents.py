"""Say that two incidents have to do with each other, and take it back; it stands on both."""

import msgspec

from services.gateway.domain import merging, move_entries
from services.gateway.domain.access import Subject
from services.gateway.domain.records import EntryType, Incident, IncidentStatus, RelationType
from services.gateway.errors import RecordNotFound, ValidationFailed
from services.gateway.handlers.writable import get_named, get_writable, refuse_merged
from services.gateway.ports import Transaction


def relate_incidents(
    tx: Transaction, incident_id: str, other_id: str, subject: Subject, versions: tuple[int, ...] | None
) -> str:
    """Relate the two and return the id of the first; where they are related already, nothing is written.

    Raises ``RecordNotFound``, ``IncidentMerged`` for either, ``VersionConflict`` for the first,
    ``ValidationFailed`` if the other is none or the same, and ``TooManyRelations``.
    """
    incident = get_writable(tx, incident_id, versions)
    other = get_named(tx, other_id, "incidentId")
    if other.id == incident.id:
        raise ValidationFailed("Not valid: incidentId.", errors={"incidentId": ["is the incident itself"]})
    if other.status is IncidentStatus.MERGED:
        refuse_merged(tx, other)
    for one, far in ((incident, other), (other, incident)):
        _put(tx, one, merging.relate(one, RelationType.RELATED, far.id), far.id, far, subject)
    return incident.id


def unrelate_incidents(
    tx: Transaction, incident_id: str, other_id: str, subject: Subject, versions: tuple[int, ...] | None
) -> str:
    """Take the relation back, on both, and return the id of the first. The other may be merged, or kept no longer.

    Raises ``RecordNotFound`` if there is no such incident or relation, ``IncidentMerged`` and ``VersionConflict``.
    """
    incident = get_writable(tx, incident_id, versions)
    other = tx.find(Incident, other_id)
    freed = merging.unrelate(incident, RelationType.RELATED, other_id)
    if freed is incident:
        raise RecordNotFound(f"{incident.id} is not related to {other_id}.")
    _put(tx, incident, freed, other_id, other, subject)
    if other is not None:
        _put(tx, other, merging.unrelate(other, RelationType.RELATED, incident.id), incident.id, incident, subject)
    return incident.id


def _put(
    tx: Transaction, before: Incident, after: Incident, far_id: str, far: Incident | None, subject: Subject
) -> None:
    if after is before:
        return
    tx.put(msgspec.structs.replace(after, updated_at=tx.now, version=before.version + 1))
    is_more = len(after.relations) > len(before.relations)
    kind = EntryType.RELATION_ADDED if is_more else EntryType.RELATION_REMOVED
    tx.append(before.id, move_entries.related(kind, far_id, far, subject, tx.now))
