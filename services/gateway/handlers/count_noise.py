"""Count what came and what became of it, hour by hour, for each source and rule, in the commit that recorded it."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from services.gateway.domain.records import Noise, SignalOutcome
from services.gateway.ports import Transaction


class Lanes:
    """Small numbers of which each is held by one thread at a time, so that two never write the same counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[int] = []
        self._made = 0

    @contextmanager
    def lane(self) -> Iterator[int]:
        """Hold the lowest number that is free."""
        with self._lock:
            if self._free:
                number = min(self._free)
                self._free.remove(number)
            else:
                number, self._made = self._made, self._made + 1
        try:
            yield number
        finally:
            with self._lock:
                self._free.append(number)


@dataclass(slots=True)
class _Count:
    deliveries: int = 0
    signals: int = 0
    repeats: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Tally:
    """The counts of one commit, by source and rule."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}

    def count_delivery(self, source: str) -> None:
        """Count a delivery; it belongs to no rule."""
        self._of(source, "").deliveries += 1

    def count_signals(self, source: str, outcomes: Iterable[SignalOutcome]) -> None:
        """Count the signals of a delivery, each under the rule that decided."""
        for outcome in outcomes:
            count = self._of(source, outcome.rule_id or "")
            count.signals += 1
            count.repeats += outcome.is_repeat
            count.outcomes[outcome.outcome] += 1

    def put(self, tx: Transaction, lane: int) -> None:
        """Add the counts to the records of this hour and lane."""
        hour = tx.now.replace(minute=0, second=0, microsecond=0)
        for (source, rule_id), count in self._counts.items():
            empty = Noise(hour=hour, source=source, rule_id=rule_id, lane=lane)
            known = tx.find(Noise, empty.record_id) or empty
            outcomes = Counter(known.outcomes) + count.outcomes
            tx.put(
                msgspec.structs.replace(
                    known,
                    deliveries=known.deliveries + count.deliveries,
                    signals=known.signals + count.signals,
                    repeats=known.repeats + count.repeats,
                    outcomes=dict(outcomes),
                ),
            )

    def _of(self, source: str, rule_id: str) -> _Count:
        return self._counts.setdefault((source, rule_id), _Count())
