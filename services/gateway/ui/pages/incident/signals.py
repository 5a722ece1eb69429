"""The tab of an incident: signals."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("signals", __name__)


@blueprint.get("/incidents/<incident_id>/signals")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/signals.html", read_incident(incident_id), "signals")
