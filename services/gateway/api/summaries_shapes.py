"""The answer with the summaries of some incidents."""

from marshmallow import fields

from services.gateway.api.shapes import IncidentSummaryShape, Shape


class SummariesShape(Shape):
    """Those of the incidents asked for that are kept, in the order they were asked for, each once."""

    items = fields.List(fields.Nested(IncidentSummaryShape))
