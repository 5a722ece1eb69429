"""A delivery: one HTTP request a source sent us, kept verbatim, with what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record
from shared.contracts.base import Contract
from shared.contracts.severity import Severity


class DeliveryState(StrEnum):
    """Accepted and waiting, or with an outcome."""

    ACCEPTED = "accepted"
    PROCESSED = "processed"
    QUARANTINED = "quarantined"


class Outcome(StrEnum):
    """What became of a signal, and so of a delivery: for a delivery the first of these that any signal had."""

    OPENED = "opened"
    REOPENED = "reopened"
    JOINED = "joined"
    SUPPRESSED = "suppressed"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class SignalOutcome(Contract, frozen=True, kw_only=True):
    """The one recorded outcome of one signal of a delivery, with the reason in words."""

    fingerprint: str
    status: str
    outcome: Outcome
    incident_id: str | None = None
    reason: str = ""
    # It said nothing new.
    is_repeat: bool = False
    severity: Severity | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class Delivery(Record, frozen=True, kw_only=True):
    """The record of one request; its body is kept apart, under the same id, and never changes."""

    KIND: ClassVar[str] = "delivery"

    id: str
    source: str
    state: DeliveryState = DeliveryState.ACCEPTED
    received_at: datetime
    # Headers a person may need to explain a delivery; never one that could carry a credential.
    headers: dict[str, str] = {}
    size_bytes: int
    digest: str
    job_id: str
    sender: str
    # The commit that accepted it. 0 until the store writes it: the committer puts its own sequence here.
    accepted_seq: int = 0
    outcome: Outcome | None = None
    signals: tuple[SignalOutcome, ...] = ()
    warnings: tuple[str, ...] = ()
    code: str | None = None
    reason: str = ""
    processed_at: datetime | None = None
    replay_of: str | None = None

    @property
    def record_id(self) -> str:
        """The delivery id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by state and source, newest first."""
        return Facets(parent=self.outcome, state=self.state, tag=self.source, at=self.received_at)


class DeliveryBody(Record, frozen=True, kw_only=True):
    """The verbatim body: small UTF-8 text inline, anything else as the digest of a blob."""

    KIND: ClassVar[str] = "body"

    delivery_id: str
    text: str | None = None
    blob: str | None = None
    received_at: datetime

    @property
    def record_id(self) -> str:
        """The delivery id."""
        return self.delivery_id

    def facets(self) -> Facets:
        """Retention goes by age; ``tag`` is the blob it names, so that blobs in use are found."""
        return Facets(tag=self.blob, at=self.received_at)
