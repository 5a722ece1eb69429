"""PagerDuty's Events API v2 as its clients know it: enqueue and change, with the routing key in the body."""

import secrets
from collections.abc import Mapping
from typing import NoReturn

from flask import Response, abort

from services.gateway import errors
from services.gateway.api import sender_shapes, shapes
from services.gateway.api.current import JSON, encode
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.routing_keys import mask_routing_key, read_event
from services.gateway.api.senders import admit, read_body
from services.gateway.api.sources import EVENT, PAGERDUTY, Source
from services.gateway.api.taking import answer, answer_202, blueprint, context_of, take
from services.gateway.domain.records import Role
from services.gateway.errors import Forbidden, MalformedRequest, Unauthenticated
from services.gateway.handlers.accept_delivery import Accepted

_KEY_BYTES = 16
_INVALID = {
    "status": "invalid event",
    "message": "Event object is invalid",
    "errors": ["'routing_key' must be a token of role service"],
}
_CHANGE = {"routing_key": "flt_…", "payload": {"summary": "Deploy of checkout 1.42", "source": "ci"}}


def take_event(source: Source) -> Response:
    """Accept an event; answer with the delivery, and with what PagerDuty would answer."""
    accepted, key = _take_event(source)
    more = encode(_processed(key)).decode()[1:-1]
    return answer(accepted, f",{more}")


def _take_event(source: Source) -> tuple[Accepted, str | None]:
    """Return the delivery and the dedup key of its event: its own, or one made for a trigger that has none."""
    body = read_body()
    event = read_event(body)
    context: dict[str, str] = {}
    if event is not None and event.action == "trigger" and not event.has_dedup_key:
        context["dedup_key"] = secrets.token_hex(_KEY_BYTES)
    accepted = take(source, body=mask_routing_key(body, event), context=context)
    return accepted, context_of(accepted, context).get("dedup_key") or (event.dedup_key if event else None)


def _processed(key: str | None) -> dict[str, str]:
    return {"status": "success", "message": "Event processed", **({"dedup_key": key} if key else {})}


def _admit_event() -> None:
    """Let in as ``admit`` does, but refuse in PagerDuty's words."""
    try:
        admit(PAGERDUTY)
    except (Unauthenticated, Forbidden, MalformedRequest):
        _refuse()


def _refuse() -> NoReturn:
    abort(Response(encode(_INVALID), 400, content_type=JSON))


def _operation(path: str, answered: type[shapes.Shape], example: Mapping[str, object]) -> Operation:
    invalid = {"schema": {"type": "object"}, "example": _INVALID}
    return Operation(
        path=path,
        method="POST",
        role=Role.SERVICE,
        admit=_admit_event,
        security=(),
        status=202,
        answer=answered,
        errors=(errors.MalformedRequest, errors.BodyTooLarge, errors.IntakeLimited),
        keyed=True,
        extra={
            "description": "The `routing_key` in the body is a token of role `service`; it is overwritten with `*` "
            "before the body is kept. An Authorization header is taken too.",
            "requestBody": {
                "required": False,
                "description": "At most 512 KiB. Anything with a good routing key is accepted.",
                "content": {JSON: {"schema": {}, "example": example}},
            },
            "responses": {400: {"content": {JSON: invalid}}},
        },
    )


@endpoint(blueprint, _operation("/v2/enqueue", sender_shapes.EventProcessedShape, {"routing_key": "flt_…", **EVENT}))
def enqueue() -> Response:
    """Accept an event as PagerDuty's Events API v2 does."""
    accepted, key = _take_event(PAGERDUTY)
    return answer_202(accepted, encode(_processed(key)))


@endpoint(blueprint, _operation("/v2/change/enqueue", sender_shapes.ChangeProcessedShape, _CHANGE))
def enqueue_change() -> Response:
    """Accept a change event as PagerDuty's Events API v2 does."""
    body = read_body()
    accepted = take(PAGERDUTY, body=mask_routing_key(body, read_event(body)), context={"action": "change"})
    return answer_202(accepted, encode({"status": "success", "message": "Change event processed"}))
