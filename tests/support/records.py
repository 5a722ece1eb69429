"""Builders of stored records with sensible fields; a test says only what it is about."""

from datetime import UTC, datetime
from typing import Any

from services.gateway.domain.records import (
    Delivery,
    EntryDraft,
    EntryType,
    Incident,
    IncidentSource,
    Job,
    Milestones,
)
from shared.contracts.queues import NORMALISE_DELIVERIES, Queue
from shared.contracts.severity import Severity

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def an_incident(incident_id: str = "inc_1", **fields: Any) -> Incident:
    """Return an incident opened by hand at ``NOW``."""
    defaults: dict[str, Any] = {
        "title": "Checkout is down",
        "severity": Severity.HIGH,
        "source": IncidentSource.MANUAL,
        "milestones": Milestones(detected_at=NOW),
        "created_by": "token:ann",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Incident(**({"id": incident_id} | defaults | fields))


def a_draft(**fields: Any) -> EntryDraft:
    """Return a note for a timeline."""
    defaults: dict[str, Any] = {
        "type": EntryType.NOTE_ADDED,
        "actor": "token:ann",
        "source": "manual",
        "occurred_at": NOW,
        "message": "Looking into it",
    }
    return EntryDraft(**(defaults | fields))


def a_delivery(delivery_id: str = "dlv_1", **fields: Any) -> Delivery:
    """Return a delivery that waits for its worker."""
    defaults: dict[str, Any] = {
        "source": "alertmanager",
        "received_at": NOW,
        "size_bytes": 100,
        "digest": "0" * 64,
        "job_id": delivery_id.replace("dlv", "job"),
        "sender": "token:alertmanager",
    }
    return Delivery(**({"id": delivery_id} | defaults | fields))


def a_job(job_id: str = "job_1", **fields: Any) -> Job:
    """Return the pending job of a delivery."""
    defaults: dict[str, Any] = {
        "kind": NORMALISE_DELIVERIES,
        "queue": Queue.INTAKE,
        "delivery_id": job_id.replace("job", "dlv"),
        "created_by": "system",
        "created_at": NOW,
    }
    return Job(**({"id": job_id} | defaults | fields))
