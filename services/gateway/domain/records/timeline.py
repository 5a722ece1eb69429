"""The timeline of an incident: append-only facts, hash-chained over their stored bytes."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract


class EntryType(StrEnum):
    """What kind of fact a timeline entry states."""

    INCIDENT_OPENED = "incident_opened"
    STATUS_CHANGED = "status_changed"
    FIELDS_CHANGED = "fields_changed"
    SEVERITY_RAISED = "severity_raised"
    SIGNAL_JOINED = "signal_joined"
    SIGNAL_REFIRED = "signal_refired"
    SIGNAL_RESOLVED = "signal_resolved"
    SIGNAL_FLAPPING = "signal_flapping"
    SIGNALS_TRUNCATED = "signals_truncated"
    NOTE_ADDED = "note_added"
    ACTION_PROPOSED = "action_proposed"
    ACTION_PREVIEWED = "action_previewed"
    ACTION_APPROVAL_REQUESTED = "action_approval_requested"
    ACTION_APPROVED = "action_approved"
    ACTION_REJECTED = "action_rejected"
    ACTION_EXPIRED = "action_expired"
    ACTION_WITHDRAWN = "action_withdrawn"
    ACTION_EXECUTED = "action_executed"
    ACTION_FAILED = "action_failed"
    TASK_ADDED = "task_added"
    TASK_CHANGED = "task_changed"
    DIAGNOSIS_ATTACHED = "diagnosis_attached"
    MERGED_FROM = "merged_from"
    SPLIT_OFF = "split_off"
    RELATION_ADDED = "relation_added"
    RELATION_REMOVED = "relation_removed"
    MILESTONES_CHANGED = "milestones_changed"


class EntryDraft(Contract, frozen=True, kw_only=True):
    """A fact to append; the store gives it its place in the chain when it commits.

    ``occurred_at`` is when it happened in the world, by the clock of whoever said so.
    """

    type: EntryType
    actor: str
    source: str
    occurred_at: datetime
    message: str
    payload: dict[str, Any] = {}


class TimelineEntry(Record, frozen=True, kw_only=True):
    """A fact about an incident, in its place.

    ``sequence`` starts at 1 and has no holes. ``previous_hash`` is the SHA-256, in hex, of the stored bytes
    of the entry before (64 zeros for the first); the entry's own hash is that of its own stored bytes and so
    stands in the next entry, or in the ``ChainHead`` for the last.
    """

    KIND: ClassVar[str] = "entry"

    incident_id: str
    sequence: int
    previous_hash: str
    type: EntryType
    actor: str
    source: str
    occurred_at: datetime
    recorded_at: datetime
    message: str
    payload: dict[str, Any] = {}

    @property
    def record_id(self) -> str:
        """Incident id and sequence, padded so that ids sort as the timeline does."""
        return entry_id(self.incident_id, self.sequence)


def entry_id(incident_id: str, sequence: int) -> str:
    """Return the record id of an entry, so that a range of entries can be looked up without reading them."""
    return f"{incident_id}/{sequence:09d}"


GENESIS_HASH = "0" * 64


class ChainHead(Record, frozen=True, kw_only=True):
    """The end of an incident's timeline: how many entries, and the hash of the last."""

    KIND: ClassVar[str] = "chain"

    incident_id: str
    sequence: int = 0
    hash: str = GENESIS_HASH
    recorded_at: datetime | None = None

    @property
    def record_id(self) -> str:
        """The incident id: an incident has one chain."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident."""
        return Facets(parent=self.incident_id)
