"""Endpoints of intake, the same for every source: one address for tokens in headers, one that ends with the token."""

from collections.abc import Callable
from functools import partial

from flask import Response

from services.gateway import errors
from services.gateway.api import delivery_shapes, sender_shapes
from services.gateway.api.cloudevents import take_cloud_event
from services.gateway.api.events import take_event
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.senders import admit
from services.gateway.api.sources import CLOUDEVENTS, PAGERDUTY, SOURCES, WEBHOOK, Source
from services.gateway.api.taking import answer, blueprint, take
from services.gateway.domain.records import Role
from shared.errors import AppError

__all__ = ["blueprint"]

_ACCEPTED = {"deliveryId": "dlv_01KAVEXAMPLE", "jobId": "job_01KAVEXAMPLE"}


def _take_plainly(source: Source) -> Response:
    return answer(take(source))


_TAKE: dict[str, Callable[[Source], Response]] = {PAGERDUTY.name: take_event, CLOUDEVENTS.name: take_cloud_event}


def _operation(source: Source, path: str, method: str) -> Operation:
    by_path = path.endswith("{token}")
    found: tuple[type[AppError], ...] = (errors.MalformedRequest, errors.BodyTooLarge, source.busy)
    found += (errors.SignatureInvalid,) if source.can_sign else ()
    found += (errors.UnsupportedMediaType,) if source is CLOUDEVENTS else ()
    token = " The token in the path must have the role `service`." if by_path else ""
    return Operation(
        path=path,
        method=method,
        role=Role.SERVICE,
        admit=partial(admit, source),
        security=() if by_path else source.security,
        status=202,
        answer=sender_shapes.EventTakenShape if source is PAGERDUTY else delivery_shapes.AcceptedShape,
        example=_ACCEPTED,
        errors=found,
        keyed=True,
        extra={
            "description": source.description + token,
            "requestBody": {
                "required": False,
                "description": "Anything, kept byte for byte. What cannot be understood is quarantined, not refused.",
                "content": {"application/json": {"schema": {}, "example": dict(source.example)}},
            },
        },
    )


def _serve(source: Source, path: str, method: str) -> None:
    def view(token: str = "") -> Response:  # noqa: ARG001 - was checked on the way in.
        return _TAKE.get(source.name, _take_plainly)(source)

    # Told apart in the routing table by their names; the docstring is the summary in the document.
    view.__name__ = f"{method.lower()}{path.replace('{', '').replace('}', '').replace('/', '_')}"
    view.__doc__ = f"Accept a delivery from {source.name}." if source is not WEBHOOK else "Accept any delivery."
    endpoint(blueprint, _operation(source, path, method))(view)


def _serve_all() -> None:
    for source in SOURCES:
        for path in (f"/api/intake/{source.name}", f"/api/intake/{source.name}/{{token}}"):
            for method in source.methods:
                _serve(source, path, method)
    _serve(WEBHOOK, "/api/incidents/intake/webhook", "POST")


_serve_all()
