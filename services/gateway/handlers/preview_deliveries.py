"""Read past deliveries again to show what they would do now, before anything is done."""

from collections.abc import Sequence

import msgspec

from services.gateway.domain.records import (
    Delivery,
    DeliveryBody,
    DeliveryState,
    Outcome,
    Preview,
    Signal,
    SignalOutcome,
    SignalReading,
)
from services.gateway.handlers.accept_delivery import Incoming, put_delivery
from services.gateway.handlers.replay_delivery import body_bytes
from services.gateway.ports import Blobs, RecordQuery, Store, Transaction
from shared.contracts.base import Contract
from shared.ids import new_id

MOST = 20
_READ = (str(DeliveryState.PROCESSED), str(DeliveryState.QUARANTINED))
Paths = dict[str, tuple[str, ...]]


class PreviewedSignal(Contract, frozen=True, kw_only=True):
    """A signal as it was, or would be, read, and what became, or would become, of it."""

    outcome: SignalOutcome
    reading: SignalReading | None


class PreviewSide(Contract, frozen=True, kw_only=True):
    """What became of the delivery, or would now."""

    outcome: Outcome | None
    code: str | None
    reason: str
    signals: tuple[PreviewedSignal, ...]
    warnings: tuple[str, ...]


class PreviewedDelivery(Contract, frozen=True, kw_only=True):
    """One delivery of a preview; ``after`` is None until it was read again, and ``is_different`` with it."""

    delivery_id: str
    before: PreviewSide | None
    after: PreviewSide | None
    is_different: bool | None


class PreviewView(Contract, frozen=True, kw_only=True):
    """A preview; ready when every delivery was read again."""

    id: str
    is_ready: bool
    deliveries: tuple[PreviewedDelivery, ...]


def newest_of_source(store: Store, source: str) -> list[str]:
    """Return the ids of the last deliveries of a source that were read, newest first."""
    query = RecordQuery(states=_READ, tags=(source,), limit=MOST, with_total=False)
    return [delivery.id for delivery in store.list_records(Delivery, query).records]


def preview_deliveries(
    tx: Transaction,
    blobs: Blobs,
    delivery_ids: Sequence[str],
    mapping: Paths | None,
    actor: str,
) -> str:
    """Put a preview of the deliveries and return its id. They go the way of every delivery, and end without effect.

    Raises ``RecordNotFound`` and what reading a body raises.
    """
    preview_id = new_id("prv")
    readings = [_read_again(tx, blobs, one, mapping, actor, preview_id) for one in delivery_ids]
    tx.put(
        Preview(
            id=preview_id,
            delivery_ids=tuple(delivery_ids),
            readings=tuple(readings),
            mapping=mapping,
            created_by=actor,
            created_at=tx.now,
        ),
    )
    return preview_id


def view_preview(store: Store, preview_id: str) -> PreviewView:
    """Return the preview, as far as it is done. Raises ``RecordNotFound``."""
    preview = store.get(Preview, preview_id)
    pairs = zip(preview.delivery_ids, preview.readings, strict=True)
    shown = tuple(_view(store, delivery_id, reading_id) for delivery_id, reading_id in pairs)
    return PreviewView(id=preview.id, is_ready=all(one.after is not None for one in shown), deliveries=shown)


def _read_again(
    tx: Transaction, blobs: Blobs, delivery_id: str, mapping: Paths | None, actor: str, preview_id: str
) -> str:
    delivery, kept = tx.get(Delivery, delivery_id), tx.get(DeliveryBody, delivery_id)
    incoming = Incoming(
        source=delivery.source,
        sender=actor,
        headers=delivery.headers,
        context=delivery.context,
        body=body_bytes(kept, blobs),
        replay_of=delivery.id,
        preview_id=preview_id,
        mapping=mapping,
    )
    return put_delivery(tx, incoming, kept.text, kept.blob).delivery_id


def _view(store: Store, delivery_id: str, reading_id: str) -> PreviewedDelivery:
    old, new = store.find(Delivery, delivery_id), store.find(Delivery, reading_id)
    before = _side(old, [_known_reading(store, outcome) for outcome in old.signals]) if old is not None else None
    is_read = new is not None and new.processed_at is not None
    after = _side(new, list(new.readings)) if new is not None and is_read else None
    is_different = _essence(before) != _essence(after) if before is not None and after is not None else None
    return PreviewedDelivery(delivery_id=delivery_id, before=before, after=after, is_different=is_different)


def _side(delivery: Delivery, readings: Sequence[SignalReading | None]) -> PreviewSide:
    padded = [*readings, *[None] * (len(delivery.signals) - len(readings))]
    signals = zip(delivery.signals, padded, strict=False)
    return PreviewSide(
        outcome=delivery.outcome,
        code=delivery.code,
        reason=delivery.reason,
        signals=tuple(PreviewedSignal(outcome=outcome, reading=reading) for outcome, reading in signals),
        warnings=delivery.warnings,
    )


def _known_reading(store: Store, outcome: SignalOutcome) -> SignalReading | None:
    signal = store.find(Signal, outcome.fingerprint)
    if signal is None:
        return None
    return SignalReading(
        name=signal.name,
        title=signal.title,
        service=signal.service,
        labels=signal.labels,
        dedup_key=signal.dedup_key,
        link=signal.link,
    )


def _essence(side: PreviewSide | None) -> object:
    """Return what makes a side different: how it was read and where it goes, not that time has passed since."""
    if side is None:
        return None
    return side.code, [
        (
            *(signal.outcome.fingerprint, signal.outcome.status, signal.outcome.severity),
            *(signal.outcome.rule_id, signal.outcome.dedup_key, signal.outcome.suppressed_by),
            msgspec.json.encode(signal.reading),
        )
        for signal in side.signals
    ]
