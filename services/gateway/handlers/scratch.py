"""A transaction whose writes go nowhere: what would happen, found out by the code that makes it happen."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar, cast

import msgspec

from services.gateway.domain.records import EntryDraft, Incident, Record, SignalOutcome
from services.gateway.errors import RecordNotFound

R = TypeVar("R", bound=Record)
Find = Callable[[type[Any], str], Any]


class ScratchTransaction:
    """Implements ``ports.Transaction`` over any way of finding records; it sees its own puts and keeps them here.

    ``now`` may be moved on, so that one scratch lives through a stretch of the past.
    """

    def __init__(self, find: Find, now: datetime) -> None:
        self._find = find
        self.now = now
        self.puts: dict[tuple[str, str], Record | None] = {}
        self.entries: list[tuple[str, EntryDraft]] = []

    def find(self, kind: type[R], record_id: str) -> R | None:
        """Return the record, or None."""
        key = (kind.KIND, record_id)
        if key in self.puts:
            return cast("R | None", self.puts[key])
        return cast("R | None", self._find(kind, record_id))

    def get(self, kind: type[R], record_id: str) -> R:
        """Return the record, or raise ``RecordNotFound``."""
        record = self.find(kind, record_id)
        if record is None:
            raise RecordNotFound(f"there is no {kind.KIND} {record_id!r}")
        return record

    def put(self, record: Record) -> None:
        """Keep ``record`` here."""
        self.puts[(record.KIND, record.record_id)] = record

    def remove(self, kind: type[Record], record_id: str) -> None:
        """See it no more."""
        self.puts[(kind.KIND, record_id)] = None

    def remove_incident(self, incident_id: str) -> None:
        """See the incident no more."""
        self.remove(Incident, incident_id)

    def remove_chain(self, chain_id: str) -> None:
        """Nothing is seen of chains here."""

    def append(self, incident_id: str, draft: EntryDraft) -> None:
        """Keep the entry here."""
        self.entries.append((incident_id, draft))

    def without_new_ids(self, outcome: SignalOutcome) -> SignalOutcome:
        """Return ``outcome``; the id of an incident that exists only here is nobody's, and left out."""
        incident = self.puts.get((Incident.KIND, outcome.incident_id or ""))
        is_new = isinstance(incident, Incident) and self._find(Incident, incident.id) is None
        return msgspec.structs.replace(outcome, incident_id=None) if is_new else outcome
