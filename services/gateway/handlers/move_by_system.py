"""Move an incident along its lifecycle because of what signals say; people move it in ``change_incident``."""

from datetime import datetime
from typing import Any

import msgspec

from services.gateway.domain.records import EntryDraft, EntryType, Incident, IncidentStatus, Milestones
from services.gateway.handlers.ask_investigation import investigate_moved
from services.gateway.ports import Transaction

SYSTEM = "system"


def move_by_system(
    tx: Transaction,
    incident: Incident,
    to: IncidentStatus,
    milestones: Milestones,
    *,
    source: str,
    occurred_at: datetime,
    message: str,
    **payload: Any,
) -> None:
    """Put ``incident`` with its new status and say so on its timeline.

    The version rises: a person whose edit was under way must see that the case has moved before it applies.
    """
    moved = msgspec.structs.replace(
        incident,
        status=to,
        milestones=milestones,
        updated_at=tx.now,
        version=incident.version + 1,
    )
    tx.put(moved)
    draft = EntryDraft(
        type=EntryType.STATUS_CHANGED,
        actor=SYSTEM,
        source=source,
        occurred_at=occurred_at,
        message=message,
        payload={"from": incident.status, "to": to, **payload},
    )
    tx.append(incident.id, draft)
    investigate_moved(tx, incident.status, moved)
