"""What the API takes about tasks, with its limits."""

from typing import Any

import marshmallow as ma
from marshmallow import fields

from services.gateway.api.fields import InputSchema, Moment, Text, Word, Words
from services.gateway.api.inputs import Page
from services.gateway.domain.records import TaskState
from services.gateway.ports import RecordQuery
from shared.ports import Clock

TASK_TITLE_LENGTH = 300
TASK_DESCRIPTION_LENGTH = 4_096


class _TaskFields(InputSchema):
    title = Text(most=TASK_TITLE_LENGTH, blank=False)
    description = Text(most=TASK_DESCRIPTION_LENGTH)
    owner = Text(most=200, blank=False, allow_none=True)
    due_at = Moment(allow_none=True, metadata={"description": "Until when; null for no date."})


class NewTask(_TaskFields):
    """A task to add."""

    title = Text(most=TASK_TITLE_LENGTH, blank=False, required=True)


class TaskChange(_TaskFields):
    """Fields to set; those left out stay."""

    state = Word(TaskState)


class IncidentTasksQuery(Page):
    """A page of the tasks of one incident, those due first before the others."""

    state = Words(Word(TaskState))


class TaskQuery(IncidentTasksQuery):
    """A page of the tasks of all incidents, those due first before the others."""

    owner = Words(Text(most=200))
    due_before = Moment(metadata={"description": "Only those due before this moment."})
    overdue = fields.Boolean(
        truthy={"true"},
        falsy={"false"},
        load_default=False,
        metadata={"description": "Only open ones whose date is past; goes without state and dueBefore."},
    )

    @ma.validates_schema
    def check_overdue(self, data: dict[str, Any], **_: Any) -> None:
        """Overdue says what the other two would."""
        if data["overdue"] and (data["state"] or "due_before" in data):
            raise ma.ValidationError("cannot be combined with state or dueBefore", "overdue")


def task_query(args: dict[str, Any], clock: Clock, parent: str | None = None) -> RecordQuery:
    """Return the store's query for what ``TaskQuery`` or ``IncidentTasksQuery`` read."""
    is_overdue = args.get("overdue", False)
    return RecordQuery(
        parent=parent,
        states=(TaskState.OPEN,) if is_overdue else tuple(args["state"]),
        tags=tuple(args.get("owner", ())),
        until=clock.now() if is_overdue else args.get("due_before"),
        oldest_first=True,
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
