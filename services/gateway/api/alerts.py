"""Opsgenie's Alert API as its clients know it: create, acknowledge, close, and what became of a request."""

import secrets
import time
from typing import Any, NoReturn

import msgspec
from flask import Response, abort, g, request

from services.gateway import errors
from services.gateway.api import sender_shapes
from services.gateway.api.current import JSON, authenticator, encode, gateway, subject
from services.gateway.api.operation import Operation, endpoint, let_in
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.senders import admit, identify_sender, read_body
from services.gateway.api.sources import ALERT, OPSGENIE
from services.gateway.api.taking import answer_202, take
from services.gateway.domain.access import may
from services.gateway.domain.records import Delivery, DeliveryState, Role, Scope, Signal

blueprint = ReadingBlueprint("alerts", __name__, description="Opsgenie's Alert API, for tools that speak it.")

_KEY_BYTES = 16
_MOST_CHARACTERS = 512
_TYPES = ("id", "alias")
_ACTIONS = {
    "create": ("Create", "Created alert"),
    "acknowledge": ("Acknowledge", "Acknowledged alert"),
    "close": ("Close", "Closed alert"),
}
_TYPE_PARAMETER = {
    "name": "identifierType",
    "in": "query",
    "required": False,
    "description": "What the identifier is: the id of an alert (its fingerprint here), or its alias.",
    "schema": {"type": "string", "enum": list(_TYPES), "default": "id"},
}
_WILL_BE = {"result": "Request will be processed", "took": 0.01, "requestId": "dlv_01KAVEXAMPLE"}


class _Alert(msgspec.Struct):
    alias: Any = None


_decode = msgspec.json.Decoder(_Alert).decode


def _operation(path: str, example: dict[str, Any], **options: Any) -> Operation:
    return Operation(
        path=path,
        method="POST",
        role=Role.SERVICE,
        admit=_admit,
        security=OPSGENIE.security,
        status=202,
        answer=sender_shapes.AlertRequestShape,
        example=_WILL_BE,
        keyed=True,
        extra={
            "description": "Takes `Authorization: GenieKey <token>`. What cannot be understood is quarantined.",
            "requestBody": {"required": False, "content": {JSON: {"schema": {}, "example": example}}},
            "responses": {422: {"content": {JSON: {"schema": {"type": "object"}}}}},
        },
        **options,
    )


def _admit(identifier: str | None = None) -> None:  # noqa: ARG001 - stands in the path, says nothing of who sends.
    admit(OPSGENIE)


_ERRORS = (errors.MalformedRequest, errors.BodyTooLarge, errors.IntakeLimited)


@endpoint(blueprint, _operation("/v2/alerts", ALERT, errors=_ERRORS))
def create_alert() -> Response:
    """Accept an alert to create, as Opsgenie's Alert API does."""
    context = {"action": "create"}
    if _lacks_alias(read_body()):
        context["identifier"] = secrets.token_hex(_KEY_BYTES)
        context["identifier_type"] = "alias"
    return _take(context)


@endpoint(
    blueprint,
    _operation("/v2/alerts/{path:identifier}/close", {"note": "Mended"}, errors=_ERRORS, parameters=(_TYPE_PARAMETER,)),
)
def close_alert(identifier: str) -> Response:
    """Accept that an alert is closed, as Opsgenie's Alert API does."""
    return _take(_context("close", identifier))


@endpoint(
    blueprint,
    _operation("/v2/alerts/{path:identifier}/acknowledge", {}, errors=_ERRORS, parameters=(_TYPE_PARAMETER,)),
)
def acknowledge_alert(identifier: str) -> Response:
    """Accept that somebody has an alert, as Opsgenie's Alert API does."""
    return _take(_context("acknowledge", identifier))


def _lacks_alias(body: bytes) -> bool:
    try:
        return _decode(body).alias in (None, "")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _context(action: str, identifier: str) -> dict[str, str]:
    kind = request.args.get("identifierType", "id")
    if kind not in _TYPES:
        _refuse(422, f"identifierType must be {' or '.join(_TYPES)}; alerts have no tiny id here")
    # The server leaves an encoded slash as it came, so that it does not part the path.
    name = identifier.replace("%2F", "/")
    if len(name) > _MOST_CHARACTERS:
        _refuse(422, f"An identifier has at most {_MOST_CHARACTERS} characters")
    return {"action": action, "identifier": name, "identifier_type": kind}


def _take(context: dict[str, str]) -> Response:
    accepted = take(OPSGENIE, context=context)
    body = {"result": "Request will be processed", "took": _took(), "requestId": accepted.delivery_id}
    return answer_202(accepted, encode(body))


def _refuse(status: int, message: str) -> NoReturn:
    body = {"message": message, "took": _took(), "requestId": g.request_id}
    abort(Response(encode(body), status, content_type=JSON))


def _took() -> float:
    began: float = g.began
    return round(time.perf_counter() - began, 3)


def _admit_reader(request_id: str) -> None:
    """Let in who may read deliveries, and the sender of this one."""
    known = identify_sender(authenticator(), OPSGENIE, request.remote_addr or "")
    g.subject = known
    delivery = gateway().store.find(Delivery, request_id)
    is_own = delivery is not None and delivery.source == OPSGENIE.name and delivery.sender == known.id
    if is_own:
        return
    if not may(known.role, Role.VIEWER):
        raise errors.Forbidden(f"It needs the role {Role.VIEWER}, or to have sent this request.")
    let_in(known, Role.VIEWER, Scope.DELIVERIES_READ)


@endpoint(
    blueprint,
    Operation(
        path="/v2/alerts/requests/{request_id}",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        admit=_admit_reader,
        security=OPSGENIE.security,
        answer=sender_shapes.AlertRequestStatusShape,
        extra={
            "description": "For the sender of the request too. 404 until the worker has read it.",
            "responses": {404: {"description": "Unknown, or not processed yet", "content": {JSON: {"schema": {}}}}},
        },
    ),
)
def read_alert_request(request_id: str) -> Response:
    """Read what became of a request, as Opsgenie's Alert API does."""
    delivery = gateway().store.find(Delivery, request_id)
    is_ours = delivery is not None and delivery.source == OPSGENIE.name
    if delivery is None or not is_ours or delivery.state is DeliveryState.ACCEPTED:
        _refuse(404, "Request not found. It might not be processed, yet.")
    body = {"data": _status(delivery), "took": _took(), "requestId": g.request_id}
    return Response(encode(body), 200, content_type=JSON)


def _status(delivery: Delivery) -> dict[str, Any]:
    action, done = _ACTIONS.get(delivery.context.get("action", "create"), _ACTIONS["create"])
    is_good = delivery.state is DeliveryState.PROCESSED
    fingerprint = delivery.signals[0].fingerprint if delivery.signals else ""
    signal = gateway().store.find(Signal, fingerprint) if fingerprint else None
    group = signal.dedup_key if signal is not None else None
    alias = group.removeprefix(f"{OPSGENIE.name}:") if group else delivery.context.get("identifier", "")
    return {
        "success": is_good,
        "isSuccess": is_good,
        "action": action,
        "processedAt": delivery.processed_at,
        "integrationId": subject().id,
        "status": done if is_good else delivery.reason,
        "alertId": fingerprint,
        "alias": alias,
    }
