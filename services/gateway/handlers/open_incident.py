"""Open an incident by hand."""

from collections.abc import Mapping
from typing import Any

from services.gateway.domain import changes
from services.gateway.domain.access import Subject
from services.gateway.domain.backdating import check_times
from services.gateway.domain.records import Incident, IncidentSource, Milestones
from services.gateway.handlers.ask_investigation import investigate_opened
from services.gateway.ports import Transaction
from shared.contracts.severity import Severity
from shared.ids import new_id


def open_incident(tx: Transaction, subject: Subject, fields: Mapping[str, Any]) -> str:
    """Open an incident with ``fields`` and return its id.

    A ``severity`` that is given is pinned; a ``suggested_severity`` stands where none is, and is not. Raises
    ``TimesNotChronological`` if it was detected in the future.
    """
    known = dict(fields)
    severity, suggested = known.pop("severity", None), known.pop("suggested_severity", Severity.MEDIUM)
    detected_at = known.pop("detected_at", None)
    milestones = Milestones(detected_at=detected_at or tx.now)
    check_times(milestones, tx.now)
    incident = Incident(
        id=new_id("inc"),
        source=known.pop("source", IncidentSource.MANUAL),
        severity=severity or suggested,
        severity_pinned=severity is not None,
        milestones=milestones,
        created_by=subject.id,
        created_at=tx.now,
        updated_at=tx.now,
        **known,
    )
    tx.put(incident)
    tx.append(incident.id, changes.opened(incident, subject))
    investigate_opened(tx, incident)
    return incident.id
