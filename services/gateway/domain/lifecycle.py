"""Decide which status an incident may move to, what the move needs, and which milestones it sets."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from services.gateway.domain.records import Incident, IncidentStatus, Milestones
from services.gateway.errors import MergeNeedsTarget, ReasonRequired, SignalsFiring, TransitionNotAllowed

_S = IncidentStatus

# The order within a row is the order the moves are offered in. Merging is a move like the others, but one that needs
# a target: it has a call of its own, and a status alone does not make it.
ALLOWED: Mapping[IncidentStatus, tuple[IncidentStatus, ...]] = {
    _S.NEW: (_S.TRIAGE, _S.INVESTIGATING, _S.RESOLVED, _S.CANCELLED, _S.MERGED),
    _S.TRIAGE: (_S.INVESTIGATING, _S.MITIGATED, _S.RESOLVED, _S.CANCELLED, _S.MERGED),
    _S.INVESTIGATING: (_S.TRIAGE, _S.MITIGATED, _S.RESOLVED, _S.CANCELLED, _S.MERGED),
    _S.MITIGATED: (_S.MONITORING, _S.INVESTIGATING, _S.RESOLVED),
    _S.MONITORING: (_S.MITIGATED, _S.INVESTIGATING, _S.RESOLVED),
    _S.RESOLVED: (_S.POSTMORTEM, _S.CLOSED, _S.INVESTIGATING),
    _S.POSTMORTEM: (_S.CLOSED, _S.INVESTIGATING),
    _S.CLOSED: (_S.INVESTIGATING,),
    _S.CANCELLED: (_S.TRIAGE,),
    _S.MERGED: (),
}
_ENDED = frozenset({_S.RESOLVED, _S.POSTMORTEM, _S.CLOSED})


def needs_reason(current: IncidentStatus, requested: IncidentStatus) -> bool:
    """Answer whether this move must say why on the timeline."""
    if requested in {_S.CANCELLED, _S.MERGED} or current is _S.CANCELLED:
        return True
    return requested is _S.INVESTIGATING and current in {_S.POSTMORTEM, _S.CLOSED}


def check_table(current: IncidentStatus, requested: IncidentStatus) -> None:
    """Return if the table has this move; raise ``TransitionNotAllowed`` if not."""
    allowed = ALLOWED[current]
    if requested not in allowed:
        raise TransitionNotAllowed(
            f"An incident that is {current} cannot become {requested}.",
            current=current,
            requested=requested,
            allowed=list(allowed),
        )


def check_reason(current: IncidentStatus, requested: IncidentStatus, reason: str) -> None:
    """Return if the move is reasoned as it must be; raise ``ReasonRequired`` if not."""
    if needs_reason(current, requested) and not reason:
        raise reason_required(f"Moving from {current} to {requested} needs a reason.")


def reason_required(detail: str) -> ReasonRequired:
    """Return the refusal of what must say why on the timeline, and does not."""
    return ReasonRequired(detail, errors={"reason": ["required"]})


def check_move(
    current: IncidentStatus,
    requested: IncidentStatus,
    *,
    reason: str = "",
    force: bool = False,
    firing_count: int = 0,
) -> None:
    """Return if a person may make the move by naming a status; raise the error that says what stands against it if not.

    The same status again is never a move: callers leave it out.
    """
    check_table(current, requested)
    if requested is _S.MERGED:
        raise MergeNeedsTarget(
            "A status alone does not merge: POST to /api/incidents/{incident_id}/merge with into and reason.",
            current=current,
            requested=requested,
            allowed=list(ALLOWED[current]),
        )
    check_reason(current, requested, reason)
    if requested is _S.RESOLVED and firing_count > 0:
        if not force:
            raise SignalsFiring(
                f"{firing_count} linked signals still fire; to resolve all the same, send force and a reason.",
                firingCount=firing_count,
            )
        if not reason:
            raise reason_required("Resolving while signals fire needs a reason.")


def is_reopening(current: IncidentStatus, requested: IncidentStatus) -> bool:
    """Answer whether the move takes an ended incident back into work."""
    return current in _ENDED and requested is _S.INVESTIGATING


def move(incident: Incident, requested: IncidentStatus, now: datetime) -> Incident:
    """Return ``incident`` in its new status, with milestones, version and update time to match.

    Reopening clears when it was resolved and closed; the timeline keeps what they were.
    """
    return msgspec.structs.replace(
        incident,
        status=requested,
        milestones=_reach(incident.milestones, incident.status, requested, now),
        updated_at=now,
        version=incident.version + 1,
    )


def _reach(
    milestones: Milestones,
    current: IncidentStatus,
    requested: IncidentStatus,
    now: datetime,
) -> Milestones:
    changes: dict[str, datetime | None] = {}
    # A clock that was set back must not put a milestone before one that was reached already.
    at = max(now, *(reached for reached in _times(milestones) if reached is not None))
    if current is _S.NEW and milestones.acknowledged_at is None:
        changes["acknowledged_at"] = at
    if requested is _S.MITIGATED and milestones.mitigated_at is None:
        changes["mitigated_at"] = at
    if requested is _S.RESOLVED:
        changes["resolved_at"] = at
    if requested is _S.CLOSED:
        changes["closed_at"] = at
    if is_reopening(current, requested):
        changes |= {"resolved_at": None, "closed_at": None}
    return msgspec.structs.replace(milestones, **changes) if changes else milestones


def _times(milestones: Milestones) -> tuple[datetime | None, ...]:
    return (
        milestones.detected_at,
        milestones.acknowledged_at,
        milestones.mitigated_at,
        milestones.resolved_at,
        milestones.closed_at,
    )
