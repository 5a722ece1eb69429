"""The shapes of answers, for the OpenAPI document; a test holds real answers against them."""

from typing import Any

from marshmallow import INCLUDE, fields, validate

from services.gateway.api.fields import FixedSchema, Word, camel_case
from services.gateway.domain.records import (
    AUDIT_TYPES,
    EntryType,
    IncidentSource,
    IncidentStatus,
    RelationType,
)
from shared.contracts.severity import Severity
from shared.contracts.signal import SignalStatus


class Shape(FixedSchema):
    """An answer in camelCase. Members may be added in later versions; none is taken away."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give every field its name on the wire; every member is always there unless it says otherwise."""
        field_obj.data_key = field_obj.data_key or camel_case(field_name)
        if "optional" not in field_obj.metadata:
            field_obj.required = True


def moment(**options: Any) -> fields.DateTime:
    """Return the field of a moment in UTC."""
    return fields.DateTime(format="iso", **options)


def words() -> fields.List[str]:
    """Return the field of a list of words."""
    return fields.List(fields.String())


def text_map() -> fields.Dict:
    """Return the field of text by name."""
    return fields.Dict(keys=fields.String(), values=fields.String())


class ProblemShape(Shape):
    """What went wrong. Branch on ``code``; some codes add members of their own."""

    class Meta:
        """Codes add members of their own."""

        unknown = INCLUDE

    type = fields.String(metadata={"description": "Identifies the kind of problem; ends with the code."})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String()
    code = fields.String(metadata={"description": "Frozen; docs/api.md lists them all."})
    instance = fields.String(allow_none=True, metadata={"description": "The request id, as in the logs."})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"optional": True, "description": "What was refused, by field."},
    )


class EntityShape(Shape):
    """A component a signal names."""

    kind = fields.String()
    name = fields.String()
    namespace = fields.String(allow_none=True)
    cluster = fields.String(allow_none=True)


class RelationShape(Shape):
    """How an incident relates to another."""

    type = Word(RelationType)
    incident_id = fields.String()


class MilestonesShape(Shape):
    """When the case reached what; null where it has not."""

    detected_at = moment()
    acknowledged_at = moment(allow_none=True)
    mitigated_at = moment(allow_none=True)
    resolved_at = moment(allow_none=True)
    closed_at = moment(allow_none=True)


class DurationsShape(Shape):
    """Seconds from detection to each milestone; null where it was not reached."""

    time_to_acknowledge_seconds = fields.Float(allow_none=True)
    time_to_mitigate_seconds = fields.Float(allow_none=True)
    time_to_resolve_seconds = fields.Float(allow_none=True)


class OccurrenceShape(Shape):
    """The newest word about one occurrence of a fingerprint, told from others by when it began."""

    starts_at = moment()
    status = Word(SignalStatus)
    ends_at = moment(allow_none=True)
    accepted_seq = fields.Integer()


class SignalShape(Shape):
    """The newest known state of one fingerprint."""

    fingerprint = fields.String()
    source = fields.String()
    incident_id = fields.String(allow_none=True)
    status = Word(SignalStatus)
    severity = Word(Severity)
    name = fields.String()
    title = fields.String()
    description = fields.String()
    labels = text_map()
    annotations = text_map()
    group_labels = text_map()
    dedup_key = fields.String(allow_none=True, metadata={"description": "The sender's own key of its group."})
    service = fields.String(allow_none=True)
    entities = fields.List(fields.Nested(EntityShape))
    link = fields.String(allow_none=True)
    starts_at = moment()
    ends_at = moment(allow_none=True)
    accepted_seq = fields.Integer()
    occurrences = fields.List(
        fields.Nested(OccurrenceShape),
        metadata={"description": "What the state follows from, oldest first; only the last few are kept."},
    )
    words_seq = fields.Integer(metadata={"description": "The newest delivery that described it; or 0."})
    acknowledged_seq = fields.Integer(metadata={"description": "The newest delivery that said somebody has it; or 0."})
    acknowledged_at = moment(allow_none=True)
    held_by = fields.String(allow_none=True, metadata={"description": "The silence that holds it back."})
    flips = fields.List(moment(), metadata={"description": "When it last changed between firing and resolved."})
    count = fields.Integer(metadata={"description": "How many deliveries reported it, repeats included."})
    first_seen_at = moment()
    last_seen_at = moment()


class EntryShape(Shape):
    """A fact about an incident, in its place of the chain."""

    sequence = fields.Integer()
    type = fields.String(validate=validate.OneOf([kind for kind in EntryType if kind not in AUDIT_TYPES]))
    actor = fields.String()
    source = fields.String()
    occurred_at = moment()
    recorded_at = moment()
    message = fields.String()
    payload = fields.Dict(keys=fields.String())
    previous_hash = fields.String()
    hash = fields.String()


