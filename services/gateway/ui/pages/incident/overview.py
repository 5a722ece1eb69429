"""The tab of an incident: overview. What is known now, what happened, and what is to be done."""

from flask import Blueprint, Response, request

from services.gateway.ui.answering import page
from services.gateway.ui.pages.incident.frame import canonical, incident_page, read_incident
from services.gateway.ui.pages.incident.tasks import read_tasks
from services.gateway.ui.pages.incident.timeline import read_timeline, read_view

blueprint = Blueprint("overview", __name__)


@blueprint.get("/incidents/<incident_id>")
def show(incident_id: str) -> Response:
    """Show it."""
    incident = read_incident(incident_id)
    if elsewhere := canonical(incident, incident_id):
        return elsewhere
    timeline = read_timeline(incident, read_view(request.args))
    return incident_page("incident/overview.html", incident, "overview", timeline=timeline, tasks=read_tasks(incident))


@blueprint.get("/incidents/<incident_id>/parts/description")
def show_description(incident_id: str) -> Response:
    """Show the description alone."""
    return page("incident/description.html", incident=read_incident(incident_id))


@blueprint.get("/incidents/<incident_id>/parts/known")
def show_known(incident_id: str) -> Response:
    """Show what is known now alone."""
    return page("incident/known.html", incident=read_incident(incident_id))
