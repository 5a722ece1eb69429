"""Asking for a diagnosis: choose an object or paste its name; what was asked before; how often rules are right."""

import hashlib
from typing import Any

from flask import Blueprint, Response, render_template, request

from services.gateway.ui.answering import HTML, done, is_part, led_to, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.quickdx.kubectl import NotNamed, read_named
from services.gateway.ui.pages.quickdx.names import CHOICES, Offer
from services.gateway.ui.person import person

blueprint = Blueprint("asking", __name__)
STATES = ("queued", "running", "done", "failed")
_FINAL = frozenset({"succeeded", "failed", "cancelled", "unknown"})
_MOST_WORDS = 2_000


@blueprint.get("/quickdx")
def show() -> Response:
    """Show where to ask, and what was asked. The filters of the list are the API's, and fill the form in."""
    return page("quickdx/page.html", **_whole())


@blueprint.get("/quickdx/picker")
def show_picker() -> Response:
    """Show the form anew: what there is to choose from follows from what is chosen.

    A page that names what it knows of the inventory (``known``) is answered 204 while there is no other.
    """
    picker = _picker(request.args)
    if request.args.get("known") == picker["standing"]:
        return Response(status=204)
    return page("quickdx/picker.html", **picker)


@blueprint.get("/quickdx/history")
def show_history() -> Response:
    """Show the list anew."""
    return page("quickdx/history.html", **_history())


@blueprint.post("/quickdx")
def start() -> Response:
    """Ask for the diagnosis of what was chosen, or of what was pasted."""
    form = request.form
    try:
        wanted = _pasted(form["words"]) if "words" in form else _chosen_whole(form)
    except NotNamed as misread:
        return _misread(str(misread))
    asked = write("POST", "/api/quickdx", wanted).body
    return led_to(f"/quickdx/{asked['id']}")


@blueprint.post("/quickdx/inventory")
def refresh() -> Response:
    """Have the names listed anew."""
    write("POST", "/api/quickdx/inventory")
    return done("The graph worker lists the names anew.", "/quickdx", refresh=["inventory"])


def _whole() -> dict[str, Any]:
    return {**_picker(request.args), **_history(), "precision": read("/api/quickdx/precision")["items"]}


def _picker(given: Any) -> dict[str, Any]:
    inventory = read("/api/quickdx/inventory")
    chosen = {name: given.get(name, "").strip() for name in CHOICES}
    is_listing = inventory["state"] is not None and inventory["state"] not in _FINAL
    no_worker = missing_worker() if is_listing else None
    return {
        "inventory": inventory,
        "is_listing": is_listing,
        "standing": _standing(inventory, is_waiting=no_worker is not None),
        "offer": Offer(inventory, chosen),
        "chosen": chosen,
        "may_ask": person().may("responder"),
        "no_worker": no_worker,
    }


def _standing(inventory: dict[str, Any], *, is_waiting: bool) -> str:
    """Return a digest of how the inventory stands: another one has another, whatever is chosen of it.

    Not of why it waits for a worker: that counts seconds, and would be read out anew with each of them.
    """
    told = [inventory[name] for name in ("jobId", "state", "error", "takenAt")]
    return hashlib.sha256(repr([*told, is_waiting]).encode()).hexdigest()[:16]


def _history() -> dict[str, Any]:
    filters = {name: request.args.get(name) or None for name in (*CHOICES, "cursor")}
    states = [one for one in request.args.getlist("state") if one]
    history = read("/api/quickdx", {**filters, "state": states, "limit": 20})
    is_filtered = bool(states) or any(filters[name] for name in CHOICES)
    return {"history": history, "is_filtered": is_filtered, "states": STATES, "chosen_states": states}


def missing_worker() -> str | None:
    """Return why nobody would begin a diagnosis now; None where a graph worker is there."""
    try:
        readiness = read("/readyz")
    except ApiRefused as refused:
        # Not ready: the body is the checks all the same.
        readiness = refused.problem
    check: dict[str, Any] = readiness.get("checks", {}).get("worker:graph", {"ok": True})
    return None if check["ok"] else check["reason"]


def _chosen_whole(form: Any) -> dict[str, Any]:
    chosen = {name: form.get(name, "").strip() for name in CHOICES}
    return {**chosen, "namespace": chosen["namespace"] or None}


def _pasted(words: str) -> dict[str, Any]:
    named = read_named(words[:_MOST_WORDS])
    offer = Offer(read("/api/quickdx/inventory"), dict.fromkeys(CHOICES, ""))
    return offer.complete(named)


def _misread(reason: str) -> Response:
    problem = {"title": "That names no one object", "detail": reason}
    template = "parts/problem.html" if is_part() else "quickdx/page.html"
    context = {} if is_part() else _whole()
    body = render_template(template, problem=problem, words=request.form["words"], **context)
    return Response(body, 422, content_type=HTML)
