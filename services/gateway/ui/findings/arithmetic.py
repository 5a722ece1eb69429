"""The sum behind a confidence: base, boosts and penalties, each with its reason, and what it comes to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_DIGITS = 4
# Smaller differences than this are rounding.
_LEAST = 0.0001
_BOUNDS = (0.01, 0.99)
_HELD = "held between 0.01 and 0.99: nothing is certain, nothing excluded"
_UNLISTED = "steps that are not listed"


@dataclass(frozen=True, slots=True)
class Row:
    """One step: ``sort`` is base, boost, penalty or limit; ``before`` and ``after`` are the sum around it."""

    sort: str
    reason: str
    delta: float
    before: float
    after: float

    @property
    def amount(self) -> str:
        """The step as it is added: "0.65" as the base, "+0.12" as a boost."""
        text = f"{abs(self.delta):.{_DIGITS}f}".rstrip("0").rstrip(".")
        if self.sort == "base":
            return text
        return f"+{text}" if self.delta >= 0 else f"\N{MINUS SIGN}{text}"

    @property
    def bar_start(self) -> float:
        """Where its bar begins, in percent of certainty."""
        return round(100 * _share(min(self.before, self.after)), 2)

    @property
    def bar_width(self) -> float:
        """How wide its bar is, in percent of certainty."""
        return round(100 * abs(_share(self.after) - _share(self.before)), 2)


def add_up(steps: Iterable[Mapping[str, Any]], confidence: float) -> tuple[Row, ...]:
    """Return the steps of a sum that comes to ``confidence``: what they lack or exceed is a row of its own."""
    rows: list[Row] = []
    total = 0.0
    for step in steps:
        delta = float(step["delta"])
        sort = "base" if not rows else "boost" if delta >= 0 else "penalty"
        rows.append(Row(sort, str(step["reason"]), delta, total, total + delta))
        total += delta
    if rows and abs(confidence - total) >= _LEAST:
        reason = _HELD if confidence in _BOUNDS else _UNLISTED
        rows.append(Row("limit", reason, confidence - total, total, confidence))
    return tuple(rows)


def show_confidence(confidence: float) -> str:
    """Return what the sum comes to, as exact as its steps."""
    return f"{confidence:.{_DIGITS}f}".rstrip("0").rstrip(".") or "0"


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)
