"""The answer that leads from a merged incident to its target."""

from marshmallow import fields

from services.gateway.api.shapes import Shape


class MergedShape(Shape):
    """The incident was merged; the `Location` is that of the final target."""

    merged_into = fields.String(metadata={"description": "The id of the final target."})
