"""Send a kept delivery through intake once more, as a new delivery with the same body."""

from services.gateway.domain.records import Delivery, DeliveryBody, EntryType, Job
from services.gateway.errors import RecordNotFound
from services.gateway.handlers.accept_delivery import Incoming, put_delivery
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import Blobs, Store, Transaction


def replay_delivery(tx: Transaction, blobs: Blobs, delivery_id: str, actor: str) -> str:
    """Put the new delivery and return its id. Raises ``RecordNotFound`` and what ``read_body`` raises."""
    delivery = tx.get(Delivery, delivery_id)
    kept = tx.get(DeliveryBody, delivery_id)
    job = tx.find(Job, delivery.job_id)
    incoming = Incoming(
        source=delivery.source,
        sender=actor,
        headers=delivery.headers,
        context=delivery.context,
        body=body_bytes(kept, blobs),
        replay_of=delivery.id,
        earlier=job.trail if job is not None else None,
    )
    new_id = put_delivery(tx, incoming, kept.text, kept.blob).delivery_id
    write_audit(
        tx,
        EntryType.DELIVERY_REPLAYED,
        actor,
        f"Delivery of {delivery.source} replayed",
        deliveryId=new_id,
        replayOf=delivery_id,
    )
    return new_id


def read_body(store: Store, blobs: Blobs, delivery_id: str) -> bytes:
    """Return the verbatim bytes. Raises ``RecordNotFound``, ``BlobNotFound`` or ``BlobDamaged``."""
    return body_bytes(store.get(DeliveryBody, delivery_id), blobs)


def body_bytes(kept: DeliveryBody, blobs: Blobs) -> bytes:
    """Return the bytes a body record stands for."""
    if kept.text is not None:
        return kept.text.encode()
    if kept.blob is None:
        raise RecordNotFound(f"delivery {kept.delivery_id} has no body")
    return blobs.get(kept.blob)
