"""CloudEvents at the edge: which bodies can be one, which event is a repeat, and the handshake before the first."""

import re
from typing import Any

import msgspec
from flask import Response, request

from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.senders import read_body
from services.gateway.api.sources import Source
from services.gateway.api.taking import answer, blueprint, event_id_of, take
from services.gateway.errors import UnsupportedMediaType

_STRUCTURED = "application/cloudevents+json"
_BATCH = "application/cloudevents-batch+json"
# Looking for the id of a larger one would cost the hot path more than a repeat costs the worker, which is nothing new.
_LOOK_BYTES = 64 << 10
_ORIGIN_LENGTH = 300
_RATE = re.compile(r"[1-9][0-9]{0,8}|\*")


class _Identity(msgspec.Struct):
    id: Any = None
    source: Any = None


_decode = msgspec.json.Decoder(_Identity).decode


def take_cloud_event(source: Source) -> Response:
    """Accept one event or a batch. Raises ``UnsupportedMediaType`` for what can be neither."""
    is_binary = "ce-specversion" in request.headers and not request.mimetype.startswith("application/cloudevents")
    if not is_binary and not _is_json(request.mimetype):
        raise UnsupportedMediaType(
            f"Send {_STRUCTURED}, {_BATCH}, or the ce-specversion header; this came as {request.mimetype or 'nothing'}."
        )
    return answer(take(source, event_id=_event_id(is_binary=is_binary)))


def _is_json(media_type: str) -> bool:
    return media_type in {"application/json", _STRUCTURED, _BATCH} or media_type.endswith("+json")


def _event_id(*, is_binary: bool) -> str | None:
    """Return the key of the event by its ``source`` and ``id``; None for a batch, or where it has none to be seen."""
    if is_binary:
        origin, name = request.headers.get("ce-source"), request.headers.get("ce-id")
        return event_id_of(origin, name) if origin and name else None
    if request.mimetype == _BATCH or len(read_body()) > _LOOK_BYTES:
        return None
    try:
        event = _decode(read_body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(event.source, str) or not isinstance(event.id, str) or not event.source or not event.id:
        return None
    return event_id_of(event.source, event.id)


def _handshake(path: str) -> Operation:
    return Operation(
        path=path,
        method="OPTIONS",
        role=None,
        extra={"description": "The validation request of the CloudEvents webhook spec. Allows any origin any rate."},
    )


@endpoint(blueprint, _handshake("/api/intake/cloudevents"))
def agree() -> Response:
    """Answer that events may be sent here."""
    headers = {"Allow": "POST"}
    origin = request.headers.get("WebHook-Request-Origin")
    if origin and len(origin) <= _ORIGIN_LENGTH:
        rate = request.headers.get("WebHook-Request-Rate", "*")
        headers["WebHook-Allowed-Origin"] = origin
        headers["WebHook-Allowed-Rate"] = rate if _RATE.fullmatch(rate) else "*"
    return Response(status=200, headers=headers)


@endpoint(blueprint, _handshake("/api/intake/cloudevents/{token}"))
def agree_at_token(token: str) -> Response:  # noqa: ARG001 - says nothing of whether the token is good.
    """Answer that events may be sent here, whatever the token."""
    return agree()
