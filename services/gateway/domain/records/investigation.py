"""Investigations of incidents: those that were asked for and what they found; what is told of them; clusters known."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.diagnosis import LeadingHypothesis
from shared.contracts.diagnosis import DiagnosisStatus
from shared.contracts.investigation import Trigger

KNOWN_CLUSTERS = "current"
LEFT_OUT = "left_out"


class InvestigationState(StrEnum):
    """Where an investigation stands; it follows its job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_under_way(self) -> bool:
        """Answer whether it is yet to be done."""
        return self in {InvestigationState.QUEUED, InvestigationState.RUNNING}


class GraphClusters(Record, frozen=True, kw_only=True):
    """Which clusters all graph workers said they can read, by their names; there is one.

    ``is_automatic``: incidents are investigated without anyone asking.
    """

    KIND: ClassVar[str] = "graph_clusters"

    names: tuple[str, ...] = ()
    is_automatic: bool = True
    updated_at: datetime

    @property
    def record_id(self) -> str:
        """Always the same."""
        return KNOWN_CLUSTERS

    def facets(self) -> Facets:
        """It is found by its id."""
        return Facets()


class KeptInvestigation(Record, frozen=True, kw_only=True):
    """An investigation of an incident. From ``observed_at`` on all is None or empty until it is done.

    ``context`` is the cluster as the worker calls it, ``cluster`` as the incident does (None: not at all).
    ``is_awaited``: a person asked for it, was given it, or had it done again, and wants to be told of it.
    """

    KIND: ClassVar[str] = "investigation"

    id: str
    incident_id: str
    trigger: Trigger
    context: str
    cluster: str | None = None
    onset: datetime | None = None
    max_entities: int
    job_id: str
    state: InvestigationState = InvestigationState.QUEUED
    error: str | None = None
    requested_by: str
    is_awaited: bool = False
    created_at: datetime
    finished_at: datetime | None = None
    observed_at: datetime | None = None
    summary: str = ""
    status: DiagnosisStatus | None = None
    hypotheses: tuple[LeadingHypothesis, ...] = ()
    hypothesis_count: int = 0
    finding_count: int = 0
    change_count: int = 0
    entity_count: int = 0
    edge_count: int = 0
    gap_count: int = 0

    @property
    def record_id(self) -> str:
        """The id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by incident, state and what led to it, newest first."""
        return Facets(parent=self.incident_id, state=self.state, tag=self.trigger, at=self.created_at)


class InvestigationContent(Record, frozen=True, kw_only=True):
    """What was found, byte for byte as the worker wrote it: ``text`` where it is small, else the blob ``digest``."""

    KIND: ClassVar[str] = "investigation_content"

    investigation_id: str
    incident_id: str
    digest: str
    size_bytes: int
    text: str | None = None
    blob: str | None = None

    @property
    def record_id(self) -> str:
        """That of the investigation."""
        return self.investigation_id

    def facets(self) -> Facets:
        """Goes with its incident; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(parent=self.incident_id, tag=self.blob)


class InvestigationSnapshot(Record, frozen=True, kw_only=True):
    """The blob of what was looked at, from which all that was found can be found again."""

    KIND: ClassVar[str] = "investigation_snapshot"

    investigation_id: str
    incident_id: str
    digest: str

    @property
    def record_id(self) -> str:
        """That of the investigation."""
        return self.investigation_id

    def facets(self) -> Facets:
        """Goes with its incident; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(parent=self.incident_id, tag=self.digest)


class IncidentGraph(Record, frozen=True, kw_only=True):
    """What an incident knows of its investigations, so that asking and showing cost one look-up.

    ``queued_id`` and ``running_id`` are the one that waits to begin and the one a worker is at; of each there is one at
    most. ``newest_id`` is the one that saw the newest state. ``kept_ids`` are those whose content is kept, in the order
    of what they saw; ``asked_ids`` those that have a record, in the order they were asked for. ``told`` holds the ids
    of hypotheses and changes its timeline tells of already, each with its context. ``shown`` is what the incident
    shows, as JSON: the nearest entities and edges, correlations, hypotheses. ``is_left_out``: the last time it was to
    be investigated by itself, too many others waited.
    """

    KIND: ClassVar[str] = "incident_graph"

    incident_id: str
    queued_id: str | None = None
    running_id: str | None = None
    newest_id: str | None = None
    kept_ids: tuple[str, ...] = ()
    asked_ids: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    shown: str = ""
    is_left_out: bool = False

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one of them."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident, and counted where it was left out."""
        return Facets(parent=self.incident_id, state=LEFT_OUT if self.is_left_out else None)


class InvestigationSlot(Record, frozen=True, kw_only=True):
    """One of the few places for investigations nobody asked for; free again once the one it names is at its end."""

    KIND: ClassVar[str] = "investigation_slot"

    number: int
    investigation_id: str

    @property
    def record_id(self) -> str:
        """The number."""
        return str(self.number)

    def facets(self) -> Facets:
        """It is found by its id."""
        return Facets()
