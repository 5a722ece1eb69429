"""The inbox's own index: ready summaries and searchable text in tables, and the columns that go with them."""

import sqlite3
import threading
from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import msgspec
import numpy as np

from services.gateway.adapters.cursor import read_cursor, write_cursor
from services.gateway.adapters.json_store import inbox_counts
from services.gateway.adapters.json_store.grams import Mask
from services.gateway.adapters.json_store.inbox_columns import InboxColumns, Numbers
from services.gateway.adapters.json_store.summary_cache import SummaryCache
from services.gateway.adapters.json_store.text_search import TextSearch
from services.gateway.domain.inbox import IncidentFacets, IncidentFigures
from services.gateway.domain.records import Activity, Hints, Incident, IncidentSummary, searchable_text, summarise
from services.gateway.errors import BadCursor
from services.gateway.ports import IncidentPage, IncidentQuery

# Trigrams find any part of a word of three characters or more; contentless would need SQLite 3.43 to delete.
INBOX_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, summary BLOB NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS inbox_text
    USING fts5(text, content='inbox', content_rowid='number', tokenize='trigram', detail='full');
"""
# A change of any of these changes a line of the inbox; each has the incident's id for its own.
SHOWN_KINDS = (Incident.KIND, Activity.KIND, Hints.KIND)


class Line(NamedTuple):
    """What changed of one incident; without ``incident`` it is gone."""

    number: int
    incident: Incident | None
    activity: Activity | None
    hints: Hints | None


class Applied(NamedTuple):
    """What was written of one incident: no ``summary`` if it is gone, no ``text`` if that did not change."""

    number: int
    summary: IncidentSummary | None
    shown: bytes
    text: str | None


class InboxIndex:
    """The tables of the inbox, and beside them in memory what filters, counts and most pages are answered from.

    Written by the indexer after each of its SQLite transactions; ``lock`` keeps a list from seeing half of it.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._columns = InboxColumns()
        self._text = TextSearch()
        self._summaries = SummaryCache()

    # --- writing -----------------------------------------------------------------------------------

    def load(self, connection: sqlite3.Connection) -> None:
        """Fill the columns from the tables."""
        decode = msgspec.json.Decoder(IncidentSummary).decode
        for number, summary in connection.execute("SELECT number, summary FROM inbox ORDER BY number"):
            self._columns.put(number, decode(summary))
        self._text.load(connection)

    def write(self, connection: sqlite3.Connection, lines: list[Line]) -> list[Applied]:
        """Write changed incidents to the tables; hand the return value to ``apply`` once they are committed."""
        applied: list[Applied] = []
        for number, incident, activity, hints in lines:
            old = connection.execute("SELECT text FROM inbox WHERE number = ?", (number,)).fetchone()
            if incident is None:
                _drop_text(connection, number, old)
                connection.execute("DELETE FROM inbox WHERE number = ?", (number,))
                applied.append(Applied(number, None, b"", ""))
                continue
            summary, text = summarise(incident, activity), searchable_text(incident, hints)
            is_same = old is not None and old[0] == text
            if not is_same:
                _drop_text(connection, number, old)
                connection.execute("INSERT INTO inbox_text (rowid, text) VALUES (?, ?)", (number, text))
            shown = msgspec.json.encode(summary)
            connection.execute("INSERT OR REPLACE INTO inbox VALUES (?, ?, ?, ?)", (number, incident.id, shown, text))
            applied.append(Applied(number, summary, shown, None if is_same else text))
        return applied

    def apply(self, applied: Iterable[Applied]) -> None:
        """Bring what is in memory to what the tables hold."""
        for number, summary, shown, text in applied:
            if text is not None:
                self._text.put(number, text)
            if summary is None:
                self._columns.remove(number)
                self._summaries.forget(number)
            else:
                self._columns.put(number, summary)
                self._summaries.put(number, shown)

    # --- reading; call all of these with ``lock`` held -----------------------------------------------

    def page(self, connection: sqlite3.Connection, query: IncidentQuery) -> IncidentPage:
        """Return a page."""
        mask = self._base(connection, query)
        for passing in self._columns.masks(query).values():
            mask &= passing
        found = np.flatnonzero(mask).astype(np.int64, copy=False)
        descending, field = query.sort.startswith("-"), query.sort.lstrip("-")
        keys = self._columns.sort_keys(field, found)
        total = len(found)
        if query.cursor is not None:
            after = _is_after(keys, found, read_cursor(query.cursor, query.sort), descending=descending)
            keys, found = keys[after], found[after]
        chosen = _first(keys, found, query.limit, descending=descending)
        page = found[chosen]
        more = len(found) > len(page)
        cursor = write_cursor(query.sort, int(keys[chosen[-1]]), int(page[-1])) if more else None
        items = self._summaries.find_all(connection, page.tolist())
        return IncidentPage(items=items, total=total, next_cursor=cursor)

    def count_facets(self, connection: sqlite3.Connection, query: IncidentQuery) -> IncidentFacets:
        """Return the facets of what matches."""
        return inbox_counts.count_facets(self._columns, self._base(connection, query), self._columns.masks(query))

    def measure(self, connection: sqlite3.Connection, query: IncidentQuery, first: date, last: date) -> IncidentFigures:
        """Return the figures of what matches."""
        masks = self._columns.masks(query)
        created = masks.pop("created", None)
        days = self._base(connection, query)
        for passing in masks.values():
            days &= passing
        return inbox_counts.measure(self._columns, days if created is None else days & created, days, first, last)

    def _base(self, connection: sqlite3.Connection, query: IncidentQuery) -> Mask:
        """Return which incidents there are that hold the text."""
        mask = self._columns.all()
        for word in query.text.lower().split():
            mask &= self._text.find(connection, word, self._columns.size)
        return mask


def _is_after(keys: Numbers, numbers: Numbers, cursor: tuple[int, str | int], *, descending: bool) -> Mask:
    key, number = cursor
    if not isinstance(number, int):
        raise BadCursor("this cursor belongs to another list")
    if descending:
        return np.asarray((keys < key) | ((keys == key) & (numbers < number)))
    return np.asarray((keys > key) | ((keys == key) & (numbers > number)))


def _first(keys: Numbers, numbers: Numbers, limit: int, *, descending: bool) -> Numbers:
    """Return the positions of the first ``limit`` by (key, number), in order, without sorting all of them."""
    if descending:
        keys, numbers = -keys, -numbers
    if len(keys) > limit * 4:
        worst = np.partition(keys, limit - 1)[limit - 1]
        candidates = np.flatnonzero(keys <= worst)
    else:
        candidates = np.arange(len(keys))
    order = np.lexsort((numbers[candidates], keys[candidates]))[:limit]
    return np.asarray(candidates[order], np.int64)


def _drop_text(connection: sqlite3.Connection, number: int, old: tuple[str] | None) -> None:
    if old is not None:
        sql = "INSERT INTO inbox_text (inbox_text, rowid, text) VALUES ('delete', ?, ?)"
        connection.execute(sql, (number, old[0]))
