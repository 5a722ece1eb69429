"""The inbox's own index: ready summaries, searchable text, and in memory the columns that lists filter by."""

import sqlite3
import threading
from collections.abc import Iterable
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from services.gateway.adapters.cursor import read_cursor, to_micros, write_cursor
from services.gateway.adapters.json_store.grams import Mask
from services.gateway.adapters.json_store.text_search import TextSearch
from services.gateway.domain.records import (
    Activity,
    Hints,
    Incident,
    IncidentSource,
    IncidentStatus,
    IncidentSummary,
    searchable_text,
    summarise,
)
from services.gateway.errors import BadCursor
from services.gateway.ports import IncidentPage, IncidentQuery
from shared.contracts.severity import Severity

# Trigrams find any part of a word of three characters or more; contentless would need SQLite 3.43 to delete.
INBOX_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, summary BLOB NOT NULL, text TEXT NOT NULL
);
CREATE VIRTUAL TABLE IF NOT EXISTS inbox_text
    USING fts5(text, content='inbox', content_rowid='number', tokenize='trigram', detail='full');
"""
_STATUSES = {status: code for code, status in enumerate(IncidentStatus)}
_SOURCES = {source: code for code, source in enumerate(IncidentSource)}
_GROWTH = 4096

Numbers = npt.NDArray[np.int64]


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
    text: str | None


class InboxIndex:
    """Columns of a few dozen bytes an incident, indexed by its number; filters and counts never touch the disk.

    Written by the indexer after each of its SQLite transactions; ``lock`` keeps a list from seeing half of it.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._size = 0
        self._status = np.full(_GROWTH, -1, np.int8)  # -1: no such incident
        self._severity = np.zeros(_GROWTH, np.int8)
        self._source = np.zeros(_GROWTH, np.int8)
        self._owner = np.zeros(_GROWTH, np.int32)
        self._created = np.zeros(_GROWTH, np.int64)
        self._updated = np.zeros(_GROWTH, np.int64)
        self._owners: dict[str | None, int] = {None: 0}
        # Numbers of the incidents that have a word of a kind: services and labels.
        self._words: dict[str, set[int]] = {}
        self._words_of: dict[int, tuple[str, ...]] = {}
        self._text = TextSearch()
        self._interned: dict[tuple[str, ...], tuple[str, ...]] = {}

    # --- writing -----------------------------------------------------------------------------------

    def load(self, connection: sqlite3.Connection) -> None:
        """Fill the columns from the tables."""
        decode = msgspec.json.Decoder(IncidentSummary).decode
        for number, summary in connection.execute("SELECT number, summary FROM inbox ORDER BY number"):
            self._set(number, decode(summary))
        self._text.load(connection)

    def write(self, connection: sqlite3.Connection, lines: list[Line]) -> list[Applied]:
        """Write changed incidents to the tables; hand the return value to ``apply`` once they are committed."""
        applied: list[Applied] = []
        for number, incident, activity, hints in lines:
            old = connection.execute("SELECT text FROM inbox WHERE number = ?", (number,)).fetchone()
            if incident is None:
                _drop_text(connection, number, old)
                connection.execute("DELETE FROM inbox WHERE number = ?", (number,))
                applied.append(Applied(number, None, ""))
                continue
            summary, text = summarise(incident, activity), searchable_text(incident, hints)
            is_same = old is not None and old[0] == text
            if not is_same:
                _drop_text(connection, number, old)
                connection.execute("INSERT INTO inbox_text (rowid, text) VALUES (?, ?)", (number, text))
            connection.execute(
                "INSERT OR REPLACE INTO inbox VALUES (?, ?, ?, ?)",
                (number, incident.id, msgspec.json.encode(summary), text),
            )
            applied.append(Applied(number, summary, None if is_same else text))
        return applied

    def apply(self, applied: Iterable[Applied]) -> None:
        """Bring the columns to what the tables hold."""
        for number, summary, text in applied:
            if text is not None:
                self._text.put(number, text)
            if summary is None:
                self._unset(number)
            else:
                self._set(number, summary)

    def _set(self, number: int, summary: IncidentSummary) -> None:
        if number >= len(self._status):
            self._grow(number)
        self._size = max(self._size, number + 1)
        self._status[number] = _STATUSES[summary.status]
        self._severity[number] = summary.severity.rank
        self._source[number] = _SOURCES[summary.source]
        self._owner[number] = self._owners.setdefault(summary.owner, len(self._owners))
        self._created[number] = to_micros(summary.created_at)
        self._updated[number] = to_micros(summary.updated_at)
        words = tuple(sorted([f"s:{s}" for s in summary.services] + [f"l:{k}={v}" for k, v in summary.labels.items()]))
        if self._words_of.get(number) != words:
            self._forget_words(number)
            self._words_of[number] = self._interned.setdefault(words, words)
            for word in words:
                self._words.setdefault(word, set()).add(number)

    def _unset(self, number: int) -> None:
        if number < len(self._status):
            self._status[number] = -1
        self._forget_words(number)

    def _forget_words(self, number: int) -> None:
        for word in self._words_of.pop(number, ()):
            having = self._words[word]
            having.discard(number)
            if not having:
                del self._words[word]

    def _grow(self, number: int) -> None:
        size = max(number + _GROWTH, len(self._status) * 2)
        for name, empty in (
            ("_status", -1),
            ("_severity", 0),
            ("_source", 0),
            ("_owner", 0),
            ("_created", 0),
            ("_updated", 0),
        ):
            old = getattr(self, name)
            new = np.full(size, empty, old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)

    # --- reading -----------------------------------------------------------------------------------

    def page(self, connection: sqlite3.Connection, query: IncidentQuery) -> IncidentPage:
        """Return a page. Call with ``lock`` held."""
        found = self._matching(connection, query)
        descending, field = query.sort.startswith("-"), query.sort.lstrip("-")
        keys = self._keys(field, found)
        rest = np.arange(len(found))
        if query.cursor is not None:
            rest = np.flatnonzero(_is_after(keys, found, read_cursor(query.cursor, query.sort), descending=descending))
        chosen = _first(keys[rest], found[rest], query.limit, descending=descending)
        page = found[rest][chosen]
        more = len(rest) > len(page)
        cursor = write_cursor(query.sort, int(keys[rest][chosen[-1]]), int(page[-1])) if more else None
        return IncidentPage(items=_summaries(connection, page.tolist()), total=len(found), next_cursor=cursor)

    def _matching(self, connection: sqlite3.Connection, query: IncidentQuery) -> Numbers:
        words = query.text.lower().split()
        mask = self._mask(query)
        for word in words:
            mask &= self._text.find(connection, word, self._size)
        return np.flatnonzero(mask).astype(np.int64)

    def _mask(self, query: IncidentQuery) -> Mask:
        size = self._size
        mask: Mask = self._status[:size] >= 0
        if query.statuses:
            mask &= np.isin(self._status[:size], [_STATUSES[s] for s in query.statuses])
        if query.severities:
            mask &= np.isin(self._severity[:size], [Severity(s).rank for s in query.severities])
        if query.sources:
            mask &= np.isin(self._source[:size], [_SOURCES[s] for s in query.sources])
        if query.owners:
            mask &= np.isin(self._owner[:size], [self._owners.get(owner, -1) for owner in query.owners])
        if query.services:
            mask &= self._having([f"s:{service}" for service in query.services])
        for key, value in query.labels:
            mask &= self._having([f"l:{key}={value}"])
        if query.since is not None:
            mask &= self._created[:size] >= to_micros(query.since)
        if query.until is not None:
            mask &= self._created[:size] < to_micros(query.until)
        return mask

    def _having(self, words: list[str]) -> Mask:
        mask = np.zeros(self._size, np.bool_)
        for word in words:
            numbers = self._words.get(word)
            if numbers:
                mask[np.fromiter(numbers, np.int64, len(numbers))] = True
        return mask

    def _keys(self, field: str, found: Numbers) -> Numbers:
        match field:
            case "updatedAt":
                return self._updated[found]
            case "createdAt":
                return self._created[found]
            case "severity":
                return self._severity[found].astype(np.int64)
            case "number":
                return found
            case _:
                raise ValueError(f"cannot sort by {field!r}")


