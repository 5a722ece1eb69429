"""Endpoints of deliveries: list, read, read the verbatim body, replay."""

from typing import Any

from flask import Response

from services.gateway import errors
from services.gateway.api import delivery_shapes, inputs
from services.gateway.api.current import (
    encode,
    encode_page,
    entity_tag,
    gateway,
    read_answer,
    repeat_guard,
    subject,
    write_answer,
)
from services.gateway.api.operation import Operation, endpoint
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.domain.records import Delivery, DeliveryState, Role, Scope
from services.gateway.handlers.answer_once import Answer, answer_once
from services.gateway.handlers.replay_delivery import read_body, replay_delivery
from services.gateway.ports import RecordQuery

_SHOWN_STATES = tuple(str(state) for state in DeliveryState if state is not DeliveryState.PREVIEWED)

blueprint = ReadingBlueprint("deliveries", __name__, description="Requests of sources, kept as they came.")


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=delivery_shapes.DeliveryPageShape,
        query=inputs.DeliveryQuery,
        errors=(errors.BadCursor,),
        conditional=True,
    ),
)
def list_deliveries(args: dict[str, Any]) -> Response:
    """List deliveries, newest first."""
    query = RecordQuery(
        parent=args.get("outcome"),
        # What was read again for a preview is shown with it, and here only to those who ask.
        states=tuple(args["state"]) or _SHOWN_STATES,
        tags=tuple(args["source"]),
        since=args.get("since"),
        until=args.get("until"),
        limit=args["limit"],
        cursor=args.get("cursor"),
    )
    page = gateway().store.list_records(Delivery, query)
    return read_answer(encode_page(list(page.records), page.total, page.next_cursor))


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries/{delivery_id}",
        role=Role.VIEWER,
        scope=Scope.DELIVERIES_READ,
        answer=delivery_shapes.DeliveryShape,
        errors=(errors.RecordNotFound,),
        conditional=True,
    ),
)
def read_delivery(delivery_id: str) -> Response:
    """Read a delivery with the outcome of each of its signals."""
    return read_answer(encode(gateway().store.get(Delivery, delivery_id)))


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries/{delivery_id}/body",
        # Bodies are what a source sent, unredacted: they may tell more than incidents do.
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_READ,
        answer={"type": "string", "format": "binary"},
        media_type="application/octet-stream",
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
    ),
)
def read_delivery_body(delivery_id: str) -> Response:
    """Read the body of a delivery, byte for byte."""
    parts = gateway()
    body = read_body(parts.store, parts.blobs, delivery_id)
    # Never the sender's content type: a browser must not run what a stranger sent.
    headers = {"Content-Disposition": f'attachment; filename="{delivery_id}.body"', "ETag": entity_tag(body)}
    return Response(body, 200, headers, content_type="application/octet-stream")


@endpoint(
    blueprint,
    Operation(
        path="/api/deliveries/{delivery_id}/replay",
        method="POST",
        role=Role.RESPONDER,
        scope=Scope.DELIVERIES_WRITE,
        status=202,
        answer=delivery_shapes.AcceptedShape,
        errors=(errors.RecordNotFound, errors.BlobNotFound, errors.BlobDamaged),
        keyed=True,
    ),
)
def replay(delivery_id: str) -> Response:
    """Send a delivery through intake once more, as a new delivery."""
    parts, actor = gateway(), subject().id

    def render(new_id: str) -> Answer:
        job_id = parts.store.get(Delivery, new_id).job_id
        body = encode({"deliveryId": new_id, "jobId": job_id}).decode()
        return Answer(202, body, location=f"/api/jobs/{job_id}")

    answer = answer_once(
        parts.store, repeat_guard(), lambda tx: replay_delivery(tx, parts.blobs, delivery_id, actor), render
    )
    return write_answer(answer)
