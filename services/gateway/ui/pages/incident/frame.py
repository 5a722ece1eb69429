"""What every tab of an incident stands in: its header with the moves it allows, and the tabs with their counts."""

from typing import Any

from flask import Response

from services.gateway.ui.answering import page
from services.gateway.ui.ask import read
from services.gateway.ui.pages.incident.head import read_head


def read_incident(incident_id: str) -> dict[str, Any]:
    """Return the incident as the API shows it, a merged one too; raises ``ApiRefused``."""
    incident: dict[str, Any] = read(f"/api/incidents/{incident_id}", {"redirect": "false"})
    return incident


def incident_page(template: str, incident: dict[str, Any], tab: str, **context: Any) -> Response:
    """Return the tab of an incident; ``template`` extends ``incident/frame.html``."""
    return page(template, incident=incident, tab=tab, head=read_head(incident), **context)


def incident_address(incident: dict[str, Any], tab: str = "") -> str:
    """Return the address of an incident's page: by its number, which people know."""
    return f"/incidents/INC-{incident['number']}" + (f"/{tab}" if tab else "")


def canonical(incident: dict[str, Any], incident_id: str, tab: str = "") -> Response | None:
    """Lead an address with the opaque id to that with the number; None where it has the number already."""
    if incident_id == f"INC-{incident['number']}":
        return None
    return Response(status=302, headers={"Location": incident_address(incident, tab)})
