"""Find those of many conditions that may hold of a signal, without asking each of them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

from services.gateway.domain.records import Match
from services.gateway.domain.rules.conditions import Condition, compile_condition
from services.gateway.domain.rules.facts import Facts
from services.gateway.domain.rules.matching import alternatives, explain_misfit, fits
from services.gateway.domain.rules.required import required_equalities


class Asked(Protocol):
    """A rule or silence: what it matches, and when."""

    @property
    def match(self) -> Match: ...
    @property
    def when(self) -> str: ...


A = TypeVar("A", bound=Asked)
# The fields to look under, best first: what differs most from signal to signal.
_ANCHORS = ("name", "dedupKey", "fingerprint", "service", "namespace", "cluster", "source", "severity")


class Compiled(Generic[A]):
    """One rule or silence, ready to be asked. Raises ``ConditionInvalid`` if its condition is none."""

    __slots__ = ("asked", "condition", "wanted")

    def __init__(self, asked: A) -> None:
        self.asked = asked
        self.wanted = {field: frozenset(values) for field, values in alternatives(asked.match)}
        self.condition: Condition | None = compile_condition(asked.when) if asked.when.strip() else None

    def matches(self, facts: Facts) -> bool:
        """Answer whether it takes the signal."""
        return fits(self.wanted, facts) and (self.condition is None or self.condition.holds(facts))

    def explain(self, facts: Facts) -> str | None:
        """Return why it does not take the signal, or None if it does."""
        misfit = explain_misfit(self.wanted, facts)
        if misfit is None and self.condition is not None and not self.condition.holds(facts):
            return "its condition does not hold"
        return misfit

    def anchor(self) -> tuple[str, frozenset[str]] | None:
        """Return a field and the values of which the signal must have one, or None where nothing is certain."""
        known = dict(self.wanted)
        for field, value in required_equalities(self.asked.when).items():
            known.setdefault(field, frozenset({value}))
        for field in _ANCHORS:
            if field in known:
                return field, known[field]
        return next(iter(known.items()), None)


class Index(Generic[A]):
    """Keeps rules or silences in their order under the value each must find in a signal.

    A look-up costs one probe for each field that any of them is kept under, and asking what is found there. Those
    without an anchor are asked every time: their number is the one that costs.
    """

    def __init__(self, asked: Iterable[A]) -> None:
        self.all = [Compiled(one) for one in asked]
        self._anywhere: list[int] = []
        self._under: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for place, compiled in enumerate(self.all):
            anchor = compiled.anchor()
            if anchor is None:
                self._anywhere.append(place)
                continue
            field, values = anchor
            for value in values:
                self._under[field][value].append(place)

    def first(self, facts: Facts) -> A | None:
        """Return the first, in their order, that takes the signal."""
        return next((one.asked for one in self._candidates(facts) if one.matches(facts)), None)

    def every(self, facts: Facts) -> list[A]:
        """Return all that take the signal, in their order."""
        return [one.asked for one in self._candidates(facts) if one.matches(facts)]

    def _candidates(self, facts: Facts) -> Iterable[Compiled[A]]:
        places = list(self._anywhere)
        for field, by_value in self._under.items():
            value = facts.value_of(field)
            if value is not None and value in by_value:
                places += by_value[value]
        places.sort()
        return (self.all[place] for place in places)
