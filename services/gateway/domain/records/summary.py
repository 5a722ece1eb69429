"""What the inbox shows of an incident, and the text it is searched by."""

from datetime import datetime

from services.gateway.domain.records.incident import (
    Activity,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Milestones,
)
from shared.contracts.base import Contract
from shared.contracts.severity import Severity


class IncidentSummary(Contract, frozen=True, kw_only=True):
    """One line of the inbox, made from the head and the activity of an incident."""

    id: str
    number: int
    title: str
    status: IncidentStatus
    severity: Severity
    owner: str | None
    services: tuple[str, ...]
    labels: dict[str, str]
    source: IncidentSource
    dedup_key: str | None
    rule_id: str | None
    milestones: Milestones
    signal_count: int
    firing_count: int
    last_signal_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


def summarise(incident: Incident, activity: Activity | None) -> IncidentSummary:
    """Return the summary; ``updated_at`` is the newest of what people and what signals changed."""
    seen = activity.last_signal_at if activity else None
    return IncidentSummary(
        id=incident.id,
        number=incident.number,
        title=incident.title,
        status=incident.status,
        severity=incident.severity,
        owner=incident.owner,
        services=incident.services,
        labels=incident.labels,
        source=incident.source,
        dedup_key=incident.dedup_key,
        rule_id=incident.rule_id,
        milestones=incident.milestones,
        signal_count=activity.signal_count if activity else 0,
        firing_count=activity.firing_count if activity else 0,
        last_signal_at=seen,
        created_at=incident.created_at,
        updated_at=max(incident.updated_at, seen) if seen else incident.updated_at,
        version=incident.version,
    )


def searchable_text(incident: Incident, hints: Hints | None) -> str:
    """Return the text a search looks through, in lower case: words of the case, its labels and its signals."""
    parts = [
        f"inc-{incident.number}",
        incident.title,
        incident.description,
        *incident.services,
        *(f"{key}:{value}" for key, value in incident.labels.items()),
        *(hints.signal_names if hints else ()),
    ]
    return "\n".join(parts).lower()
