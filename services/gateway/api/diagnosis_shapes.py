"""How diagnoses look on the wire: views of the record, and their shapes for the OpenAPI document."""

from datetime import datetime
from typing import Any

import msgspec
from marshmallow import fields

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import AttachedDiagnosis, LeadingHypothesis
from shared.contracts.base import Contract
from shared.contracts.diagnosis import CoverageNote, DiagnosedResource, DiagnosisStatus, Verdict
from shared.contracts.severity import Severity

# Left out where the producer says nothing of it.
_OPTIONAL = {"optional": True}


class DiagnosedResourceShape(Shape):
    """The object a diagnosis is about."""

    cluster = fields.String(allow_none=True)
    namespace = fields.String(allow_none=True)
    kind = fields.String()
    name = fields.String()


class GrantShape(Shape):
    """The rule of a role that would allow what was refused."""

    api_groups = fields.List(fields.String())
    resources = fields.List(fields.String())
    verbs = fields.List(fields.String())
    namespace = fields.String(allow_none=True)


class CoverageNoteShape(Shape):
    """What could not be looked at, and why."""

    part = fields.String()
    reason = fields.String()
    kind = fields.String(metadata=_OPTIONAL)
    namespace = fields.String(metadata=_OPTIONAL)
    verb = fields.String(metadata=_OPTIONAL)
    state = fields.String(metadata=_OPTIONAL)
    grant = fields.Nested(GrantShape, metadata=_OPTIONAL)


class StepShape(Shape):
    """A part of a confidence: how much, and why."""

    reason = fields.String()
    delta = fields.Float()


class ProposalShape(Shape):
    """What would help."""

    text = fields.String()
    command = fields.List(fields.String())
    risk = fields.String()


class CheckedShape(Shape):
    """What was looked at."""

    objects = fields.Dict(keys=fields.String(), values=fields.Integer())
    rules = fields.Integer()
    logs = fields.Integer()


class LeadingHypothesisShape(Shape):
    """One of the likeliest root causes."""

    rule_id = fields.String()
    title = fields.String()
    confidence = fields.Float()
    severity = Word(Severity)


class EvidenceShape(Shape):
    """One observation."""

    kind = fields.String()
    source = fields.String()
    query = fields.String(allow_none=True)
    observation = fields.String()
    at = fields.DateTime(format="iso", allow_none=True)
    digest = fields.String(allow_none=True)


class FindingShape(LeadingHypothesisShape):
    """What a rule concludes, with its evidence."""

    explanation = fields.String()
    remediation = fields.String()
    evidence = fields.List(fields.Nested(EvidenceShape))
    subject = fields.Nested(DiagnosedResourceShape, metadata=_OPTIONAL)
    culprit = fields.Nested(DiagnosedResourceShape, metadata=_OPTIONAL)
    arithmetic = fields.List(fields.Nested(StepShape), metadata=_OPTIONAL)
    actions = fields.List(fields.Nested(ProposalShape), metadata=_OPTIONAL)
    explains = fields.List(fields.Nested(DiagnosedResourceShape), metadata=_OPTIONAL)
    follows_from = fields.Nested(DiagnosedResourceShape, metadata=_OPTIONAL)


class DiagnosisContentShape(Shape):
    """The diagnosis whole, as it was attached."""

    id = fields.String()
    resource = fields.Nested(DiagnosedResourceShape)
    observed_at = fields.DateTime(format="iso")
    produced_by = fields.String()
    producer_version = fields.String()
    summary = fields.String()
    status = Word(DiagnosisStatus)
    coverage = fields.List(fields.Nested(CoverageNoteShape))
    findings = fields.List(fields.Nested(FindingShape))
    hypotheses = fields.List(fields.Nested(FindingShape))
    schema_version = fields.Integer()
    verdict = Word(Verdict, metadata=_OPTIONAL)
    checked = fields.Nested(CheckedShape, metadata=_OPTIONAL)


class DiagnosisShape(Shape):
    """A diagnosis at an incident, without its content."""

    id = fields.String()
    incident_id = fields.String()
    digest = fields.String(metadata={"description": "SHA-256 of the content."})
    size_bytes = fields.Integer()
    resource = fields.Nested(DiagnosedResourceShape)
    observed_at = fields.DateTime(format="iso")
    produced_by = fields.String()
    producer_version = fields.String()
    summary = fields.String()
    status = Word(DiagnosisStatus)
    coverage = fields.List(fields.Nested(CoverageNoteShape))
    severity = Word(Severity, allow_none=True, metadata={"description": "Of the worst hypothesis or finding."})
    hypotheses = fields.List(
        fields.Nested(LeadingHypothesisShape), metadata={"description": "The likeliest few; href has all."}
    )
    hypothesis_count = fields.Integer()
    finding_count = fields.Integer()
    evidence_count = fields.Integer()
    attached_by = fields.String()
    attached_at = fields.DateTime(format="iso")
    href = fields.String()


class DiagnosisWithContentShape(DiagnosisShape):
    """A diagnosis at an incident, whole."""

    content = fields.Nested(DiagnosisContentShape)


DiagnosisPageShape = page_of(DiagnosisShape)


class DiagnosisView(Contract, frozen=True, kw_only=True):
    """A diagnosis at an incident, without its content."""

    id: str
    incident_id: str
    digest: str
    size_bytes: int
    resource: DiagnosedResource
    observed_at: datetime
    produced_by: str
    producer_version: str
    summary: str
    status: DiagnosisStatus
    coverage: tuple[CoverageNote, ...]
    severity: Severity | None
    hypotheses: tuple[LeadingHypothesis, ...]
    hypothesis_count: int
    finding_count: int
    evidence_count: int
    attached_by: str
    attached_at: datetime
    href: str


class DiagnosisContentView(DiagnosisView, frozen=True, kw_only=True):
    """A diagnosis at an incident, whole; the content goes out as the very bytes that are kept."""

    content: msgspec.Raw


_SHARED = tuple(name for name in DiagnosisView.__struct_fields__ if name not in {"id", "href"})


def view_diagnosis(record: AttachedDiagnosis, incident_path: str) -> DiagnosisView:
    """Return a diagnosis as lists show it."""
    return DiagnosisView(**_members(record, incident_path))


def view_content(record: AttachedDiagnosis, incident_path: str, content: bytes) -> DiagnosisContentView:
    """Return a diagnosis with its content."""
    return DiagnosisContentView(content=msgspec.Raw(content), **_members(record, incident_path))


def _members(record: AttachedDiagnosis, incident_path: str) -> dict[str, Any]:
    shared = {name: getattr(record, name) for name in _SHARED}
    return shared | {"id": record.diagnosis_id, "href": f"{incident_path}/diagnoses/{record.diagnosis_id}"}
