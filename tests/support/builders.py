"""Records and signals with sensible defaults; a test names only what it is about."""

from datetime import datetime
from typing import Any

from services.gateway.domain.access import Subject
from services.gateway.domain.records import (
    Activity,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Job,
    JobState,
    Milestones,
    Role,
    Signal,
)
from shared.contracts.queues import NORMALISE_DELIVERIES, Queue
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, NormalisedSignal, SignalStatus
from shared.ids import new_id
from tests.support.clock import START

ANN = Subject(id="token:ann", name="ann", role=Role.RESPONDER)


def an_incident(
    *,
    incident_id: str | None = None,
    title: str = "Checkout is down",
    status: IncidentStatus = IncidentStatus.NEW,
    severity: Severity = Severity.HIGH,
    at: datetime = START,
    **fields: Any,
) -> Incident:
    """Return an incident as it could stand in the store."""
    fields.setdefault("source", IncidentSource.MANUAL)
    fields.setdefault("milestones", Milestones(detected_at=at))
    return Incident(
        id=incident_id or new_id("inc"),
        title=title,
        status=status,
        severity=severity,
        created_by=ANN.id,
        created_at=at,
        updated_at=at,
        **fields,
    )


def an_activity(incident_id: str, *, firing: int = 1, signals: int = 1, **fields: Any) -> Activity:
    """Return the activity of an incident with ``signals`` signals of which ``firing`` fire."""
    fields.setdefault("last_signal_at", START)
    return Activity(incident_id=incident_id, signal_count=signals, firing_count=firing, **fields)


def the_hints(incident_id: str) -> Hints:
    """Return what the signals of an incident name: one alert and one service."""
    checkout = EntityHint(kind="service", name="checkout", namespace="shop")
    return Hints(incident_id=incident_id, signal_names=("HighErrorRate",), entities=(checkout,))


def a_signal(
    *, fingerprint: str = "alertmanager:a1", status: SignalStatus = SignalStatus.FIRING, **fields: Any
) -> Signal:
    """Return a stored signal."""
    fields.setdefault("source", "alertmanager")
    fields.setdefault("name", "HighErrorRate")
    fields.setdefault("title", "5 % of requests fail")
    fields.setdefault("labels", {"service": "checkout"})
    return Signal(
        fingerprint=fingerprint,
        status=status,
        severity=Severity.HIGH,
        starts_at=START,
        accepted_seq=1,
        first_seen_at=START,
        last_seen_at=START,
        **fields,
    )


def a_report(
    *, fingerprint: str = "alertmanager:a1", status: SignalStatus = SignalStatus.FIRING, **fields: Any
) -> NormalisedSignal:
    """Return a signal as a worker reports it."""
    fields.setdefault("starts_at", START)
    fields.setdefault("group_labels", {"alertname": "HighErrorRate", "namespace": "shop", "service": "checkout"})
    fields.setdefault("service", "checkout")
    return NormalisedSignal(
        source="alertmanager",
        fingerprint=fingerprint,
        status=status,
        severity=Severity.HIGH,
        name="HighErrorRate",
        title="5 % of requests fail",
        **fields,
    )


def a_job(*, job_id: str | None = None, state: JobState = JobState.PENDING, **fields: Any) -> Job:
    """Return a job of the intake queue."""
    fields.setdefault("kind", NORMALISE_DELIVERIES)
    fields.setdefault("queue", Queue.INTAKE)
    fields.setdefault("created_by", "system")
    fields.setdefault("created_at", START)
    return Job(id=job_id or new_id("job"), state=state, **fields)
