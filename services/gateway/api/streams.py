"""Endpoints of live updates: server-sent events for the inbox and for one incident."""

from collections.abc import Mapping
from typing import Any, cast

from flask import Response, current_app, request, stream_with_context
from marshmallow import fields, validate

from services.gateway import errors
from services.gateway.api.current import gateway, is_number, subject
from services.gateway.api.fields import InputSchema
from services.gateway.api.operation import Operation, authorise, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.representations import resolve_incident_id
from services.gateway.domain.records import Incident, Role, Scope
from services.gateway.errors import ValidationFailed
from services.gateway.live.board import LiveBoard
from services.gateway.live.follower import follow
from services.gateway.live.slots import StreamSlots
from services.gateway.settings import Settings
from shared.errors import AppError

blueprint = ReadingBlueprint("streams", __name__, description="What changes, as it changes.")
_MOST_SECONDS = 300
_EVENTS = "text/event-stream"
_ERRORS = (errors.TooManyStreams, errors.ValidationFailed)
_NO_ID = "must be the id of an event"
# One event, as the HTML standard names its fields; ``data`` is a JSON text.
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["ready", "changed", "reset"]},
        "id": {"type": "string"},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer"},
    },
}
_RESUME: Mapping[str, Any] = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The id of the last event that came; what changed since is told first.",
    "schema": {"type": "string", "pattern": "^[0-9]{1,18}$"},
}


class Live:
    """The board that streams follow, and how many may be open; half of the threads are never theirs."""

    def __init__(self, board: LiveBoard, settings: Settings) -> None:
        self.board = board
        self.slots = StreamSlots(min(settings.streams, settings.threads // 2))


class StreamQuery(InputSchema):
    """How long to stay, and from where to go on."""

    seconds = fields.Integer(
        load_default=_MOST_SECONDS,
        validate=validate.Range(0, _MOST_SECONDS),
        metadata={"description": "Ends after so long; 0 tells what was missed and ends at once."},
    )
    last_event_id = fields.String(
        validate=validate.Regexp(r"^[0-9]{1,18}\Z", error=_NO_ID),
        metadata={"description": "In place of the header Last-Event-ID.", "pattern": "^[0-9]{1,18}$"},
    )


@endpoint(
    blueprint,
    Operation(
        path="/api/stream",
        role=Role.VIEWER,
        answer=_EVENT,
        media_type=_EVENTS,
        query=StreamQuery,
        errors=_ERRORS,
        parameters=(_RESUME,),
    ),
)
def stream_inbox(args: dict[str, Any]) -> Response:
    """Follow all incidents as server-sent events."""
    return _stream(args, None)


@endpoint(
    blueprint,
    Operation(
        path="/api/incidents/{incident_id}/stream",
        role=Role.VIEWER,
        answer=_EVENT,
        media_type=_EVENTS,
        query=StreamQuery,
        errors=(errors.RecordNotFound, *_ERRORS),
        parameters=(_RESUME,),
    ),
)
def stream_incident(args: dict[str, Any], incident_id: str) -> Response:
    """Follow one incident as server-sent events."""
    store = gateway().store
    return _stream(args, store.get(Incident, resolve_incident_id(store, incident_id)).id)


def _stream(args: dict[str, Any], incident_id: str | None) -> Response:
    live = cast("Live", current_app.extensions["faultline_live"])
    after = _last_event_id(args)
    give_back = live.slots.take(subject().id)
    events = follow(
        live.board,
        gateway().store,
        after=after,
        incident_id=incident_id,
        seconds=args["seconds"],
        is_wanted=_is_wanted,
    )
    # nginx holds back what it proxies unless it is told not to.
    response = Response(stream_with_context(events), 200, {"X-Accel-Buffering": "no"}, content_type=_EVENTS)
    # Not in the generator: one that was never begun runs no finally.
    response.call_on_close(give_back)
    return response


def _is_wanted() -> bool:
    """Answer whether the client is there, and may still read: its token may be revoked while the stream is open."""
    is_gone = request.environ.get("faultline.is_gone")
    if is_gone is not None and is_gone():
        return False
    try:
        authorise(Role.VIEWER, Scope.INCIDENTS_READ)
    except AppError:
        return False
    return True


def _last_event_id(args: dict[str, Any]) -> int | None:
    header = request.headers.get("Last-Event-ID")
    if header is not None and not is_number(header):
        raise ValidationFailed("Not valid: Last-Event-ID.", errors={"Last-Event-ID": [_NO_ID]})
    text = header or args.get("last_event_id")
    return int(text) if text is not None else None
