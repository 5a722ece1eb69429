"""Change a task, or find one by what its path names."""

from collections.abc import Mapping
from typing import Any

from services.gateway.domain.access import Subject
from services.gateway.domain.records import Task
from services.gateway.domain.tasks import edit_task
from services.gateway.errors import RecordNotFound, VersionConflict
from services.gateway.ports import Store, Transaction


def change_task(
    tx: Transaction,
    incident_id: str,
    task_id: str,
    subject: Subject,
    fields: Mapping[str, Any],
    versions: tuple[int, ...] | None,
) -> str:
    """Set ``fields`` and return the task's id; a change that changes nothing writes nothing.

    ``versions`` are those the client takes it to be at (None: any). Raises ``RecordNotFound`` and
    ``VersionConflict``. Also where the incident was merged: what is to be done stays to be done.
    """
    task = _of_incident(tx.find(Task, task_id), incident_id, task_id)
    if versions is not None and task.version not in versions:
        raise VersionConflict(f"The task is at version {task.version} now.", currentVersion=task.version)
    edited, entry = edit_task(task, fields, subject, tx.now)
    if entry is not None:
        tx.put(edited)
        tx.append(incident_id, entry)
    return task_id


def get_task(store: Store, incident_id: str, task_id: str) -> Task:
    """Return the task if it is one of this incident's, else raise ``RecordNotFound``."""
    return _of_incident(store.find(Task, task_id), incident_id, task_id)


def _of_incident(task: Task | None, incident_id: str, task_id: str) -> Task:
    if task is None or task.incident_id != incident_id:
        raise RecordNotFound(f"This incident has no task {task_id!r}.")
    return task
