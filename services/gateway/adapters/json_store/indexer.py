"""The indexer: a thread that brings the index to what was committed, many commits at a time, out of their way."""

import threading
from typing import cast

import structlog

from services.gateway.adapters.json_store.inbox_index import SHOWN_KINDS, InboxIndex, Line
from services.gateway.adapters.json_store.index import Index, Place, drop_places, put_meta, put_places
from services.gateway.adapters.json_store.state import Hot, State
from services.gateway.adapters.transaction import Key
from services.gateway.domain.records import Activity, Hints, Incident, Record
from services.gateway.errors import StoreUnavailable

log = structlog.get_logger(__name__)

_LINGER_SECONDS = 0.1
_RETRY_SECONDS = 1.0
_CATCH_UP_SECONDS = 30.0


class Indexer:
    """Applies ``state.hot`` to the index. Several changes of one record between two runs cost one."""

    def __init__(self, index: Index, inbox: InboxIndex, state: State, seq: int) -> None:
        self._index = index
        self._inbox = inbox
        self._state = state
        self._wake = threading.Condition()
        self._committed = self._applied = seq
        self._end = (0, 0)
        self._wanted = 0
        self._closing = False
        self._is_failing = False
        self._thread = threading.Thread(target=self._run, name="store-indexer", daemon=True)

    def start(self) -> None:
        """Begin to follow commits."""
        self._thread.start()

    def note(self, seq: int, segment: int, end: int) -> None:
        """A commit became visible: ``seq`` ends at ``end`` of ``segment``."""
        with self._wake:
            self._committed, self._end = seq, (segment, end)
            self._wake.notify_all()

    def catch_up(self) -> None:
        """Return when everything committed before the call is in the index."""
        with self._wake:
            seq = self._committed
            if self._applied >= seq:
                return
            self._wanted = max(self._wanted, seq)
            self._wake.notify_all()
            # Nobody is kept waiting for an index that cannot be written: a full disk mends itself no sooner.
            self._wake.wait_for(lambda: self._applied >= seq or self._is_failing, _CATCH_UP_SECONDS)
            if self._applied < seq:
                raise StoreUnavailable("the index cannot be written, or does not keep up; records by id are served")

    def close(self) -> None:
        """Apply what is left, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._committed > self._applied or self._closing)
                if self._committed == self._applied:
                    return
                # Linger, so that a record that changes several times in a moment is indexed once.
                self._wake.wait_for(lambda: self._wanted > self._applied or self._closing, _LINGER_SECONDS)
                seq, end = self._committed, self._end
                changes = dict(self._state.hot)
            try:
                self.apply(changes, seq, end)
            except Exception:
                log.exception("the index could not be written; reads go on from memory")
                with self._wake:
                    self._is_failing = True
                    self._wake.notify_all()
                    self._wake.wait_for(lambda: self._closing, _RETRY_SECONDS)
                    if self._closing:
                        return
                continue
            with self._wake:
                self._is_failing = False
                self._applied = seq
                self._wake.notify_all()

    def apply(self, changes: dict[Key, Hot], seq: int, end: tuple[int, int]) -> None:
        """Write ``changes`` to the index as of commit ``seq``, in one transaction, then forget them as hot."""
        places: list[tuple[Key, Record, Place]] = []
        gone: list[Key] = []
        for key, hot in changes.items():
            if hot.record is None:
                gone.append(key)
            else:
                places.append((key, hot.record, Place(hot.revision, hot.location, hot.offset, hot.length)))
        lines = self._lines(changes)
        with self._index.writing() as connection:
            put_places(connection, places)
            drop_places(connection, gone)
            applied = self._inbox.write(connection, lines)
            put_meta(connection, seq=seq, segment=end[0], end=end[1])
            # Only this moment keeps lists waiting: tables and columns change together.
            with self._inbox.lock:
                connection.execute("COMMIT")
                self._inbox.apply(applied)
        self._state.cool(changes)

    def _lines(self, changes: dict[Key, Hot]) -> list[Line]:
        touched = {key[1]: None for key in changes if key[0] in SHOWN_KINDS}
        lines = []
        for incident_id in touched:
            incident = self._newest(changes, (Incident.KIND, incident_id))
            if incident is None:
                number = self._number_of(incident_id)
                if number:
                    lines.append(Line(number, None, None, None))
                continue
            head = cast("Incident", incident)
            activity = cast("Activity | None", self._newest(changes, (Activity.KIND, incident_id)))
            hints = cast("Hints | None", self._newest(changes, (Hints.KIND, incident_id)))
            lines.append(Line(head.number, head, activity, hints))
        return lines

    def _newest(self, changes: dict[Key, Hot], key: Key) -> Record | None:
        hot = changes.get(key)
        return hot.record if hot is not None else self._state.read(key)[0]

    def _number_of(self, incident_id: str) -> int:
        """Return the number a deleted incident had in the index; 0 if it never got there."""
        with self._index.reading() as connection:
            row = connection.execute("SELECT number FROM inbox WHERE id = ?", (incident_id,)).fetchone()
        return int(row[0]) if row else 0
