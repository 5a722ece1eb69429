"""How jobs look on the wire."""

from marshmallow import fields

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, moment, page_of
from services.gateway.domain.records import JobState
from services.gateway.handlers.job_calls import JobCall


class TrailShape(Shape):
    """What a job is done for, as log lines and traces name it. A field is null where that is not known."""

    request_id = fields.String(allow_none=True, metadata={"description": "The request that queued the job."})
    trace = fields.String(
        allow_none=True,
        metadata={"description": "The span its work stands under, as a W3C traceparent; null where it is not traced."},
    )
    earlier = fields.String(
        allow_none=True, metadata={"description": "That of the job which this one does again, as a W3C traceparent."}
    )


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
    trail = fields.Nested(TrailShape, allow_none=True)
    allowed_calls = fields.List(
        Word(JobCall), metadata={"description": "What it takes as things are now; anything else is refused."}
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
