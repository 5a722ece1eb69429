"""The index: where in the journal each record stands, and what lists filter by. Derived; may be thrown away."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import LifoQueue
from typing import NamedTuple

from services.gateway.adapters.cursor import to_micros
from services.gateway.adapters.json_store.inbox_index import INBOX_TABLES
from services.gateway.adapters.transaction import Key
from services.gateway.domain.records import Record
from services.gateway.errors import StoreUnavailable
from services.gateway.ports import RecordQuery

# Raise it when a table changes: an index of another version is built anew from the journal.
INDEX_VERSION = 3
_READERS = 6
_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    kind TEXT NOT NULL, id TEXT NOT NULL,
    revision INTEGER NOT NULL, location INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL,
    parent TEXT, state TEXT, tag TEXT, at INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_at ON records (kind, at, id);
CREATE INDEX IF NOT EXISTS by_parent ON records (kind, parent, at, id) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_state ON records (kind, state, at, id) WHERE state IS NOT NULL;
CREATE INDEX IF NOT EXISTS by_tag ON records (kind, tag, at, id) WHERE tag IS NOT NULL;
"""
_PUT = """
INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (kind, id) DO UPDATE SET revision = excluded.revision, location = excluded.location,
    offset = excluded.offset, length = excluded.length, parent = excluded.parent, state = excluded.state,
    tag = excluded.tag, at = excluded.at
"""


class Place(NamedTuple):
    """Where a record stands, and which commit wrote it."""

    revision: int
    location: int
    offset: int
    length: int


class Applied(NamedTuple):
    """How far the index has come: the last commit it holds, and where in the journal that ends."""

    seq: int
    segment: int
    end: int


class Index:
    """One writing connection and a few for readers. What was not committed here is replayed from the journal."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._writer = self._connect(readonly=False)
        self._writer.execute("PRAGMA journal_mode = WAL")
        # Losing the newest transactions with the power costs a replay, never a wrong answer.
        self._writer.execute("PRAGMA synchronous = NORMAL")
        self._writer.execute("PRAGMA cache_size = -16000")
        self._writer.executescript(_TABLES + INBOX_TABLES)
        self._readers: LifoQueue[sqlite3.Connection] = LifoQueue()
        self._made = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def _connect(self, *, readonly: bool) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, cached_statements=256)
        connection.execute("PRAGMA busy_timeout = 10000")
        if readonly:
            connection.execute("PRAGMA query_only = 1")
            connection.execute("PRAGMA cache_size = -2000")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection for reading; raise ``StoreUnavailable`` when SQLite cannot read."""
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._readers.put(connection)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the index cannot be read: {error}") from error

    def _take(self) -> sqlite3.Connection:
        if self._readers.empty():
            with self._lock:
                if self._made < _READERS:
                    connection = self._connect(readonly=True)
                    self._made += 1
                    return connection
        return self._readers.get()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Run one transaction; all of it or nothing is in the index afterwards. One thread at a time."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                # The block may have committed itself, at the moment that suits it.
                if self._writer.in_transaction:
                    self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    # --- what it holds ----------------------------------------------------------------------------

    def get_meta(self, name: str) -> str | None:
        """Return a remembered word about the index itself."""
        row = self._writer.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def applied(self) -> Applied:
        """Return how far the index has come."""
        seq, segment, end = (int(self.get_meta(name) or 0) for name in ("seq", "segment", "end"))
        return Applied(seq, segment, end)

    def find(self, key: Key) -> Place | None:
        """Return where a record stands, or None."""
        with self.reading() as connection:
            row = connection.execute(
                "SELECT revision, location, offset, length FROM records WHERE kind = ? AND id = ?",
                key,
            ).fetchone()
        return Place(*row) if row else None

    def list_ids(self, kind: str, query: RecordQuery, after: tuple[int, str | int] | None) -> list[tuple[int, str]]:
        """Return (at, id) of up to ``limit`` + 1 records that match, in order."""
        where, values = _conditions(kind, query)
        direction, compare = ("ASC", ">") if query.oldest_first else ("DESC", "<")
        if after is not None:
            where += f" AND (at, id) {compare} (?, ?)"
            values += list(after)
        sql = f"SELECT at, id FROM records WHERE {where} ORDER BY at {direction}, id {direction} LIMIT ?"  # noqa: S608 — only our own words are built in.
        with self.reading() as connection:
            return connection.execute(sql, (*values, query.limit + 1)).fetchall()

    def count(self, kind: str, query: RecordQuery) -> int:
        """Return how many records match."""
        where, values = _conditions(kind, query)
        with self.reading() as connection:
            row = connection.execute(f"SELECT count(*) FROM records WHERE {where}", values).fetchone()  # noqa: S608
        return int(row[0])

    def find_incident_id(self, number: int) -> str | None:
        """Return the id of the incident in the inbox that bears ``number``, or None."""
        with self.reading() as connection:
            row = connection.execute("SELECT id FROM inbox WHERE number = ?", (number,)).fetchone()
        return str(row[0]) if row else None

    def live_bytes(self, up_to: int) -> int:
        """Return how many bytes of segments up to number ``up_to`` (bases included) are still needed."""
        with self.reading() as connection:
            row = connection.execute("SELECT sum(length + 100) FROM records WHERE location <= ?", (up_to,)).fetchone()
        return int(row[0] or 0)

    def places_up_to(self, number: int) -> Iterator[tuple[Key, Place]]:
        """Yield every record that stands in a segment up to ``number``, bases included."""
        sql = "SELECT kind, id, revision, location, offset, length FROM records WHERE location <= ?"
        with self.reading() as connection:
            for kind, record_id, *place in connection.execute(sql, (number,)):
                yield (kind, record_id), Place(*place)

    def ids_since(self, kinds: tuple[str, ...], revision: int) -> list[str]:
        """Return the ids of records of ``kinds`` that were written after commit ``revision``."""
        sql = f"SELECT DISTINCT id FROM records WHERE kind IN ({', '.join('?' * len(kinds))}) AND revision > ?"  # noqa: S608
        with self.reading() as connection:
            return [str(row[0]) for row in connection.execute(sql, (*kinds, revision))]

    def close(self) -> None:
        """Close every connection."""
        while not self._readers.empty():
            self._readers.get().close()
        self._writer.execute("PRAGMA optimize")
        self._writer.close()


