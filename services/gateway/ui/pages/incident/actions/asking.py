"""What may be asked of an action: preview, dry run, approval, decision, execution, withdrawal, cancellation."""

from typing import Any

from flask import Blueprint, Response, render_template, request

from services.gateway.ui.actions.gate import WHY_NOT
from services.gateway.ui.answering import HTML, done, is_part
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.incident.actions.showing import action_page

blueprint = Blueprint("asking", __name__)
_UNAUTHENTICATED = 401
_AT = "/incidents/<incident_id>/actions/<action_id>"


@blueprint.post(f"{_AT}/previews")
def attach_preview(incident_id: str, action_id: str) -> Response:
    """Attach what a dry run put out."""
    body = {"output": request.form.get("output", ""), "succeeded": request.form.get("succeeded") != "no"}
    return _send(incident_id, action_id, "previews", body, "The preview is attached. Earlier approvals lapse.")


@blueprint.post(f"{_AT}/dry-run")
def dry_run(incident_id: str, action_id: str) -> Response:
    """Ask for a dry run."""
    return _send(incident_id, action_id, "dry-run", {}, "A dry run is asked for. Its preview appears here.")


@blueprint.post(f"{_AT}/request-approval")
def request_approval(incident_id: str, action_id: str) -> Response:
    """Let it wait for approval."""
    return _send(incident_id, action_id, "request-approval", {}, "It waits for approval now.")


@blueprint.post(f"{_AT}/approve")
def approve(incident_id: str, action_id: str) -> Response:
    """Approve exactly what the form was shown with: it names the digest of that."""
    body = {"approved": True, "digest": request.form.get("digest", ""), **_given("reason")}
    return _send(incident_id, action_id, "approve", body, "Approved.")


@blueprint.post(f"{_AT}/reject")
def reject(incident_id: str, action_id: str) -> Response:
    """Reject it."""
    return _send(incident_id, action_id, "approve", {"approved": False, **_given("reason")}, "Rejected.")


@blueprint.post(f"{_AT}/withdraw")
def withdraw(incident_id: str, action_id: str) -> Response:
    """Take it back."""
    return _send(incident_id, action_id, "withdraw", _given("reason"), "Withdrawn.")


@blueprint.post(f"{_AT}/execute")
def execute(incident_id: str, action_id: str) -> Response:
    """Execute it; of a manual action say what came of it."""
    body: dict[str, Any] = _given("result", "breakGlass")
    if "succeeded" in request.form:
        body["succeeded"] = request.form["succeeded"] == "yes"
    said = "What came of it is noted." if "succeeded" in body else "It is handed to a worker."
    return _send(incident_id, action_id, "execute", body, said)


@blueprint.post(f"{_AT}/cancel")
def cancel(incident_id: str, action_id: str) -> Response:
    """Ask the worker that is at it to stop where it can."""
    action = read(f"/api/incidents/{incident_id}/actions/{action_id}")
    job = (action["execution"] or {}).get("jobId") or action["previewJobId"]
    try:
        write("POST", f"/api/jobs/{job}/cancel")
    except ApiRefused as error:
        return _refused(incident_id, action_id, error)
    return done("The worker is asked to stop where it can.", _address(incident_id, action_id), refresh=["actions"])


def _send(incident_id: str, action_id: str, call: str, body: dict[str, Any], said: str) -> Response:
    try:
        write("POST", f"/api/incidents/{incident_id}/actions/{action_id}/{call}", body or None)
    except ApiRefused as error:
        return _refused(incident_id, action_id, error)
    return done(said, _address(incident_id, action_id), refresh=["actions"])


def _refused(incident_id: str, action_id: str, error: ApiRefused) -> Response:
    """Answer a refusal with what helps: the reasons, and where the content changed, the way to what it is now."""
    if error.status == _UNAUTHENTICATED:
        raise error
    if is_part():
        back = _address(incident_id, action_id)
        shown = render_template("actions/refused.html", problem=error.problem, back=back, why_not=WHY_NOT.get)
        return Response(shown, error.status, content_type=HTML)
    typed = request.form.to_dict()
    return action_page(incident_id, action_id, problem=error.problem, typed=typed, status=error.status)


def _address(incident_id: str, action_id: str) -> str:
    return f"/incidents/{incident_id}/actions/{action_id}"


def _given(*names: str) -> dict[str, Any]:
    """Return the fields of the form that are filled in."""
    return {name: request.form[name].strip() for name in names if request.form.get(name, "").strip()}
