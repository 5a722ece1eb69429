"""What a report is written from: plain values, so that whatever kinds of record there are can be put in."""

from dataclasses import dataclass
from datetime import datetime

from services.gateway.domain.records import Activity, Hints, Incident, Signal, Task, TimelineEntry
from shared.contracts.diagnosis import Diagnosis
from shared.contracts.investigation import Investigation


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAction:
    """An action as the report tells of it; ``state`` and ``risk`` are words of the glossary."""

    title: str
    type: str
    state: str
    risk: str = ""
    proposed_by: str = ""
    proposed_at: datetime | None = None
    decided_by: tuple[str, ...] = ()
    executed_by: str = ""
    executed_at: datetime | None = None
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportEvidence:
    """An observation as the report tells of it."""

    source: str
    observation: str
    query: str = ""
    at: datetime | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInput:
    """An incident with what belongs to it. Where not all was read, the count says how much there is."""

    incident: Incident
    activity: Activity
    hints: Hints
    signals: tuple[Signal, ...] = ()
    signal_count: int = 0
    entries: tuple[TimelineEntry, ...] = ()
    entry_count: int = 0
    # The end of the chain, which says what record the report was written from.
    head_hash: str = ""
    diagnoses: tuple[Diagnosis, ...] = ()
    diagnosis_count: int = 0
    # The newest that is done.
    investigation: Investigation | None = None
    tasks: tuple[Task, ...] = ()
    actions: tuple[ReportAction, ...] = ()
    evidence: tuple[ReportEvidence, ...] = ()
