"""The tab of an incident: report. The postmortem draft as the record tells it, to read, print, copy and take away."""

from flask import Blueprint, Response

from services.gateway.ui.ask import ask
from services.gateway.ui.pages.incident.frame import canonical, incident_page, read_incident

blueprint = Blueprint("report", __name__)


@blueprint.get("/incidents/<incident_id>/report")
def show(incident_id: str) -> Response:
    """Show it."""
    incident = read_incident(incident_id)
    if elsewhere := canonical(incident, incident_id, "report"):
        return elsewhere
    draft = ask("GET", f"/api/incidents/{incident['id']}/report").data.decode()
    return incident_page("incident/report.html", incident, "report", draft=draft)
