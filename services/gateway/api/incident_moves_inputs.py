"""What merging, splitting, relating and back-dating take."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from services.gateway.api.fields import InputSchema, Moment, Text

_REASON_LENGTH = 2_000
_NAME_LENGTH = 100


def _reason(what: str) -> Text:
    return Text(
        most=_REASON_LENGTH,
        load_default="",
        metadata={"description": f"Why it is {what}; on the timeline. Required: without it 422 `reason_required`."},
    )


class IncidentQuery(InputSchema):
    """How a merged incident is shown."""

    redirect = fields.Boolean(
        load_default=True,
        truthy={"true"},
        falsy={"false"},
        metadata={"description": "false shows a merged incident itself, where else 307 leads to its target."},
    )


class MergeInput(InputSchema):
    """The incident to merge into, and why."""

    into = Text(most=_NAME_LENGTH, blank=False, required=True, metadata={"description": "inc_… or INC-42."})
    reason = _reason("merged")


class SplitInput(InputSchema):
    """Why the merge is undone."""

    reason = _reason("split off")


class RelationInput(InputSchema):
    """The other incident."""

    incident_id = Text(most=_NAME_LENGTH, blank=False, required=True, metadata={"description": "inc_… or INC-42."})


class MilestonesInput(InputSchema):
    """The milestones to correct, at least one, and why."""

    detected_at = Moment()
    acknowledged_at = Moment()
    mitigated_at = Moment(metadata={"description": "Also of an incident that was resolved without it."})
    resolved_at = Moment()
    closed_at = Moment()
    reason = _reason("corrected")

    @ma.validates_schema
    def check_some(self, data: dict[str, Any], **_: Any) -> None:
        """A correction of nothing is a slip."""
        if not data.keys() - {"reason"}:
            raise ma.ValidationError("must name at least one milestone", "body")
