"""A diagnosis as it is attached to an incident: what lists show of it, and its whole content."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract
from shared.contracts.diagnosis import CoverageNote, DiagnosedResource, DiagnosisStatus
from shared.contracts.severity import Severity


class LeadingHypothesis(Contract, frozen=True, kw_only=True):
    """One of the likeliest root causes, without its evidence."""

    rule_id: str
    title: str
    confidence: float
    severity: Severity


class AttachedDiagnosis(Record, frozen=True, kw_only=True):
    """A diagnosis at one incident; at another it is a record of its own. It never changes.

    ``digest`` is the SHA-256 of the content. The content itself is ``text`` where it is small, else the blob of
    that digest.
    """

    KIND: ClassVar[str] = "diagnosis"

    incident_id: str
    diagnosis_id: str
    digest: str
    size_bytes: int
    resource: DiagnosedResource
    observed_at: datetime
    produced_by: str
    producer_version: str
    summary: str
    status: DiagnosisStatus
    coverage: tuple[CoverageNote, ...] = ()
    # Of the worst hypothesis, or finding where there is none.
    severity: Severity | None = None
    hypotheses: tuple[LeadingHypothesis, ...] = ()
    hypothesis_count: int = 0
    finding_count: int = 0
    evidence_count: int = 0
    attached_by: str
    attached_at: datetime
    text: str | None = None
    blob: str | None = None

    @property
    def record_id(self) -> str:
        """Incident id and diagnosis id."""
        return attached_id(self.incident_id, self.diagnosis_id)

    def facets(self) -> Facets:
        """Listed by incident and status, newest first; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(parent=self.incident_id, state=self.status, tag=self.blob, at=self.attached_at)


def attached_id(incident_id: str, diagnosis_id: str) -> str:
    """Return the record id of a diagnosis at an incident."""
    return f"{incident_id}/{diagnosis_id}"
