"""How the product's word about itself looks on the wire: alive, ready, its chains whole."""

from marshmallow import fields

from services.gateway.api.shapes import Shape


class ChainProblemShape(Shape):
    """Where a timeline, or a month of the audit log, is not what its chain says."""

    incident_id = fields.String(allow_none=True, metadata={"description": "null where it is of the audit log."})
    audit_month = fields.String(allow_none=True, metadata={"description": "null where it is of an incident."})
    sequence = fields.Integer()
    problem = fields.String()


class VerificationShape(Shape):
    """What the check of the chains found."""

    incidents = fields.Integer()
    entries = fields.Integer(metadata={"description": "Of timelines."})
    audit_months = fields.Integer(metadata={"description": "The first part, without a cursor, checks all of them."})
    audit_entries = fields.Integer()
    problems = fields.List(fields.Nested(ChainProblemShape))
    next_cursor = fields.String(allow_none=True)


class CheckShape(Shape):
    """One thing that must hold for the gateway to be ready."""

    ok = fields.Boolean()
    reason = fields.String(allow_none=True)


class HealthShape(Shape):
    """The process is alive."""

    status = fields.String()
    version = fields.String()


class ReadinessShape(Shape):
    """Whether the whole product can do its work, and what stands against it."""

    ready = fields.Boolean()
    checks = fields.Dict(keys=fields.String(), values=fields.Nested(CheckShape))
