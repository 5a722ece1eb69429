"""The tab of an incident: graph."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("graph", __name__)


@blueprint.get("/incidents/<incident_id>/graph")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/graph.html", read_incident(incident_id), "graph")
