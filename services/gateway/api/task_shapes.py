"""How tasks look on the wire: views of the record, and their shapes for the OpenAPI document."""

from datetime import datetime

from marshmallow import fields

from services.gateway.api.fields import Word
from services.gateway.api.shapes import Shape, page_of
from services.gateway.domain.records import Task, TaskState
from shared.contracts.base import Contract

_OVERDUE = "Open, and its date is past."


class TaskBriefShape(Shape):
    """A task as its incident embeds it."""

    id = fields.String()
    title = fields.String()
    owner = fields.String(allow_none=True)
    due_at = fields.DateTime(format="iso", allow_none=True)
    state = Word(TaskState)
    is_overdue = fields.Boolean(metadata={"description": _OVERDUE})


class TaskShape(TaskBriefShape):
    """Something a person is to do for an incident."""

    incident_id = fields.String()
    incident_number = fields.Integer()
    description = fields.String()
    created_by = fields.String()
    created_at = fields.DateTime(format="iso")
    updated_at = fields.DateTime(format="iso")
    finished_at = fields.DateTime(
        format="iso", allow_none=True, metadata={"description": "When it was done or cancelled."}
    )
    version = fields.Integer()


TaskPageShape = page_of(TaskShape)


class TaskBrief(Contract, frozen=True, kw_only=True):
    """A task as its incident embeds it."""

    id: str
    title: str
    owner: str | None
    due_at: datetime | None
    state: TaskState
    is_overdue: bool


class TaskView(TaskBrief, frozen=True, kw_only=True):
    """A task whole."""

    incident_id: str
    incident_number: int
    description: str
    created_by: str
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    version: int


def brief_task(task: Task, now: datetime) -> TaskBrief:
    """Return a task as its incident embeds it."""
    return TaskBrief(
        id=task.id,
        title=task.title,
        owner=task.owner,
        due_at=task.due_at,
        state=task.state,
        is_overdue=task.is_overdue(now),
    )


def view_task(task: Task, now: datetime) -> TaskView:
    """Return a task as it is shown at ``now``."""
    return TaskView(
        id=task.id,
        title=task.title,
        owner=task.owner,
        due_at=task.due_at,
        state=task.state,
        is_overdue=task.is_overdue(now),
        incident_id=task.incident_id,
        incident_number=task.incident_number,
        description=task.description,
        created_by=task.created_by,
        created_at=task.created_at,
        updated_at=task.updated_at,
        finished_at=task.finished_at,
        version=task.version,
    )
