"""Whether a rule or silence takes a signal: its equalities and its condition, and why not in words."""

from services.gateway.domain.records import Match
from services.gateway.domain.rules.conditions import compile_condition
from services.gateway.domain.rules.facts import FIELDS, LABEL_PREFIX, Facts
from services.gateway.domain.rules.required import Equality


class Matcher:
    """``match`` and ``when``, compiled. ``equalities`` must be true of every signal it takes.

    Raises ConditionInvalid when ``when`` is no condition.
    """

    __slots__ = ("_condition", "_fields", "_labels", "_match", "equalities")

    def __init__(self, match: Match, when: str) -> None:
        self._match = _equalities(match)
        self._condition = compile_condition(when) if when.strip() else None
        self.equalities = (*self._match, *(self._condition.required if self._condition else ()))
        # What the condition requires is asked here too: it spares most signals the making of a context.
        self._fields = tuple((FIELDS[one.path], one.values) for one in self.equalities if one.path in FIELDS)
        self._labels = tuple(
            (one.path.removeprefix(LABEL_PREFIX), one.values) for one in self.equalities if one.path not in FIELDS
        )

    def takes(self, facts: Facts) -> bool:
        """Answer whether the signal matches."""
        for attribute, values in self._fields:
            if getattr(facts, attribute) not in values:
                return False
        labels = facts.labels
        for label, values in self._labels:
            if labels.get(label) not in values:
                return False
        return self._condition is None or self._condition.holds(facts)

    def why_not(self, facts: Facts) -> str | None:
        """Say in words why the signal does not match; None when it does."""
        for one in self._match:
            value = facts.value(one.path)
            if value not in one.values:
                return f"{_told(one.path, value)}, not {_alternatives(one.values)}"
        return self._condition.why_not(facts) if self._condition else None


def _equalities(match: Match) -> tuple[Equality, ...]:
    fields: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("source", match.sources),
        ("name", match.names),
        ("service", match.services),
        ("namespace", match.namespaces),
        ("cluster", match.clusters),
        ("severity", tuple(severity.value for severity in match.severities)),
    )
    labels = ((LABEL_PREFIX + label, values) for label, values in match.labels.items())
    return tuple(Equality(path, frozenset(values)) for path, values in (*fields, *labels) if values)


def _told(path: str, value: str | None) -> str:
    return f'{path} is "{value}"' if value else f"{path} is absent"


def _alternatives(values: frozenset[str]) -> str:
    words = ", ".join(sorted(value or '""' for value in values))
    return f"one of {words}" if len(values) > 1 else words
