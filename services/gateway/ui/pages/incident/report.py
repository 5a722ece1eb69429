"""The tab of an incident: report. The draft the record tells, what people made of it, and where they write on."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import led_to
from services.gateway.ui.ask import ApiRefused, ask, read, write
from services.gateway.ui.pages.incident.frame import canonical, incident_page, read_incident
from services.gateway.ui.pages.incident.header import back_to
from services.gateway.ui.person import person

blueprint = Blueprint("report", __name__)
_NOT_FOUND = 404


@blueprint.get("/incidents/<incident_id>/report")
def show(incident_id: str) -> Response:
    """Show what people made of it, else the draft; with ``show=draft`` the draft, with ``edit`` the editor."""
    incident = read_incident(incident_id)
    if elsewhere := canonical(incident, incident_id, "report"):
        return elsewhere
    edited = _find_edited(incident)
    editing = request.args.get("edit", "")
    is_draft = edited is None or request.args.get("show") == "draft" or editing == "draft"
    return incident_page(
        "incident/report.html",
        incident,
        "report",
        edited=edited,
        text=_read_draft(incident) if edited is None or is_draft else edited["text"],
        is_draft=is_draft,
        is_editing=bool(editing) and incident["status"] != "merged" and person().may("responder", "incidents:write"),
    )


@blueprint.post("/incidents/<incident_id>/report")
def keep(incident_id: str) -> Response:
    """Keep the report as it was edited."""
    text = request.form.get("text", "").replace("\r\n", "\n")
    write("PUT", f"/api/incidents/{incident_id}/edited-report", {"text": text})
    return led_to(back_to(incident_id, "report"))


def _find_edited(incident: dict[str, Any]) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = read(f"/api/incidents/{incident['id']}/edited-report")
    except ApiRefused as error:
        if error.status == _NOT_FOUND:
            return None
        raise
    return found


def _read_draft(incident: dict[str, Any]) -> str:
    return ask("GET", f"/api/incidents/{incident['id']}/report").data.decode()
