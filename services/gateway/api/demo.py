"""The endpoint that plays the demo outage into this product."""

from datetime import timedelta
from typing import Any

from flask import Response
from marshmallow import fields, validate

from services.gateway import errors
from services.gateway.api.current import JSON, encode, gateway, idempotency_key, metrics, subject
from services.gateway.api.fields import InputSchema
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.shapes import Shape
from services.gateway.api.sources import ALERTMANAGER
from services.gateway.api.taking import refuse_if_busy
from services.gateway.domain.records import Role, Scope
from services.gateway.handlers.play_demo import DemoOrder, play_demo

blueprint = ReadingBlueprint("demo", __name__, description="An outage to look at.")
_SLOWEST = 60
_WHERE = "/api/deliveries"


class DemoInput(InputSchema):
    """How fast; the body may be left out."""

    may_be_absent = True
    pace_seconds = fields.Float(
        load_default=1.0,
        validate=validate.Range(0, _SLOWEST),
        allow_nan=False,
        metadata={"description": "How long each step waits for the one before."},
    )


class DemoStepShape(Shape):
    """A step of the outage, and the delivery it became."""

    source = fields.String()
    says = fields.String()
    delivery_id = fields.String()
    job_id = fields.String()


class DemoShape(Shape):
    """The outage, step by step."""

    steps = fields.List(fields.Nested(DemoStepShape))


@endpoint(
    blueprint,
    Operation(
        path="/api/demo",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_WRITE,
        status=202,
        answer=DemoShape,
        body=DemoInput,
        body_example={"paceSeconds": 1},
        errors=(errors.IntakeBusy,),
        keyed=True,
    ),
)
def play(given: dict[str, Any]) -> Response:
    """Play a short outage: its deliveries are accepted as if their sources sent them; all its signals say so."""
    refuse_if_busy(ALERTMANAGER)
    parts = gateway()
    order = DemoOrder(subject().id, timedelta(seconds=given["pace_seconds"]), idempotency_key())
    steps = []
    for step, accepted in play_demo(parts.store, parts.clock, order):
        metrics().count_delivery(step.source, is_repeat=accepted.is_repeat)
        names = {"deliveryId": accepted.delivery_id, "jobId": accepted.job_id}
        steps.append({"source": step.source, "says": step.says, **names})
    return Response(encode({"steps": steps}), 202, {"Location": _WHERE}, content_type=JSON)
