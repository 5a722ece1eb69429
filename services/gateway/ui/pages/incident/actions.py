"""The tab of an incident: actions."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("actions", __name__)


@blueprint.get("/incidents/<incident_id>/actions")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/actions.html", read_incident(incident_id), "actions")
