"""Endpoints of incidents: open, list, read, change; their timeline, signals and jobs."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import inputs, job_shapes, shapes
from services.gateway.api.current import (
    Made,
    encode,
    encode_page,
    entity_tag,
    gateway,
    if_match_versions,
    read_answer,
    read_kept,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.inbox_inputs import InboxQuery, inbox_query
from services.gateway.api.incident_moves_inputs import IncidentQuery
from services.gateway.api.incident_moves_shapes import MergedShape
from services.gateway.api.job_views import view_listed
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import (
    find_target,
    incident_path,
    resolve_incident_id,
    shown_until,
    view_entry,
    view_incident,
)
from services.gateway.domain.changes import Move
from services.gateway.domain.records import Incident, Job, Role, Signal
from services.gateway.handlers.add_note import add_note, find_note
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.attach_diagnosis import keep_diagnosis, open_from_diagnosis
from services.gateway.handlers.change_incident import change_incident
from services.gateway.handlers.open_incident import open_incident
from services.gateway.handlers.promote_quickdx import get_done, open_from_quickdx
from services.gateway.handlers.read_timeline import read_timeline as find_part
from services.gateway.ports import RecordQuery, StoreReads, Transaction

blueprint = ReadingBlueprint("incidents", __name__, description="The cases people work on.")
_NEW = {
    "title": "Checkout fails for a third of customers",
    "severity": "high",
    "services": ["checkout"],
    "labels": {"team": "payments"},
}


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=shapes.IncidentShape,
        body=inputs.NewIncident,
        body_example=_NEW,
        errors=(
            errors.TimesNotChronological,
            errors.RecordNotFound,
            errors.DiagnosisNotDone,
            errors.BlobNotFound,
            errors.BlobDamaged,
        ),
        keyed=True,
    ),
)
def create_incident(fields: dict[str, Any]) -> Response:
    """Open an incident by hand, or from a diagnosis."""
    parts, actor = gateway(), subject()
    diagnosis, quickdx_id = fields.pop("diagnosis", None), fields.pop("diagnosis_id", None)
    kept = keep_diagnosis(parts.blobs, diagnosis) if diagnosis is not None else None
    if quickdx_id is not None:
        kept = get_done(parts.store, parts.blobs, quickdx_id)

    def work(tx: Transaction) -> str:
        if kept is None:
            return open_incident(tx, actor, fields)
        if quickdx_id is None:
            return open_from_diagnosis(tx, actor, fields, kept)
        return open_from_quickdx(tx, actor, fields, quickdx_id, kept)

    answer = answer_once(
        parts.store,
        repeat_guard(),
        work,
        lambda incident_id: _show(incident_id, 201, location=incident_path(incident_id)),
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents",
        role=Role.VIEWER,
        answer=shapes.IncidentPageShape,
        query=InboxQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_incidents(args: dict[str, Any]) -> Response:
    """List incidents: the inbox, with filters, search and paging."""

    def make(store: StoreReads) -> Made:
        page = store.list_incidents(inbox_query(args))
        # The items are ready JSON: they are put together, not read and written again.
        tail = encode({"total": page.total, "nextCursor": page.next_cursor})
        return Made(b'{"items":[' + b",".join(page.items) + b"]," + tail[1:])

    return read_kept(make)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{id:incident_id}",
        role=Role.VIEWER,
        answer=shapes.IncidentShape,
        query=IncidentQuery,
        errors=(errors.RecordNotFound,),
        conditional=True,
        redirect=MergedShape,
    ),
)
def read_incident(args: dict[str, Any], incident_id: str) -> Response:
    """Read an incident, by id or as INC-42; a merged one leads to its target."""

    def make(store: StoreReads) -> Made:
        found = resolve_incident_id(store, incident_id)
        if args["redirect"] and (target := find_target(store, found)):
            return Made(encode({"mergedInto": target}), location=incident_path(target))
        parts = gateway()
        now = parts.clock.now()
        view = view_incident(store, parts.settings.approvals, now, found)
        return Made(encode(view), view.version, shown_until(view, parts.settings.approvals, now))

    return read_kept(make)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{id:incident_id}",
        method="PATCH",
        role=Role.RESPONDER,
        answer=shapes.IncidentShape,
        body=inputs.IncidentChange,
        body_example={"status": "triage", "owner": "ann"},
        errors=(
            errors.RecordNotFound,
            errors.TransitionNotAllowed,
            errors.MergeNeedsTarget,
            errors.IncidentMerged,
            errors.SignalsFiring,
            errors.VersionConflict,
            errors.ReasonRequired,
        ),
        keyed=True,
        matched=True,
    ),
)
def patch_incident(fields: dict[str, Any], incident_id: str) -> Response:
    """Change fields of an incident, move its status, or both."""
    store, actor, versions = gateway().store, subject(), if_match_versions()
    reason, force, status = fields.pop("reason"), fields.pop("force"), fields.pop("status", None)
    move = Move(status, reason.strip(), force) if status is not None else None
    resolved = resolve_incident_id(store, incident_id)
    answer = answer_once(
        store,
        repeat_guard(),
        lambda tx: change_incident(tx, resolved, actor, fields, move, versions),
        lambda changed: _show(changed, 200),
    )
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/timeline",
        role=Role.VIEWER,
        answer=shapes.TimelinePageShape,
        query=inputs.TimelineQuery,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_timeline(args: dict[str, Any], incident_id: str) -> Response:
    """Read the timeline of an incident in order, after a sequence, or newest first."""
    store, wish = gateway().store, inputs.timeline_wish(args)
    part = find_part(store, resolve_incident_id(store, incident_id), wish)
    ways = ("nextBefore", "nextAfter") if wish.is_newest_first else ("nextAfter", "nextBefore")
    return read_answer(
        encode(
            {
                "items": [view_entry(chained) for chained in part.entries],
                "total": part.head.sequence,
                "headSequence": part.head.sequence,
                "headHash": part.head.hash,
                ways[0]: part.go_on,
                ways[1]: None,
            },
        ),
    )


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/timeline",
        method="POST",
        role=Role.RESPONDER,
        status=201,
        answer=shapes.EntryShape,
        body=inputs.NewNote,
        body_example={"message": "Rolled back checkout to 1.42."},
        errors=(errors.RecordNotFound, errors.IncidentMerged),
        keyed=True,
    ),
)
def create_note(fields: dict[str, Any], incident_id: str) -> Response:
    """Add a note to the timeline."""
    store, actor = gateway().store, subject()
    found = resolve_incident_id(store, incident_id)

    def render(note_id: str) -> Answer:
        chained = find_note(store, found, note_id)
        if chained is None:
            raise errors.RecordNotFound("The incident was removed meanwhile.")
        path = f"{incident_path(found)}/timeline?after={chained.entry.sequence - 1}&limit=1"
        return Answer(201, encode(view_entry(chained)).decode(), location=path)

    message, occurred_at = fields["message"], fields.get("occurred_at")
    answer = answer_once(store, repeat_guard(), lambda tx: add_note(tx, found, actor, message, occurred_at), render)
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/signals",
        role=Role.VIEWER,
        answer=shapes.SignalPageShape,
        query=inputs.IncidentSignalsQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_incident_signals(args: dict[str, Any], incident_id: str) -> Response:
    """List the signals that joined an incident."""
    return _list_of(Signal, incident_id, tuple(args["status"]), args)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/jobs",
        role=Role.VIEWER,
        answer=job_shapes.JobPageShape,
        query=inputs.IncidentJobsQuery,
        errors=(errors.RecordNotFound, errors.BadCursor),
        conditional=True,
    ),
)
def list_incident_jobs(args: dict[str, Any], incident_id: str) -> Response:
    """List the jobs of an incident."""
    return _list_of(Job, incident_id, tuple(args["state"]), args)


def _list_of(kind: type[Signal | Job], incident_id: str, states: tuple[str, ...], args: dict[str, Any]) -> Response:
    store = gateway().store
    parent = store.get(Incident, resolve_incident_id(store, incident_id)).id
    query = RecordQuery(
        parent=parent,
        states=states,
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = store.list_records(kind, query)
    return read_answer(encode_page(view_listed(store, page.records), page.total, page.next_cursor))


def _show(incident_id: str, status: int, *, location: str | None = None) -> Answer:
    parts = gateway()
    view = view_incident(parts.store, parts.settings.approvals, parts.clock.now(), incident_id)
    body = encode(view)
    return Answer(status, body.decode(), location=location, etag=entity_tag(body, view.version))
