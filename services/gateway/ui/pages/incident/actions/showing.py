"""Show the actions of an incident, and each as a page of its own: what it is, the gate before it, what came of it."""

import json
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.actions.diff import count, read_diff, visible
from services.gateway.ui.actions.gate import KINDS, MEANINGS, WHY_NOT, gate_of, steps_of, tightened
from services.gateway.ui.actions.places import Lack, find_lack
from services.gateway.ui.actions.proposal import as_fields
from services.gateway.ui.answering import is_part, page
from services.gateway.ui.ask import ApiRefused, read
from services.gateway.ui.pages.incident.frame import incident_page, read_incident
from services.gateway.ui.person import person

blueprint = Blueprint("showing", __name__)
_MOST = 200
_OK = 200
_GROUPS = (
    ("Waiting for approval", frozenset({"pending", "stale"})),
    ("Approved, to be executed", frozenset({"approved"})),
    ("Under way", frozenset({"executing"})),
    ("Proposed, nobody is asked yet", frozenset({"proposed", "previewed"})),
    ("Done", frozenset({"executed", "verified", "ineffective", "failed", "unknown"})),
    ("Not done", frozenset({"rejected", "withdrawn", "expired"})),
)
Json = dict[str, Any]


@blueprint.get("/incidents/<incident_id>/actions")
def show(incident_id: str) -> Response:
    """Show all of them, what waits for somebody first."""
    incident = read_incident(incident_id)
    return incident_page("incident/actions.html", incident, "actions", **_all_of(incident))


@blueprint.get("/incidents/<incident_id>/actions/part")
def show_part(incident_id: str) -> Response:
    """Show the same without its frame."""
    incident = read_incident(incident_id)
    return page("actions/list_part.html", incident=incident, **_all_of(incident))


@blueprint.get("/incidents/<incident_id>/actions/<action_id>")
def show_one(incident_id: str, action_id: str) -> Response:
    """Show one action."""
    return action_page(incident_id, action_id)


@blueprint.get("/incidents/<incident_id>/actions/<action_id>/part")
def show_one_part(incident_id: str, action_id: str) -> Response:
    """Show the same without its frame. ``seen`` is the digest of what was shown first: only that can be approved."""
    incident = read_incident(incident_id)
    return page("actions/one_part.html", incident=incident, **_one(incident, action_id, request.args.get("seen")))


@blueprint.get("/incidents/<incident_id>/actions/<action_id>/run")
def show_run(incident_id: str, action_id: str) -> Response:
    """Show the execution alone, which moves while it is under way; at its end the rest is fetched anew."""
    incident = read_incident(incident_id)
    action = _action(incident, action_id)
    answer = page("actions/run.html", incident=incident, action=action, **_run_of(action))
    if action["state"] != "executing":
        answer.headers["HX-Trigger"] = json.dumps({"refresh": {"parts": ["actions"]}})
    return answer


@blueprint.get("/incidents/<incident_id>/actions/<action_id>/previews/<preview_id>")
def show_preview(incident_id: str, action_id: str, preview_id: str) -> Response:
    """Show one preview, which is fetched when it is opened."""
    preview = read_preview(f"/api/incidents/{incident_id}/actions/{action_id}/previews/{preview_id}")
    if is_part():
        return page("actions/preview.html", preview=preview)
    incident = read_incident(incident_id)
    return incident_page("incident/preview.html", incident, "actions", preview=preview, action_id=action_id)


def action_page(
    incident_id: str, action_id: str, *, problem: Json | None = None, typed: Json | None = None, status: int = _OK
) -> Response:
    """Return the page of an action; with ``problem`` at its top and what was ``typed`` where a form was refused."""
    incident = read_incident(incident_id)
    context = _one(incident, action_id, None)
    answer = incident_page("incident/action.html", incident, "actions", problem=problem, typed=typed or {}, **context)
    answer.status_code = status
    return answer


def read_preview(href: str) -> Json:
    """Return a preview with its output read as a diff."""
    preview: Json = read(href)
    lines = read_diff(preview["output"])
    return {**preview, "lines": lines, "count": count(lines)}


def grouped(actions: list[Json]) -> list[tuple[str, list[Json]]]:
    """Return actions under what they wait for, in the order in which somebody has to do something."""
    found = ((name, [one for one in actions if one["state"] in states]) for name, states in _GROUPS)
    return [(name, ones) for name, ones in found if ones]


def _all_of(incident: Json) -> Json:
    listed = read(f"/api/incidents/{incident['id']}/actions", {"limit": _MOST})
    return {"groups": grouped(listed["items"]), "listed": listed, "kinds": KINDS}


def _action(incident: Json, action_id: str) -> Json:
    action: Json = read(f"/api/incidents/{incident['id']}/actions/{action_id}")
    return action


def _one(incident: Json, action_id: str, seen: str | None) -> Json:
    action = _action(incident, action_id)
    seen = seen or action["reviewDigest"]
    previews, gate = action["previews"], gate_of(action, person())
    return {
        "action": action,
        "seen": seen,
        "has_changed": seen != action["reviewDigest"],
        "gate": gate,
        "lack": _lack(action) if gate.is_open and action["state"] != "executing" else None,
        "steps": steps_of(action),
        "newest": read_preview(previews[-1]["href"]) if previews else None,
        "older": list(reversed(previews[:-1])),
        "preview_job": _job(action["previewJobId"]),
        "parameters": _parameters(action),
        "again": as_fields(action),
        "kinds": KINDS,
        "meanings": MEANINGS,
        "tightened": tightened,
        "why_not": WHY_NOT.get,
        **_run_of(action),
    }


def _lack(action: Json) -> Lack | None:
    if action["type"] == "manual":
        return None
    return find_lack(read("/api/actions/places"), action["type"], action["payload"].get("context", ""))


def _parameters(action: Json) -> list[tuple[str, str]]:
    """Return the parameters of a change as text: structures as JSON, everything unseen made visible."""
    given = action["payload"].get("parameters") or {}
    return [(name, visible(one if isinstance(one, str) else json.dumps(one, indent=2))) for name, one in given.items()]


def _run_of(action: Json) -> Json:
    execution = action["execution"]
    output = read(execution["outputHref"]) if execution and execution["outputHref"] else None
    undo = execution.get("rollback") if execution else None
    job = _job(execution["jobId"]) if execution else None
    progress = (job or {}).get("progress") or {}
    return {
        "output": output,
        "output_lines": read_diff(output["output"]) if output else (),
        "job": job,
        "progress": progress,
        "live_output": visible(progress.get("output") or ""),
        "undo": as_fields({"type": "kubernetes", "payload": undo}) if undo else None,
        "kinds": KINDS,
    }


def _job(job_id: str | None) -> Json | None:
    """Return a job; None where there is none, or it is past its retention."""
    if job_id is None:
        return None
    try:
        job: Json = read(f"/api/jobs/{job_id}")
    except ApiRefused:
        return None
    return job