def put_meta(connection: sqlite3.Connection, **words: str | int) -> None:
    """Remember words about the index, in the transaction of ``connection``."""
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(k, str(v)) for k, v in words.items()])


def put_places(connection: sqlite3.Connection, places: list[tuple[Key, Record, Place]]) -> None:
    """Write where records stand and what they are listed by."""
    connection.executemany(_PUT, [_row(*place) for place in places])


def move_places(connection: sqlite3.Connection, moves: list[tuple[int, int, str, str, int]]) -> None:
    """Say where records stand now: (location, offset, kind, id, revision); newer revisions are left alone."""
    sql = "UPDATE records SET location = ?, offset = ? WHERE kind = ? AND id = ? AND revision = ?"
    connection.executemany(sql, moves)


def drop_places(connection: sqlite3.Connection, keys: list[Key]) -> None:
    """Forget deleted records."""
    connection.executemany("DELETE FROM records WHERE kind = ? AND id = ?", keys)


def _row(key: Key, record: Record, place: Place) -> tuple[object, ...]:
    parent, state, tag, at = record.facets()
    return (*key, *place, parent, state, tag, to_micros(at))


def _conditions(kind: str, query: RecordQuery) -> tuple[str, list[object]]:
    # Spelling out that a column is not null lets SQLite use the partial indexes.
    where, values = ["kind = ?"], [kind]
    params: list[object] = [*values]
    if query.parent is not None:
        where.append("parent = ?")
        params.append(query.parent)
    for column, words in (("state", query.states), ("tag", query.tags)):
        if words:
            where.append(f"{column} IN ({', '.join('?' * len(words))})")
            params += words
    for compare, when in ((">=", query.since), ("<", query.until)):
        if when is not None:
            where.append(f"at {compare} ?")
            params.append(to_micros(when))
    return " AND ".join(where), params
