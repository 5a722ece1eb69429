"""The shapes of counts: facets of the inbox, and statistics."""

from typing import Any

from marshmallow import fields

from services.gateway.api.shapes import Shape


class FacetValueShape(Shape):
    """A value, and how many incidents have it."""

    value = fields.String(allow_none=True, metadata={"description": "null: nobody owns it."})
    count = fields.Integer()


def _facet(description: str) -> fields.List[Any]:
    return fields.List(fields.Nested(FacetValueShape), metadata={"description": description})


_EVERY = "Every one, in its order."
_MOST = "The 50 that most incidents have, then by name."


class FacetsShape(Shape):
    """What the inbox can be narrowed to; each facet is counted without its own filter."""

    total = fields.Integer(metadata={"description": "How many incidents match all filters."})
    status = _facet(_EVERY)
    severity = _facet(_EVERY)
    source = _facet(_EVERY)
    owner = _facet(_MOST)
    service = _facet(_MOST)
    label_key = _facet(_MOST)
    label = _facet(f"{_MOST} As the filter takes them, key:value.")


class TakenShape(Shape):
    """How long something took, of how many incidents that is known."""

    count = fields.Integer()
    mean_seconds = fields.Float(allow_none=True)
    median_seconds = fields.Float(allow_none=True)


class TimesShape(Shape):
    """How long incidents took, from when they were detected."""

    incidents = fields.Integer()
    time_to_acknowledge = fields.Nested(TakenShape)
    time_to_resolve = fields.Nested(TakenShape)


class DayShape(Shape):
    """What was opened and resolved on a day (UTC); the means are of what was acknowledged, or resolved, on it."""

    day = fields.Date()
    opened = fields.Integer()
    resolved = fields.Integer()
    mean_seconds_to_acknowledge = fields.Float(allow_none=True)
    mean_seconds_to_resolve = fields.Float(allow_none=True)


class StatsShape(Shape):
    """How many incidents there are, and how long they took."""

    total = fields.Integer()
    by_status = fields.Dict(keys=fields.String(), values=fields.Integer())
    by_severity = fields.Dict(keys=fields.String(), values=fields.Integer())
    times = fields.Nested(TimesShape)
    times_by_severity = fields.Dict(keys=fields.String(), values=fields.Nested(TimesShape))
    times_by_service = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(TimesShape),
        metadata={"description": "Of the 50 services with the most incidents."},
    )
    per_day = fields.List(fields.Nested(DayShape))
