"""Endpoint of retention: how long each kind is kept, and what the next run would remove."""

from flask import Response
from marshmallow import fields

from services.gateway.api.current import encode, gateway
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.shapes import Shape
from services.gateway.domain.records import Role
from services.gateway.handlers.apply_retention import SHOWN_IDS, foresee_retention

blueprint = ReadingBlueprint("retention", __name__, description="How long what is kept.")


class KindOutlookShape(Shape):
    """What retention makes of one kind of record now."""

    kind = fields.String()
    days = fields.Integer(metadata={"description": "0: kept for ever."})
    setting = fields.String(allow_none=True, metadata={"description": "What sets the days; null: nothing does."})
    records = fields.Integer(metadata={"description": "How many age can remove: what is not finished never goes."})
    oldest_at = fields.DateTime(format="iso", allow_none=True)
    to_remove = fields.Integer(metadata={"description": "How many are old enough, and go with the next run."})
    ids = fields.List(fields.String(), metadata={"description": f"The first {SHOWN_IDS} of those."})


class RetentionShape(Shape):
    """What the next run of retention would remove, were it to run at ``at``."""

    at = fields.DateTime(format="iso")
    items = fields.List(fields.Nested(KindOutlookShape))


@endpoint(blueprint, Operation(path="/api/retention", role=Role.ADMIN, answer=RetentionShape))
def read_retention() -> Response:
    """Show how long each kind is kept and what the next run would remove; nothing is removed."""
    now = gateway().clock.now()
    items = foresee_retention(gateway().store, gateway().retention, now)
    return Response(encode({"at": now, "items": items}), content_type="application/json")
