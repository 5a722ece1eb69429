"""A diagnosis that was asked for: the request and what became of it, its content, and what people said of its rules."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from services.gateway.domain.records.diagnosis import LeadingHypothesis
from shared.contracts.diagnosis import DiagnosedResource, DiagnosisStatus
from shared.contracts.severity import Severity

CLUSTER_NAMES = "current"


class QuickDxState(StrEnum):
    """Where a diagnosis that was asked for stands; it follows its job."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class FeedbackVerdict(StrEnum):
    """What a person says of a rule's finding once they know."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"


class QuickDx(Record, frozen=True, kw_only=True):
    """A diagnosis that was asked for. From ``diagnosis_id`` on all is None or empty until it is done."""

    KIND: ClassVar[str] = "quickdx"

    id: str
    # As it was asked for; ``cluster`` is the context.
    resource: DiagnosedResource
    job_id: str
    state: QuickDxState = QuickDxState.QUEUED
    error: str | None = None
    requested_by: str
    created_at: datetime
    finished_at: datetime | None = None
    # The incidents it was promoted to, in that order.
    incident_ids: tuple[str, ...] = ()
    diagnosis_id: str | None = None
    observed_at: datetime | None = None
    summary: str = ""
    status: DiagnosisStatus | None = None
    severity: Severity | None = None
    hypotheses: tuple[LeadingHypothesis, ...] = ()
    hypothesis_count: int = 0
    finding_count: int = 0
    evidence_count: int = 0
    # The rules that claim something in it: what feedback may be about.
    rule_ids: tuple[str, ...] = ()

    @property
    def record_id(self) -> str:
        """The id it was asked for under."""
        return self.id

    def facets(self) -> Facets:
        """Listed by context, state and the object's name, newest first."""
        return Facets(parent=self.resource.cluster, state=self.state, tag=self.resource.name, at=self.created_at)


class QuickDxContent(Record, frozen=True, kw_only=True):
    """The diagnosis, byte for byte as the worker wrote it: ``text`` where it is small, else the blob ``digest``."""

    KIND: ClassVar[str] = "quickdx_content"

    quickdx_id: str
    digest: str
    size_bytes: int
    text: str | None = None
    blob: str | None = None

    @property
    def record_id(self) -> str:
        """The id it was asked for under."""
        return self.quickdx_id

    def facets(self) -> Facets:
        """``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(tag=self.blob)


class Inventory(Record, frozen=True, kw_only=True):
    """What there is to diagnose, by name; there is one. ``job_id`` is the last job that was to take it.

    Before the first was taken, ``taken_at`` is None and there is no content. A later one that fails leaves it.
    """

    KIND: ClassVar[str] = "inventory"

    job_id: str
    taken_at: datetime | None = None
    text: str | None = None
    blob: str | None = None

    @property
    def record_id(self) -> str:
        """Always the same."""
        return CLUSTER_NAMES

    def facets(self) -> Facets:
        """``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(tag=self.blob)


class RuleFeedback(Record, frozen=True, kw_only=True):
    """What one person says of one rule in one diagnosis; saying it anew replaces what they said."""

    KIND: ClassVar[str] = "rule_feedback"

    quickdx_id: str
    rule_id: str
    verdict: FeedbackVerdict
    note: str = ""
    given_by: str
    given_at: datetime

    @property
    def record_id(self) -> str:
        """Diagnosis, rule and person."""
        return feedback_id(self.quickdx_id, self.rule_id, self.given_by)

    def facets(self) -> Facets:
        """Listed by diagnosis, verdict and rule, newest first."""
        return Facets(parent=self.quickdx_id, state=self.verdict, tag=self.rule_id, at=self.given_at)


class RulePrecision(Record, frozen=True, kw_only=True):
    """How often people confirmed and rejected a rule; it outlives the diagnoses it was counted from."""

    KIND: ClassVar[str] = "rule_precision"

    rule_id: str
    confirmed: int = 0
    rejected: int = 0
    updated_at: datetime

    @property
    def record_id(self) -> str:
        """The rule."""
        return self.rule_id

    def facets(self) -> Facets:
        """Listed by when it was last said."""
        return Facets(at=self.updated_at)


def feedback_id(quickdx_id: str, rule_id: str, given_by: str) -> str:
    """Return the record id of what one person says of one rule in one diagnosis."""
    return f"{quickdx_id}/{rule_id}/{given_by}"
