"""The records the store keeps: small, frozen, one class a kind. Importable by the gateway only."""

from services.gateway.domain.records.access import Role, Scope, Token, TokenState
from services.gateway.domain.records.audit import AUDIT, audit_chain, end_of_month, is_audit_chain, month_of
from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.change import Change
from services.gateway.domain.records.delivery import (
    ChangeOutcome,
    Delivery,
    DeliveryBody,
    DeliveryState,
    Outcome,
    SignalOutcome,
    SignalReading,
)
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
from services.gateway.domain.records.mapping import CURRENT_MAPPING, IntakeMapping
from services.gateway.domain.records.noise import Noise
from services.gateway.domain.records.preview import Preview
from services.gateway.domain.records.rules import (
    CURRENT,
    FlapControl,
    GroupingRule,
    Match,
    OwnershipRule,
    PendingGroup,
    ResolveOn,
    RuleBook,
    RuleEffect,
    Threshold,
    ThresholdOf,
)
from services.gateway.domain.records.session import Session, SessionEnd, SessionState
from services.gateway.domain.records.signal import NO_INCIDENT, Occurrence, Signal
from services.gateway.domain.records.silence import BOARD, Silence, SilenceBoard, SilenceKind, SilenceState
from services.gateway.domain.records.summary import IncidentSummary, searchable_text, summarise
from services.gateway.domain.records.timeline import AUDIT_TYPES, ChainHead, EntryDraft, EntryType, TimelineEntry

RECORD_KINDS: dict[str, type[Record]] = {
    kind.KIND: kind
    for kind in (
        Activity,
        ChainHead,
        Change,
        Counter,
        Delivery,
        DeliveryBody,
        DeliveryKey,
        Group,
        Hints,
        IdempotencyKey,
        Incident,
        IntakeMapping,
        Job,
        Noise,
        PendingGroup,
        Preview,
        RuleBook,
        Session,
        Signal,
        Silence,
        SilenceBoard,
        TimelineEntry,
        Token,
    )
}

__all__ = [
    "AUDIT",
    "AUDIT_TYPES",
    "BOARD",
    "CURRENT",
    "CURRENT_MAPPING",
    "NO_INCIDENT",
    "RECORD_KINDS",
    "Activity",
    "ChainHead",
    "Change",
    "ChangeOutcome",
    "Counter",
    "Delivery",
    "DeliveryBody",
    "DeliveryKey",
    "DeliveryState",
    "EntryDraft",
    "EntryType",
    "Facets",
    "FlapControl",
    "Group",
    "GroupingRule",
    "Hints",
    "IdempotencyKey",
    "Incident",
    "IncidentSource",
    "IncidentStatus",
    "IncidentSummary",
    "IntakeMapping",
    "Job",
    "JobState",
    "Match",
    "Milestones",
    "Noise",
    "Occurrence",
    "Outcome",
    "OwnershipRule",
    "PendingGroup",
    "Preview",
    "Record",
    "Relation",
    "ResolveOn",
    "Role",
    "RuleBook",
    "RuleEffect",
    "Scope",
    "Session",
    "SessionEnd",
    "SessionState",
    "Signal",
    "SignalOutcome",
    "SignalReading",
    "Silence",
    "SilenceBoard",
    "SilenceKind",
    "SilenceState",
    "Threshold",
    "ThresholdOf",
    "TimelineEntry",
    "Token",
    "TokenState",
    "audit_chain",
    "end_of_month",
    "is_audit_chain",
    "month_of",
    "searchable_text",
    "summarise",
]
