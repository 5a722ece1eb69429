"""The incident as it is stored: the head that people edit, and the activity that machines keep."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint


class IncidentStatus(StrEnum):
    """Where an incident stands in its lifecycle; ``domain.lifecycle`` says which moves are allowed."""

    NEW = "new"
    TRIAGE = "triage"
    INVESTIGATING = "investigating"
    MITIGATED = "mitigated"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    MERGED = "merged"


class IncidentSource(StrEnum):
    """Where an incident came from."""

    MANUAL = "manual"
    QUICKDX = "quickdx"
    WEBHOOK = "webhook"
    JIRA = "jira"
    SLACK = "slack"
    SYSTEM = "system"


class Milestones(Contract, frozen=True, kw_only=True):
    """When the case reached what; the figures MTTA and MTTR are made from these."""

    detected_at: datetime
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None


class RelationType(StrEnum):
    """How one incident relates to another; ``related`` and the two of a merge stand on both sides."""

    RELATED = "related"
    RECURRENCE_OF = "recurrence_of"
    MERGED_INTO = "merged_into"
    MERGED_FROM = "merged_from"


class Relation(Contract, frozen=True, kw_only=True):
    """How this incident relates to another."""

    type: RelationType
    incident_id: str


class Incident(Record, frozen=True, kw_only=True):
    """The head of an incident: what people edit.

    ``version`` counts the edits of people and the moves of status, so a responder's ``If-Match`` is never
    refused because alerts keep coming. ``number`` is 0 until the store gives the next one at commit.
    """

    KIND: ClassVar[str] = "incident"

    id: str
    number: int = 0
    title: str
    description: str = ""
    status: IncidentStatus = IncidentStatus.NEW
    severity: Severity
    # A person chose the severity: signals that are worse no longer raise it.
    severity_pinned: bool = False
    owner: str | None = None
    roles: dict[str, str] = {}
    services: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    source: IncidentSource
    dedup_key: str | None = None
    # The grouping rule that opened it; None for those opened by people.
    rule_id: str | None = None
    relations: tuple[Relation, ...] = ()
    milestones: Milestones
    created_by: str
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def record_id(self) -> str:
        """The incident id."""
        return self.id

    def facets(self) -> Facets:
        """Retention goes by status and the last change; the inbox has an index of its own."""
        return Facets(state=self.status, at=self.updated_at)


class Activity(Record, frozen=True, kw_only=True):
    """What changes with every signal of an incident: counts and times, and so a record of its own, and small."""

    KIND: ClassVar[str] = "activity"

    incident_id: str
    signal_count: int = 0
    firing_count: int = 0
    last_signal_at: datetime | None = None
    # Of those that fire, the signal that joined by the delivery accepted last, and that delivery's sequence.
    newest_fingerprint: str | None = None
    newest_seq: int = 0
    # Until when it does not resolve by itself because one of its signals flapped.
    quiet_until: datetime | None = None
    # The job that will resolve the incident once its signals stayed resolved for the stable period.
    resolve_job_id: str | None = None

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one activity record."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id)


class Hints(Record, frozen=True, kw_only=True):
    """What the signals and diagnoses of an incident name, each once and capped.

    Alert names, which the inbox searches, and entities. Written only when something new is named; a storm of
    repeats leaves it alone.
    """

    KIND: ClassVar[str] = "hints"

    incident_id: str
    signal_names: tuple[str, ...] = ()
    entities: tuple[EntityHint, ...] = ()

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one hints record."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id)
