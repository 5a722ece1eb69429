"""Propose an action: a form for each type and verb, which links may fill in."""

from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.actions.beginning import begin
from services.gateway.ui.actions.places import find_lack
from services.gateway.ui.actions.proposal import (
    RISKS,
    TYPES,
    VERBS,
    as_proposal,
    has_namespace,
    kinds,
    parameters_of,
)
from services.gateway.ui.answering import is_part, led_to, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.incident.frame import incident_address, incident_page, read_incident

blueprint = Blueprint("proposing", __name__)
_UNAUTHENTICATED = 401
_PLACE = {"context": "cluster", "namespace": "namespace", "name": "object"}


@blueprint.get("/incidents/<incident_id>/actions/new")
def show(incident_id: str) -> Response:
    """Show the form, with what the address says filled in."""
    return _form(incident_id, request.args.to_dict())


@blueprint.post("/incidents/<incident_id>/actions/new")
def propose(incident_id: str) -> Response:
    """Propose what the form says, and lead to the action."""
    form = request.form.to_dict()
    try:
        answer = write("POST", f"/api/incidents/{incident_id}/actions", as_proposal(form))
    except ApiRefused as error:
        if is_part() or error.status == _UNAUTHENTICATED:
            raise
        # Without a script what was typed has to come back with the page.
        return _form(incident_id, form, error)
    incident = read_incident(incident_id)
    return led_to(f"{incident_address(incident, 'actions')}/{answer.body['id']}")


def _form(incident_id: str, filled: dict[str, str], refused: ApiRefused | None = None) -> Response:
    incident = read_incident(incident_id)
    context = _fields(incident, filled, is_refused=refused is not None)
    context["problem"] = refused.problem if refused else None
    if is_part():
        return page("actions/form.html", incident=incident, **context)
    answer = incident_page("incident/action_new.html", incident, "actions", **context)
    if refused:
        answer.status_code = refused.status
    return answer


def _fields(incident: dict[str, Any], given: dict[str, str], *, is_refused: bool) -> dict[str, Any]:
    chosen = given.get("type", "")
    kind = chosen if chosen in TYPES else TYPES[0]
    verb = given.get("verb", "")
    verb = verb if verb in VERBS else "restart"
    places = read("/api/actions/places") if kind != "manual" else {"clusters": []}
    # What was refused comes back as it was typed.
    begun = {} if is_refused else begin(incident, verb, given, places["clusters"])
    filled = given | begun if kind == "kubernetes" else given
    return {
        "filled": filled,
        "types": TYPES,
        "type": kind,
        "verbs": VERBS,
        "verb": verb,
        "of_kinds": kinds(verb),
        "has_namespace": has_namespace(verb),
        "parameters": parameters_of(verb),
        "risks": RISKS,
        "clusters": places["clusters"],
        "from_incident": _from_incident(incident, verb, filled, places["clusters"]),
        "lack": find_lack(places, kind, filled.get("context", "").strip()),
    }


def _from_incident(incident: dict[str, Any], verb: str, filled: dict[str, str], clusters: list[str]) -> list[str]:
    """Return which fields say what the incident does, in the words of the form."""
    said = begin(incident, verb, {}, clusters)
    return [word for name, word in _PLACE.items() if filled.get(name) and filled[name] == said.get(name)]
