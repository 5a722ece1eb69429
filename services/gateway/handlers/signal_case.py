"""One report in the middle of being applied: what is known around it, and the writes every outcome shares."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.flapping import is_flapping, note_flip
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    EntryDraft,
    EntryType,
    FlapControl,
    GroupingRule,
    Incident,
    Outcome,
    Signal,
    SignalOutcome,
)
from services.gateway.domain.rules.book import CompiledBook
from services.gateway.handlers.acknowledge_signal import triage_if_acknowledged
from services.gateway.handlers.arrival import Arrival, make_outcome
from services.gateway.handlers.judge import Judge, terms_of
from services.gateway.handlers.move_by_system import SYSTEM
from services.gateway.ports import Transaction
from shared.contracts.signal import NormalisedSignal


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalCase:
    """``known`` is the signal before the report, ``incident`` the one it is linked to, ``book`` the rules in force.

    ``is_report`` is False where a signal that was held back is placed again: nobody reported anything then.
    """

    tx: Transaction
    judge: Judge
    book: CompiledBook
    report: NormalisedSignal
    arrival: Arrival
    known: Signal | None
    incident: Incident | None
    is_report: bool = True

    @property
    def rule(self) -> GroupingRule:
        """The rule by which the incident it is linked to was opened, as it is now."""
        return self.book.rule(self.incident.rule_id if self.incident else None)

    @property
    def terms(self) -> GroupingPolicy:
        """The windows of that rule."""
        return terms_of(self.book, self.rule)

    @property
    def link(self) -> str | None:
        """The id of the incident it is linked to."""
        return self.known.incident_id if self.known is not None else None

    def with_incident(self, incident: Incident) -> "SignalCase":
        """Return the case with the incident the signal goes to."""
        return replace(self, incident=incident)

    def outcome(self, outcome: Outcome, incident_id: str | None, reason: str) -> SignalOutcome:
        """Return the outcome under the rule of the incident the signal is linked to, if it is to one."""
        made = make_outcome(self.report, outcome, incident_id, reason)
        if self.incident is None:
            return made
        return msgspec.structs.replace(
            made,
            rule_id=self.rule.id,
            rules_version=self.book.version,
            dedup_key=self.incident.dedup_key,
        )

    def keep(self, *, incident_id: str | None, held_by: str | None = None) -> Signal:
        """Put the signal as it is after the report, linked to ``incident_id`` or held back by ``held_by``."""
        if self.is_report or self.known is None:
            merged = signals.merge_report(
                self.known,
                self.report,
                accepted_seq=self.arrival.accepted_seq,
                received_at=self.arrival.received_at,
            )
        else:
            merged = self.known
        kept = msgspec.structs.replace(
            merged,
            incident_id=incident_id,
            held_by=held_by,
            flips=self._flips(merged),
        )
        self.tx.put(kept)
        triage_if_acknowledged(self.tx, kept, self.arrival)
        return kept

    def append(self, entry: EntryType, message: str, incident_id: str, flap: FlapControl | None = None) -> None:
        """Say it on the timeline; of a signal that flaps by ``flap`` only that it began to."""
        if flap is not None and self.known is not None:
            now = self.arrival.received_at
            if is_flapping(self.known.flips, now, flap):
                return
            if self.report.status != self.known.status and is_flapping(
                note_flip(self.known.flips, now, flap), now, flap
            ):
                entry, message = EntryType.SIGNAL_FLAPPING, f"{message}, and flaps: its changes are no longer listed"
        self.tx.append(incident_id, self._draft(entry, message))

    def flaps(self, flap: FlapControl) -> bool:
        """Answer whether the signal flaps, this report included."""
        if self.known is None:
            return False
        now = self.arrival.received_at
        flips = self.known.flips
        if self.report.status != self.known.status:
            flips = note_flip(flips, now, flap)
        return is_flapping(flips, now, flap)

    def _flips(self, merged: Signal) -> tuple[datetime, ...]:
        if self.known is None or merged.status == self.known.status:
            return merged.flips
        return note_flip(merged.flips, self.arrival.received_at, self.rule.flap)

    def _draft(self, entry: EntryType, message: str) -> EntryDraft:
        report = self.report
        ended_at = report.ends_at if entry is EntryType.SIGNAL_RESOLVED else None
        return EntryDraft(
            type=entry,
            actor=SYSTEM,
            source=report.source,
            occurred_at=ended_at or report.starts_at,
            message=message,
            payload={
                "fingerprint": report.fingerprint,
                "severity": report.severity,
                "startsAt": report.starts_at,
                "deliveryId": self.arrival.delivery_id,
            },
        )
