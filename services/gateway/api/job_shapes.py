"""How jobs look on the wire."""

from marshmallow import fields

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, moment, page_of
from services.gateway.domain.records import JobState


class JobShape(Shape):
    """One unit of queued work."""

    id = fields.String()
    kind = fields.String()
    queue = fields.String(allow_none=True, metadata={"description": "null for a timer."})
    incident_id = fields.String(allow_none=True)
    delivery_id = fields.String(allow_none=True)
    payload = fields.Dict(keys=fields.String())
    schema_version = fields.Integer()
    state = Word(JobState)
    attempt = fields.Integer()
    max_attempts = fields.Integer()
    not_before = moment(allow_none=True)
    retry_of = fields.String(allow_none=True)
    error = fields.String(allow_none=True)
    created_by = fields.String()
    created_at = moment()
    started_at = moment(allow_none=True)
    finished_at = moment(allow_none=True)
    cancelling_by = fields.String(
        allow_none=True, metadata={"description": "Who asked the worker that is at it to stop where it can."}
    )


class JobProgressShape(Shape):
    """How far a running job is, by its worker's last word."""

    share = fields.Float(allow_none=True, metadata={"description": "0 to 1; null where the worker cannot tell."})
    note = fields.String()
    output = fields.String(metadata={"description": "The end of what a command has put out so far."})


class JobWholeShape(JobShape):
    """One unit of queued work, and how far it is."""

    progress = fields.Nested(JobProgressShape, allow_none=True)


JobPageShape = page_of(JobShape)
