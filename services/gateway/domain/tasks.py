"""Turn what a person asks of a task into its next state and the fact for the timeline of its incident."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.domain.access import Subject
from services.gateway.domain.records import EntryDraft, EntryType, Task, TaskState

_FROM_API = "api"
# A long text is named on the timeline, not repeated there.
_NAMED_ONLY = frozenset({"description"})
_WIRE_NAMES = {"due_at": "dueAt"}


def added(task: Task, subject: Subject) -> EntryDraft:
    """Return the entry of a new task."""
    payload = {"taskId": task.id, "title": task.title, "owner": task.owner, "dueAt": task.due_at}
    return _draft(EntryType.TASK_ADDED, subject, task.created_at, f"Task added: {task.title}", payload)


def edit_task(task: Task, fields: Mapping[str, Any], subject: Subject, now: datetime) -> tuple[Task, EntryDraft | None]:
    """Return the task with ``fields`` set and the entry that says so; no entry if that changes nothing."""
    changed = {name: value for name, value in fields.items() if getattr(task, name) != value}
    if not changed:
        return task, None
    state = changed.get("state", task.state)
    ended = {"finished_at": None if state is TaskState.OPEN else now} if "state" in changed else {}
    edited = msgspec.structs.replace(task, **changed, **ended, updated_at=now, version=task.version + 1)
    payload = {
        "taskId": task.id,
        "title": edited.title,
        "changes": {_WIRE_NAMES.get(name, name): _difference(task, edited, name) for name in sorted(changed)},
    }
    return edited, _draft(EntryType.TASK_CHANGED, subject, now, _word(edited, changed), payload)


def _word(task: Task, changed: Mapping[str, Any]) -> str:
    if "state" in changed:
        words = {TaskState.OPEN: "open again", TaskState.DONE: "done", TaskState.CANCELLED: "cancelled"}
        return f"Task {words[task.state]}: {task.title}"
    return f"Task changed ({', '.join(sorted(name.replace('_', ' ') for name in changed))}): {task.title}"


def _difference(before: Task, after: Task, name: str) -> dict[str, Any]:
    if name in _NAMED_ONLY:
        return {"fromLength": len(getattr(before, name)), "toLength": len(getattr(after, name))}
    return {"from": getattr(before, name), "to": getattr(after, name)}


def _draft(kind: EntryType, subject: Subject, at: datetime, message: str, payload: dict[str, Any]) -> EntryDraft:
    return EntryDraft(type=kind, actor=subject.id, source=_FROM_API, occurred_at=at, message=message, payload=payload)
