"""The tab of an incident: evidence."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("evidence", __name__)


@blueprint.get("/incidents/<incident_id>/evidence")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/evidence.html", read_incident(incident_id), "evidence")
