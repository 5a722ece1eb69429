"""The timeline of an incident: append-only facts, hash-chained over their stored bytes."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from services.gateway.domain.records.audit import AUDIT, is_audit_chain
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
    ACTION_STARTED = "action_started"
    ACTION_REFUSED = "action_refused"
    ACTION_STALE = "action_stale"
    ACTION_FREEZE_BROKEN = "action_freeze_broken"
    ACTION_EXECUTED = "action_executed"
    ACTION_VERIFIED = "action_verified"
    ACTION_INEFFECTIVE = "action_ineffective"
    ACTION_NOT_VERIFIED = "action_not_verified"
    ACTION_UNKNOWN = "action_unknown"
    ACTION_FAILED = "action_failed"
    TASK_ADDED = "task_added"
    TASK_CHANGED = "task_changed"
    DIAGNOSIS_ATTACHED = "diagnosis_attached"
    INVESTIGATED = "investigated"
    HYPOTHESIS_FOUND = "hypothesis_found"
    CHANGE_FOUND = "change_found"
    MERGED_FROM = "merged_from"
    SPLIT_OFF = "split_off"
    RELATION_ADDED = "relation_added"
    RELATION_REMOVED = "relation_removed"
    MILESTONES_CHANGED = "milestones_changed"
    REPORT_EDITED = "report_edited"
    # --- of the audit log only
    TOKEN_MADE = "token_made"  # noqa: S105 - the name of a fact.
    TOKEN_RENEWED = "token_renewed"  # noqa: S105 - as above.
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - as above.
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - as above.
    SESSION_BEGUN = "session_begun"
    SESSION_ENDED = "session_ended"
    ACCESS_REFUSED = "access_refused"
    RULES_CHANGED = "rules_changed"
    MAPPING_CHANGED = "mapping_changed"
    SILENCE_SET = "silence_set"
    SILENCE_ENDED = "silence_ended"
    JOB_RETRIED = "job_retried"
    JOB_CANCELLED = "job_cancelled"
    DELIVERY_REPLAYED = "delivery_replayed"
    RETENTION_APPLIED = "retention_applied"
    INCIDENT_EXPORTED = "incident_exported"


AUDIT_TYPES: Final = frozenset(
    {
        EntryType.TOKEN_MADE,
        EntryType.TOKEN_RENEWED,
        EntryType.TOKEN_REVOKED,
        EntryType.TOKEN_EXPIRED,
        EntryType.SESSION_BEGUN,
        EntryType.SESSION_ENDED,
        EntryType.ACCESS_REFUSED,
        EntryType.RULES_CHANGED,
        EntryType.MAPPING_CHANGED,
        EntryType.SILENCE_SET,
        EntryType.SILENCE_ENDED,
        EntryType.JOB_RETRIED,
        EntryType.JOB_CANCELLED,
        EntryType.DELIVERY_REPLAYED,
        EntryType.RETENTION_APPLIED,
        EntryType.INCIDENT_EXPORTED,
    }
)
"""The facts the audit log states; the others are of incidents."""


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
    """A fact about an incident, or of the audit log, in its place.

    ``incident_id`` is the chain it stands in: that of an incident, or of a month of the audit log.

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

    def facets(self) -> Facets:
        """The audit log is listed by actor, type and time; timelines are read in order, and take no room."""
        if not is_audit_chain(self.incident_id):
            return Facets()
        return Facets(parent=self.actor, state=AUDIT, tag=self.type, at=self.recorded_at)


def entry_id(incident_id: str, sequence: int) -> str:
    """Return the record id of an entry, so that a range of entries can be looked up without reading them."""
    return f"{incident_id}/{sequence:09d}"


GENESIS_HASH = "0" * 64


class ChainHead(Record, frozen=True, kw_only=True):
    """The end of an incident's timeline, or of a month of the audit log: how many entries, the hash of the last."""

    KIND: ClassVar[str] = "chain"

    incident_id: str
    sequence: int = 0
    hash: str = GENESIS_HASH
    recorded_at: datetime | None = None

    @property
    def record_id(self) -> str:
        """The id of the chain: an incident has one, and so has a month of the audit log."""
        return self.incident_id

    def facets(self) -> Facets:
        """Found with its incident; those of the audit log are listed by time."""
        if is_audit_chain(self.incident_id):
            return Facets(parent=self.incident_id, state=AUDIT, at=self.recorded_at)
        return Facets(parent=self.incident_id)
