"""How investigations look on the wire: views of the records, and their shapes for the OpenAPI document."""

from datetime import datetime
from typing import Any

import msgspec
from marshmallow import INCLUDE, fields

from services.gateway.api.diagnosis_shapes import (
    CoverageNoteShape,
    DiagnosedResourceShape,
    FindingShape,
    LeadingHypothesisShape,
    StepShape,
)
from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import InvestigationState, KeptInvestigation, LeadingHypothesis
from shared.contracts.base import Contract
from shared.contracts.diagnosis import CoverageNote, DiagnosisStatus, Finding
from shared.contracts.investigation import (
    BlastRadius,
    Correlation,
    Cut,
    GraphEdge,
    GraphEntity,
    Investigation,
    ObservedChange,
    Seed,
    Trigger,
)


class InvestigationAskedShape(Shape):
    """An investigation that was asked for just now, or is under way already."""

    id = fields.String()
    job_id = fields.String()
    state = Word(InvestigationState)


class InvestigationShape(InvestigationAskedShape):
    """An investigation of an incident; what it found is null or empty until it is done."""

    incident_id = fields.String()
    trigger = Word(Trigger)
    context = fields.String(metadata={"description": "The cluster, as graph workers call it."})
    cluster = fields.String(allow_none=True, metadata={"description": "The cluster, as the incident calls it."})
    onset = fields.DateTime(format="iso", allow_none=True, metadata={"description": "As it was asked for."})
    max_entities = fields.Integer()
    error = fields.String(allow_none=True, metadata={"description": "Why it failed, or why it is tried again."})
    requested_by = fields.String()
    created_at = fields.DateTime(format="iso")
    finished_at = fields.DateTime(format="iso", allow_none=True)
    observed_at = fields.DateTime(format="iso", allow_none=True)
    summary = fields.String()
    status = Word(DiagnosisStatus, allow_none=True)
    hypotheses = fields.List(fields.Nested(LeadingHypothesisShape))
    hypothesis_count = fields.Integer()
    finding_count = fields.Integer()
    change_count = fields.Integer()
    entity_count = fields.Integer()
    edge_count = fields.Integer()
    gap_count = fields.Integer(metadata={"description": "What could not be looked at."})


class _Later(Shape):
    class Meta:
        """Workers of later releases say more."""

        unknown = INCLUDE


class SeedShape(_Later):
    """What the investigation started from, and why; ``entity`` is empty where a hint led to nothing."""

    hint = fields.String()
    reason = fields.String()
    entity = fields.String()
    presence = fields.String()
    weight = fields.Float()
    signals = fields.List(fields.String())


class GraphEntityShape(_Later):
    """A component near the incident."""

    id = fields.String(metadata={"description": "Kind/namespace/name, or Kind/name."})
    resource = fields.Nested(DiagnosedResourceShape)
    layer = fields.String()
    presence = fields.String(metadata={"description": "present, absent (proven), or unknown."})
    uid = fields.String()
    hops = fields.Integer()
    is_seed = fields.Boolean()


class OriginShape(_Later):
    """Which field of which object says so."""

    resource = fields.Nested(DiagnosedResourceShape)
    uid = fields.String()
    field_path = fields.String()
    resource_version = fields.String()


class GraphEdgeShape(_Later):
    """A relation between two entities."""

    id = fields.String()
    source = fields.String()
    target = fields.String()
    relation = fields.String()
    layer = fields.String()
    state = fields.String(metadata={"description": "present, absent (proven), or unknown."})
    confidence = fields.Float()
    rationale = fields.String()
    note = fields.String()
    origin = fields.Nested(OriginShape, allow_none=True)


class CorrelationShape(_Later):
    """A weighted link from a signal, finding or change to an entity, with the reason."""

    id = fields.String()
    subject = fields.String()
    subject_kind = fields.String()
    entity = fields.String()
    weight = fields.Float()
    rationale = fields.String()


class CutShape(_Later):
    """What was left out, and why."""

    kind = fields.String()
    count = fields.Integer()
    reason = fields.String()


class BlastRadiusShape(_Later):
    """Who depends on the seeds, and what they depend on; entity ids, near first."""

    upstream = fields.List(fields.String())
    downstream = fields.List(fields.String())


class ObservedChangeShape(_Later):
    """A change near the incident, ranked."""

    id = fields.String()
    entity = fields.String()
    summary = fields.String()
    resource = fields.Nested(DiagnosedResourceShape)
    kind = fields.String()
    source = fields.String()
    field_path = fields.String()
    before = fields.String()
    after = fields.String()
    at = fields.DateTime(format="iso", allow_none=True)
    is_latest = fields.Boolean(metadata={"description": "``at`` is the latest it can have been made."})
    by = fields.String()
    hops = fields.Integer(allow_none=True)
    confidence = fields.Float()
    arithmetic = fields.List(fields.Nested(StepShape))


class _OfInvestigationShape(Shape):
    investigation_id = fields.String()
    incident_id = fields.String()
    cluster = fields.String()
    trigger = Word(Trigger)
    observed_at = fields.DateTime(format="iso")
    status = Word(DiagnosisStatus)
    summary = fields.String()
    coverage = fields.List(fields.Nested(CoverageNoteShape), metadata={"description": "What could not be looked at."})


