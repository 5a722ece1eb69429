"""A task: something a person is to do for an incident, while it lasts or after it."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record

# Where tasks without a due date stand in lists ordered by it.
_NEVER = datetime.max.replace(tzinfo=UTC)


class TaskState(StrEnum):
    """To be done, done, or not to be done any more."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Task(Record, frozen=True, kw_only=True):
    """Something to do, by whom and until when. ``version`` counts its changes."""

    KIND: ClassVar[str] = "task"

    id: str
    incident_id: str
    # The incident's number, which never changes: lists over all incidents show it.
    incident_number: int
    title: str
    description: str = ""
    owner: str | None = None
    due_at: datetime | None = None
    state: TaskState = TaskState.OPEN
    created_by: str
    created_at: datetime
    updated_at: datetime
    # When it was done or cancelled last.
    finished_at: datetime | None = None
    version: int = 1

    @property
    def record_id(self) -> str:
        """The task id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by incident, state and owner, in the order they are due; those without a date come last."""
        return Facets(parent=self.incident_id, state=self.state, tag=self.owner, at=self.due_at or _NEVER)

    def is_overdue(self, now: datetime) -> bool:
        """Answer whether it should be done by now and is not."""
        return self.state is TaskState.OPEN and self.due_at is not None and self.due_at < now
