"""Get an incident to write to: it must be there, not merged away, and at a version the client knows."""

from typing import Any, NoReturn

from services.gateway.domain import merging
from services.gateway.domain.records import Incident, IncidentStatus
from services.gateway.errors import IncidentMerged, ValidationFailed, VersionConflict
from services.gateway.ports import Transaction


def get_writable(tx: Transaction, incident_id: str, versions: tuple[int, ...] | None = None) -> Incident:
    """Return the incident. Every write to an incident begins here, whatever status it has.

    ``versions`` are those the client takes it to be at (None: any). Raises ``RecordNotFound``, ``IncidentMerged``
    with the target to write to instead, and ``VersionConflict``.
    """
    incident = tx.get(Incident, incident_id)
    if incident.status is IncidentStatus.MERGED:
        refuse_merged(tx, incident)
    check_version(incident, versions)
    return incident


def refuse_merged(tx: Transaction, incident: Incident, **fields: Any) -> NoReturn:
    """Raise ``IncidentMerged``, naming the final target."""
    way = merging.follow(incident, lambda incident_id: tx.find(Incident, incident_id))
    target = way[-1].id if way else merging.merged_into(incident)
    raise IncidentMerged(f"{incident.id} was merged into {target}; write to that.", mergedInto=target, **fields)


def check_version(incident: Incident, versions: tuple[int, ...] | None) -> None:
    """Raise ``VersionConflict`` unless the incident is at one of ``versions``."""
    if versions is not None and incident.version not in versions:
        raise VersionConflict(f"It is at version {incident.version} now.", currentVersion=incident.version)


def get_named(tx: Transaction, incident_id: str, field: str) -> Incident:
    """Return the incident that ``field`` of the body names; raise ``ValidationFailed`` naming the field if none."""
    incident = tx.find(Incident, incident_id)
    if incident is None:
        raise ValidationFailed(f"Not valid: {field}.", errors={field: ["names no incident"]})
    return incident
