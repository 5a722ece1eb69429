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

CACHE_BYTES = 24 << 20
# What a decoded record takes beside its text, and how many bytes a byte of text becomes.
_RECORD_COST, _BYTE_COST = 800, 2
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

    def __init__(self, index: Index, journal: Journal, cache_bytes: int = CACHE_BYTES) -> None:
        self._index = index
        self._journal = journal
        self._cache: OrderedDict[Key, tuple[Record | None, int, int]] = OrderedDict()
        self._cache_bytes = cache_bytes
        self._cached_bytes = 0
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
                return cached[:2]
            moves = self._moves
        found = self._read_from_disk(key)
        with self._lock:
            # If records moved from hot to the index meanwhile, what was found may be older than what is there.
            if moves == self._moves and key not in self.hot:
                self._remember(key, *found)
                return found[:2]
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
        # Under the lock, lest ``cool`` takes away what has just become newer than what it looked at.
        with self._lock:
            self.hot.update(changes)

    def cool(self, applied: dict[Key, Hot]) -> None:
        """The index holds ``applied`` now: keep them only as far as the cache goes."""
        with self._lock:
            self._moves += 1
        for key, hot in applied.items():
            # One at a time: a commit waits for this lock.
            with self._lock:
                if self.hot.get(key) is hot:
                    self._remember(key, hot.record, hot.revision if hot.record is not None else 0, hot.length)
                    del self.hot[key]
                else:
                    self._forget(key)

    def _read_from_disk(self, key: Key) -> tuple[Record | None, int, int]:
        found = self._find_body(key)
        return (decode(key, found[0]), found[1], len(found[0])) if found else (None, 0, 0)

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

    def _remember(self, key: Key, record: Record | None, revision: int, length: int) -> None:
        self._forget(key)
        cost = _RECORD_COST + length * _BYTE_COST
        self._cache[key] = (record, revision, cost)
        self._cached_bytes += cost
        while self._cached_bytes > self._cache_bytes:
            self._cached_bytes -= self._cache.popitem(last=False)[1][2]

    def _forget(self, key: Key) -> None:
        known = self._cache.pop(key, None)
        if known is not None:
            self._cached_bytes -= known[2]


def decode(key: Key, body: bytes) -> Record:
    """Return the record ``body`` holds."""
    record: Record = _DECODERS[key[0]].decode(body)
    return record