class IncidentGraphShape(_OfInvestigationShape):
    """What surrounds an incident."""

    seeds = fields.List(fields.Nested(SeedShape))
    entities = fields.List(fields.Nested(GraphEntityShape))
    edges = fields.List(fields.Nested(GraphEdgeShape))
    cut = fields.List(fields.Nested(CutShape))
    blast_radius = fields.Nested(BlastRadiusShape)
    correlations = fields.List(fields.Nested(CorrelationShape))


class IncidentEvidenceShape(_OfInvestigationShape):
    """What is wrong around an incident, how sure that is and why."""

    onset = fields.DateTime(format="iso", allow_none=True)
    hypotheses = fields.List(fields.Nested(FindingShape))
    findings = fields.List(fields.Nested(FindingShape))
    changes = fields.List(fields.Nested(ObservedChangeShape))


class StateChangeShape(Shape):
    """An entity or edge in another state than before."""

    id = fields.String()
    before = fields.String()
    after = fields.String()


class GraphDiffShape(Shape):
    """What differs between two investigations of an incident."""

    from_id = fields.String()
    to_id = fields.String()
    from_observed_at = fields.DateTime(format="iso")
    to_observed_at = fields.DateTime(format="iso")
    entities_added = fields.List(fields.Nested(GraphEntityShape))
    entities_removed = fields.List(fields.Nested(GraphEntityShape))
    entities_changed = fields.List(fields.Nested(StateChangeShape))
    edges_added = fields.List(fields.Nested(GraphEdgeShape))
    edges_removed = fields.List(fields.Nested(GraphEdgeShape))
    edges_changed = fields.List(fields.Nested(StateChangeShape))
    may_be_unseen = fields.List(
        fields.String(), metadata={"description": "What one of the two could not see whole: there, gone is not gone."}
    )


class BriefHypothesisShape(LeadingHypothesisShape):
    """One of the likeliest root causes, with what it blames and how its confidence comes about."""

    culprit = fields.Nested(DiagnosedResourceShape, allow_none=True)
    arithmetic = fields.List(fields.Nested(StepShape))


InvestigationPageShape = page_of(InvestigationShape)


class InvestigationView(Contract, frozen=True, kw_only=True):
    """An investigation, without what it found."""

    id: str
    job_id: str
    state: InvestigationState
    incident_id: str
    trigger: Trigger
    context: str
    cluster: str | None
    onset: datetime | None
    max_entities: int
    error: str | None
    requested_by: str
    created_at: datetime
    finished_at: datetime | None
    observed_at: datetime | None
    summary: str
    status: DiagnosisStatus | None
    hypotheses: tuple[LeadingHypothesis, ...]
    hypothesis_count: int
    finding_count: int
    change_count: int
    entity_count: int
    edge_count: int
    gap_count: int


class _OfInvestigation(Contract, frozen=True, kw_only=True):
    investigation_id: str
    incident_id: str
    cluster: str
    trigger: Trigger
    observed_at: datetime
    status: DiagnosisStatus
    summary: str
    coverage: tuple[CoverageNote, ...]


class IncidentGraphView(_OfInvestigation, frozen=True, kw_only=True):
    """What surrounds an incident."""

    seeds: tuple[Seed, ...]
    entities: tuple[GraphEntity, ...]
    edges: tuple[GraphEdge, ...]
    cut: tuple[Cut, ...]
    blast_radius: BlastRadius
    correlations: tuple[Correlation, ...]


class IncidentEvidenceView(_OfInvestigation, frozen=True, kw_only=True):
    """What is wrong around an incident."""

    onset: datetime | None
    hypotheses: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    changes: tuple[ObservedChange, ...]


class ShownGraph(Contract, frozen=True, kw_only=True):
    """What an incident shows of its newest investigation, as it is kept."""

    graph_entities: msgspec.Raw = msgspec.Raw(b"[]")
    graph_edges: msgspec.Raw = msgspec.Raw(b"[]")
    correlations: msgspec.Raw = msgspec.Raw(b"[]")
    hypotheses: msgspec.Raw = msgspec.Raw(b"[]")


NOTHING_SHOWN = ShownGraph()
decode_shown = msgspec.json.Decoder(ShownGraph).decode


def view_investigation(record: KeptInvestigation) -> InvestigationView:
    """Return an investigation as lists show it."""
    return InvestigationView(**{name: getattr(record, name) for name in InvestigationView.__struct_fields__})


def view_graph(investigation_id: str, found: Investigation, layers: tuple[str, ...]) -> IncidentGraphView:
    """Return what surrounds the incident: of ``layers`` alone, where any are named."""
    return IncidentGraphView(
        seeds=found.seeds,
        entities=tuple(one for one in found.entities if not layers or one.layer in layers),
        edges=tuple(one for one in found.edges if not layers or one.layer in layers),
        cut=found.cut,
        blast_radius=found.blast_radius,
        correlations=found.correlations,
        **_of(investigation_id, found),
    )


def view_evidence(investigation_id: str, found: Investigation) -> IncidentEvidenceView:
    """Return what is wrong around the incident."""
    return IncidentEvidenceView(
        onset=found.onset,
        hypotheses=found.hypotheses,
        findings=found.findings,
        changes=found.changes,
        **_of(investigation_id, found),
    )


def _of(investigation_id: str, found: Investigation) -> dict[str, Any]:
    names = ("incident_id", "cluster", "trigger", "observed_at", "status", "summary", "coverage")
    return {"investigation_id": investigation_id} | {name: getattr(found, name) for name in names}
