"""Drop what is older than its retention, a small batch at a time, so that nothing ever waits for it; or foresee it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

import msgspec

from services.gateway.domain.records import (
    AUDIT,
    NO_INCIDENT,
    ActionOutput,
    ActionPreview,
    AttachedDiagnosis,
    ChainHead,
    Change,
    Delivery,
    DeliveryBody,
    DeliveryKey,
    DeliveryState,
    EntryType,
    Holdings,
    IdempotencyKey,
    Incident,
    IncidentStatus,
    Inventory,
    InvestigationContent,
    InvestigationSnapshot,
    Job,
    JobState,
    Noise,
    PendingGroup,
    Preview,
    QuickDx,
    QuickDxContent,
    QuickDxState,
    Record,
    RuleFeedback,
    Session,
    SessionState,
    Signal,
    Task,
    TaskState,
    end_of_month,
    month_of,
)
from services.gateway.handlers.drop_incident import drop_incident
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import Blobs, RecordPage, RecordQuery, Store, Transaction
from shared.contracts.base import Contract

SHOWN_IDS = 20
_BATCH = 200
_FINAL_JOBS = tuple(str(state) for state in JobState if state.is_final)
_ENDED_DELIVERIES = (str(DeliveryState.PROCESSED), str(DeliveryState.QUARANTINED), str(DeliveryState.PREVIEWED))
_ENDED_QUICKDX = (str(QuickDxState.DONE), str(QuickDxState.FAILED))
_ENDED_INCIDENTS = (str(IncidentStatus.CLOSED), str(IncidentStatus.CANCELLED), str(IncidentStatus.MERGED))
# Every kind that names a blob, each by its facet ``tag``.
_NAMING_BLOBS: tuple[type[Record], ...] = (
    ActionOutput,
    ActionPreview,
    AttachedDiagnosis,
    DeliveryBody,
    Inventory,
    InvestigationContent,
    InvestigationSnapshot,
    QuickDxContent,
)
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
    quickdx_days: int = 30


class KindOutlook(Contract, frozen=True, kw_only=True):
    """What retention makes of one kind now: how many records age can remove, and how many are old enough.

    ``days`` 0 keeps them for ever; ``setting`` is None where no setting changes it. ``ids`` are the first to go.
    """

    kind: str
    days: int
    setting: str | None
    records: int
    oldest_at: datetime | None
    to_remove: int
    ids: tuple[str, ...]


class _Row(NamedTuple):
    """How long records that ``query`` lists are kept, and how one is dropped."""

    kind: type[Record]
    days: int
    setting: str | None
    query: RecordQuery
    drop: _Drop

    def due(self, now: datetime) -> RecordQuery | None:
        """Return the query of what is past its retention at ``now``; None if it is kept for ever."""
        return msgspec.structs.replace(self.query, until=now - timedelta(days=self.days)) if self.days else None


def apply_retention(store: Store, blobs: Blobs, retention: Retention, now: datetime) -> dict[str, int]:
    """Remove everything past its retention and return how many of each kind were removed.

    Only finished things go: a delivery without an outcome and a job that is still to be done stay for as
    long as it takes. Interrupting it loses nothing: the next run goes on. The audit log tells of each incident and
    month in the commit that removes it, and of all the rest in one entry at the end.
    """
    removed: dict[str, int] = {}
    for row in _plan(retention):
        query = row.due(now)
        if query is not None:
            removed[row.kind.KIND] = _drop_old(store, row.kind, query, row.drop)
    removed["blob"] = blobs.collect(lambda digest: _is_named(store, digest), now - _BLOB_GRACE)
    removed = {kind: count for kind, count in removed.items() if count}
    if rest := {kind: count for kind, count in removed.items() if kind != Incident.KIND}:
        store.transact(lambda tx: _tell(tx, "Records past their retention removed", removed=rest))
    if retention.audit_days and (months := _drop_months(store, now - timedelta(days=retention.audit_days))):
        removed["audit_month"] = months
    return removed


def foresee_retention(store: Store, retention: Retention, now: datetime) -> list[KindOutlook]:
    """Return, kind by kind, what ``apply_retention`` would find and remove at ``now``; it changes nothing.

    Counts one record of the kind, whatever goes with it: a delivery's body, an incident's timeline and signals.
    """
    return [_foresee(store, row, now) for row in _plan(retention)]


def _foresee(store: Store, row: _Row, now: datetime) -> KindOutlook:
    kept = store.list_records(row.kind, msgspec.structs.replace(row.query, limit=1, with_total=True))
    query = row.due(now)
    due: RecordPage[Record] | None = None
    if query is not None:
        due = store.list_records(row.kind, msgspec.structs.replace(query, limit=SHOWN_IDS, with_total=True))
    return KindOutlook(
        kind=row.kind.KIND,
        days=row.days,
        setting=row.setting,
        records=kept.total or 0,
        oldest_at=kept.records[0].facets().at if kept.records else None,
        to_remove=(due.total or 0) if due else 0,
        ids=tuple(record.record_id for record in due.records) if due else (),
    )


def _plan(retention: Retention) -> list[_Row]:
    deliveries = retention.delivery_days, "FAULTLINE_GATEWAY_RETAIN_DELIVERY_DAYS"
    jobs = retention.job_days, "FAULTLINE_GATEWAY_RETAIN_JOB_DAYS"
    keys = retention.key_days, "FAULTLINE_GATEWAY_RETAIN_KEY_DAYS"
    incidents = retention.incident_days, "FAULTLINE_GATEWAY_RETAIN_INCIDENT_DAYS"
    noise = retention.noise_days, None
    quickdx = retention.quickdx_days, "FAULTLINE_GATEWAY_RETAIN_QUICKDX_DAYS"
    return [
        _Row(Delivery, *deliveries, _oldest(states=_ENDED_DELIVERIES), _drop_delivery),
        # Of signals only tombstones go by age: those that no incident has seen fire.
        _Row(Signal, *deliveries, _oldest(parent=NO_INCIDENT), _drop_record),
        _Row(Job, *jobs, _oldest(states=_FINAL_JOBS), _drop_record),
        _Row(IdempotencyKey, *keys, _oldest(), _drop_record),
        _Row(Preview, *keys, _oldest(), _drop_record),
        _Row(PendingGroup, *deliveries, _oldest(), _drop_record),
        _Row(Change, *deliveries, _oldest(), _drop_record),
        _Row(Noise, *noise, _oldest(), _drop_record),
        _Row(DeliveryKey, *keys, _oldest(), _drop_record),
        _Row(Session, retention.session_days, None, _oldest(states=(str(SessionState.ENDED),)), _drop_record),
        _Row(QuickDx, *quickdx, _oldest(states=_ENDED_QUICKDX), _drop_quickdx),
        # Of feedback the counts stay, which are what rules are judged by.
        _Row(RuleFeedback, *quickdx, _oldest(), _drop_record),
        _Row(Incident, *incidents, _oldest(states=_ENDED_INCIDENTS), _drop_record),
    ]


def _oldest(*, states: tuple[str, ...] = (), parent: str | None = None) -> RecordQuery:
    return RecordQuery(states=states, parent=parent, oldest_first=True, limit=_BATCH, with_total=False)


def _drop_old(store: Store, kind: type[Record], query: RecordQuery, drop: _Drop) -> int:
    if kind is Incident:
        return _drop_incidents(store, query)
    count = 0
    while batch := store.list_records(kind, query).records:
        removed = store.transact(partial(_drop_batch, batch=batch, query=query, drop=drop))
        # What came back to life since it was listed stays; a list of nothing else is not asked for again.
        if not removed:
            break
        count += removed
    return count


def _drop_incidents(store: Store, query: RecordQuery) -> int:
    """Drop the incidents that are due, page by page: one with something open is passed over, and stays listed."""

    def is_due(tx: Transaction, incident: Incident) -> bool:
        head = tx.find(ChainHead, incident.id)
        is_quiet = head is None or head.recorded_at is None or query.until is None or head.recorded_at < query.until
        return _is_listed(incident, query) and is_quiet and not _has_open_task(tx, incident.id)

    count, page = 0, store.list_records(Incident, query)
    while True:
        count += sum(drop_incident(store, incident.id, is_due) for incident in page.records)
        if page.next_cursor is None:
            return count
        page = store.list_records(Incident, msgspec.structs.replace(query, cursor=page.next_cursor))


def _has_open_task(tx: Transaction, incident_id: str) -> bool:
    holdings = tx.find(Holdings, incident_id)
    tasks = (tx.find(Task, task_id) for task_id in (holdings.task_ids if holdings else ()))
    return any(task is not None and task.state is TaskState.OPEN for task in tasks)


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


def _drop_quickdx(tx: Transaction, record: Record) -> None:
    tx.remove(QuickDxContent, record.record_id)
    tx.remove(QuickDx, record.record_id)


def _drop_delivery(tx: Transaction, record: Record) -> None:
    tx.remove(DeliveryBody, record.record_id)
    tx.remove(Delivery, record.record_id)


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
    return any(store.list_records(kind, query).records for kind in _NAMING_BLOBS)
