"""One diagnosis that was asked for: how far it is, what was found, and what people make of it."""

from collections import Counter
from typing import Any

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, led_to, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.findings.reading import Reader
from services.gateway.ui.named import name_incidents
from services.gateway.ui.pages.quickdx.asking import missing_worker
from services.gateway.ui.person import person

blueprint = Blueprint("result", __name__)
_UNDER_WAY = frozenset({"queued", "running"})
_MOST_FOUND = 8
# What a person does about a failure, by the code its worker gives before the colon.
_ADVICE = {
    "cluster_unusable": "The graph worker cannot use this context. Give its kubeconfig one that works, then try again.",
    "no_cluster": "The graph worker knows no such context. Refresh the names, and choose one of those.",
    "no_snapshot": "The snapshot this context reads is gone or broken. Write it anew, then try again.",
}
_ADVICE_OF_ALL = "Try again. If it fails again, the log of the graph worker says more."


@blueprint.get("/quickdx/<quickdx_id>")
def show(quickdx_id: str) -> Response:
    """Show it, as far as it is."""
    return page("quickdx/one.html", **_one(quickdx_id))


@blueprint.get("/quickdx/<quickdx_id>/state")
def show_state(quickdx_id: str) -> Response:
    """Show what changes about it."""
    return page("quickdx/state.html", **_one(quickdx_id))


@blueprint.post("/quickdx/<quickdx_id>/retry")
def retry(quickdx_id: str) -> Response:
    """Do its job again."""
    write("POST", f"/api/jobs/{read(f'/api/quickdx/{quickdx_id}')['jobId']}/retry")
    return done("It is tried again.", _address(quickdx_id), refresh=["quickdx"])


@blueprint.post("/quickdx/<quickdx_id>/cancel")
def cancel(quickdx_id: str) -> Response:
    """Stop its job."""
    write("POST", f"/api/jobs/{read(f'/api/quickdx/{quickdx_id}')['jobId']}/cancel")
    return done("It is stopped.", _address(quickdx_id), refresh=["quickdx"])


@blueprint.post("/quickdx/<quickdx_id>/feedback")
def give_feedback(quickdx_id: str) -> Response:
    """Say whether a rule was right."""
    form = request.form
    said = {"ruleId": form.get("ruleId", ""), "verdict": form.get("verdict", ""), "note": form.get("note", "")}
    write("POST", f"/api/quickdx/{quickdx_id}/feedback", said)
    return done(f"Kept: {said['ruleId']} is {said['verdict']}.", _address(quickdx_id), refresh=["quickdx"])


@blueprint.post("/quickdx/<quickdx_id>/incident")
def create_incident(quickdx_id: str) -> Response:
    """Open an incident of it."""
    body: dict[str, Any] = {"diagnosisId": quickdx_id}
    body |= {name: request.form[name] for name in ("title", "severity") if request.form.get(name, "").strip()}
    incident = write("POST", "/api/incidents", body).body
    return led_to(f"/incidents/INC-{incident['number']}")


@blueprint.post("/quickdx/<quickdx_id>/link")
def link_incident(quickdx_id: str) -> Response:
    """Attach it to an incident that exists: the one chosen, else the one whose number was typed."""
    incident = request.form.get("incident") or _number(request.form.get("q", "").strip())
    found = read(f"/api/incidents/{incident}")
    write("POST", f"/api/incidents/{found['id']}/diagnoses", {"diagnosisId": quickdx_id})
    return led_to(f"/incidents/INC-{found['number']}/evidence")


@blueprint.get("/quickdx/<quickdx_id>/incidents")
def find_incidents(quickdx_id: str) -> Response:
    """Show incidents to link it to: the one of this number, else those that hold the text."""
    return page("quickdx/incidents.html", quickdx_id=quickdx_id, found=_find(request.args.get("q", "").strip()))


def _one(quickdx_id: str) -> dict[str, Any]:
    one = read(f"/api/quickdx/{quickdx_id}")
    is_under_way = one["state"] in _UNDER_WAY
    content = one["content"] or {}
    reader = Reader(None, one["context"])
    judged = Counter((said["ruleId"], said["verdict"]) for said in one["feedback"])
    return {
        "one": one,
        "is_under_way": is_under_way,
        "no_worker": missing_worker() if is_under_way else None,
        "is_stopped": one["state"] == "failed" and _is_cancelled(one["jobId"]),
        "advice": _ADVICE.get((one["error"] or "").partition(":")[0], _ADVICE_OF_ALL),
        "content": content,
        "hypotheses": reader.read(content.get("hypotheses") or (), "hypothesis"),
        "findings": reader.read(content.get("findings") or (), "finding"),
        "incidents": _incidents(one["incidentIds"]),
        "may_work": person().may("responder"),
        "judged": judged,
        "mine": {said["ruleId"]: said for said in one["feedback"] if said["givenBy"] == person().subject},
        "found": _find("") if one["state"] == "done" else [],
    }


def _is_cancelled(job_id: str) -> bool:
    """Answer whether its job was cancelled; one past its retention tells nothing any more."""
    try:
        return bool(read(f"/api/jobs/{job_id}")["state"] == "cancelled")
    except ApiRefused:
        return False


def _incidents(ids: list[str]) -> list[dict[str, Any]]:
    """Return those that are kept: one that was old enough may be removed."""
    return list(name_incidents(ids[:_MOST_FOUND]).values())


def _find(text: str) -> list[dict[str, Any]]:
    query = {"q": _number(text) or None, "limit": _MOST_FOUND, "open": None if text else "true"}
    found: list[dict[str, Any]] = read("/api/incidents", query)["items"]
    return found


def _number(text: str) -> str:
    """Return ``INC-12`` for what people call ``12`` or ``#12``; other text as it is."""
    plain = text.removeprefix("#")
    return f"INC-{plain}" if plain.isdigit() else text


def _address(quickdx_id: str) -> str:
    return f"/quickdx/{quickdx_id}"
