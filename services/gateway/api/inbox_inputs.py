"""What the inbox is filtered by; its list, its facets and the statistics take the same filters."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from services.gateway.api.fields import InputSchema, Moment, SeverityWord, Text, Word, Words
from services.gateway.api.inputs import Page
from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import IncidentSource, IncidentStatus
from services.gateway.ports import IncidentQuery

SORTS = [sign + name for name in ("updatedAt", "createdAt", "severity", "number") for sign in ("", "-")]
_BY_OPEN = {
    "true": tuple(status for status in IncidentStatus if status in OPEN_STATUSES),
    "false": tuple(status for status in IncidentStatus if status not in OPEN_STATUSES),
}


class InboxFilter(InputSchema):
    """Which incidents. Values of one field are alternatives; fields narrow together."""

    status = Words(Word(IncidentStatus))
    open = fields.String(
        validate=validate.OneOf(list(_BY_OPEN)),
        metadata={"description": "Every status before resolved, or with false every other; in place of status."},
    )
    severity = Words(SeverityWord())
    source = Words(Word(IncidentSource))
    owner = Words(Text(most=200))
    unowned = fields.String(
        validate=validate.OneOf(["true"]),
        metadata={"description": "Those that nobody owns; beside owner, one more alternative."},
    )
    service = Words(Text(most=200))
    label = Words(
        fields.String(
            validate=[
                validate.Length(max=600),
                validate.Regexp(r"^[^:\u0000]+:[^\u0000]*$", error="must look like key:value"),
            ]
        ),
        split=False,
        metadata={"description": "key:value; may be repeated, all of them must match."},
    )
    rule_id = Words(Text(most=200), metadata={"description": "The grouping rule that opened it."})
    q = Text(most=300, metadata={"description": "Every word must occur in the incident, ignoring case."})
    since = Moment(metadata={"description": "Only those opened from this moment on."})
    until = Moment(metadata={"description": "Only those opened before this moment."})
    updated_since = Moment(metadata={"description": "Only those that changed from this moment on."})
    resolved_since = Moment(metadata={"description": "Only those resolved from this moment on, and not reopened."})

    @ma.validates_schema
    def check_open(self, data: dict[str, Any], **_: Any) -> None:
        """Open is a short word for statuses."""
        if data.get("open") and data["status"]:
            raise ma.ValidationError("cannot be combined with status", "open")


class InboxQuery(InboxFilter, Page):
    """A page of the inbox."""

    sort = fields.String(load_default="-createdAt", validate=validate.OneOf(SORTS))


class SummariesQuery(InputSchema):
    """Which incidents."""

    id = Words(Text(most=200), metadata={"description": "Ids such as inc_…, at most 50."})


def inbox_query(args: dict[str, Any]) -> IncidentQuery:
    """Return the store's query for what ``InboxFilter`` or ``InboxQuery`` read."""
    labels = (text.partition(":") for text in args["label"])
    statuses = _BY_OPEN[args["open"]] if args.get("open") else tuple(args["status"])
    nobody = (None,) if args.get("unowned") else ()
    return IncidentQuery(
        statuses=statuses,
        severities=tuple(args["severity"]),
        sources=tuple(args["source"]),
        owners=(*args["owner"], *nobody),
        rule_ids=tuple(args["rule_id"]),
        services=tuple(args["service"]),
        labels=tuple((key, value) for key, _, value in labels),
        text=args.get("q", ""),
        since=args.get("since"),
        until=args.get("until"),
        updated_since=args.get("updated_since"),
        resolved_since=args.get("resolved_since"),
        sort=args.get("sort", "-createdAt"),
        limit=args.get("limit", 50),
        cursor=args.get("cursor"),
    )
