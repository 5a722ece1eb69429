"""How diagnoses that are asked for look on the wire: views of the records, and their shapes for the document."""

from datetime import datetime
from typing import Any

import msgspec
from marshmallow import INCLUDE, fields

from services.gateway.api.diagnosis_shapes import DiagnosisContentShape, LeadingHypothesisShape
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import (
    FeedbackVerdict,
    JobState,
    LeadingHypothesis,
    QuickDx,
    QuickDxState,
)
from services.gateway.wiring import ProgressView
from shared.contracts.base import Contract
from shared.contracts.diagnosis import DiagnosisStatus
from shared.contracts.severity import Severity


class ProgressShape(Shape):
    """How far a running job is, by its worker's last word."""

    share = fields.Float(allow_none=True, metadata={"description": "0 to 1; null where it cannot be told."})
    note = fields.String()


class QuickDxAskedShape(Shape):
    """A diagnosis that was asked for just now."""

    id = fields.String()
    job_id = fields.String()
    state = Word(QuickDxState)


class QuickDxShape(QuickDxAskedShape):
    """A diagnosis that was asked for; what it found is null or empty until it is done."""

    context = fields.String()
    namespace = fields.String(allow_none=True)
    kind = fields.String()
    name = fields.String()
    error = fields.String(allow_none=True, metadata={"description": "Why it failed, or why it is tried again."})
    requested_by = fields.String()
    created_at = fields.DateTime(format="iso")
    finished_at = fields.DateTime(format="iso", allow_none=True)
    incident_ids = fields.List(fields.String(), metadata={"description": "Where it was promoted to."})
    diagnosis_id = fields.String(allow_none=True)
    observed_at = fields.DateTime(format="iso", allow_none=True)
    summary = fields.String()
    status = Word(DiagnosisStatus, allow_none=True)
    severity = Word(Severity, allow_none=True, metadata={"description": "Of the worst hypothesis or finding."})
    hypotheses = fields.List(fields.Nested(LeadingHypothesisShape))
    hypothesis_count = fields.Integer()
    finding_count = fields.Integer()
    evidence_count = fields.Integer()
    href = fields.String()


class FoundShape(DiagnosisContentShape):
    """The diagnosis whole, as the worker wrote it."""

    class Meta:
        """Workers of later releases say more."""

        unknown = INCLUDE


class FeedbackShape(Shape):
    """What one person says of one rule in one diagnosis."""

    quickdx_id = fields.String()
    rule_id = fields.String()
    verdict = Word(FeedbackVerdict)
    note = fields.String()
    given_by = fields.String()
    given_at = fields.DateTime(format="iso")


class QuickDxWithContentShape(QuickDxShape):
    """A diagnosis that was asked for, whole."""

    progress = fields.Nested(ProgressShape, allow_none=True)
    feedback = fields.List(fields.Nested(FeedbackShape))
    content = fields.Nested(FoundShape, allow_none=True)


class PrecisionShape(Shape):
    """How often people confirmed and rejected a rule."""

    rule_id = fields.String()
    confirmed = fields.Integer()
    rejected = fields.Integer()
    precision = fields.Float(allow_none=True, metadata={"description": "Confirmed of all that were judged."})


class PrecisionListShape(Shape):
    """All rules that were ever judged, by name."""

    items = fields.List(fields.Nested(PrecisionShape))
    total = fields.Integer()


class InventoryAskedShape(Shape):
    """The job that takes the inventory."""

    job_id = fields.String()
    state = Word(JobState)


class InventoryShape(Shape):
    """What there is to diagnose, as it was taken last; a later failure leaves it."""

    job_id = fields.String(allow_none=True, metadata={"description": "Of the last that was asked for."})
    state = Word(JobState, allow_none=True, metadata={"description": "Of that job."})
    error = fields.String(allow_none=True)
    taken_at = fields.DateTime(format="iso", allow_none=True)
    age_seconds = fields.Integer(allow_none=True)
    content = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata={"description": "clusters, each with namespaces and the names of objects; kinds; problem."},
    )


QuickDxPageShape = page_of(QuickDxShape)


class QuickDxView(Contract, frozen=True, kw_only=True):
    """A diagnosis that was asked for, as lists show it."""

    id: str
    job_id: str
    state: QuickDxState
    context: str
    namespace: str | None
    kind: str
    name: str
    error: str | None
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    incident_ids: tuple[str, ...]
    diagnosis_id: str | None
    observed_at: datetime | None
    summary: str
    status: DiagnosisStatus | None
    severity: Severity | None
    hypotheses: tuple[LeadingHypothesis, ...]
    hypothesis_count: int
    finding_count: int
    evidence_count: int
    href: str


class ProgressWord(Contract, frozen=True, kw_only=True):
    """How far a running job is."""

    share: float | None
    note: str


class QuickDxContentView(QuickDxView, frozen=True, kw_only=True):
    """One, whole; the content goes out as the very bytes that are kept."""

    progress: ProgressWord | None
    feedback: tuple[Any, ...]
    content: msgspec.Raw | None


_OF_RESOURCE = {"context", "namespace", "kind", "name", "href"}
_SHARED = tuple(name for name in QuickDxView.__struct_fields__ if name not in _OF_RESOURCE)


def view_quickdx(record: QuickDx) -> QuickDxView:
    """Return a diagnosis as lists show it."""
    return QuickDxView(**_members(record))


def view_quickdx_whole(
    record: QuickDx, progress: ProgressView | None, feedback: tuple[Any, ...], content: bytes | None
) -> QuickDxContentView:
    """Return a diagnosis with how far it is, what people say of it, and its content."""
    return QuickDxContentView(
        progress=ProgressWord(share=progress.share, note=progress.note) if progress is not None else None,
        feedback=feedback,
        content=msgspec.Raw(content) if content is not None else None,
        **_members(record),
    )


def _members(record: QuickDx) -> dict[str, Any]:
    resource = record.resource
    return {name: getattr(record, name) for name in _SHARED} | {
        "context": resource.cluster or "",
        "namespace": resource.namespace,
        "kind": resource.kind,
        "name": resource.name,
        "href": f"/api/quickdx/{record.id}",
    }
