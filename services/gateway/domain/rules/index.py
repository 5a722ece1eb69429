"""Find the few rules that may take a signal, at a cost that does not grow with the number of rules."""

from collections import Counter
from collections.abc import Sequence

from services.gateway.domain.rules.facts import FIELDS, LABEL_PREFIX, Facts
from services.gateway.domain.rules.required import Equality

# The fields looked up, the best first where two narrow down alike. Labels come between them and what is left.
_LOOKED_UP = ("name", "service", "namespace", "cluster", "source", "severity")
_RANK = {path: rank for rank, path in enumerate(_LOOKED_UP)}
_RANK_OF_LABELS = _RANK["cluster"] + 0.5

_Positions = dict[str, list[int]]


class RuleIndex:
    """Made of what each rule requires, by position. A rule that requires nothing known here is always a candidate."""

    __slots__ = ("_always", "_fields", "_labels")

    def __init__(self, required: Sequence[Sequence[Equality]]) -> None:
        crowd = _crowd(required)
        self._always: list[int] = []
        by_path: dict[str, _Positions] = {}
        for position, equalities in enumerate(required):
            anchor = min(filter(_can_anchor, equalities), key=lambda one: _cost(one, crowd), default=None)
            if anchor is None:
                self._always.append(position)
                continue
            by_value = by_path.setdefault(anchor.path, {})
            for value in anchor.values:
                by_value.setdefault(value, []).append(position)
        self._fields = [(FIELDS[path], by_path[path]) for path in _LOOKED_UP if path in by_path]
        self._labels = {
            path.removeprefix(LABEL_PREFIX): by_value
            for path, by_value in by_path.items()
            if path.startswith(LABEL_PREFIX)
        }

    def candidates(self, facts: Facts) -> list[int]:
        """Return in order the positions of all rules that may take the signal; each once."""
        found = list(self._always)
        for attribute, by_value in self._fields:
            found += by_value.get(getattr(facts, attribute), ())
        if self._labels:
            found += self._by_labels(facts.labels)
        found.sort()
        return found

    def _by_labels(self, labels: dict[str, str]) -> list[int]:
        found: list[int] = []
        for label in labels.keys() & self._labels.keys():  # Goes through the shorter of the two.
            found += self._labels[label].get(labels[label], ())
        return found


def _can_anchor(equality: Equality) -> bool:
    return equality.path in _RANK or equality.path.startswith(LABEL_PREFIX)


def _crowd(required: Sequence[Sequence[Equality]]) -> Counter[tuple[str, str]]:
    """Count how many rules ask for each value of each field."""
    return Counter(
        (one.path, value) for equalities in required for one in filter(_can_anchor, equalities) for value in one.values
    )


def _cost(equality: Equality, crowd: Counter[tuple[str, str]]) -> tuple[int, float, str]:
    """An equality is the better anchor, the fewer rules ask for the most popular of its values."""
    most = max(crowd[equality.path, value] for value in equality.values)
    return most, _RANK.get(equality.path, _RANK_OF_LABELS), equality.path
