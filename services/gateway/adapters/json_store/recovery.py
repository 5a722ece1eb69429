"""Bring the index to the journal at start: replay what it lacks, or build it anew when it cannot be trusted."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import structlog

from services.gateway.adapters.json_store.inbox_index import SHOWN_KINDS, InboxIndex, Line
from services.gateway.adapters.json_store.index import (
    INDEX_VERSION,
    Applied,
    Index,
    Place,
    drop_places,
    put_meta,
    put_places,
)
from services.gateway.adapters.json_store.journal import Journal
from services.gateway.adapters.json_store.lines import Line as JournalLine
from services.gateway.adapters.json_store.lines import write_key
from services.gateway.adapters.json_store.segments import Segment
from services.gateway.adapters.json_store.state import decode
from services.gateway.adapters.transaction import Key
from services.gateway.domain.records import Activity, Hints, Incident, Record

log = structlog.get_logger(__name__)

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0 if that is unknown)."""

_BATCH_RECORDS = 5_000


def silent(step: str, done: int, total: int) -> None:
    """Report progress to nobody."""


def open_index(path: Path, journal: Journal, inbox: InboxIndex, store_id: str, progress: Progress) -> Index:
    """Return an index that holds exactly what the journal holds, with ``inbox`` filled from it."""
    identity = index_identity(store_id, journal.base)
    index = _open_sound(path)
    applied = index.applied()
    if index.get_meta("identity") == identity and _replay(index, journal, applied, progress):
        _load(index, inbox)
        return index
    if applied.seq:
        log.warning("the index does not fit the journal and is built anew", index=str(path))
    index.close()
    _delete(path)
    index = Index(path)
    _rebuild(index, journal, identity, progress)
    _load(index, inbox)
    return index


def index_identity(store_id: str, base: Segment | None) -> str:
    """Return the words by which an index knows that it was made from this journal, with this base."""
    return f"{INDEX_VERSION} {store_id} {base.number if base else 0}"


def _open_sound(path: Path) -> Index:
    """Open the index, or an empty one if SQLite cannot make sense of the file."""
    try:
        index = Index(path)
        index.applied()
    except (sqlite3.DatabaseError, ValueError):
        log.warning("the index is damaged and is built anew", index=str(path))
        _delete(path)
        return Index(path)
    return index


def _delete(path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _load(index: Index, inbox: InboxIndex) -> None:
    with index.reading() as connection:
        inbox.load(connection)


def _replay(index: Index, journal: Journal, applied: Applied, progress: Progress) -> bool:
    """Apply the commits after ``applied``; return False if the index is ahead of the journal or fits it not."""
    lines = journal.replay((applied.segment, applied.end))
    first = next(lines, None)
    if first is None:
        return journal.last_seq == applied.seq
    if first[1].seq != applied.seq + 1:
        for _ in lines:
            """Read to the end: the journal finds its own end by that."""
        return False
    _apply(index, journal, _chain(first, lines), progress)
    return True


def _chain(
    first: tuple[Segment, JournalLine], rest: Iterator[tuple[Segment, JournalLine]]
) -> Iterator[tuple[Segment, JournalLine]]:
    yield first
    yield from rest


def _rebuild(index: Index, journal: Journal, identity: str, progress: Progress) -> None:
    # Nothing of a half-built index may be taken for a whole one: its identity comes last.
    _apply(index, journal, journal.replay_base(), progress)
    _apply(index, journal, journal.replay(), progress)
    with index.writing() as connection:
        put_meta(connection, seq=journal.last_seq, identity=identity)


def _apply(index: Index, journal: Journal, lines: Iterator[tuple[Segment, JournalLine]], progress: Progress) -> None:
    inbox = InboxIndex()
    done = 0
    for batch in _batches(lines):
        newest: dict[Key, tuple[Record | None, Place]] = {}
        for segment, line in batch:
            for entry in line.entries:
                record = None if entry.body is None else decode(entry.key, entry.body)
                length = 0 if entry.body is None else len(entry.body)
                newest[entry.key] = (record, Place(line.seq, segment.location, entry.offset, length))
        segment, last = batch[-1]
        _write_batch(index, journal, inbox, newest, (last.seq, segment, last.end))
        done += len(batch)
        progress("reading the journal", done, 0)


def _batches(lines: Iterator[tuple[Segment, JournalLine]]) -> Iterator[list[tuple[Segment, JournalLine]]]:
    """Group lines by the records they hold: a line may hold one or ten thousand."""
    batch: list[tuple[Segment, JournalLine]] = []
    count = 0
    for line in lines:
        batch.append(line)
        count += len(line[1].entries)
        if count >= _BATCH_RECORDS:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


def _write_batch(
    index: Index,
    journal: Journal,
    inbox: InboxIndex,
    newest: dict[Key, tuple[Record | None, Place]],
    end: tuple[int, Segment, int],
) -> None:
    lines = _inbox_lines(index, journal, newest)
    with index.writing() as connection:
        put_places(connection, [(key, record, place) for key, (record, place) in newest.items() if record is not None])
        drop_places(connection, [key for key, (record, _) in newest.items() if record is None])
        inbox.write(connection, lines)
        seq, segment, at = end
        if not segment.is_base:
            put_meta(connection, seq=seq, segment=segment.number, end=at)


def _inbox_lines(index: Index, journal: Journal, newest: dict[Key, tuple[Record | None, Place]]) -> list[Line]:
    def find(key: Key) -> Record | None:
        if key in newest:
            return newest[key][0]
        place = index.find(key)
        return decode(key, journal.read_body(*place[1:], write_key(key))) if place else None

    lines = []
    for incident_id in {key[1]: None for key in newest if key[0] in SHOWN_KINDS}:
        incident = find((Incident.KIND, incident_id))
        activity = find((Activity.KIND, incident_id))
        if isinstance(incident, Incident):
            hints = find((Hints.KIND, incident_id))
            lines.append(
                Line(
                    incident.number,
                    incident,
                    activity if isinstance(activity, Activity) else None,
                    hints if isinstance(hints, Hints) else None,
                ),
            )
            continue
        with index.reading() as connection:
            row = connection.execute("SELECT number FROM inbox WHERE id = ?", (incident_id,)).fetchone()
        if row:
            lines.append(Line(int(row[0]), None, None, None))
    return lines
