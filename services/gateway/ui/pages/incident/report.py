"""The tab of an incident: report."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("report", __name__)


@blueprint.get("/incidents/<incident_id>/report")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/report.html", read_incident(incident_id), "report")
