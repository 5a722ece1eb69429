"""What is committed, as readers see it: the newest records in memory, the others by their place in the journal."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from services.gateway.adapters.json_store.index import Index
from services.gateway.adapters.json_store.journal import Journal, SegmentGone
from services.gateway.adapters.json_store.lines import write_key
from services.gateway.adapters.transaction import Key
from services.gateway.domain.records import RECORD_KINDS, Record
from services.gateway.errors import StoreDamaged

CACHE_RECORDS = 8_000
_TRIES = 3

_DECODERS = {kind: msgspec.json.Decoder(record) for kind, record in RECORD_KINDS.items()}


class Hot(NamedTuple):
    """A record the index does not hold yet. ``record`` is None for a deletion."""

    record: Record | None
    revision: int
    location: int
    offset: int
    length: int


class State:
    """Reads records by key. ``hot`` is what was committed since the index last caught up."""

    def __init__(self, index: Index, journal: Journal, cache_records: int = CACHE_RECORDS) -> None:
        self._index = index
        self._journal = journal
        self._cache: OrderedDict[Key, tuple[Record | None, int]] = OrderedDict()
        self._cache_records = cache_records
        self._lock = threading.Lock()
        self._moves = 0
        self.hot: dict[Key, Hot] = {}

    def read(self, key: Key) -> tuple[Record | None, int]:
        """Return the record and the commit that wrote it; (None, 0) if there is none."""
        hot = self.hot.get(key)
        if hot is not None:
            return hot.record, hot.revision if hot.record is not None else 0
        with self._lock:
            cached = self._cache.get(key)
            if cached is not None:
                self._cache.move_to_end(key)
                return cached
            moves = self._moves
        found = self._read_from_disk(key)
        with self._lock:
            # If records moved from hot to the index meanwhile, what was found may be older than what is there.
            if moves == self._moves and key not in self.hot:
                self._remember(key, found)
                return found
        return self.read(key)

    def read_body(self, key: Key) -> bytes | None:
        """Return the stored bytes of a record, or None."""
        hot = self.hot.get(key)
        if hot is not None:
            return None if hot.record is None else self._body(key, hot.location, hot.offset, hot.length)
        found = self._find_body(key)
        return found[0] if found else None

    def add_hot(self, changes: Iterable[tuple[Key, Hot]]) -> None:
        """Make durable changes visible."""
        self.hot.update(changes)

    def cool(self, applied: dict[Key, Hot]) -> None:
        """The index holds ``applied`` now: keep them only as far as the cache goes."""
        with self._lock:
            self._moves += 1
            for key, hot in applied.items():
                if self.hot.get(key) is hot:
                    self._remember(key, (hot.record, hot.revision if hot.record is not None else 0))
                    del self.hot[key]
                else:
                    self._cache.pop(key, None)

    def _read_from_disk(self, key: Key) -> tuple[Record | None, int]:
        found = self._find_body(key)
        return (decode(key, found[0]), found[1]) if found else (None, 0)

    def _find_body(self, key: Key) -> tuple[bytes, int] | None:
        for _ in range(_TRIES):
            found = self._index.find(key)
            if found is None:
                return None
            try:
                return self._body(key, found.location, found.offset, found.length), found.revision
            except SegmentGone:
                continue  # Compaction has moved it since.
        raise StoreDamaged(f"{key[0]} {key[1]} is in the index, but not in the journal")

    def _body(self, key: Key, location: int, offset: int, length: int) -> bytes:
        return self._journal.read_body(location, offset, length, write_key(key))

    def _remember(self, key: Key, found: tuple[Record | None, int]) -> None:
        self._cache[key] = found
        self._cache.move_to_end(key)
        if len(self._cache) > self._cache_records:
            self._cache.popitem(last=False)


def decode(key: Key, body: bytes) -> Record:
    """Return the record ``body`` holds."""
    record: Record = _DECODERS[key[0]].decode(body)
    return record
