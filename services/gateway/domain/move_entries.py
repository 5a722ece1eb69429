"""What timelines say of merges, splits, relations and corrected milestones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.domain.access import Subject
from services.gateway.domain.records import EntryDraft, EntryType, Incident, IncidentStatus, Merge

_FROM_API = "api"


def merged(
    incident: Incident, target: Incident, reason: str, signal_count: int, subject: Subject, now: datetime
) -> EntryDraft:
    """Return the entry of the incident that was merged away."""
    payload = {
        "from": incident.status,
        "to": IncidentStatus.MERGED,
        "reason": reason,
        "mergedInto": target.id,
        "signalCount": signal_count,
    }
    message = f"{incident.status} → merged into {_ref(target)}: {reason}"
    return _draft(EntryType.STATUS_CHANGED, subject, now, message, payload)


def took_over(
    incident: Incident, target: Incident, reason: str, signal_count: int, subject: Subject, now: datetime
) -> EntryDraft:
    """Return the entry of the target."""
    payload = {"incidentId": incident.id, "reason": reason, "signalCount": signal_count}
    message = f"{_ref(incident)} was merged into {_ref(target)}: {reason}"
    return _draft(EntryType.MERGED_FROM, subject, now, message, payload)


def split(
    incident: Incident, merge: Merge, reason: str, signal_count: int, subject: Subject, now: datetime
) -> EntryDraft:
    """Return the entry of the incident that is itself again."""
    payload = {
        "from": incident.status,
        "to": merge.status,
        "reason": reason,
        "splitFrom": merge.into,
        "signalCount": signal_count,
    }
    return _draft(EntryType.STATUS_CHANGED, subject, now, f"Split: merged → {merge.status}: {reason}", payload)


def split_off(incident: Incident, reason: str, signal_count: int, subject: Subject, now: datetime) -> EntryDraft:
    """Return the entry of what it was split off from."""
    payload = {"incidentId": incident.id, "reason": reason, "signalCount": signal_count}
    return _draft(EntryType.SPLIT_OFF, subject, now, f"{_ref(incident)} was split off: {reason}", payload)


def related(kind: EntryType, other_id: str, other: Incident | None, subject: Subject, now: datetime) -> EntryDraft:
    """Return the entry of a relation that was added or removed; ``other`` is None where it is no longer kept."""
    verb = "Related to" if kind is EntryType.RELATION_ADDED else "No longer related to"
    message = f"{verb} {_ref(other) if other is not None else other_id}"
    return _draft(kind, subject, now, message, {"relation": "related", "incidentId": other_id})


def backdated(changes: Mapping[str, Any], reason: str, subject: Subject, now: datetime) -> EntryDraft:
    """Return the entry of corrected milestones: of each what it was and is, and why."""
    payload = {"changes": dict(changes), "reason": reason}
    return _draft(EntryType.MILESTONES_CHANGED, subject, now, f"Corrected {', '.join(changes)}: {reason}", payload)


def _ref(incident: Incident) -> str:
    return f"INC-{incident.number}"


def _draft(kind: EntryType, subject: Subject, at: datetime, message: str, payload: dict[str, Any]) -> EntryDraft:
    return EntryDraft(type=kind, actor=subject.id, source=_FROM_API, occurred_at=at, message=message, payload=payload)
