"""The tab with an incident's graph: the picture, the list that says the same, what changed, and asking for it anew."""

from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from services.gateway.ui.answering import HTML, done, is_part, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.incident.frame import incident_address, incident_page, read_incident
from services.gateway.ui.pages.incident.graph_view import (
    STATES,
    GraphView,
    all_findings,
    entity_id,
    names_of,
    view_of,
)

blueprint = Blueprint("graph", __name__)
_UNDER_WAY = ["queued", "running"]
_HISTORY = 50
# More than any number that is meant; Python reads no number of thousands of digits.
_DIGITS = 10


@blueprint.get("/incidents/<incident_id>/graph")
def show(incident_id: str) -> Response:
    """Show the newest investigation that is done, or the one of the address."""
    incident = read_incident(incident_id)
    view, evidence = _find_view(incident)
    entity = request.args.get("entity")
    return incident_page(
        "incident/graph.html",
        incident,
        "graph",
        view=view,
        states=STATES,
        history=_history(incident) if view else [],
        entity=_entity(view, evidence, entity) if view and entity else None,
        news=_news(incident, view.graph["investigationId"] if view else ""),
        problem=None,
    )


@blueprint.get("/incidents/<incident_id>/graph.json")
def data(incident_id: str) -> Response:
    """Answer what the page's script draws."""
    view, _ = _view(f"/api/incidents/{incident_id}")
    return jsonify(view.as_json())


@blueprint.get("/incidents/<incident_id>/graph/entity")
def entity(incident_id: str) -> Response:
    """Show what is known of one entity."""
    incident = read_incident(incident_id)
    view, evidence = _view(f"/api/incidents/{incident['id']}")
    found = _entity(view, evidence, request.args.get("entity", ""))
    return page("incident/graph/entity.html", incident=incident, view=view, entity=found, states=STATES)


@blueprint.get("/incidents/<incident_id>/graph/news")
def news(incident_id: str) -> Response:
    """Show how the investigation under way goes, or that there is a newer one than what is shown."""
    incident = read_incident(incident_id)
    shown = request.args.get("shown", "")
    return page("incident/graph/news.html", incident=incident, news=_news(incident, shown))


@blueprint.post("/incidents/<incident_id>/graph/investigations")
def investigate(incident_id: str) -> Response:
    """Ask for an investigation; where it is not known which cluster to read, offer those there are."""
    incident = read_incident(incident_id)
    form = request.form
    # A name that was offered is sent beside the field, and after it.
    clusters = [name.strip() for name in form.getlist("cluster") if name.strip()]
    body: dict[str, Any] = {"cluster": clusters[-1]} if clusters else {}
    if most := form.get("maxEntities", "").strip():
        body["maxEntities"] = int(most) if most.isdecimal() and len(most) < _DIGITS else most
    try:
        write("POST", f"/api/incidents/{incident['id']}/investigate", body)
    except ApiRefused as error:
        if error.code != "graph_cluster_unknown":
            raise
        return _offer_clusters(incident, error)
    return done("The investigation was asked for.", incident_address(incident, "graph"), refresh=["investigations"])


def _offer_clusters(incident: dict[str, Any], error: ApiRefused) -> Response:
    if is_part():
        text = render_template("incident/graph/clusters.html", problem=error.problem)
        return Response(text, error.status, content_type=HTML)
    answer = incident_page(
        "incident/graph.html",
        incident,
        "graph",
        view=None,
        states=STATES,
        history=[],
        entity=None,
        news=_news(incident, ""),
        problem=error.problem,
    )
    answer.status_code = error.status
    return answer


def _view(address: str) -> tuple[GraphView, dict[str, Any]]:
    """Return what to show of the investigations the address names, and its evidence; raises ``ApiRefused``."""
    chosen = {"investigation": request.args.get("investigation") or None}
    graph, evidence = read(f"{address}/graph", chosen), read(f"{address}/evidence", chosen)
    diff = None
    if (before := request.args.get("from")) and before != graph["investigationId"]:
        diff = read(f"{address}/graph/diff", {"from": before, "to": graph["investigationId"]})
    return view_of(graph, evidence, diff), evidence


def _find_view(incident: dict[str, Any]) -> tuple[GraphView | None, dict[str, Any]]:
    try:
        return _view(f"/api/incidents/{incident['id']}")
    except ApiRefused as error:
        if error.code != "incident_not_investigated" or request.args.get("investigation"):
            raise
        return None, {}


def _history(incident: dict[str, Any]) -> list[dict[str, Any]]:
    query = {"state": "done", "limit": _HISTORY}
    found: list[dict[str, Any]] = read(f"/api/incidents/{incident['id']}/investigations", query)["items"]
    return found


def _news(incident: dict[str, Any], shown: str) -> dict[str, Any]:
    """Return the investigation under way with its job, one that is newer than ``shown``, and one that failed since."""
    newest = read(f"/api/incidents/{incident['id']}/investigations", {"limit": 10})["items"]
    told: dict[str, Any] = {"shown": shown, "running": None, "job": None, "newer": None, "failed": None}
    for one in newest:
        if one["id"] == shown:
            break
        if one["state"] in _UNDER_WAY:
            told["running"] = one
            with suppress(ApiRefused):
                told["job"] = read(f"/api/jobs/{one['jobId']}")
        elif one["state"] == "done":
            told["newer"] = one
            break
        elif told["running"] is None:
            told["failed"] = told["failed"] or one
    return told


def _entity(view: GraphView, evidence: dict[str, Any], name: str) -> dict[str, Any]:
    """Return all that is told of one entity; ``node`` is None where the graph does not hold it."""
    correlations = [one for one in view.graph["correlations"] if one["entity"] == name]
    return {
        "id": name,
        "node": view.by_id.get(name),
        "seeds": [one for one in view.graph["seeds"] if one["entity"] == name],
        "out": [one for one in view.links_of.get(name, []) if one.source == name],
        "into": [one for one in view.links_of.get(name, []) if one.target == name],
        "findings": [
            dict(one) | {"anchor": anchor, "isCulprit": entity_id(one.get("culprit")) == name}
            for anchor, one in all_findings(evidence)
            if name in names_of(one)
        ],
        "changes": [one for one in evidence["changes"] if one["entity"] == name],
        "correlations": sorted(correlations, key=lambda one: -one["weight"]),
    }
