"""A signal as it is stored: the newest occurrence of one fingerprint, with how often it was reported."""

from datetime import datetime
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract
from shared.contracts.severity import Severity
from shared.contracts.signal import EntityHint, SignalStatus

# What tombstones are listed under, so that retention finds them.
NO_INCIDENT = "none"


class Occurrence(Contract, frozen=True, kw_only=True):
    """The newest word about one occurrence of a fingerprint, told from others by when it began."""

    starts_at: datetime
    status: SignalStatus
    ends_at: datetime | None = None
    accepted_seq: int


class Signal(Record, frozen=True, kw_only=True):
    """The newest known state of one fingerprint.

    ``occurrences`` are what the state follows from (``domain.signals`` says how), so that it is the same in
    whatever order workers report; ``status``, ``starts_at`` and ``ends_at`` are that state. A signal without an
    incident is a tombstone: a resolve that was processed before its firing, or one whose firing never came.
    """

    KIND: ClassVar[str] = "signal"

    fingerprint: str
    source: str
    incident_id: str | None = None
    status: SignalStatus
    severity: Severity
    name: str
    title: str
    description: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    group_labels: dict[str, str] = {}
    # The sender's own key of the group it belongs to.
    dedup_key: str | None = None
    service: str | None = None
    entities: tuple[EntityHint, ...] = ()
    link: str | None = None
    starts_at: datetime
    ends_at: datetime | None = None
    # The acceptance sequence of the newest delivery that spoke of it.
    accepted_seq: int
    occurrences: tuple[Occurrence, ...] = ()
    # The acceptance sequence of the newest delivery that described it; a brief report leaves the words as they are.
    words_seq: int = 0
    # The newest delivery that said somebody took it on: its acceptance sequence, and when it was received.
    acknowledged_seq: int = 0
    acknowledged_at: datetime | None = None
    # The silence or maintenance window that holds it back while it fires; it has no incident then.
    held_by: str | None = None
    # When it last changed between firing and resolved, oldest first and capped: too many in a short time is flapping.
    flips: tuple[datetime, ...] = ()
    # How many deliveries reported this fingerprint, repeats included.
    count: int = 1
    first_seen_at: datetime
    last_seen_at: datetime

    @property
    def record_id(self) -> str:
        """The fingerprint."""
        return self.fingerprint

    def facets(self) -> Facets:
        """Listed by incident (or by what holds it back), status and source, newest first."""
        return Facets(
            parent=self.incident_id or self.held_by or NO_INCIDENT,
            state=self.status,
            tag=self.source,
            at=self.last_seen_at,
        )
