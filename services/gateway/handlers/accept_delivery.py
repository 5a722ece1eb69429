"""Accept a delivery: keep it verbatim and queue its job, in one commit, without looking inside."""

import hashlib
from dataclasses import dataclass, field

from services.gateway.domain.records import Delivery, DeliveryBody, DeliveryKey, Job
from services.gateway.errors import IdempotencyKeyReused
from services.gateway.ports import Blobs, Store, Transaction
from services.gateway.trail import again_after
from shared.contracts.queues import NORMALISE_DELIVERIES, Queue
from shared.contracts.trail import Trail
from shared.ids import new_id

# Larger bodies, and bytes that are no UTF-8, are kept as blobs beside the journal.
INLINE_LIMIT = 16 << 10
_SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: who sent it, from which source, and its bytes."""

    source: str
    sender: str
    headers: dict[str, str]
    body: bytes
    # What the request said beside its body and the reader needs; see ``DeliveryToNormalise``.
    context: dict[str, str] = field(default_factory=dict)
    idempotency_key: str | None = None
    # Whoever has the key sends the same thing, however its bytes are put: the body is not compared.
    is_same_by_key: bool = False
    replay_of: str | None = None
    preview_id: str | None = None
    mapping: dict[str, tuple[str, ...]] | None = None
    # Of the job that worked on the same delivery before.
    earlier: Trail | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """The delivery and the job that a sender can ask about; ``is_repeat`` if its key was known."""

    delivery_id: str
    job_id: str
    is_repeat: bool = False


def accept_delivery(store: Store, blobs: Blobs, incoming: Incoming) -> Accepted:
    """Return once the delivery is durable; a repeated idempotency key returns the delivery it became before.

    Raises ``IdempotencyKeyReused`` if the key came with other bytes, and whatever the store raises.
    """
    text = _as_inline_text(incoming.body)
    blob = blobs.put(incoming.body) if text is None else None
    return store.transact(lambda tx: put_delivery(tx, incoming, text, blob))


def put_delivery(tx: Transaction, incoming: Incoming, text: str | None, blob: str | None) -> Accepted:
    """Put the delivery, its body and its job, unless its idempotency key is known."""
    digest = hashlib.sha256(incoming.body).hexdigest()
    if incoming.idempotency_key is not None:
        key = f"{incoming.sender} {incoming.source} {incoming.idempotency_key}"
        if (known := _find_known(tx, key, None if incoming.is_same_by_key else digest)) is not None:
            return known
    delivery_id, job_id = new_id("dlv"), new_id("job")
    if incoming.idempotency_key is not None:
        tx.put(DeliveryKey(key=key, delivery_id=delivery_id, created_at=tx.now))
    tx.put(
        Delivery(
            id=delivery_id,
            source=incoming.source,
            received_at=tx.now,
            headers=incoming.headers,
            size_bytes=len(incoming.body),
            digest=digest,
            job_id=job_id,
            sender=incoming.sender,
            context=incoming.context,
            replay_of=incoming.replay_of,
            preview_id=incoming.preview_id,
            mapping=incoming.mapping,
        ),
    )
    tx.put(DeliveryBody(delivery_id=delivery_id, text=text, blob=blob, received_at=tx.now))
    tx.put(
        Job(
            id=job_id,
            kind=NORMALISE_DELIVERIES,
            queue=Queue.INTAKE,
            delivery_id=delivery_id,
            created_by=_SYSTEM,
            created_at=tx.now,
            trail=again_after(incoming.earlier),
        ),
    )
    return Accepted(delivery_id, job_id)


def _as_inline_text(body: bytes) -> str | None:
    if len(body) > INLINE_LIMIT:
        return None
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


def _find_known(tx: Transaction, key: str, digest: str | None) -> Accepted | None:
    known = tx.find(DeliveryKey, key)
    delivery = tx.find(Delivery, known.delivery_id) if known is not None else None
    if delivery is None:
        return None  # The key is new, or its delivery is past its retention.
    if digest is not None and delivery.digest != digest:
        raise IdempotencyKeyReused("This Idempotency-Key came with another body before; use a new key.")
    return Accepted(delivery.id, delivery.job_id, is_repeat=True)
