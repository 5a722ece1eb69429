"""The facets beside the list: what it could be narrowed by, each value with its count and the address that does it."""

from dataclasses import dataclass
from typing import Any

from services.gateway.ui.pages.inbox.narrowing import Narrowing

_TITLES = {
    "status": "Status",
    "severity": "Severity",
    "owner": "Owner",
    "service": "Service",
    "source": "Source",
    "label": "Label",
}
# Words that are few and fixed: all of them stand there, so that none jumps when counts change.
_FIXED = frozenset({"status", "severity"})
_SHOWN = 7


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a facet. ``count`` is None where the API does not tell it: it is not among the most frequent."""

    text: str
    count: int | None
    address: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A facet: the values shown at once, and those behind a fold."""

    name: str
    title: str
    first: list[Value]
    more: list[Value]


def facets_of(answer: dict[str, Any], narrowing: Narrowing) -> list[Facet]:
    """Return the facets of what ``GET /api/incidents/facets`` answered; one without any value is left out."""
    return [found for name, title in _TITLES.items() if (found := _facet(name, title, answer[name], narrowing))]


def _facet(name: str, title: str, counted: list[dict[str, Any]], narrowing: Narrowing) -> Facet | None:
    values = [_value(name, one["value"], one["count"], narrowing) for one in counted]
    known = {value.text for value in values}
    values += [_value(name, one, None, narrowing) for one in narrowing.get(name) if one not in known]
    if name in _FIXED:
        return Facet(name, title, values, [])
    values = [value for value in values if value.count or value.is_chosen]
    values.sort(key=lambda value: not value.is_chosen)
    shown = max(_SHOWN, sum(value.is_chosen for value in values))
    return Facet(name, title, values[:shown], values[shown:]) if values else None


def _value(name: str, value: str | None, count: int | None, narrowing: Narrowing) -> Value:
    if value is None:
        is_chosen = bool(narrowing.get("unowned"))
        return Value("nobody", count, narrowing.address(unowned=None if is_chosen else "true"), is_chosen)
    return Value(value, count, narrowing.toggled(name, value), value in narrowing.get(name))
