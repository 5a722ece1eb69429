"""Endpoints of silences and maintenance windows: list, set, end early, and try on the past week."""

from datetime import datetime
from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import rule_inputs, rule_shapes
from services.gateway.api.current import (
    encode,
    encode_page,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role, Scope, Silence
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.manage_silences import end_early, set_silence
from services.gateway.handlers.try_silence import try_silence
from services.gateway.ports import RecordQuery
from shared.ids import new_id

blueprint = ReadingBlueprint("silences", __name__, description="What is held back, until when, and why.")

_EXAMPLE = {
    "comment": "db-3 is being replaced",
    "match": {"services": ["db-3"]},
    "endsAt": "2026-11-02T12:00:00Z",
}


@endpoint(
    blueprint,
    Operation(
        path="/api/silences",
        role=Role.VIEWER,
        scope=Scope.RULES_READ,
        answer=rule_shapes.SilencePageShape,
        query=rule_inputs.SilenceQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_silences(args: dict[str, Any]) -> Response:
    """List silences and maintenance windows, newest first."""
    query = RecordQuery(
        parent=args.get("kind"),
        states=tuple(args["state"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = gateway().store.list_records(Silence, query)
    return read_answer(encode_page(list(page.records), page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/silences",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.RULES_WRITE,
        status=201,
        answer=rule_shapes.SilenceShape,
        body=rule_inputs.SilenceInput,
        body_example=_EXAMPLE,
        errors=(errors.TooManySilences,),
        keyed=True,
    ),
)
def create_silence(fields: dict[str, Any]) -> Response:
    """Set a silence or a maintenance window. Resolves always pass; what still fires when it ends is placed then."""
    store, actor = gateway().store, subject().id

    def render(silence_id: str) -> Answer:
        body = encode(store.get(Silence, silence_id)).decode()
        return Answer(201, body, location=f"/api/silences/{silence_id}")

    answer = answer_once(store, repeat_guard(), lambda tx: set_silence(tx, _silence(fields, actor, tx.now)), render)
    return write_answer(answer)


@endpoint(
    blueprint,
    Operation(
        path="/api/silences/{id:silence_id}",
        role=Role.VIEWER,
        scope=Scope.RULES_READ,
        answer=rule_shapes.SilenceShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_silence(silence_id: str) -> Response:
    """Read a silence."""
    return read_answer(encode(gateway().store.get(Silence, silence_id)))


@endpoint(
    blueprint,
    Operation(
        path="/api/silences/{silence_id}/end",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.RULES_WRITE,
        answer=rule_shapes.SilenceShape,
        errors=(errors.RecordNotFound, errors.SilenceEnded),
        keyed=True,
    ),
)
def end_silence(silence_id: str) -> Response:
    """End a silence now; what it held and still fires is placed at once."""
    store, actor = gateway().store, subject().id

    def render(ended: str) -> Answer:
        return Answer(200, encode(store.get(Silence, ended)).decode())

    return write_answer(answer_once(store, repeat_guard(), lambda tx: end_early(tx, silence_id, actor), render))


@endpoint(
    blueprint,
    Operation(
        path="/api/silences/try",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.RULES_WRITE,
        answer=rule_shapes.TriedSilenceShape,
        body=rule_inputs.SilenceInput,
        body_example=_EXAMPLE,
    ),
)
def try_out(fields: dict[str, Any]) -> Response:
    """Show which deliveries of the past 7 days it would have held back. Nothing is set."""
    parts = gateway()
    now = parts.clock.now()
    result = try_silence(parts.store, _silence(fields, subject().id, now), now)
    return Response(encode(result), 200, content_type="application/json")


def _silence(fields: dict[str, Any], actor: str, now: datetime) -> Silence:
    given = {"starts_at": now, **fields}
    return Silence(id=new_id("sil"), created_by=actor, created_at=now, updated_at=now, **given)
