"""Keep answers to reads for as long as nothing they were made from has changed."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from services.gateway.domain.inbox import IncidentFacets, IncidentFigures
from services.gateway.domain.records import Activity, ChainHead, Hints, Incident, Record
from services.gateway.ports import (
    ChainedEntry,
    Committed,
    IncidentPage,
    IncidentQuery,
    RecordPage,
    RecordQuery,
    Store,
    StoreReads,
)
from shared.ports import Clock

R = TypeVar("R", bound=Record)

Name = tuple[str, ...]
MOST_BYTES = 16 << 20
_ANSWER_COST = 2_000
_SLOT_COST = 64
# What shares a slot is taken for changed together: that costs an answer now and then, and never a wrong one.
_SLOTS = 1 << 16
_REMOVED, _CHILDREN = "removed", "children"
_SHOWN = (Incident.KIND, Activity.KIND, Hints.KIND)


class Tagged(NamedTuple):
    """An answer with its entity tag. ``until`` is when time makes it untrue; ``location`` where to look instead."""

    body: bytes
    etag: str
    until: datetime | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """An answer, and what it was made from as of which commit."""

    answer: Tagged
    seq: int
    slots: frozenset[int]


class KeptAnswers:
    """Answers by name, those asked for last. Safe to use from many threads.

    An answer is given again only if no commit that is durable by then touched what it was made from, and its time has
    not come. It must follow from what its maker reads and from nothing else, such as who asks.
    """

    def __init__(self, store: Store, clock: Clock, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[Name, _Kept] = OrderedDict()
        self._bytes = 0
        self._most_bytes = most_bytes
        self._stamps = [0] * _SLOTS
        # Commits up to here may be told of although they were made before: they count as made after.
        self._begun = self._told = store.last_seq
        store.subscribe(self._on_commit)

    def get(self, name: Name, make: Callable[[StoreReads], Tagged]) -> Tagged:
        """Return the answer kept under ``name``, else what ``make`` makes of its reads."""
        kept = self._find(name)
        if kept is not None:
            return kept.answer
        # Before anything is read: an answer must never pass for newer than what it shows. A commit that was told of
        # can be read; the newest durable one perhaps not yet.
        seq = self._told
        reads = _WatchedReads(self._store)
        answer = make(reads)
        self._keep(name, _Kept(answer, seq, frozenset(reads.slots)))
        return answer

    def _find(self, name: Name) -> _Kept | None:
        # In this order: then every commit that was durable when it was asked for has left its stamps.
        durable = self._store.last_seq
        if self._told < durable:
            return None
        with self._lock:
            kept = self._answers.get(name)
            if kept is None:
                return None
            self._answers.move_to_end(name)
        until = kept.answer.until
        if until is not None and self._clock.now() >= until:
            return None
        stamps, seq = self._stamps, kept.seq
        return kept if all(stamps[slot] <= seq for slot in kept.slots) else None

    def _keep(self, name: Name, kept: _Kept) -> None:
        with self._lock:
            before = self._answers.pop(name, None)
            if before is not None:
                self._bytes -= _cost(name, before)
            self._answers[name] = kept
            self._bytes += _cost(name, kept)
            while self._bytes > self._most_bytes:
                self._bytes -= _cost(*self._answers.popitem(last=False))

    def _on_commit(self, committed: Committed) -> None:
        stamps, seq = self._stamps, max(committed.seq, self._begun + 1)
        for record in committed.puts:
            kind = record.KIND
            stamps[_slot(kind)] = stamps[_slot(kind, record.record_id)] = seq
            parent = record.facets().parent
            if parent is not None:
                stamps[_slot(kind, _CHILDREN, parent)] = seq
        for kind, record_id in committed.removes:
            # Whose it was is not known any more.
            stamps[_slot(kind, record_id)] = stamps[_slot(kind, _REMOVED, "")] = seq
        self._told = max(self._told, committed.seq)


def _cost(name: Name, kept: _Kept) -> int:
    """Return about how many bytes an answer takes; a client chooses how long its name is."""
    return len(kept.answer.body) + 4 * sum(map(len, name)) + _SLOT_COST * len(kept.slots) + _ANSWER_COST


@dataclass(frozen=True, slots=True)
class _WatchedReads:
    """Reads the store and notes what the answers depend on."""

    _store: Store
    slots: set[int] = field(default_factory=set)

    def find(self, kind: type[R], record_id: str) -> R | None:
        self.slots.add(_slot(kind.KIND, record_id))
        return self._store.find(kind, record_id)

    def get(self, kind: type[R], record_id: str) -> R:
        self.slots.add(_slot(kind.KIND, record_id))
        return self._store.get(kind, record_id)

    def list_records(self, kind: type[R], query: RecordQuery) -> RecordPage[R]:
        page = self._store.list_records(kind, query)
        self.slots.add(_slot(kind.KIND, _REMOVED, ""))
        if query.parent is None or query.with_total:
            # One that leaves this parent for another counts no more, and no stamp but that of its kind says so.
            self.slots.add(_slot(kind.KIND))
        else:
            self.slots.add(_slot(kind.KIND, _CHILDREN, query.parent))
            self.slots.update(_slot(kind.KIND, record.record_id) for record in page.records)
        return page

    def list_incidents(self, query: IncidentQuery) -> IncidentPage:
        self._note_inbox()
        return self._store.list_incidents(query)

    def count_facets(self, query: IncidentQuery) -> IncidentFacets:
        self._note_inbox()
        return self._store.count_facets(query)

    def measure_incidents(self, query: IncidentQuery, *, first_day: date, last_day: date) -> IncidentFigures:
        self._note_inbox()
        return self._store.measure_incidents(query, first_day=first_day, last_day=last_day)

    def find_incident_id(self, number: int) -> str | None:
        found = self._store.find_incident_id(number)
        # A number stays with its incident; one that is not there may come with any.
        self.slots.add(_slot(Incident.KIND) if found is None else _slot(Incident.KIND, found))
        return found

    def list_timeline(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[ChainedEntry]:
        self.slots.add(_slot(ChainHead.KIND, incident_id))
        return self._store.list_timeline(incident_id, after=after, limit=limit)

    def list_newest_entries(self, incident_id: str, limit: int) -> list[ChainedEntry]:
        self.slots.add(_slot(ChainHead.KIND, incident_id))
        return self._store.list_newest_entries(incident_id, limit)

    def list_entry_bytes(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[bytes]:
        self.slots.add(_slot(ChainHead.KIND, incident_id))
        return self._store.list_entry_bytes(incident_id, after=after, limit=limit)

    def _note_inbox(self) -> None:
        self.slots.update(slot for kind in _SHOWN for slot in (_slot(kind), _slot(kind, _REMOVED, "")))


def _slot(*words: str) -> int:
    return hash(words) % _SLOTS
