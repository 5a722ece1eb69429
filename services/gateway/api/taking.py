"""Take a delivery as it is, put it on disk, and say what it became. The hottest path of the gateway."""

import hashlib

from flask import Response, request

from services.gateway.api.current import JSON, gateway, idempotency_key, metrics, subject
from services.gateway.api.reading import ReadingBlueprint
from services.gateway.api.senders import read_body, signature
from services.gateway.api.sources import Source
from services.gateway.domain.records import Delivery
from services.gateway.handlers.accept_delivery import Accepted, Incoming, accept_delivery
from shared.contracts.queues import Queue

blueprint = ReadingBlueprint("intake", __name__, description="Where sources send what they have seen.")

RETRY_SECONDS = 5
# Kept with the delivery because they explain it; none of them can carry a credential.
_KEPT_HEADERS = ("Content-Type", "Content-Encoding", "User-Agent", "X-Request-Id")
_KEPT_LENGTH = 200
# Of what goes to the reader: how many headers, and how much of each.
_CONTEXT_HEADERS = 40
_CONTEXT_LENGTH = 1_024


def refuse_if_busy(source: Source) -> None:
    """Raise what tells this sender to come again, if too many deliveries wait already."""
    parts = gateway()
    if parts.relay.backlog(Queue.INTAKE) >= parts.settings.backlog_limit:
        raise source.busy("Come again a little later; nothing was kept.", retry_after_seconds=RETRY_SECONDS)


def take(
    source: Source, *, body: bytes | None = None, context: dict[str, str] | None = None, event_id: str | None = None
) -> Accepted:
    """Put the delivery on disk and return it; a repeat returns the delivery it became before.

    ``body`` stands in place of the request's own. A repeat is known by its signature, else by its Idempotency-Key,
    else by ``event_id``, an identity of the source's own, whatever the body. Raises what ``refuse_if_busy`` and
    ``accept_delivery`` raise.
    """
    refuse_if_busy(source)
    parts = gateway()
    key = signature() or idempotency_key()
    incoming = Incoming(
        source=source.name,
        sender=subject().id,
        headers=_kept_headers(),
        body=read_body() if body is None else body,
        context={**_context_headers(source), **(context or {})},
        idempotency_key=key or event_id,
        is_same_by_key=key is None,
    )
    accepted = accept_delivery(parts.store, parts.blobs, incoming)
    metrics().count_delivery(source.name, is_repeat=accepted.is_repeat)
    return accepted


def context_of(accepted: Accepted, given: dict[str, str]) -> dict[str, str]:
    """Return the context the delivery is kept with: a repeat has that of the first time, not what was ``given``."""
    if not accepted.is_repeat:
        return given
    return gateway().store.get(Delivery, accepted.delivery_id).context


def answer(accepted: Accepted, more: str = "") -> Response:
    """Answer with the delivery and its job; ``more`` is further members as JSON, each after a comma."""
    repeat = ',"replayed":true' if accepted.is_repeat else ""
    body = f'{{"deliveryId":"{accepted.delivery_id}","jobId":"{accepted.job_id}"{repeat}{more}}}'
    return answer_202(accepted, body)


def answer_202(accepted: Accepted, body: bytes | str) -> Response:
    """Answer in whatever shape the sender expects."""
    return Response(body, 202, {"Location": f"/api/jobs/{accepted.job_id}"}, content_type=JSON)


def event_id_of(*parts: str) -> str:
    """Return an idempotency key for an identity the source gave: of one length, however long its parts are."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()


def _kept_headers() -> dict[str, str]:
    found = ((name, request.headers.get(name)) for name in _KEPT_HEADERS)
    return {name: value[:_KEPT_LENGTH] for name, value in found if value}


def _context_headers(source: Source) -> dict[str, str]:
    found = {name.lower(): request.headers.get(name, "") for name in source.headers}
    if source.header_prefix is not None:
        prefixed = ((name.lower(), value) for name, value in request.headers.items())
        found |= dict(sorted(item for item in prefixed if item[0].startswith(source.header_prefix))[:_CONTEXT_HEADERS])
    return {name: value[:_CONTEXT_LENGTH] for name, value in found.items() if value}
