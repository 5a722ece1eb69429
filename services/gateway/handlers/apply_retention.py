"""Drop what is older than its retention, a small batch at a time, so that nothing ever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.gateway.domain.records import (
    Delivery,
    DeliveryBody,
    DeliveryKey,
    DeliveryState,
    Group,
    IdempotencyKey,
    Incident,
    IncidentStatus,
    Job,
    JobState,
    Record,
)
from services.gateway.ports import Blobs, RecordQuery, Store, Transaction

_BATCH = 200
_FINAL_JOBS = tuple(str(state) for state in JobState if state.is_final)
_ENDED_DELIVERIES = (str(DeliveryState.PROCESSED), str(DeliveryState.QUARANTINED))
_ENDED_INCIDENTS = (str(IncidentStatus.CLOSED), str(IncidentStatus.CANCELLED), str(IncidentStatus.MERGED))
_Drop = Callable[[Transaction, Record], None]
# A blob is put before the commit that names it; no commit is under way for an hour.
_BLOB_GRACE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days each kind is kept; 0 keeps it for ever."""

    delivery_days: int = 30
    job_days: int = 30
    key_days: int = 2
    incident_days: int = 0


def apply_retention(store: Store, blobs: Blobs, retention: Retention, now: datetime) -> dict[str, int]:
    """Remove everything past its retention and return how many of each kind were removed.

    Only finished things go: a delivery without an outcome and a job that is still to be done stay for as
    long as it takes. Interrupting it loses nothing: the next run goes on.
    """
    removed: dict[str, int] = {}
    for kind, days, states, drop in _plan(retention):
        if days:
            removed[kind.KIND] = _drop_old(store, kind, states, now - timedelta(days=days), drop)
    removed["blob"] = blobs.collect(lambda digest: _is_named(store, digest), now - _BLOB_GRACE)
    return {kind: count for kind, count in removed.items() if count}


def _plan(retention: Retention) -> list[tuple[type[Record], int, tuple[str, ...], _Drop]]:
    return [
        (Delivery, retention.delivery_days, _ENDED_DELIVERIES, _drop_delivery),
        (Job, retention.job_days, _FINAL_JOBS, _drop_record),
        (IdempotencyKey, retention.key_days, (), _drop_record),
        (DeliveryKey, retention.key_days, (), _drop_record),
        (Incident, retention.incident_days, _ENDED_INCIDENTS, _drop_incident),
    ]


def _drop_old(
    store: Store,
    kind: type[Record],
    states: tuple[str, ...],
    before: datetime,
    drop: _Drop,
) -> int:
    count = 0
    query = RecordQuery(states=states, until=before, oldest_first=True, limit=_BATCH, with_total=False)
    while batch := store.list_records(kind, query).records:

        def work(tx: Transaction, batch: list[Record] = batch) -> None:
            for record in batch:
                drop(tx, record)

        store.transact(work)
        count += len(batch)
    return count


def _drop_record(tx: Transaction, record: Record) -> None:
    tx.remove(type(record), record.record_id)


def _drop_delivery(tx: Transaction, record: Record) -> None:
    tx.remove(DeliveryBody, record.record_id)
    tx.remove(Delivery, record.record_id)


def _drop_incident(tx: Transaction, record: Record) -> None:
    if isinstance(record, Incident):
        if record.dedup_key:
            group = tx.find(Group, record.dedup_key)
            if group is not None and group.incident_id == record.id:
                tx.remove(Group, record.dedup_key)
        tx.remove_incident(record.id)


def _is_named(store: Store, digest: str) -> bool:
    query = RecordQuery(tags=(digest,), limit=1, with_total=False)
    return bool(store.list_records(DeliveryBody, query).records)
