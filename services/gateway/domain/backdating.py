"""Decide which milestones may be given another time, and whether the times then stand in their order."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec

from services.gateway.domain.records import Incident, IncidentStatus, Milestones
from services.gateway.errors import MilestoneNotReached, TimesNotChronological

# In the order a case reaches them, each with its name on the wire.
MILESTONES: Mapping[str, str] = {
    "detected_at": "detectedAt",
    "acknowledged_at": "acknowledgedAt",
    "mitigated_at": "mitigatedAt",
    "resolved_at": "resolvedAt",
    "closed_at": "closedAt",
}
# Beyond it is a slip of the year, which would spoil every mean.
_OLDEST = timedelta(days=3_653)
_ENDED = frozenset({IncidentStatus.RESOLVED, IncidentStatus.POSTMORTEM, IncidentStatus.CLOSED})


def backdate(incident: Incident, times: Mapping[str, datetime], now: datetime) -> Incident:
    """Return the incident with ``times`` for its milestones, one version on; the very same if none is another.

    A milestone that was reached may be given another time. So may ``mitigated_at`` of an incident that was resolved
    without having been mitigated first: it was, only nobody said so. Raises ``MilestoneNotReached`` for any other,
    and ``TimesNotChronological`` if the times do not stand in the order of the milestones, or one is to come.
    """
    unreached = [MILESTONES[name] for name in times if not _may_have_time(incident, name)]
    if unreached:
        raise MilestoneNotReached(f"Not reached: {', '.join(unreached)}.", milestones=unreached)
    milestones = msgspec.structs.replace(incident.milestones, **times)
    check_times(milestones, now)
    if milestones == incident.milestones:
        return incident
    return msgspec.structs.replace(incident, milestones=milestones, updated_at=now, version=incident.version + 1)


def check_times(milestones: Milestones, now: datetime) -> None:
    """Raise ``TimesNotChronological``, naming each milestone out of its order, to come, or absurdly old."""
    reached = [(name, at) for name in MILESTONES if (at := getattr(milestones, name)) is not None]
    errors: dict[str, list[str]] = {}
    for name, at in reached:
        if at > now:
            errors.setdefault(MILESTONES[name], []).append("lies in the future")
        if now - at > _OLDEST:
            errors.setdefault(MILESTONES[name], []).append("lies more than ten years back")
    for (earlier, before), (later, after) in pairwise(reached):
        if after < before:
            errors.setdefault(MILESTONES[earlier], []).append(f"is after {MILESTONES[later]}")
            errors.setdefault(MILESTONES[later], []).append(f"is before {MILESTONES[earlier]}")
    if errors:
        raise TimesNotChronological(f"Not in their order: {', '.join(errors)}.", errors=errors)


def changes_of(before: Milestones, after: Milestones) -> dict[str, dict[str, datetime | None]]:
    """Return which milestones differ, by their names on the wire, each with what it was and is."""
    names = [name for name in MILESTONES if getattr(before, name) != getattr(after, name)]
    return {MILESTONES[name]: {"from": getattr(before, name), "to": getattr(after, name)} for name in names}


def _may_have_time(incident: Incident, name: str) -> bool:
    if getattr(incident.milestones, name) is not None:
        return True
    return name == "mitigated_at" and incident.status in _ENDED
