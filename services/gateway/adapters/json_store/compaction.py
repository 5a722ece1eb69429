"""Compaction: write what is still needed of the old segments into one base, then let them go."""

import threading
from collections.abc import Iterator
from itertools import islice

import structlog

from services.gateway.adapters.json_store.files import Files
from services.gateway.adapters.json_store.index import Index, move_places, put_meta
from services.gateway.adapters.json_store.indexer import Indexer
from services.gateway.adapters.json_store.journal import Journal
from services.gateway.adapters.json_store.lines import write_key, write_line
from services.gateway.adapters.json_store.recovery import index_identity
from shared.ports import Clock

log = structlog.get_logger(__name__)

_CHUNK_LINES = 2_000
_MOVE_BATCH = 5_000


class Compactor:
    """Rewrites the journal's whole past at once, never a part from its middle.

    Only so can a deletion be dropped: every older copy of the record is in the part that goes too, so nothing
    deleted comes back. Each record keeps its bytes, and with them the timeline's chain keeps its hashes.
    """

    def __init__(
        self,
        journal: Journal,
        index: Index,
        indexer: Indexer,
        clock: Clock,
        store_id: str,
        least_bytes: int,
    ) -> None:
        self._journal = journal
        self._index = index
        self._indexer = indexer
        self._clock = clock
        self._store_id = store_id
        self._least_bytes = least_bytes
        self._running = threading.Lock()

    def tidy(self, files: Files) -> None:
        """Delete what a crash in the middle of a compaction left behind."""
        for path in self._journal.leftovers():
            log.info("file left over from a compaction deleted", file=str(path))
            files.unlink(path)

    def run(self) -> bool:
        """Compact if there is enough to gain; return whether it did. Commits and reads go on meanwhile."""
        with self._running:
            sealed = self._journal.sealed()
            if not sealed or not self._is_worth_it(sealed[-1].number):
                return False
            try:
                self._compact(sealed[-1].number)
            except OSError as error:
                # Until the base is published the old segments are in force, and after it the base is: both whole.
                log.warning("the journal could not be compacted; trying again later", reason=str(error))
                return False
            return True

    def _is_worth_it(self, number: int) -> bool:
        old = [*self._journal.sealed(), *([self._journal.base] if self._journal.base else [])]
        size = sum(self._journal.size(segment) for segment in old)
        if size < self._least_bytes:
            return False
        self._indexer.catch_up()
        return self._index.live_bytes(number) * 2 < size

    def _compact(self, number: int) -> None:
        # Every commit of these segments must be in the index, which says what is still needed of them.
        self._indexer.catch_up()
        base = self._journal.write_base(number, self._journal.first_seq_after(number), self._lines(number))
        replaced = self._journal.publish_base(base)
        self._move()
        with self._index.writing() as connection:
            put_meta(connection, identity=index_identity(self._store_id, base))
        self._journal.delete(replaced)
        log.info("journal compacted", base=str(base.path), replaced=len(replaced))

    def _lines(self, number: int) -> Iterator[bytes]:
        at = self._clock.now()
        places = self._index.places_up_to(number)
        while batch := list(islice(places, _CHUNK_LINES)):
            lines = []
            for key, place in batch:
                body = self._journal.read_body(place.location, place.offset, place.length, write_key(key))
                lines.append(write_line(place.revision, at, [(key, body)], 0)[0])
            yield b"".join(lines)

    def _move(self) -> None:
        """Point the index at the base. A crash before the end leaves an index that is built anew."""
        lines = self._journal.replay_base()
        while batch := list(islice(lines, _MOVE_BATCH)):
            moves = [
                (segment.location, entry.offset, *entry.key, line.seq)
                for segment, line in batch
                for entry in line.entries
            ]
            with self._index.writing() as connection:
                move_places(connection, moves)
