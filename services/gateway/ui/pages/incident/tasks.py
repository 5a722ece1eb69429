"""The tasks of an incident: what people are to do for it."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.incident.frame import read_incident
from services.gateway.ui.pages.incident.header import back_to, in_utc

blueprint = Blueprint("tasks", __name__)
_CHANGED = ("tasks", "timeline")
_SAID = {"done": "Task done.", "cancelled": "Task cancelled.", "open": "Task open again."}
# As many as an incident may have.
_MOST = 200


def read_tasks(incident: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the incident's tasks: the open ones in the order they are due, and the others."""
    found = read(f"/api/incidents/{incident['id']}/tasks", {"limit": _MOST})["items"] if incident["taskCount"] else []
    return {
        "open": [task for task in found if task["state"] == "open"],
        "ended": [task for task in found if task["state"] != "open"],
    }


@blueprint.get("/incidents/<incident_id>/parts/tasks")
def show_tasks(incident_id: str) -> Response:
    """Show the tasks alone."""
    incident = read_incident(incident_id)
    return page("incident/tasks.html", incident=incident, tasks=read_tasks(incident))


@blueprint.post("/incidents/<incident_id>/tasks")
def add_task(incident_id: str) -> Response:
    """Add a task."""
    write("POST", f"/api/incidents/{incident_id}/tasks", _read_fields())
    return done("Task added.", back_to(incident_id), _CHANGED)


@blueprint.post("/incidents/<incident_id>/tasks/<task_id>")
def edit_task(incident_id: str, task_id: str) -> Response:
    """Change what a task says."""
    write("PATCH", f"/api/incidents/{incident_id}/tasks/{task_id}", _read_fields())
    return done("Task saved.", back_to(incident_id), _CHANGED)


@blueprint.post("/incidents/<incident_id>/tasks/<task_id>/state")
def move_task(incident_id: str, task_id: str) -> Response:
    """Say that a task is done, cancelled, or open again."""
    state = request.form.get("state", "")
    write("PATCH", f"/api/incidents/{incident_id}/tasks/{task_id}", {"state": state})
    return done(_SAID.get(state, "Saved."), back_to(incident_id), _CHANGED)


def _read_fields() -> dict[str, Any]:
    form = request.form
    body: dict[str, Any] = {"title": form.get("title", "").strip()}
    if "description" in form:
        body["description"] = form["description"].replace("\r\n", "\n")
    if "owner" in form:
        body["owner"] = form["owner"].strip() or None
    if "dueAt" in form:
        body["dueAt"] = in_utc(form["dueAt"].strip()) if form["dueAt"].strip() else None
    return body
