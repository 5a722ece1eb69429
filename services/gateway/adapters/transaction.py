"""One unit of change as a store sees it: what was read, what is to be put, what is to be appended."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar, cast

from services.gateway.domain.records import Activity, ChainHead, EntryDraft, Hints, Incident, Record, TimelineEntry
from services.gateway.errors import RecordNotFound

R = TypeVar("R", bound=Record)

Key = tuple[str, str]
"""Kind and id of a record."""

Read = Callable[[Key], tuple[Record | None, int]]
"""Gives a record and its revision: the sequence of the commit that wrote it; (None, 0) for an absent one."""

_CHAINED = (TimelineEntry, ChainHead)


class StoreTransaction:
    """Implements ``ports.Transaction`` over any way of reading; the committer does the rest."""

    def __init__(self, read: Read, now: datetime) -> None:
        self._read = read
        self._now = now
        self.reads: dict[Key, int] = {}
        self.puts: dict[Key, Record | None] = {}
        self.appends: list[tuple[str, EntryDraft]] = []
        self.removed_chains: list[str] = []

    @property
    def now(self) -> datetime:
        """The time of this transaction."""
        return self._now

    @property
    def is_empty(self) -> bool:
        """Answer whether there is nothing to write."""
        return not (self.puts or self.appends or self.removed_chains)

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the record, or None."""
        key = (kind.KIND, record_id)
        if key in self.puts:
            return cast("R | None", self.puts[key])
        record, revision = self._read(key)
        # The first answer counts: had it changed since, this run would mix two states and must not commit.
        self.reads.setdefault(key, revision)
        return cast("R | None", record)

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the record, or raise ``RecordNotFound``."""
        record = self.find(kind, record_id)
        if record is None:
            raise RecordNotFound(f"there is no {kind.KIND} {record_id!r}")
        return record

    def put(self, record: Record) -> None:
        """Write ``record`` whole."""
        if isinstance(record, _CHAINED):
            raise TypeError("timelines are appended to, never put")
        self.puts[(record.KIND, record.record_id)] = record

    def remove(self, kind: type[Record], record_id: str) -> None:
        """Delete the record."""
        if issubclass(kind, _CHAINED):
            raise TypeError("timelines are appended to, never cut")
        self.puts[(kind.KIND, record_id)] = None

    def remove_incident(self, incident_id: str) -> None:
        """Delete an incident with its activity and its whole timeline."""
        self.remove(Incident, incident_id)
        self.remove(Activity, incident_id)
        self.remove(Hints, incident_id)
        self.remove_chain(incident_id)

    def remove_chain(self, chain_id: str) -> None:
        """Delete every entry of a chain, and its head."""
        self.removed_chains.append(chain_id)

    def append(self, incident_id: str, draft: EntryDraft) -> None:
        """Append to the incident's timeline, or to another chain."""
        self.appends.append((incident_id, draft))
