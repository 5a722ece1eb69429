"""The JSON store put together: open, transact, read, list, close."""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar, cast

from services.gateway.adapters.cursor import read_cursor, write_cursor
from services.gateway.adapters.json_store.committer import Committer
from services.gateway.adapters.json_store.compaction import Compactor
from services.gateway.adapters.json_store.files import Files, RealFiles
from services.gateway.adapters.json_store.inbox_index import InboxIndex
from services.gateway.adapters.json_store.indexer import Indexer
from services.gateway.adapters.json_store.journal import SEGMENT_BYTES, Journal
from services.gateway.adapters.json_store.layout import Layout, read_store_id
from services.gateway.adapters.json_store.lock import FolderLock
from services.gateway.adapters.json_store.recovery import Progress, open_index, silent
from services.gateway.adapters.json_store.state import State, decode
from services.gateway.adapters.json_store.views import Views
from services.gateway.adapters.staging import Staged, hash_entry
from services.gateway.adapters.transaction import StoreTransaction
from services.gateway.adapters.turns import Turns
from services.gateway.domain.inbox import IncidentFacets, IncidentFigures
from services.gateway.domain.records import ChainHead, Incident, Record, TimelineEntry
from services.gateway.domain.records.timeline import entry_id
from services.gateway.errors import RecordNotFound, StoreDamaged
from services.gateway.ports import (
    ChainedEntry,
    Committed,
    IncidentPage,
    IncidentQuery,
    RecordPage,
    RecordQuery,
    Transaction,
)
from shared.ports import Clock

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Options:
    """What only tests and tools change."""

    files: Files | None = None
    lock: bool = True
    lock_wait_seconds: float = 15.0
    segment_bytes: int = SEGMENT_BYTES
    index_path: Path | None = None
    views: bool = True
    compact_bytes: int = 64 << 20
    progress: Progress = silent


