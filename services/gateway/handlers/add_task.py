"""Add a task to an incident."""

from collections.abc import Mapping
from typing import Any

import msgspec

from services.gateway.domain import tasks
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Holdings, Task
from services.gateway.errors import TooManyTasks
from services.gateway.handlers.writable import get_writable
from services.gateway.ports import Transaction
from shared.ids import new_id

MOST_TASKS = 200


def add_task(tx: Transaction, incident_id: str, subject: Subject, fields: Mapping[str, Any]) -> str:
    """Put the task and its entry and return its id. Raises ``RecordNotFound`` and ``TooManyTasks``."""
    incident = get_writable(tx, incident_id)
    holdings = tx.find(Holdings, incident_id) or Holdings(incident_id=incident_id)
    if len(holdings.task_ids) >= MOST_TASKS:
        raise TooManyTasks(f"It has {MOST_TASKS} tasks, those that are done included.")
    task = Task(
        id=new_id("task"),
        incident_id=incident_id,
        incident_number=incident.number,
        created_by=subject.id,
        created_at=tx.now,
        updated_at=tx.now,
        **fields,
    )
    tx.put(task)
    tx.put(msgspec.structs.replace(holdings, task_ids=(*holdings.task_ids, task.id)))
    tx.append(incident_id, tasks.added(task, subject))
    return task.id
