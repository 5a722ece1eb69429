"""A store in memory: every promise of the port but survival; it passes the store's behaviour suite."""

import threading
from collections.abc import Callable, Sequence
from datetime import date
from time import perf_counter
from typing import TypeVar, cast

import msgspec

from services.gateway.adapters.cursor import read_cursor, to_micros, write_cursor
from services.gateway.adapters.staging import Change, Stager, hash_entry
from services.gateway.adapters.transaction import Key, StoreTransaction
from services.gateway.adapters.turns import Turns
from services.gateway.domain.inbox import IncidentFacets, IncidentFigures
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    Hints,
    Incident,
    IncidentSummary,
    Record,
    TimelineEntry,
    searchable_text,
    summarise,
)
from services.gateway.domain.records.timeline import entry_id
from services.gateway.errors import RecordNotFound, StoreUnavailable
from services.gateway.ports import ChainedEntry, Committed, IncidentPage, IncidentQuery, RecordPage, RecordQuery
from shared.ports import Clock
from tests.support.counted import facets_of, figures_of, matches

R = TypeVar("R", bound=Record)
T = TypeVar("T")

_SORTS = {"updatedAt", "createdAt", "severity", "number"}


class MemoryStore:
    """Implements ``ports.Store`` with dicts and one lock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: dict[Key, tuple[Record, int]] = {}
        self._bodies: dict[Key, bytes] = {}
        self._lock = threading.RLock()
        self._turns = Turns()
        self._stager = Stager(self._read, last_seq=0)
        self._listeners: list[Callable[[Committed], None]] = []
        self._wait_listeners: list[Callable[[Sequence[float]], None]] = []
        self._closed = False

    def transact(self, work: Callable[[StoreTransaction], T]) -> T:

        def begin() -> tuple[StoreTransaction, T]:
            tx = StoreTransaction(self._read, self._clock.now())
            result = work(tx)
            if self._closed:
                raise StoreUnavailable("the store is closed")
            return tx, result

        return self._turns.try_until_won(begin, self._commit)

    def _commit(self, tx: StoreTransaction) -> None:
        asked_at = perf_counter()
        with self._lock:
            staged = self._stager.stage(tx, tx.now)
            for change in staged.changes:
                self._apply(change, staged.seq)
            self._stager.settle()
            self._tell(staged.seq, staged.changes)
            for listener in self._wait_listeners:
                listener([perf_counter() - asked_at])

    def find(self, kind: type[R], record_id: str) -> R | None:
        return cast("R | None", self._read((kind.KIND, record_id))[0])

    def get(self, kind: type[R], record_id: str) -> R:
        record = self.find(kind, record_id)
        if record is None:
            raise RecordNotFound(f"there is no {kind.KIND} {record_id!r}")
        return record

    def list_records(self, kind: type[R], query: RecordQuery) -> RecordPage[R]:
        with self._lock:
            records = [cast("R", record) for (k, _), (record, _) in self._records.items() if k == kind.KIND]
        found = [record for record in records if _fits(record, query)]
        found.sort(key=_position, reverse=not query.oldest_first)
        rest = found
        if query.cursor is not None:
            after = read_cursor(query.cursor, kind.KIND)
            rest = [r for r in found if (_position(r) > after if query.oldest_first else _position(r) < after)]
        page = rest[: query.limit]
        more = len(rest) > len(page)
        return RecordPage(
            records=page,
            total=len(found) if query.with_total else None,
            next_cursor=write_cursor(kind.KIND, *_position(page[-1])) if more else None,
        )

    def list_incidents(self, query: IncidentQuery) -> IncidentPage:
        descending, field = query.sort.startswith("-"), query.sort.lstrip("-")
        if field not in _SORTS:
            raise ValueError(f"cannot sort by {query.sort!r}")
        found = [summary for summary, text in self._summaries() if matches(summary, text, query)]
        found.sort(key=lambda summary: _sort_key(summary, field), reverse=descending)
        rest = found
        if query.cursor is not None:
            after = read_cursor(query.cursor, query.sort)
            rest = [s for s in found if (_sort_key(s, field) < after if descending else _sort_key(s, field) > after)]
        page = rest[: query.limit]
        more = len(rest) > len(page)
        return IncidentPage(
            items=[msgspec.json.encode(summary) for summary in page],
            total=len(found),
            next_cursor=write_cursor(query.sort, *_sort_key(page[-1], field)) if more else None,
        )

    def count_facets(self, query: IncidentQuery) -> IncidentFacets:
        return facets_of(self._summaries(), query)

    def measure_incidents(self, query: IncidentQuery, *, first_day: date, last_day: date) -> IncidentFigures:
        return figures_of(self._summaries(), query, first_day, last_day)

    def find_incident_id(self, number: int) -> str | None:
        return next((summary.id for summary, _ in self._summaries() if summary.number == number), None)

    def list_timeline(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[ChainedEntry]:
        last = self._head(incident_id)
        return [self._entry(incident_id, n) for n in range(after + 1, min(last, after + limit) + 1)]

    def list_newest_entries(self, incident_id: str, limit: int) -> list[ChainedEntry]:
        return self.list_timeline(incident_id, after=max(0, self._head(incident_id) - limit), limit=limit)

    def list_entry_bytes(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[bytes]:
        last = min(self._head(incident_id), after + limit)
        return [self._bodies[TimelineEntry.KIND, entry_id(incident_id, n)] for n in range(after + 1, last + 1)]

    def subscribe(self, listener: Callable[[Committed], None]) -> None:
        self._listeners.append(listener)

    def subscribe_waits(self, listener: Callable[[Sequence[float]], None]) -> None:
        self._wait_listeners.append(listener)

    @property
    def last_seq(self) -> int:
        return self._stager.last_seq

    def health(self) -> str | None:
        return "the store is closed" if self._closed else None

    def close(self) -> None:
        self._closed = True

    def _read(self, key: Key) -> tuple[Record | None, int]:
        return self._records.get(key, (None, 0))

    def _apply(self, change: Change, seq: int) -> None:
        if change.record is None or change.body is None:
            self._records.pop(change.key, None)
            self._bodies.pop(change.key, None)
        else:
            self._records[change.key] = (change.record, seq)
            self._bodies[change.key] = change.body

    def _tell(self, seq: int, changes: list[Change]) -> None:
        committed = Committed(
            seq=seq,
            puts=tuple(change.record for change in changes if change.record is not None),
            removes=tuple(change.key for change in changes if change.record is None),
        )
        for listener in self._listeners:
            listener(committed)

    def _head(self, incident_id: str) -> int:
        head = self.find(ChainHead, incident_id)
        return head.sequence if head else 0

    def _entry(self, incident_id: str, sequence: int) -> ChainedEntry:
        key = (TimelineEntry.KIND, entry_id(incident_id, sequence))
        return ChainedEntry(cast("TimelineEntry", self._records[key][0]), hash_entry(self._bodies[key]))

    def _summaries(self) -> list[tuple[IncidentSummary, str]]:
        with self._lock:
            incidents = [record for record, _ in self._records.values() if isinstance(record, Incident)]
        return [
            (
                summarise(incident, self.find(Activity, incident.id)),
                searchable_text(incident, self.find(Hints, incident.id)),
            )
            for incident in incidents
        ]


def _position(record: Record) -> tuple[int, str]:
    return to_micros(record.facets().at), record.record_id


def _fits(record: Record, query: RecordQuery) -> bool:
    facets = record.facets()
    return not (
        (query.parent is not None and facets.parent != query.parent)
        or (query.states and facets.state not in query.states)
        or (query.tags and facets.tag not in query.tags)
        or (query.since is not None and to_micros(facets.at) < to_micros(query.since))
        or (query.until is not None and to_micros(facets.at) >= to_micros(query.until))
    )


def _sort_key(summary: IncidentSummary, field: str) -> tuple[int, int]:
    match field:
        case "updatedAt":
            value = to_micros(summary.updated_at)
        case "createdAt":
            value = to_micros(summary.created_at)
        case "severity":
            value = summary.severity.rank
        case _:
            value = summary.number
    return value, summary.number
