"""Try a silence on the past week: which deliveries it would have held back."""

from datetime import datetime, timedelta

from services.gateway.domain.records import Delivery, DeliveryState, Outcome, Signal, SignalOutcome, Silence
from services.gateway.domain.rules.check_silence import check_silence
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.matcher import Matcher
from services.gateway.handlers.refuse_invalid import refuse_invalid
from services.gateway.ports import RecordQuery, Store
from shared.contracts.base import Contract

PAST = timedelta(days=7)
MOST_DELIVERIES = 10_000
SHOWN = 50
_PAGE = 200
_LETS_THROUGH = frozenset({Outcome.OPENED, Outcome.REOPENED, Outcome.JOINED})


class HeldBack(Contract, frozen=True, kw_only=True):
    """A signal of a past delivery that the silence would have held back."""

    delivery_id: str
    received_at: datetime
    fingerprint: str
    title: str
    outcome: Outcome
    incident_id: str | None


class SilenceTrialResult(Contract, frozen=True, kw_only=True):
    """What the silence would have held back, had it held all the time since ``since``; the newest are shown.

    ``incidents`` counts the incidents that would not have been opened by such a signal. ``is_whole`` is False where
    there were more deliveries than are looked at in one request: then the newest count.
    """

    since: datetime
    looked_at: int
    is_whole: bool
    deliveries: int
    signals: int
    fingerprints: int
    incidents: int
    held_back: tuple[HeldBack, ...]


def try_silence(store: Store, silence: Silence, now: datetime) -> SilenceTrialResult:
    """Return what ``silence`` would have held back in the past 7 days. Raises ``ValidationFailed``."""
    refuse_invalid(lambda: check_silence(silence))
    trial = _Trial(store, Matcher(silence.match, silence.when))
    since, cursor = now - PAST, None
    while trial.looked_at < MOST_DELIVERIES:
        query = RecordQuery(
            states=(str(DeliveryState.PROCESSED),), since=since, limit=_PAGE, cursor=cursor, with_total=False
        )
        page = store.list_records(Delivery, query)
        for delivery in page.records:
            trial.look_at(delivery)
        cursor = page.next_cursor
        if cursor is None:
            break
    return trial.result(since, is_whole=cursor is None)


class _Trial:
    def __init__(self, store: Store, matcher: Matcher) -> None:
        self._store, self._matcher = store, matcher
        # Each signal is asked about once, however many deliveries reported it.
        self._known: dict[str, Signal | None] = {}
        self._shown: list[HeldBack] = []
        self.looked_at = self._deliveries = self._signals = 0
        self._fingerprints: set[str] = set()
        self._incidents: set[str] = set()

    def look_at(self, delivery: Delivery) -> None:
        self.looked_at += 1
        held = [outcome for outcome in delivery.signals if self._would_hold(outcome)]
        self._deliveries += bool(held)
        self._signals += len(held)
        for outcome in held:
            self._note(delivery, outcome)

    def _note(self, delivery: Delivery, outcome: SignalOutcome) -> None:
        self._fingerprints.add(outcome.fingerprint)
        if outcome.outcome is Outcome.OPENED and outcome.incident_id:
            self._incidents.add(outcome.incident_id)
        signal = self._known[outcome.fingerprint]
        if len(self._shown) < SHOWN and signal is not None:
            self._shown.append(
                HeldBack(
                    delivery_id=delivery.id,
                    received_at=delivery.received_at,
                    fingerprint=outcome.fingerprint,
                    title=signal.title,
                    outcome=outcome.outcome,
                    incident_id=outcome.incident_id,
                ),
            )

    def _would_hold(self, outcome: SignalOutcome) -> bool:
        if outcome.status != "firing" or outcome.outcome not in _LETS_THROUGH:
            return False
        if outcome.fingerprint not in self._known:
            signal = self._store.find(Signal, outcome.fingerprint)
            matches = signal is not None and self._matcher.takes(Facts.of_signal(signal))
            self._known[outcome.fingerprint] = signal if matches else None
        return self._known[outcome.fingerprint] is not None

    def result(self, since: datetime, *, is_whole: bool) -> SilenceTrialResult:
        return SilenceTrialResult(
            since=since,
            looked_at=self.looked_at,
            is_whole=is_whole,
            deliveries=self._deliveries,
            signals=self._signals,
            fingerprints=len(self._fingerprints),
            incidents=len(self._incidents),
            held_back=tuple(self._shown),
        )
