"""The shapes of answers that clients of PagerDuty's and Opsgenie's APIs expect."""

from marshmallow import fields

from services.gateway.api.delivery_shapes import AcceptedShape
from services.gateway.api.shapes import Shape


class EventProcessedShape(Shape):
    """PagerDuty's answer to an event."""

    status = fields.String()
    message = fields.String()
    dedup_key = fields.String(
        data_key="dedup_key",
        metadata={"optional": True, "description": "The event's own, or the one made for a trigger that has none."},
    )


class EventTakenShape(AcceptedShape, EventProcessedShape):
    """A delivery is on disk; with PagerDuty's answer beside it."""


class ChangeProcessedShape(Shape):
    """PagerDuty's answer to a change event."""

    status = fields.String()
    message = fields.String()


class AlertRequestShape(Shape):
    """Opsgenie's answer to a request: the delivery it became is its id."""

    result = fields.String()
    took = fields.Float()
    request_id = fields.String()


class AlertRequestDataShape(Shape):
    """What became of a request."""

    success = fields.Boolean()
    is_success = fields.Boolean()
    action = fields.String()
    processed_at = fields.DateTime(format="iso", allow_none=True)
    integration_id = fields.String()
    status = fields.String()
    alert_id = fields.String(metadata={"description": "The fingerprint of its signal; empty if there is none."})
    alias = fields.String()


class AlertRequestStatusShape(Shape):
    """Opsgenie's answer to what became of a request."""

    data = fields.Nested(AlertRequestDataShape)
    took = fields.Float()
    request_id = fields.String()
