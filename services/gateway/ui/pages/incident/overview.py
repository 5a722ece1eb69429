"""The tab of an incident: overview."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("overview", __name__)


@blueprint.get("/incidents/<incident_id>")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/overview.html", read_incident(incident_id), "overview")
