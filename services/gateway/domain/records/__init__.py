"""The records the store keeps: small, frozen, one class a kind. Importable by the gateway only."""

from services.gateway.domain.records.access import Role, Token
from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.delivery import Delivery, DeliveryBody, DeliveryState, Outcome, SignalOutcome
from services.gateway.domain.records.incident import (
    Activity,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    Milestones,
    Relation,
)
from services.gateway.domain.records.job import Job, JobState
from services.gateway.domain.records.keys import Counter, DeliveryKey, Group, IdempotencyKey
from services.gateway.domain.records.signal import NO_INCIDENT, Occurrence, Signal
from services.gateway.domain.records.summary import IncidentSummary, searchable_text, summarise
from services.gateway.domain.records.timeline import ChainHead, EntryDraft, EntryType, TimelineEntry

RECORD_KINDS: dict[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Activity,
        ChainHead,
        Counter,
        Delivery,
        DeliveryBody,
        DeliveryKey,
        Group,
        Hints,
        IdempotencyKey,
        Incident,
        Job,
        Signal,
        TimelineEntry,
        Token,
    )
}

__all__ = [
    "NO_INCIDENT",
    "RECORD_KINDS",
    "Activity",
    "ChainHead",
    "Counter",
    "Delivery",
    "DeliveryBody",
    "DeliveryKey",
    "DeliveryState",
    "EntryDraft",
    "EntryType",
    "Facets",
    "Group",
    "Hints",
    "IdempotencyKey",
    "Incident",
    "IncidentSource",
    "IncidentStatus",
    "IncidentSummary",
    "Job",
    "JobState",
    "Milestones",
    "Occurrence",
    "Outcome",
    "Record",
    "Relation",
    "Role",
    "Signal",
    "SignalOutcome",
    "TimelineEntry",
    "Token",
    "searchable_text",
    "summarise",
]