class TimelineShape(Shape):
    """The end of a timeline: how long it is, its head, and its newest entries, oldest of them first."""

    count = fields.Integer()
    head_sequence = fields.Integer()
    head_hash = fields.String()
    href = fields.String()
    entries = fields.List(fields.Nested(EntryShape))


class IncidentLinksShape(Shape):
    """Where the rest of an incident is."""

    self = fields.String()
    timeline = fields.String()
    signals = fields.String()
    actions = fields.String()
    jobs = fields.String()
    tasks = fields.String()
    diagnoses = fields.String()
    investigations = fields.String()
    graph = fields.String()
    evidence = fields.String()
    report = fields.String()
    export = fields.String()


class IncidentSummaryShape(Shape):
    """One line of the inbox."""

    id = fields.String()
    number = fields.Integer()
    title = fields.String()
    status = Word(IncidentStatus)
    severity = Word(Severity)
    owner = fields.String(allow_none=True)
    services = words()
    labels = text_map()
    source = Word(IncidentSource)
    dedup_key = fields.String(allow_none=True)
    rule_id = fields.String(allow_none=True, metadata={"description": "The grouping rule that opened it."})
    milestones = fields.Nested(MilestonesShape)
    signal_count = fields.Integer()
    firing_count = fields.Integer()
    last_signal_at = moment(allow_none=True)
    created_at = moment()
    updated_at = moment()
    version = fields.Integer()


class IncidentShape(IncidentSummaryShape):
    """An incident whole."""

    ref = fields.String(metadata={"description": "The number as people write it, INC-42."})
    description = fields.String()
    severity_pinned = fields.Boolean(metadata={"description": "A person chose it; signals no longer raise it."})
    roles = text_map()
    relations = fields.List(fields.Nested(RelationShape))
    durations = fields.Nested(DurationsShape)
    created_by = fields.String()
    signal_names = words()
    entities = fields.List(fields.Nested(EntityShape))
    signals = fields.List(fields.Nested(SignalShape), metadata={"description": "The newest ones; links has all."})
    # By its name: `action_shapes` builds on this module.
    actions = fields.List(
        fields.Nested("ActionSummaryShape"), metadata={"description": "The newest ones; links has all."}
    )
    # Named as text: their modules are made of this one's shapes.
    tasks = fields.List(fields.Nested("TaskBriefShape"), metadata={"description": "Open ones first; links has all."})
    task_count = fields.Integer()
    open_task_count = fields.Integer()
    diagnoses = fields.List(fields.Nested("DiagnosisShape"), metadata={"description": "The newest; links has all."})
    diagnosis_count = fields.Integer()
    investigation = fields.Nested(
        "InvestigationShape", allow_none=True, metadata={"description": "Under way, else the newest done."}
    )
    graph_entities = fields.List(fields.Nested("GraphEntityShape"), metadata={"description": "The nearest; see graph."})
    graph_edges = fields.List(fields.Nested("GraphEdgeShape"), metadata={"description": "Among those; see graph."})
    correlations = fields.List(fields.Nested("CorrelationShape"), metadata={"description": "The first; see graph."})
    hypotheses = fields.List(
        fields.Nested("BriefHypothesisShape"), metadata={"description": "The likeliest; see evidence."}
    )
    timeline = fields.Nested(TimelineShape)
    allowed_transitions = fields.List(
        Word(IncidentStatus), metadata={"description": "merged has a call of its own: /merge."}
    )
    links = fields.Nested(IncidentLinksShape)


def page_of(item: type[Shape]) -> type[Shape]:
    """Return the shape of a page of ``item``."""
    name = item.__name__.removesuffix("Shape") + "PageShape"
    members = {
        "items": fields.List(fields.Nested(item)),
        "total": fields.Integer(allow_none=True, metadata={"description": "All matches, over all pages."}),
        "next_cursor": fields.String(allow_none=True, metadata={"description": "Ask with it for the next page."}),
        "__doc__": f"One page of a list of {item.__name__.removesuffix('Shape')}.",
        "__module__": __name__,
    }
    return type(name, (Shape,), members)


IncidentPageShape = page_of(IncidentSummaryShape)
SignalPageShape = page_of(SignalShape)


class TimelinePageShape(Shape):
    """Entries in order, after the sequence asked for, or newest first before it."""

    items = fields.List(fields.Nested(EntryShape))
    total = fields.Integer(metadata={"description": "How long the timeline is, whatever was asked for."})
    head_sequence = fields.Integer()
    head_hash = fields.String()
    next_after = fields.Integer(allow_none=True, metadata={"description": "Ask with it for the next page."})
    next_before = fields.Integer(allow_none=True, metadata={"description": "The same, of the newest first."})
