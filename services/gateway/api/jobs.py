"""Endpoints of jobs and signals across incidents: list, read, retry, cancel."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import inputs, job_shapes, shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.job_views import view_job, view_listed
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.domain.records import Job, JobState, Role, Signal
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.steer_job import cancel_job, retry_job
from services.gateway.ports import RecordQuery

blueprint = ReadingBlueprint("jobs", __name__, description="Queued work, and the signals it read.")


@endpoint(
    blueprint,
    Operation(
        path="/api/signals",
        role=Role.VIEWER,
        answer=shapes.SignalPageShape,
        query=inputs.SignalQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_signals(args: dict[str, Any]) -> Response:
    """List signals, those seen last first."""
    return _list(Signal, args, states=args["status"], tags=args["source"], parent=_incident(args))


@endpoint(
    blueprint,
    Operation(
        path="/api/jobs",
        role=Role.VIEWER,
        answer=job_shapes.JobPageShape,
        query=inputs.JobQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_jobs(args: dict[str, Any]) -> Response:
    """List jobs, newest first."""
    parent = _incident(args) or args.get("delivery_id")
    return _list(Job, args, states=args["state"], tags=args["queue"], parent=parent)


@endpoint(
    blueprint,
    Operation(
        path="/api/jobs/{job_id}",
        role=Role.VIEWER,
        answer=job_shapes.JobWholeShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_job(job_id: str) -> Response:
    """Read a job, and how far it is."""
    parts = gateway()
    job = parts.store.get(Job, job_id)
    progress = parts.relay.progress(job.id) if job.state is JobState.RUNNING else None
    said = None
    if progress is not None:
        said = {"share": progress.share, "note": progress.note, "output": progress.output}
    return read_answer(encode(view_job(parts.store, job) | {"progress": said}))


@endpoint(
    blueprint,
    Operation(
        path="/api/jobs/{job_id}/retry",
        method="POST",
        role=Role.RESPONDER,
        status=202,
        answer=job_shapes.JobShape,
        errors=(errors.RecordNotFound, errors.JobNotRetryable),
        keyed=True,
    ),
)
def retry(job_id: str) -> Response:
    """Do a job again that ended without success, as a new job."""
    actor = subject().id
    answer = answer_once(gateway().store, repeat_guard(), lambda tx: retry_job(tx, job_id, actor), _accepted)
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/jobs/{job_id}/cancel",
        method="POST",
        role=Role.RESPONDER,
        answer=job_shapes.JobShape,
        errors=(errors.RecordNotFound, errors.JobNotCancellable),
        keyed=True,
    ),
)
def cancel(job_id: str) -> Response:
    """Cancel a job that has not ended."""
    actor = subject().id
    answer = answer_once(
        gateway().store, repeat_guard(), lambda tx: cancel_job(tx, job_id, actor), lambda found: _show(found, 200)
    )
    return write_answer(answer)


def _accepted(job_id: str) -> Answer:
    return _show(job_id, 202, location=f"/api/jobs/{job_id}")


def _show(job_id: str, status: int, *, location: str | None = None) -> Answer:
    store = gateway().store
    return Answer(status, encode(view_job(store, store.get(Job, job_id))).decode(), location=location)


def _incident(args: dict[str, Any]) -> str | None:
    name = args.get("incident_id")
    return resolve_incident_id(gateway().store, name) if name else None


def _list(
    kind: type[Signal] | type[Job],
    args: dict[str, Any],
    *,
    states: list[str],
    tags: list[str],
    parent: str | None,
) -> Response:
    query = RecordQuery(
        parent=parent,
        states=tuple(states),
        tags=tuple(tags),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    store = gateway().store
    page = store.list_records(kind, query)
    return read_answer(encode_page(view_listed(store, page.records), page.total, page.next_cursor))
