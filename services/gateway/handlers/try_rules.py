"""Try rules on past deliveries: what they would have made of them, beside what the rules in force make of them."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from services.gateway.domain import signals
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import (
    CURRENT,
    Delivery,
    DeliveryState,
    GroupingRule,
    Job,
    JobState,
    Outcome,
    OwnershipRule,
    Record,
    RuleBook,
    Signal,
    SignalOutcome,
)
from services.gateway.domain.rules.check_book import check_book
from services.gateway.handlers.apply_signal import apply_signal
from services.gateway.handlers.arrival import Arrival
from services.gateway.handlers.auto_resolve import RESOLVE_INCIDENT
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.refuse_invalid import refuse_invalid
from services.gateway.handlers.run_timers import resolve_incident
from services.gateway.handlers.scratch import ScratchTransaction
from services.gateway.ports import RecordQuery, Store
from shared.contracts.base import Contract
from shared.contracts.signal import NormalisedSignal, SignalStatus

MOST_SIGNALS = 5_000
MOST_DELIVERIES = 10_000
SHOWN_DIFFERENCES = 100
_PAGE = 200
Past = list[tuple[Delivery, list[NormalisedSignal]]]


class RulesEffect(Contract, frozen=True, kw_only=True):
    """What one set of rules makes of the past: how many signals ended how, and how many under which rule."""

    incidents: int
    outcomes: dict[str, int]
    rules: dict[str, int]


class Difference(Contract, frozen=True, kw_only=True):
    """A signal of which the two sets of rules make different things."""

    delivery_id: str
    received_at: datetime
    fingerprint: str
    title: str
    before: dict[str, str | None]
    after: dict[str, str | None]


class RulesTrialResult(Contract, frozen=True, kw_only=True):
    """The past that was tried, and what both sets of rules make of it, each from an empty inbox.

    ``is_whole`` is False where there was more of it than is tried in one request: then the newest counts.
    """

    since: datetime
    deliveries: int
    signals: int
    is_whole: bool
    before: RulesEffect
    after: RulesEffect
    different: int
    differences: tuple[Difference, ...]


def try_rules(
    store: Store,
    policy: GroupingPolicy,
    grouping: Sequence[GroupingRule],
    ownership: Sequence[OwnershipRule],
    *,
    since: datetime,
    now: datetime,
) -> RulesTrialResult:
    """Return what the rules would have done since ``since``. Nothing is written. Raises ``ValidationFailed``.

    Both runs go through the code that applies signals, timers included; silences are left out of both.
    """
    current = store.find(RuleBook, CURRENT)
    candidate = RuleBook(
        version=(current.version if current is not None else 0) + 1,
        grouping=tuple(grouping),
        ownership=tuple(ownership),
        changed_by="",
        changed_at=now,
    )
    refuse_invalid(lambda: check_book(candidate))
    past, is_whole = _read_past(store, since)
    before, after = _live_through(past, current, policy), _live_through(past, candidate, policy)
    differences = list(_differences(past, before, after))
    return RulesTrialResult(
        since=since,
        deliveries=len(past),
        signals=len(before),
        is_whole=is_whole,
        before=_sum_up(before),
        after=_sum_up(after),
        different=len(differences),
        differences=tuple(differences[:SHOWN_DIFFERENCES]),
    )


def _read_past(store: Store, since: datetime) -> tuple[Past, bool]:
    """Return the newest deliveries since then with what they reported, oldest first; False if there were more."""
    past: Past = []
    count, cursor = 0, None
    while True:
        query = RecordQuery(
            states=(str(DeliveryState.PROCESSED),), since=since, limit=_PAGE, cursor=cursor, with_total=False
        )
        page = store.list_records(Delivery, query)
        for delivery in page.records:
            if count + len(delivery.signals) > MOST_SIGNALS or len(past) >= MOST_DELIVERIES:
                return past[::-1], False
            count += len(delivery.signals)
            past.append((delivery, list(_reports(store, delivery))))
        cursor = page.next_cursor
        if cursor is None:
            return past[::-1], True


def _reports(store: Store, delivery: Delivery) -> Iterator[NormalisedSignal]:
    """Yield what the delivery said of each signal, in the words that are known of it now."""
    for outcome in delivery.signals:
        signal = store.find(Signal, outcome.fingerprint)
        if signal is not None and outcome.starts_at is not None:
            yield msgspec.structs.replace(
                signals.as_report(signal),
                status=SignalStatus(outcome.status),
                severity=outcome.severity or signal.severity,
                starts_at=outcome.starts_at,
                ends_at=outcome.ends_at,
                acknowledged=outcome.acknowledged,
            )


class _Lifetime(ScratchTransaction):
    """A scratch that knows its timers."""

    def __init__(self, book: RuleBook | None, now: datetime) -> None:
        super().__init__(lambda kind, _: book if kind is RuleBook else None, now)
        self._timers: list[tuple[datetime, str]] = []

    def put(self, record: Record) -> None:
        """Keep ``record`` here, and remember when it is due if it is a timer."""
        super().put(record)
        if isinstance(record, Job) and record.state is JobState.PENDING and record.not_before is not None:
            heapq.heappush(self._timers, (record.not_before, record.id))

    def due(self, until: datetime) -> Iterator[Job]:
        """Yield the timers that are due by then, in order, with the time moved to each."""
        while self._timers and self._timers[0][0] <= until:
            at, job_id = heapq.heappop(self._timers)
            job = self.get(Job, job_id)
            if job.state is JobState.PENDING and job.kind == RESOLVE_INCIDENT:
                self.now = at
                yield job


def _live_through(past: Past, book: RuleBook | None, policy: GroupingPolicy) -> list[SignalOutcome]:
    if not past:
        return []
    scratch, judge = _Lifetime(book, past[0][0].received_at), Judge(policy)
    outcomes = []
    for delivery, reports in past:
        for job in scratch.due(delivery.received_at):
            resolve_incident(scratch, judge, job)
        scratch.now = delivery.received_at
        arrival = Arrival(
            accepted_seq=delivery.accepted_seq,
            received_at=delivery.received_at,
            source=delivery.source,
            delivery_id=delivery.id,
        )
        outcomes += [apply_signal(scratch, report, arrival, judge) for report in reports]
    return outcomes


def _sum_up(outcomes: list[SignalOutcome]) -> RulesEffect:
    return RulesEffect(
        incidents=sum(outcome.outcome is Outcome.OPENED for outcome in outcomes),
        outcomes=dict(Counter(str(outcome.outcome) for outcome in outcomes)),
        rules=dict(Counter(outcome.rule_id or "" for outcome in outcomes)),
    )


def _differences(past: Past, before: list[SignalOutcome], after: list[SignalOutcome]) -> Iterator[Difference]:
    reported = ((delivery, report) for delivery, reports in past for report in reports)
    for (delivery, report), one, other in zip(reported, before, after, strict=True):
        was, would = _essence(one), _essence(other)
        if was != would:
            yield Difference(
                delivery_id=delivery.id,
                received_at=delivery.received_at,
                fingerprint=report.fingerprint,
                title=report.title,
                before=was,
                after=would,
            )


def _essence(outcome: SignalOutcome) -> dict[str, Any]:
    return {"outcome": str(outcome.outcome), "ruleId": outcome.rule_id, "dedupKey": outcome.dedup_key}
