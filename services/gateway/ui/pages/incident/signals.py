"""The tab of an incident: signals. What fires, how often it was heard, and which delivery told of it last."""

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request

from services.gateway.ui.answering import page
from services.gateway.ui.ask import read
from services.gateway.ui.pages.incident.frame import canonical, incident_page, read_incident

blueprint = Blueprint("signals", __name__)
_STATES = frozenset({"firing", "resolved"})
_TOLD_OF = ("incident_opened", "signal_joined", "signal_refired", "signal_resolved")
# Of a longer timeline the newest entries are looked through for deliveries; the other signals have no link.
_ENTRIES = 1_000


@blueprint.get("/incidents/<incident_id>/signals")
def show(incident_id: str) -> Response:
    """Show it."""
    incident = read_incident(incident_id)
    if elsewhere := canonical(incident, incident_id, "signals"):
        return elsewhere
    return incident_page("incident/signals.html", incident, "signals", **_read_signals(incident))


@blueprint.get("/incidents/<incident_id>/parts/signals")
def show_signals(incident_id: str) -> Response:
    """Show the list alone."""
    incident = read_incident(incident_id)
    return page("incident/signal_list.html", incident=incident, **_read_signals(incident))


def _read_signals(incident: dict[str, Any]) -> dict[str, Any]:
    asked = request.args.get("status", "")
    status = asked if asked in _STATES else None
    path = f"/api/incidents/{incident['id']}"
    answer = read(f"{path}/signals", {"status": status, "cursor": request.args.get("cursor")})
    deliveries = _newest_deliveries(path) if answer["items"] else {}
    return {
        "answer": answer,
        "status": status or "",
        "signals": [_tell(signal, deliveries) for signal in answer["items"]],
    }


def _newest_deliveries(path: str) -> dict[str, str]:
    """Return the delivery that last told of each signal, as the timeline has it."""
    query = {"sort": "-sequence", "type": list(_TOLD_OF), "limit": _ENTRIES}
    found: dict[str, str] = {}
    for entry in read(f"{path}/timeline", query)["items"]:
        known = entry["payload"]
        if known.get("fingerprint") and known.get("deliveryId"):
            found.setdefault(known["fingerprint"], known["deliveryId"])
    return found


def _tell(signal: dict[str, Any], deliveries: dict[str, str]) -> dict[str, Any]:
    return signal | {"deliveryId": deliveries.get(signal["fingerprint"]), "webLink": web_link(signal["link"])}


def web_link(address: str | None) -> str | None:
    """Return an address that a browser may be led to: http or https, and nothing else."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None
