"""Decide whether a signal fits the equalities of a rule or silence, and say in words why not."""

from collections.abc import Iterator, Mapping

from services.gateway.domain.records import Match
from services.gateway.domain.rules.facts import Facts

# The fields of a match and what they are of a signal, the most telling first.
_FIELDS = (
    ("names", "name"),
    ("services", "service"),
    ("namespaces", "namespace"),
    ("clusters", "cluster"),
    ("sources", "source"),
    ("severities", "severity"),
)


def alternatives(match: Match) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each field that is asked for with the values it may have; labels come as ``labels.<name>``."""
    for given, field in _FIELDS:
        if values := getattr(match, given):
            yield field, tuple(str(value) for value in values)
    for label, values in match.labels.items():
        yield f"labels.{label}", values


def fits(wanted: Mapping[str, frozenset[str]], facts: Facts) -> bool:
    """Answer whether every field has one of the values it may have."""
    return all(facts.value_of(field) in values for field, values in wanted.items())


def explain_misfit(wanted: Mapping[str, frozenset[str]], facts: Facts) -> str | None:
    """Return in words the first field that does not fit, or None if all do."""
    for field, values in wanted.items():
        value = facts.value_of(field)
        if value not in values:
            has = f'is "{value}"' if value else "is absent"
            return f"{field} {has}, not {' or '.join(sorted(values)[:5])}"
    return None
