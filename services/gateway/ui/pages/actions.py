"""The actions of all incidents: what waits for approval first."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.actions.gate import KINDS
from services.gateway.ui.answering import page
from services.gateway.ui.ask import read
from services.gateway.ui.named import name_incidents
from services.gateway.ui.waiting import WAITING_STATES

blueprint = Blueprint("all_actions", __name__)
# What a page shows at first: all that somebody has to do something about.
_OPEN = ("pending", "stale", "approved", "executing", "proposed", "previewed")
_CHOICES = (
    ("open", "Open", _OPEN),
    ("waiting", "Waiting for approval", WAITING_STATES),
    ("approved", "Approved", ("approved",)),
    ("executing", "Under way", ("executing",)),
    ("done", "Done", ("executed", "verified", "ineffective", "failed", "unknown")),
    ("ended", "Not done", ("rejected", "withdrawn", "expired")),
    ("all", "All", ()),
)
_LIMIT = 50
Json = dict[str, Any]


@blueprint.get("/actions")
def show() -> Response:
    """Show them."""
    return page("actions.html", **_listed())


@blueprint.get("/actions/part")
def show_part() -> Response:
    """Show the same without its frame."""
    return page("actions/all_part.html", **_listed())


@blueprint.get("/actions/waiting")
def show_waiting() -> Response:
    """Show how many wait, as the bar has it."""
    return page("actions/waiting.html")


def _listed() -> Json:
    chosen = next((name for name, _, _ in _CHOICES if name == request.args.get("show")), "open")
    states = {name: states for name, _, states in _CHOICES}
    first: list[Json] = []
    if chosen == "open":
        # However many are open: what waits for somebody's word stands before all others.
        first = [] if request.args.get("cursor") else _read(states["waiting"], None)["items"]
        answer = _read([one for one in _OPEN if one not in states["waiting"]], request.args.get("cursor"))
    else:
        answer = _read(states[chosen], request.args.get("cursor"))
    actions = [*first, *answer["items"]]
    return {
        "answer": answer,
        "actions": actions,
        "incidents": name_incidents(action["incidentId"] for action in actions),
        "choices": _CHOICES,
        "chosen": chosen,
        "kinds": KINDS,
        "stats": read("/api/actions/stats"),
    }


def _read(states: Sequence[str], cursor: str | None) -> Json:
    answer: Json = read("/api/actions", {"limit": _LIMIT, "state": list(states), "cursor": cursor})
    return answer