def _is_after(keys: Numbers, numbers: Numbers, cursor: tuple[int, str | int], *, descending: bool) -> Mask:
    key, number = cursor
    if not isinstance(number, int):
        raise BadCursor("this cursor belongs to another list")
    if descending:
        return np.asarray((keys < key) | ((keys == key) & (numbers < number)))
    return np.asarray((keys > key) | ((keys == key) & (numbers > number)))


def _first(keys: Numbers, numbers: Numbers, limit: int, *, descending: bool) -> Numbers:
    """Return the positions of the first ``limit`` by (key, number), in order, without sorting all of them."""
    sign = -1 if descending else 1
    keys, numbers = keys * sign, numbers * sign
    if len(keys) > limit * 4:
        worst = np.partition(keys, limit - 1)[limit - 1]
        candidates = np.flatnonzero(keys <= worst)
    else:
        candidates = np.arange(len(keys))
    order = np.lexsort((numbers[candidates], keys[candidates]))[:limit]
    return np.asarray(candidates[order], np.int64)


def _summaries(connection: sqlite3.Connection, numbers: list[int]) -> list[bytes]:
    fetch = "SELECT summary FROM inbox WHERE number = ?"
    return [bytes(connection.execute(fetch, (number,)).fetchone()[0]) for number in numbers]


def _drop_text(connection: sqlite3.Connection, number: int, old: tuple[str] | None) -> None:
    if old is not None:
        sql = "INSERT INTO inbox_text (inbox_text, rowid, text) VALUES ('delete', ?, ?)"
        connection.execute(sql, (number, old[0]))