class JsonStore:
    """Implements ``ports.Store`` on one folder, which it owns by a lock. See ``docs/store.md``."""

    def __init__(self, layout: Layout, clock: Clock, options: Options) -> None:
        files = options.files or RealFiles()
        self._clock = clock
        self._lock = FolderLock(layout.lock, options.lock_wait_seconds) if options.lock else None
        try:
            store_id = read_store_id(files, layout)
            self._journal = Journal(files, layout.journal, store_id, options.segment_bytes)
            self._inbox = InboxIndex()
            index_path = options.index_path or layout.index
            self._index = open_index(index_path, self._journal, self._inbox, store_id, options.progress)
        except BaseException:
            self._release()
            raise
        self._state = State(self._index, self._journal)
        self._indexer = Indexer(self._index, self._inbox, self._state, self._journal.last_seq)
        self._committer = Committer(self._journal, self._state, clock, self._committed)
        self._indexer.start()
        self._compactor = Compactor(self._journal, self._index, self._indexer, clock, store_id, options.compact_bytes)
        self._compactor.tidy(files)
        self._views = Views(layout, self, self._index) if options.views else None
        if self._views:
            self._committer.subscribe(self._views.note)
        self._turns = Turns()
        self._closed = False

    # --- change ------------------------------------------------------------------------------------

    def transact(self, work: Callable[[Transaction], T]) -> T:
        """Run ``work`` and commit what it put."""

        def begin() -> tuple[StoreTransaction, T]:
            tx = StoreTransaction(self._state.read, self._clock.now())
            return tx, work(tx)

        return self._turns.try_until_won(begin, self._committer.commit)

    def subscribe(self, listener: Callable[[Committed], None]) -> None:
        """Call ``listener`` after every commit from now on."""
        self._committer.subscribe(listener)

    def subscribe_waits(self, listener: Callable[[Sequence[float]], None]) -> None:
        """Call ``listener`` with how long each writer waited, a group of commits at a time."""
        self._committer.subscribe_waits(listener)

    def _committed(self, location: int, commits: list[Staged]) -> None:
        self._indexer.note(commits[-1].seq, location, self._journal.end)

    # --- read --------------------------------------------------------------------------------------

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the newest durable state of the record, or None."""
        return cast("R | None", self._state.read((kind.KIND, record_id))[0])

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the newest durable state of the record, or raise ``RecordNotFound``."""
        record = self.find(kind, record_id)
        if record is None:
            raise RecordNotFound(f"there is no {kind.KIND} {record_id!r}")
        return record

    def list_records(self, kind: type[R], query: RecordQuery) -> RecordPage[R]:
        """Return a page of one kind."""
        after = None if query.cursor is None else read_cursor(query.cursor, kind.KIND)
        self._indexer.catch_up()
        places = self._index.list_ids(kind.KIND, query, after)
        records = [self.find(kind, record_id) for _, record_id in places[: query.limit]]
        more = len(places) > query.limit
        return RecordPage(
            # One that was deleted since the index was asked is simply no longer there.
            records=[record for record in records if record is not None],
            total=self._index.count(kind.KIND, query) if query.with_total else None,
            next_cursor=write_cursor(kind.KIND, *places[query.limit - 1]) if more else None,
        )

    def list_incidents(self, query: IncidentQuery) -> IncidentPage:
        """Return a page of the inbox."""
        self._indexer.catch_up()
        with self._inbox.lock, self._index.reading() as connection:
            return self._inbox.page(connection, query)

    def count_facets(self, query: IncidentQuery) -> IncidentFacets:
        """Return how many incidents match, and how many by each facet."""
        self._indexer.catch_up()
        with self._inbox.lock, self._index.reading() as connection:
            return self._inbox.count_facets(connection, query)

    def measure_incidents(self, query: IncidentQuery, *, first_day: date, last_day: date) -> IncidentFigures:
        """Return counts and times of the incidents that match."""
        self._indexer.catch_up()
        with self._inbox.lock, self._index.reading() as connection:
            return self._inbox.measure(connection, query, first_day, last_day)

    def find_incident_id(self, number: int) -> str | None:
        """Return the id of the incident that bears ``number``, or None."""
        found = self._index.find_incident_id(number)
        if found is None:
            # A number is never given twice: only one that is not there yet is worth waiting for.
            self._indexer.catch_up()
            found = self._index.find_incident_id(number)
        return found if found is not None and self.find(Incident, found) is not None else None

    def list_timeline(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[ChainedEntry]:
        """Return entries with a sequence above ``after``, in order."""
        last = min(self._last_entry(incident_id), after + limit)
        return [self._entry(incident_id, sequence) for sequence in range(after + 1, last + 1)]

    def list_newest_entries(self, incident_id: str, limit: int) -> list[ChainedEntry]:
        """Return the last ``limit`` entries, oldest of them first."""
        return self.list_timeline(incident_id, after=max(0, self._last_entry(incident_id) - limit), limit=limit)

    def list_entry_bytes(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[bytes]:
        """Return the stored bytes of entries with a sequence above ``after``, in order."""
        last = min(self._last_entry(incident_id), after + limit)
        return [self._entry_body(incident_id, sequence) for sequence in range(after + 1, last + 1)]

    def _last_entry(self, incident_id: str) -> int:
        head = self.find(ChainHead, incident_id)
        return head.sequence if head else 0

    def _entry(self, incident_id: str, sequence: int) -> ChainedEntry:
        key = (TimelineEntry.KIND, entry_id(incident_id, sequence))
        body = self._entry_body(incident_id, sequence)
        return ChainedEntry(cast("TimelineEntry", decode(key, body)), hash_entry(body))

    def _entry_body(self, incident_id: str, sequence: int) -> bytes:
        body = self._state.read_body((TimelineEntry.KIND, entry_id(incident_id, sequence)))
        if body is None:
            raise StoreDamaged(f"entry {sequence} of {incident_id} is missing")
        return body

    @property
    def last_seq(self) -> int:
        """The sequence of the newest durable commit."""
        return self._journal.last_seq

    def health(self) -> str | None:
        """Return None when writes work, else why they do not."""
        if self._closed:
            return "the store is closed"
        return "the committer stopped; restart the gateway" if self._committer.failed else self._journal.problem

    # --- care --------------------------------------------------------------------------------------

    def compact(self) -> bool:
        """Rewrite what is still needed when more than half of the journal is not; return whether it did."""
        return self._compactor.run()

    def catch_up(self) -> None:
        """Return when the index holds everything committed before the call."""
        self._indexer.catch_up()

    def close(self) -> None:
        """Finish what is under way, write the views, and release the folder."""
        if self._closed:
            return
        self._closed = True
        self._committer.close()
        self._indexer.close()
        if self._views:
            self._views.close()
        self._journal.close()
        self._index.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            with contextlib.suppress(OSError):
                self._lock.release()


def open_json_store(data_dir: Path, *, clock: Clock, options: Options | None = None) -> JsonStore:
    """Open the store in ``data_dir``, making it if there is none.

    Raises ``StoreLocked`` when another gateway owns the folder and ``StoreDamaged`` when the journal is not
    what was written. A missing, stale or damaged index is built anew.
    """
    return JsonStore(Layout(data_dir), clock, options or Options())
