"""The tab of an incident: jobs. How far they are, why one failed, and doing it again."""

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request

from services.gateway.ui.answering import done, page
from services.gateway.ui.ask import ApiRefused, read, write
from services.gateway.ui.pages.incident.frame import canonical, incident_address, incident_page, read_incident
from services.gateway.ui.pages.incident.header import back_to

blueprint = Blueprint("jobs", __name__)
STATE_KINDS = {
    "pending": "plain",
    "handed": "busy",
    "running": "busy",
    "succeeded": "good",
    "failed": "bad",
    "cancelled": "plain",
    "unknown": "warn",
}
_UNDER_WAY = ("pending", "handed", "running")
# How far a job is, its worker says; each costs a question.
_MOST_FOLLOWED = 10
_EXECUTE = "actions.execute_action"
_NOT_FOUND = 404


@blueprint.get("/incidents/<incident_id>/jobs")
def show(incident_id: str) -> Response:
    """Show it."""
    incident = read_incident(incident_id)
    if elsewhere := canonical(incident, incident_id, "jobs"):
        return elsewhere
    return incident_page("incident/jobs.html", incident, "jobs", **_read_jobs(incident))


@blueprint.get("/incidents/<incident_id>/parts/jobs")
def show_jobs(incident_id: str) -> Response:
    """Show the list alone."""
    incident = read_incident(incident_id)
    return page("incident/job_list.html", incident=incident, **_read_jobs(incident))


@blueprint.post("/incidents/<incident_id>/jobs/<job_id>/retry")
def retry(incident_id: str, job_id: str) -> Response:
    """Do a job again that ended without success."""
    write("POST", f"/api/jobs/{job_id}/retry")
    return done("It is done again, as a new job.", back_to(incident_id, "jobs"), ("jobs",))


@blueprint.post("/incidents/<incident_id>/jobs/<job_id>/cancel")
def cancel(incident_id: str, job_id: str) -> Response:
    """Cancel a job that has not ended."""
    write("POST", f"/api/jobs/{job_id}/cancel")
    return done("The job is cancelled.", back_to(incident_id, "jobs"), ("jobs",))


def _read_jobs(incident: dict[str, Any]) -> dict[str, Any]:
    asked = request.args.get("state", "")
    state = asked if asked in STATE_KINDS else None
    query = {"state": state, "cursor": request.args.get("cursor")}
    answer = read(f"/api/incidents/{incident['id']}/jobs", query)
    followed = {job["id"] for job in [one for one in answer["items"] if one["state"] == "running"][:_MOST_FOLLOWED]}
    again = {job["retryOf"]: job["id"] for job in answer["items"] if job["retryOf"]}
    jobs = [_tell(incident, _follow(job) if job["id"] in followed else job, again) for job in answer["items"]]
    return {
        "answer": answer,
        "jobs": jobs,
        "state": state or "",
        "states": list(STATE_KINDS),
        "is_under_way": any(job["state"] in {"handed", "running"} for job in jobs),
    }


def _follow(job: dict[str, Any]) -> dict[str, Any]:
    """Return the job with how far it is; one that was removed meanwhile stays as it was listed."""
    try:
        found: dict[str, Any] = read(f"/api/jobs/{job['id']}")
    except ApiRefused as error:
        if error.status == _NOT_FOUND:
            return job
        raise
    return found


def _tell(incident: dict[str, Any], job: dict[str, Any], again: dict[str, str]) -> dict[str, Any]:
    return job | {
        "stateKind": STATE_KINDS.get(job["state"], "plain"),
        "isUnderWay": job["state"] in _UNDER_WAY,
        "isExecution": job["kind"] == _EXECUTE,
        "retriedAs": again.get(job["id"]),
        "about": _about(incident_address(incident), job["payload"]),
    }


def _about(address: str, known: dict[str, Any]) -> tuple[str, str] | None:
    """Return the text and address of what a job is for."""
    if known.get("actionId"):
        return "Action", f"{address}/actions#{quote(str(known['actionId']), safe='')}"
    if known.get("investigationId"):
        return "Investigation", f"{address}/evidence?investigation={quote(str(known['investigationId']), safe='')}"
    return None
