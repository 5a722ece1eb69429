"""The header of an incident as a part of its own, and the forms in it that move, merge, split and relate."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import write
from services.gateway.ui.pages.incident.frame import read_incident
from services.gateway.ui.pages.incident.head import read_head

blueprint = Blueprint("header", __name__)
_TABS = frozenset({"overview", "graph", "evidence", "actions", "signals", "jobs", "report"})
_MILESTONES = ("detectedAt", "acknowledgedAt", "mitigatedAt", "resolvedAt", "closedAt")
_TO_SECONDS = len("2026-11-01T12:00:00")
CHANGED = ("incident", "timeline")


@blueprint.get("/incidents/<incident_id>/parts/header")
def show_header(incident_id: str) -> Response:
    """Show the header and the tabs alone."""
    incident = read_incident(incident_id)
    tab = request.args.get("tab", "overview")
    return page(
        "incident/header.html", incident=incident, head=read_head(incident), tab=tab if tab in _TABS else "overview"
    )


@blueprint.post("/incidents/<incident_id>/status")
def move(incident_id: str) -> Response:
    """Move the status."""
    form = request.form
    body: dict[str, Any] = {"status": form.get("status", "")}
    if reason := form.get("reason", "").strip():
        body["reason"] = reason
    if "force" in form:
        body["force"] = True
    write("PATCH", f"/api/incidents/{incident_id}", body)
    return done(f"Now {body['status']}.", back_to(incident_id), CHANGED)


@blueprint.post("/incidents/<incident_id>/merge")
def merge(incident_id: str) -> Response:
    """Merge this incident into another."""
    body = {"into": request.form.get("into", "").strip(), "reason": request.form.get("reason", "").strip()}
    write("POST", f"/api/incidents/{incident_id}/merge", body)
    return done(f"Merged into {body['into']}.", back_to(incident_id), (*CHANGED, "signals"))


@blueprint.post("/incidents/<incident_id>/split")
def split(incident_id: str) -> Response:
    """Undo the merge of this incident."""
    write("POST", f"/api/incidents/{incident_id}/split", {"reason": request.form.get("reason", "").strip()})
    return done("Split: it is a case of its own again.", back_to(incident_id), (*CHANGED, "signals"))


@blueprint.post("/incidents/<incident_id>/relations")
def relate(incident_id: str) -> Response:
    """Relate it to another incident."""
    other = request.form.get("incidentId", "").strip()
    write("POST", f"/api/incidents/{incident_id}/relations", {"incidentId": other})
    return done(f"Related to {other}.", back_to(incident_id), CHANGED)


@blueprint.post("/incidents/<incident_id>/relations/<other_id>/remove")
def unrelate(incident_id: str, other_id: str) -> Response:
    """Take back that it is related to another."""
    write("DELETE", f"/api/incidents/{incident_id}/relations/{other_id}")
    return done("No longer related.", back_to(incident_id), CHANGED)


@blueprint.post("/incidents/<incident_id>/milestones")
def correct_milestones(incident_id: str) -> Response:
    """Correct milestones: those whose field holds another moment than the incident has."""
    known = read_incident(incident_id)["milestones"]
    body = {"reason": request.form.get("reason", "").strip()}
    for name in _MILESTONES:
        typed = request.form.get(name, "").strip()
        if typed and typed[:_TO_SECONDS] != (known[name] or "")[:_TO_SECONDS]:
            body[name] = in_utc(typed)
    write("PATCH", f"/api/incidents/{incident_id}/milestones", body)
    return done("Milestones corrected.", back_to(incident_id), CHANGED)


def back_to(incident_id: str, tab: str = "") -> str:
    """Return where a form of the incident's page leads back to, once the API knew the incident."""
    return f"/incidents/{incident_id}" + (f"/{tab}" if tab else "")


def in_utc(typed: str) -> str:
    """Return what a field for date and time holds as a moment in UTC; what is none stays as typed, to be refused."""
    return typed if typed.endswith("Z") or "+" in typed else f"{typed}Z"
