"""Drop what is older than its retention, a small batch at a time, so that nothing ever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import msgspec

from services.gateway.domain.records import (
    AUDIT,
    NO_INCIDENT,
    ChainHead,
    Change,
    Delivery,
    DeliveryBody,
    DeliveryKey,
    DeliveryState,
    EntryType,
    Group,
    IdempotencyKey,
    Incident,
    IncidentStatus,
    Job,
    JobState,
    Noise,
    PendingGroup,
    Preview,
    Record,
    Session,
    SessionState,
    Signal,
    end_of_month,
    month_of,
)
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import Blobs, RecordQuery, Store, Transaction

_BATCH = 200
_FINAL_JOBS = tuple(str(state) for state in JobState if state.is_final)
_ENDED_DELIVERIES = (str(DeliveryState.PROCESSED), str(DeliveryState.QUARANTINED), str(DeliveryState.PREVIEWED))
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
    noise_days: int = 90
    session_days: int = 30
    audit_days: int = 365


def apply_retention(store: Store, blobs: Blobs, retention: Retention, now: datetime) -> dict[str, int]:
    """Remove everything past its retention and return how many of each kind were removed.

    Only finished things go: a delivery without an outcome and a job that is still to be done stay for as
    long as it takes. Interrupting it loses nothing: the next run goes on. The audit log tells of each incident and
    month in the commit that removes it, and of all the rest in one entry at the end.
    """
    removed: dict[str, int] = {}
    for kind, days, query, drop in _plan(retention):
        if days:
            before = msgspec.structs.replace(query, until=now - timedelta(days=days))
            removed[kind.KIND] = _drop_old(store, kind, before, drop)
    removed["blob"] = blobs.collect(lambda digest: _is_named(store, digest), now - _BLOB_GRACE)
    removed = {kind: count for kind, count in removed.items() if count}
    if rest := {kind: count for kind, count in removed.items() if kind != Incident.KIND}:
        store.transact(lambda tx: _tell(tx, "Records past their retention removed", removed=rest))
    if retention.audit_days and (months := _drop_months(store, now - timedelta(days=retention.audit_days))):
        removed["audit_month"] = months
    return removed


def _plan(retention: Retention) -> list[tuple[type[Record], int, RecordQuery, _Drop]]:
    return [
        (Delivery, retention.delivery_days, _oldest(states=_ENDED_DELIVERIES), _drop_delivery),
        # Of signals only tombstones go by age: those that no incident has seen fire.
        (Signal, retention.delivery_days, _oldest(parent=NO_INCIDENT), _drop_record),
        (Job, retention.job_days, _oldest(states=_FINAL_JOBS), _drop_record),
        (IdempotencyKey, retention.key_days, _oldest(), _drop_record),
        (Preview, retention.key_days, _oldest(), _drop_record),
        (PendingGroup, retention.delivery_days, _oldest(), _drop_record),
        (Change, retention.delivery_days, _oldest(), _drop_record),
        (Noise, retention.noise_days, _oldest(), _drop_record),
        (DeliveryKey, retention.key_days, _oldest(), _drop_record),
        (Session, retention.session_days, _oldest(states=(str(SessionState.ENDED),)), _drop_record),
        (Incident, retention.incident_days, _oldest(states=_ENDED_INCIDENTS), _drop_incident),
    ]


def _oldest(*, states: tuple[str, ...] = (), parent: str | None = None) -> RecordQuery:
    return RecordQuery(states=states, parent=parent, oldest_first=True, limit=_BATCH, with_total=False)


def _drop_old(store: Store, kind: type[Record], query: RecordQuery, drop: _Drop) -> int:
    count = 0
    while batch := store.list_records(kind, query).records:
        if kind is Incident:
            removed = sum(_drop_whole(store, record.record_id, query) for record in batch)
        else:
            removed = store.transact(partial(_drop_batch, batch=batch, query=query, drop=drop))
        # What came back to life since it was listed stays; a list of nothing else is not asked for again.
        if not removed:
            break
        count += removed
    return count


def _drop_batch(tx: Transaction, *, batch: list[Record], query: RecordQuery, drop: _Drop) -> int:
    """Drop those of ``batch`` that ``query`` would still list, and return how many."""
    current = [tx.find(type(record), record.record_id) for record in batch]
    old = [record for record in current if record is not None and _is_listed(record, query)]
    for record in old:
        drop(tx, record)
    return len(old)


def _is_listed(record: Record, query: RecordQuery) -> bool:
    facets = record.facets()
    return (
        (not query.states or facets.state in query.states)
        and (query.parent is None or facets.parent == query.parent)
        and (query.until is None or (facets.at is not None and facets.at < query.until))
    )


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
        head = tx.find(ChainHead, record.id) or ChainHead(incident_id=record.id)
        tx.remove_incident(record.id)
        _tell(
            tx,
            f"INC-{record.number} removed, past its retention",
            incidentId=record.id,
            number=record.number,
            entries=head.sequence,
            headHash=head.hash,
        )


def _drop_whole(store: Store, incident_id: str, query: RecordQuery) -> bool:
    """Drop an incident with its signals; False if it does not qualify any more. Signals go first, being many."""
    of_incident = RecordQuery(parent=incident_id, limit=_BATCH, with_total=False)
    while True:
        page = store.list_records(Signal, of_incident)
        is_last = page.next_cursor is None

        def work(tx: Transaction, signals: list[Signal] = page.records, *, is_last: bool = is_last) -> bool:
            incident = tx.find(Incident, incident_id)
            if incident is None or not _is_listed(incident, query):
                return False
            for signal in signals:
                current = tx.find(Signal, signal.fingerprint)
                if current is not None and current.incident_id == incident_id:
                    tx.remove(Signal, signal.fingerprint)
            if is_last:
                _drop_incident(tx, incident)
            return True

        if not store.transact(work):
            return False
        if is_last:
            return True


def _drop_months(store: Store, before: datetime) -> int:
    """Drop the audit log's months that ended before; return how many. Whole months, so that no chain is broken."""
    query = RecordQuery(states=(AUDIT,), oldest_first=True, limit=_BATCH, with_total=False)
    old = [head for head in store.list_records(ChainHead, query).records if _is_month_over(head, before)]
    for head in old:
        store.transact(partial(_drop_month, chain_id=head.incident_id))
    return len(old)


def _is_month_over(head: ChainHead, before: datetime) -> bool:
    return end_of_month(month_of(head.incident_id)) <= before


def _drop_month(tx: Transaction, *, chain_id: str) -> None:
    head = tx.find(ChainHead, chain_id)
    if head is not None:
        tx.remove_chain(chain_id)
        month = month_of(chain_id)
        message = f"The audit log of {month} removed, past its retention"
        _tell(tx, message, month=month, entries=head.sequence, headHash=head.hash)


def _tell(tx: Transaction, message: str, /, **payload: object) -> None:
    write_audit(tx, EntryType.RETENTION_APPLIED, SYSTEM, message, **payload)


def _is_named(store: Store, digest: str) -> bool:
    query = RecordQuery(tags=(digest,), limit=1, with_total=False)
    return bool(store.list_records(DeliveryBody, query).records)
