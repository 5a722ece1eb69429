"""Endpoints of intake: take a delivery as it is, put it on disk, answer. The hottest path of the gateway."""

from typing import Any

from flask import Response, request

from services.gateway import errors
from services.gateway.api import shapes
from services.gateway.api.current import JSON, gateway, idempotency_key, metrics, subject
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Role
from services.gateway.errors import IntakeBusy, MalformedRequest
from services.gateway.handlers.accept_delivery import Incoming, accept_delivery
from shared.contracts.queues import Queue

blueprint = ReadingBlueprint("intake", __name__, description="Where sources send what they have seen.")

WEBHOOK = "webhook"
ALERTMANAGER = "alertmanager"
PAGERDUTY = "pagerduty"
_RETRY_SECONDS = 5
# Kept with the delivery because they explain it; none of them can carry a credential.
_KEPT_HEADERS = ("Content-Type", "Content-Encoding", "User-Agent", "X-Request-Id")
_KEPT_LENGTH = 200
_ACCEPTED = {"deliveryId": "dlv_01KAVEXAMPLE", "jobId": "job_01KAVEXAMPLE"}
_ALERT = {
    "version": "4",
    "status": "firing",
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "HighErrorRate", "namespace": "shop", "service": "checkout"},
            "annotations": {"summary": "5 % of requests fail"},
            "startsAt": "2026-11-01T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "a1b2c3d4e5f60718",
        },
    ],
}

_EVENT = {
    "event_action": "trigger",
    "dedup_key": "disk-db-3",
    "payload": {"summary": "Disk of db-3 is full", "source": "db-3", "severity": "critical"},
}


def _operation(path: str, example: dict[str, Any], description: str) -> Operation:
    return Operation(
        path=path,
        method="POST",
        role=Role.SERVICE,
        status=202,
        answer=shapes.AcceptedShape,
        example=_ACCEPTED,
        errors=(MalformedRequest, errors.BodyTooLarge, IntakeBusy),
        keyed=True,
        extra={
            "description": description,
            "requestBody": {
                "required": False,
                "description": "Anything, kept byte for byte. What cannot be understood is quarantined, not refused.",
                "content": {"application/json": {"schema": {}, "example": example}},
            },
        },
    )


@endpoint(
    blueprint,
    _operation(
        "/api/incidents/intake/webhook",
        {"title": "Disk almost full", "severity": "warning", "service": "db", "status": "firing"},
        "Takes the body of any source. Fields are found by the paths of the generic mapping.",
    ),
)
def take_webhook() -> Response:
    """Accept a delivery from any source."""
    return _take(WEBHOOK)


@endpoint(
    blueprint,
    _operation("/api/intake/alertmanager", _ALERT, "Takes what Alertmanager's webhook receiver sends (version 4)."),
)
def take_alertmanager() -> Response:
    """Accept a delivery from Alertmanager."""
    return _take(ALERTMANAGER)


@endpoint(
    blueprint,
    _operation(
        "/api/intake/pagerduty",
        _EVENT,
        "Takes an event of PagerDuty's Events API v2: trigger, acknowledge or resolve, by its dedup key.",
    ),
)
def take_pagerduty() -> Response:
    """Accept a delivery in PagerDuty's event format."""
    return _take(PAGERDUTY)


def _take(source: str) -> Response:
    parts = gateway()
    if parts.relay.backlog(Queue.INTAKE) >= parts.settings.backlog_limit:
        raise IntakeBusy("Come again a little later; nothing was kept.", retry_after_seconds=_RETRY_SECONDS)
    body = request.get_data(cache=False)
    if request.content_length is not None and request.content_length != len(body):
        # Whatever server we run under: half of a delivery must never pass for a whole one.
        raise MalformedRequest("The body is shorter than its Content-Length.")
    incoming = Incoming(
        source=source,
        sender=subject().id,
        headers=_kept_headers(),
        body=body,
        idempotency_key=idempotency_key(),
    )
    accepted = accept_delivery(parts.store, parts.blobs, incoming)
    metrics().count_delivery(source, is_repeat=accepted.is_repeat)
    repeat = ',"replayed":true' if accepted.is_repeat else ""
    answer = f'{{"deliveryId":"{accepted.delivery_id}","jobId":"{accepted.job_id}"{repeat}}}'
    return Response(answer, 202, {"Location": f"/api/jobs/{accepted.job_id}"}, content_type=JSON)


def _kept_headers() -> dict[str, str]:
    found = ((name, request.headers.get(name)) for name in _KEPT_HEADERS)
    return {name: value[:_KEPT_LENGTH] for name, value in found if value}
