"""Turn what a person asks to change about an incident into its next state and the facts for its timeline."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.domain import lifecycle
from services.gateway.domain.access import Subject
from services.gateway.domain.records import EntryDraft, EntryType, Incident, IncidentStatus

_FROM_API = "api"
# Long texts are named on the timeline, not repeated there: it is append-only and kept for ever.
_NAMED_ONLY = frozenset({"description"})


@dataclass(frozen=True, slots=True)
class Move:
    """A change of status a person asks for."""

    status: IncidentStatus
    reason: str = ""
    force: bool = False


def edit_fields(
    incident: Incident,
    fields: Mapping[str, Any],
    subject: Subject,
    now: datetime,
) -> tuple[Incident, list[EntryDraft]]:
    """Return the incident with ``fields`` set and one entry naming what changed; nothing if nothing did.

    A severity a person sets is pinned, also when it is the one the incident has: signals no longer raise it.
    """
    changed = {name: value for name, value in fields.items() if getattr(incident, name) != value}
    pin = {"severity_pinned": True} if "severity" in fields and not incident.severity_pinned else {}
    if not changed and not pin:
        return incident, []
    edited = msgspec.structs.replace(incident, **changed, **pin, updated_at=now, version=incident.version + 1)
    names = sorted({*changed, *pin})
    payload = {"changes": {_camel(name): _difference(incident, edited, name) for name in names}}
    message = f"Changed {', '.join(name.replace('_', ' ') for name in names)}"
    return edited, [_draft(EntryType.FIELDS_CHANGED, subject, now, message, payload)]


def make_move(
    incident: Incident,
    move: Move,
    subject: Subject,
    now: datetime,
    *,
    firing_count: int,
) -> tuple[Incident, list[EntryDraft]]:
    """Return the incident after ``move`` and its entry; the same status again changes nothing.

    Raises what ``lifecycle.check_move`` raises.
    """
    if move.status is incident.status:
        return incident, []
    lifecycle.check_move(
        incident.status,
        move.status,
        reason=move.reason,
        force=move.force,
        firing_count=firing_count,
    )
    moved = lifecycle.move(incident, move.status, now)
    payload: dict[str, Any] = {"from": incident.status, "to": move.status}
    if move.reason:
        payload["reason"] = move.reason
    if move.status is IncidentStatus.RESOLVED and firing_count > 0:
        payload |= {"forced": True, "firingCount": firing_count}
    reopened = lifecycle.is_reopening(incident.status, move.status)
    if reopened:
        payload |= {"resolvedAt": incident.milestones.resolved_at, "closedAt": incident.milestones.closed_at}
    message = f"{'Reopened: ' if reopened else ''}{incident.status} → {move.status}"
    if move.reason:
        message += f": {move.reason}"
    return moved, [_draft(EntryType.STATUS_CHANGED, subject, now, message, payload)]


def opened(incident: Incident, subject: Subject) -> EntryDraft:
    """Return the first entry of an incident a person opened."""
    payload = {"source": incident.source, "severity": incident.severity, "title": incident.title}
    message = f"Opened: {incident.title}"
    return _draft(EntryType.INCIDENT_OPENED, subject, incident.created_at, message, payload)


def note(message: str, subject: Subject, occurred_at: datetime, note_id: str) -> EntryDraft:
    """Return the entry of a note. ``note_id`` lets whoever added it find it again."""
    return _draft(EntryType.NOTE_ADDED, subject, occurred_at, message, {"noteId": note_id})


def _draft(kind: EntryType, subject: Subject, at: datetime, message: str, payload: dict[str, Any]) -> EntryDraft:
    return EntryDraft(
        type=kind,
        actor=subject.id,
        source=_FROM_API,
        occurred_at=at,
        message=message,
        payload=payload,
    )


def _difference(before: Incident, after: Incident, name: str) -> dict[str, Any]:
    if name in _NAMED_ONLY:
        return {"fromLength": len(getattr(before, name)), "toLength": len(getattr(after, name))}
    return {"from": getattr(before, name), "to": getattr(after, name)}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
