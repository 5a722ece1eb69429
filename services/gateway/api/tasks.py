"""Endpoints of tasks: what people are to do for an incident, and everybody's tasks over all incidents."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import task_inputs, task_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    entity_tag,
    gateway,
    if_match_versions,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import incident_path, resolve_incident_id
from services.gateway.api.task_shapes import view_task
from services.gateway.domain.records import Incident, Role, Task
from services.gateway.handlers.add_task import add_task
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.change_task import change_task, get_task
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("tasks", __name__, description="What people are to do for an incident.")


@endpoint(
    blueprint,
    Operation(
        path="/api/tasks",
        role=Role.VIEWER,
        answer=task_shapes.TaskPageShape,
        query=task_inputs.TaskQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_tasks(args: dict[str, Any]) -> Response:
    """List the tasks of all incidents in the order they are due; those without a date come last."""
    return _list(task_inputs.task_query(args, gateway().clock))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/tasks",
        role=Role.VIEWER,
        answer=task_shapes.TaskPageShape,
        query=task_inputs.IncidentTasksQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_incident_tasks(args: dict[str, Any], incident_id: str) -> Response:
    """List the tasks of an incident in the order they are due; those without a date come last."""
    store = gateway().store
    found = store.get(Incident, resolve_incident_id(store, incident_id)).id
    return _list(task_inputs.task_query(args, gateway().clock, found))


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/tasks",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=task_shapes.TaskShape,
        body=task_inputs.NewTask,
        body_example={"title": "Raise the alert threshold", "owner": "ann", "dueAt": "2026-11-30T12:00:00Z"},
        errors=(errors.RecordNotFound, errors.IncidentMerged, errors.TooManyTasks),
        keyed=True,
    ),
)
def create_task(fields: dict[str, Any], incident_id: str) -> Response:
    """Add a task to an incident."""
    store, actor = gateway().store, subject()
    found = resolve_incident_id(store, incident_id)
    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: add_task(tx, found, actor, fields),
        lambda task_id: _show(found, task_id, 201, location=f"{incident_path(found)}/tasks/{task_id}"),
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/tasks/{task_id}",
        role=Role.VIEWER,
        answer=task_shapes.TaskShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_task(incident_id: str, task_id: str) -> Response:
    """Read a task."""
    store = gateway().store
    task = get_task(store, resolve_incident_id(store, incident_id), task_id)
    return read_answer(encode(view_task(task, gateway().clock.now())), task.version)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/tasks/{task_id}",
        method="PATCH",
        role=Role.RESPONDER,
        answer=task_shapes.TaskShape,
        body=task_inputs.TaskChange,
        body_example={"state": "done"},
        errors=(errors.RecordNotFound, errors.VersionConflict),
        keyed=True,
        matched=True,
    ),
)
def patch_task(fields: dict[str, Any], incident_id: str, task_id: str) -> Response:
    """Change a task: its fields, its state, or both."""
    store, actor, versions = gateway().store, subject(), if_match_versions()
    found = resolve_incident_id(store, incident_id)
    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: change_task(tx, found, task_id, actor, fields, versions),
        lambda changed: _show(found, changed, 200),
    )
    return write_answer(answer)


def _list(query: RecordQuery) -> Response:
    parts = gateway()
    now = parts.clock.now()
    page = parts.store.list_records(Task, query)
    return read_answer(encode_page([view_task(task, now) for task in page.records], page.total, page.next_cursor))


def _show(incident_id: str, task_id: str, status: int, *, location: str | None = None) -> Answer:
    task = get_task(gateway().store, incident_id, task_id)
    body = encode(view_task(task, gateway().clock.now()))
    return Answer(status, body.decode(), location=location, etag=entity_tag(body, task.version))
