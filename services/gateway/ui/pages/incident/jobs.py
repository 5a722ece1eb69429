"""The tab of an incident: jobs."""

from flask import Blueprint, Response

from services.gateway.ui.pages.incident.frame import incident_page, read_incident

blueprint = Blueprint("jobs", __name__)


@blueprint.get("/incidents/<incident_id>/jobs")
def show(incident_id: str) -> Response:
    """Show it."""
    return incident_page("incident/jobs.html", read_incident(incident_id), "jobs")
