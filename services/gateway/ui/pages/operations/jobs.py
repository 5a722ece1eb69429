"""The tab of operations: jobs, and those that failed for good."""

from collections import Counter
from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from services.gateway.ui.answering import done, led_to, page
from services.gateway.ui.ask import read, write
from services.gateway.ui.pages.operations.frame import asked, operations_page

blueprint = Blueprint("jobs", __name__)
_MOST_DEAD = 10
_MOST_SEEN = 200
_LONGEST_CHAIN = 20
_ENDED_BADLY = ("failed", "unknown")


@blueprint.get("/operations")
def show() -> Response:
    """Show the queues, the dead letters, and all jobs under the filters of the address."""
    return operations_page("operations/jobs.html", "jobs", **_board(), **_list())


@blueprint.get("/operations/jobs/board")
def show_board() -> Response:
    """Show the part of the page that follows what happens."""
    return page("operations/jobs_board.html", **_board())


@blueprint.get("/operations/jobs/list")
def show_list() -> Response:
    """Show the list under the filters of the address, as the page has it."""
    return page("operations/jobs_list.html", **_list())


@blueprint.get("/operations/jobs/<job_id>")
def show_one(job_id: str) -> Response:
    """Show one job, how far it is, and its chain of re-drives."""
    return operations_page("operations/job.html", "jobs", **_whole(job_id))


@blueprint.get("/operations/jobs/<job_id>/part")
def show_part(job_id: str) -> Response:
    """Show the part of a job's page that follows what happens."""
    return page("operations/job_part.html", **_whole(job_id))


@blueprint.post("/operations/jobs/<job_id>/retry")
def retry(job_id: str) -> Response:
    """Do the job again, and lead to the new one."""
    again = write("POST", f"/api/jobs/{job_id}/retry").body
    return led_to(f"/operations/jobs/{again['id']}")


@blueprint.post("/operations/jobs/<job_id>/cancel")
def cancel(job_id: str) -> Response:
    """Cancel the job."""
    job = write("POST", f"/api/jobs/{job_id}/cancel").body
    told = "The job is cancelled." if job["state"] == "cancelled" else "The worker is asked to stop."
    return done(told, f"/operations/jobs/{job_id}", ["jobs"])


def _board() -> dict[str, Any]:
    stats = read("/api/queues")
    heard = Counter(queue for worker in stats["workers"] if worker["isHeard"] for queue in worker["queues"])
    return {"stats": stats, "heard": heard, **_dead_letters()}


def _list() -> dict[str, Any]:
    filters = asked("state", "queue")
    return {"jobs": read("/api/jobs", filters), "filters": filters}


def _dead_letters() -> dict[str, Any]:
    """Return the newest jobs that ended badly, each with the job that does it again where there is one."""
    dead = read("/api/jobs", {"state": list(_ENDED_BADLY), "limit": _MOST_DEAD})
    oldest = min((job["createdAt"] for job in dead["items"]), default=None)
    later = read("/api/jobs", {"since": oldest, "limit": _MOST_SEEN})["items"] if oldest else []
    return {"dead": dead, "again": {job["retryOf"]: job for job in later if job["retryOf"]}}


def _whole(job_id: str) -> dict[str, Any]:
    job = read(f"/api/jobs/{job_id}")
    return {"job": job, "took": _took(job), "chain": [*_before(job), job, *_after(job)]}


def _took(job: dict[str, Any]) -> float | None:
    if not (job["startedAt"] and job["finishedAt"]):
        return None
    begun, ended = (datetime.fromisoformat(job[name]) for name in ("startedAt", "finishedAt"))
    return (ended - begun).total_seconds()


def _before(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs it repeats, the first attempt first; retention may have taken the oldest."""
    known = {one["id"]: one for one in _kin(job)}
    chain: list[dict[str, Any]] = []
    while job["retryOf"] in known and len(chain) < _LONGEST_CHAIN:
        job = known[job["retryOf"]]
        chain.insert(0, job)
    return chain


def _after(job: dict[str, Any]) -> list[dict[str, Any]]:
    following = {one["retryOf"]: one for one in _kin(job) if one["retryOf"]}
    chain: list[dict[str, Any]] = []
    while job["id"] in following and len(chain) < _LONGEST_CHAIN:
        job = following[job["id"]]
        chain.append(job)
    return chain


def _kin(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the newest jobs among which its re-drives are: of its incident, of its delivery, or of its queue."""
    if job["incidentId"]:
        query = {"incidentId": job["incidentId"]}
    elif job["deliveryId"]:
        query = {"deliveryId": job["deliveryId"]}
    else:
        query = {"queue": job["queue"] or "timer"}
    kin: list[dict[str, Any]] = read("/api/jobs", {**query, "limit": _MOST_SEEN})["items"]
    return kin
