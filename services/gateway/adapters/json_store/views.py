"""Views for people: one JSON file an incident, its timeline line by line, and a list of all; written behind.

Nothing reads them back: they may lag a second behind, and are refreshed after a crash.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec
import structlog

from services.gateway.adapters.json_store.index import Index
from services.gateway.adapters.json_store.layout import Layout
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    Hints,
    Incident,
    Record,
    Signal,
    TimelineEntry,
    is_audit_chain,
)
from services.gateway.ports import ChainedEntry, Committed, IncidentPage, IncidentQuery, RecordPage, RecordQuery

log = structlog.get_logger(__name__)

R = TypeVar("R", bound=Record)

_PAUSE_SECONDS = 1.0
_BATCH = 25
# Views may take a thirtieth of one processor's time: in a storm they lag, and the work that matters does not.
_REST_FACTOR = 30
_LONGEST_REST_SECONDS = 30.0
# What is not written by then is written after the next start: people wait for a gateway that stops.
_CLOSE_SECONDS = 2.0
_SIGNALS = 200
_NEWEST = 20
_KNOWN_TIMELINES = 10_000
# The list of all incidents is rewritten at most as often as this many times its own cost.
_LIST_COST_FACTOR = 20
_FOLLOWED = (Incident.KIND, Activity.KIND, ChainHead.KIND)


class _Reader(Protocol):
    def find(self, kind: type[R], record_id: str) -> R | None: ...

    def list_records(self, kind: type[R], query: RecordQuery) -> RecordPage[R]: ...

    def list_incidents(self, query: IncidentQuery) -> IncidentPage: ...

    def list_timeline(self, incident_id: str, *, after: int = 0, limit: int = 100) -> list[ChainedEntry]: ...

    def list_newest_entries(self, incident_id: str, limit: int) -> list[ChainedEntry]: ...

    @property
    def last_seq(self) -> int: ...


class Views:
    """Follows commits and writes the views of the incidents they touched."""

    def __init__(self, layout: Layout, store: _Reader, index: Index) -> None:
        self._folder = layout.views
        self._marker = layout.root / "VIEWS"
        self._store = store
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._wake = threading.Condition()
        self._dirty: OrderedDict[str, None] = OrderedDict.fromkeys(
            touched for touched in index.ids_since(_FOLLOWED, self._read_marker()) if not is_audit_chain(touched)
        )
        self._seq = store.last_seq
        self._written: OrderedDict[str, int] = OrderedDict()
        self._list_due = 0.0
        self._list_stale = bool(self._dirty)
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="store-views", daemon=True)
        self._thread.start()

    def note(self, committed: Committed) -> None:
        """Remember what a commit touched."""
        touched = {touched for record in committed.puts if (touched := _incident_of(record))}
        touched.update(record_id for kind, record_id in committed.removes if kind == Incident.KIND)
        with self._wake:
            self._seq = committed.seq
            if touched:
                self._dirty.update(OrderedDict.fromkeys(touched))
                self._wake.notify()

    def close(self) -> None:
        """Write what is left, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        close_by = 0.0
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._dirty or self._closing, timeout=_PAUSE_SECONDS * 5)
                closing, seq = self._closing, self._seq
                batch = [self._dirty.popitem(last=False)[0] for _ in range(min(_BATCH, len(self._dirty)))]
                is_all = not self._dirty
            began = time.thread_time()
            self._write(batch, seq if is_all else None, closing=closing and is_all)
            close_by = close_by or (time.monotonic() + _CLOSE_SECONDS if closing else 0.0)
            if closing and (is_all or time.monotonic() > close_by):
                return
            rest = (time.thread_time() - began) * _REST_FACTOR
            with self._wake:
                pause = min(max(rest, _PAUSE_SECONDS if is_all else 0.0), _LONGEST_REST_SECONDS)
                self._wake.wait_for(lambda: self._closing, timeout=pause)

    def _write(self, batch: list[str], seq: int | None, *, closing: bool) -> None:
        try:
            for incident_id in batch:
                self._write_incident(incident_id)
            self._list_stale = self._list_stale or bool(batch)
            if self._list_stale and (closing or time.monotonic() >= self._list_due):
                self._write_list()
            if seq is not None and not self._list_stale:
                _replace(self._marker, b"%d\n" % seq)
        except Exception:
            # A view that cannot be written costs a view. The marker stays, so the next start writes it again.
            log.exception("views could not be written")

    # --- one incident ------------------------------------------------------------------------------

    def _write_incident(self, incident_id: str) -> None:
        incident = self._store.find(Incident, incident_id)
        path = self._folder / f"{incident_id}.json"
        timeline = self._folder / f"{incident_id}.timeline.jsonl"
        if incident is None:
            path.unlink(missing_ok=True)
            timeline.unlink(missing_ok=True)
            self._written.pop(incident_id, None)
            return
        head = self._store.find(ChainHead, incident_id) or ChainHead(incident_id=incident_id)
        view = {
            **msgspec.to_builtins(incident),
            "activity": self._store.find(Activity, incident_id),
            "hints": self._store.find(Hints, incident_id),
            "signals": self._store.list_records(Signal, RecordQuery(parent=incident_id, limit=_SIGNALS)).records,
            "timeline": {
                "count": head.sequence,
                "hash": head.hash,
                "newest": [chained.entry for chained in self._store.list_newest_entries(incident_id, _NEWEST)],
            },
        }
        _replace(path, msgspec.json.format(msgspec.json.encode(view)) + b"\n")
        self._write_timeline(timeline, incident_id, head.sequence)

    def _write_timeline(self, path: Path, incident_id: str, last: int) -> None:
        written = self._written.get(incident_id)
        if written == last:
            return
        with path.open("wb" if written is None else "ab") as file:
            for after in range(written or 0, last, 1000):
                for chained in self._store.list_timeline(incident_id, after=after, limit=min(1000, last - after)):
                    file.write(_line(chained))
        self._written[incident_id] = last
        self._written.move_to_end(incident_id)
        if len(self._written) > _KNOWN_TIMELINES:
            self._written.popitem(last=False)

    # --- all incidents -----------------------------------------------------------------------------

    def _write_list(self) -> None:
        began = time.monotonic()
        unfinished = self._folder / "index.json.tmp"
        query = IncidentQuery(sort="-number", limit=2000)
        with unfinished.open("wb") as file:
            file.write(b"[\n")
            separator = b""
            while True:
                page = self._store.list_incidents(query)
                for item in page.items:
                    file.write(separator + item)
                    separator = b",\n"
                if page.next_cursor is None:
                    break
                query = msgspec.structs.replace(query, cursor=page.next_cursor)
            file.write(b"\n]\n")
        unfinished.replace(self._folder / "index.json")
        self._list_stale = False
        self._list_due = time.monotonic() + (time.monotonic() - began) * _LIST_COST_FACTOR

    def _read_marker(self) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(self._marker.read_text())
        return 0


def _incident_of(record: Record) -> str | None:
    if isinstance(record, Incident):
        return record.id
    if isinstance(record, (Activity, Signal, TimelineEntry)):
        found = record.incident_id
        # The audit log has no view: whoever may read the folder's views need not be one who may read it.
        return None if found is not None and is_audit_chain(found) else found
    return None


def _line(chained: ChainedEntry) -> bytes:
    return msgspec.json.encode({**msgspec.to_builtins(chained.entry), "hash": chained.hash}) + b"\n"


def _replace(path: Path, content: bytes) -> None:
    unfinished = path.with_name(path.name + ".tmp")
    unfinished.write_bytes(content)
    unfinished.replace(path)
