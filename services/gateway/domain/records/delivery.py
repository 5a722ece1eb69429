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
    # Read again only to show what it would do now; nothing came of it.
    PREVIEWED = "previewed"


class Outcome(StrEnum):
    """What became of a signal, and so of a delivery: for a delivery the first of these that any signal had."""

    OPENED = "opened"
    REOPENED = "reopened"
    JOINED = "joined"
    SUPPRESSED = "suppressed"
    NOTED = "noted"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class SignalOutcome(Contract, frozen=True, kw_only=True):
    """The one recorded outcome of one signal of a delivery, with the reason in words.

    ``rule_id`` is the grouping rule that decided, as version ``rules_version`` of the rules has it;
    ``dedup_key`` the group it led to; ``suppressed_by`` the silence, maintenance window or rule that held the
    signal back. Each is None where the decision did not come so far.
    """

    fingerprint: str
    status: str
    outcome: Outcome
    incident_id: str | None = None
    reason: str = ""
    # It said that somebody took the signal on, and nothing of its state.
    acknowledged: bool = False
    # It said nothing new.
    is_repeat: bool = False
    severity: Severity | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rule_id: str | None = None
    rules_version: int = 0
    dedup_key: str | None = None
    suppressed_by: str | None = None


class SignalReading(Contract, frozen=True, kw_only=True):
    """What a preview read out of one alert: the fields a mapping decides, beside its outcome at the same place."""

    name: str
    title: str
    service: str | None = None
    labels: dict[str, str] = {}
    dedup_key: str | None = None
    link: str | None = None


class ChangeOutcome(Contract, frozen=True, kw_only=True):
    """What became of one change event of a delivery: it was noted under ``change_id``."""

    change_id: str
    summary: str


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
    # What the request said beside its body and its reader needs; ``DeliveryToNormalise.context`` says what.
    context: dict[str, str] = {}
    # The commit that accepted it. 0 until the store writes it: the committer puts its own sequence here.
    accepted_seq: int = 0
    outcome: Outcome | None = None
    signals: tuple[SignalOutcome, ...] = ()
    changes: tuple[ChangeOutcome, ...] = ()
    warnings: tuple[str, ...] = ()
    code: str | None = None
    reason: str = ""
    processed_at: datetime | None = None
    replay_of: str | None = None
    # The preview this delivery was read again for: its outcomes are what would happen, and nothing did.
    preview_id: str | None = None
    readings: tuple[SignalReading, ...] = ()
    # The paths of the generic mapping it is read with, in place of those that are in force.
    mapping: dict[str, tuple[str, ...]] | None = None

    @property
    def record_id(self) -> str:
        """The delivery id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by outcome (or the preview it belongs to), state and source, newest first."""
        return Facets(parent=self.preview_id or self.outcome, state=self.state, tag=self.source, at=self.received_at)


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
