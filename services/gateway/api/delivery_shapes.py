"""How deliveries look on the wire, with the one outcome of each of their signals."""

from marshmallow import fields

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, moment, page_of, text_map, words
from services.gateway.domain.records import DeliveryState, Outcome
from shared.contracts.severity import Severity


class AcceptedShape(Shape):
    """A delivery is on disk; the job will read it."""

    delivery_id = fields.String()
    job_id = fields.String()
    replayed = fields.Boolean(
        metadata={"optional": True, "description": "The Idempotency-Key was known; this is its delivery."},
    )


class SignalOutcomeShape(Shape):
    """The one recorded outcome of one signal of a delivery."""

    fingerprint = fields.String()
    status = fields.String()
    outcome = Word(Outcome)
    incident_id = fields.String(allow_none=True)
    reason = fields.String()
    acknowledged = fields.Boolean(metadata={"description": "It said that somebody took the signal on."})
    is_repeat = fields.Boolean(metadata={"description": "It said nothing new."})
    severity = Word(Severity, allow_none=True)
    starts_at = moment(allow_none=True)
    ends_at = moment(allow_none=True)
    rule_id = fields.String(allow_none=True, metadata={"description": "The grouping rule that decided."})
    rules_version = fields.Integer(metadata={"description": "Of which version of the rules; 0: the built-in ones."})
    dedup_key = fields.String(allow_none=True)
    suppressed_by = fields.String(allow_none=True, metadata={"description": "The silence or rule that held it back."})


class ChangeOutcomeShape(Shape):
    """What became of one change of a delivery: it was noted."""

    change_id = fields.String()
    summary = fields.String()


class SignalReadingShape(Shape):
    """What a preview read out of one alert."""

    name = fields.String()
    title = fields.String()
    service = fields.String(allow_none=True)
    labels = text_map()
    dedup_key = fields.String(allow_none=True)
    link = fields.String(allow_none=True)


class DeliveryShape(Shape):
    """One request a source sent, and what became of it."""

    id = fields.String()
    source = fields.String()
    state = Word(DeliveryState)
    received_at = moment()
    headers = text_map()
    size_bytes = fields.Integer()
    digest = fields.String()
    job_id = fields.String()
    sender = fields.String()
    context = text_map()
    accepted_seq = fields.Integer()
    outcome = Word(Outcome, allow_none=True)
    signals = fields.List(fields.Nested(SignalOutcomeShape))
    changes = fields.List(fields.Nested(ChangeOutcomeShape))
    warnings = words()
    code = fields.String(allow_none=True)
    reason = fields.String()
    processed_at = moment(allow_none=True)
    replay_of = fields.String(allow_none=True)
    readings = fields.List(fields.Nested(SignalReadingShape), metadata={"description": "Of a preview only."})
    preview_id = fields.String(allow_none=True, metadata={"description": "Read again for this preview only."})
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        allow_none=True,
        metadata={"description": "The mapping it is read with, in place of the one in force."},
    )


DeliveryPageShape = page_of(DeliveryShape)
