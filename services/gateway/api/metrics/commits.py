"""What commits tell: counted from what became durable, so that nothing is counted that was refused or asked again."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from services.gateway.api.metrics.spread import Spread
from services.gateway.api.sources import SOURCES
from services.gateway.domain.records import Action, ActionState, Delivery, DeliveryState, Outcome, SignalOutcome
from services.gateway.ports import Committed, Store
from shared.contracts.signal import SignalStatus

_COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# From half a minute, when somebody sits before the screen, to days, when nobody does.
_DECISION_SECONDS = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 14400.0, 28800.0, 86400.0, 259200.0)


class CommitFigures(Collector):
    """Follows the commits of ``store``, from the store's own thread and in its order."""

    def __init__(self, store: Store, registry: CollectorRegistry) -> None:
        self._deduplicated = Counter(
            "faultline_dedup", "What came again and was known: what it was.", ["what"], registry=registry
        )
        self._quarantined = Counter(
            "faultline_quarantined", "Deliveries nobody could read.", ["source"], registry=registry
        )
        for what in ("delivery", "signal", "result"):
            self._deduplicated.labels(what)
        for source in SOURCES:
            self._quarantined.labels(source.name)
        self._commit_seconds = Spread(
            "faultline_store_commit_seconds", "How long a writer waited until its commit was durable.", _COMMIT_SECONDS
        )
        self._decision_seconds = Spread(
            "faultline_approval_wait_seconds", "From an action's proposal to its decision.", _DECISION_SECONDS
        )
        registry.register(self)
        store.subscribe(self._on_commit)
        store.subscribe_waits(self._commit_seconds.observe_all)

    def count_known(self, what: str, count: int = 1) -> None:
        """Count what came again: a ``delivery`` or a ``result``. Signals are counted from commits."""
        if count:
            self._deduplicated.labels(what).inc(count)

    def collect(self) -> Iterator[Metric]:
        """Yield the histograms."""
        yield self._commit_seconds.family()
        yield self._decision_seconds.family()

    def _on_commit(self, committed: Committed) -> None:
        for record in committed.puts:
            if isinstance(record, Delivery):
                self._note_delivery(record)
            elif isinstance(record, Action):
                self._note_action(record)

    def _note_delivery(self, delivery: Delivery) -> None:
        # A delivery is put once with what became of it, and never again.
        if delivery.state is DeliveryState.QUARANTINED:
            self._quarantined.labels(delivery.source).inc()
        elif delivery.state is DeliveryState.PROCESSED:
            self.count_known("signal", sum(map(_joined, delivery.signals)))

    def _note_action(self, action: Action) -> None:
        if _is_decision(action):
            self._decision_seconds.observe_all([(action.updated_at - action.proposed_at).total_seconds()])


def _joined(signal: SignalOutcome) -> bool:
    is_firing = signal.status == SignalStatus.FIRING and not signal.acknowledged
    return is_firing and signal.outcome is Outcome.JOINED


def _is_decision(action: Action) -> bool:
    """Answer whether this state of the action is the decision itself, and not something that came after it.

    Later states carry the approvals too; the decision alone was written at the moment that it names.
    """
    if action.state is ActionState.REJECTED:
        return action.end is not None and action.end.at == action.updated_at
    # One may be put back to what it was before it was to be done, with no approval that counts any more.
    given = action.approvals[-1].at if action.approvals else None
    return action.state is ActionState.APPROVED and given == action.updated_at
