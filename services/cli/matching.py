"""A match on the command line: ``field=value`` pairs to what the API takes, and back to words. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

_LABEL = "labels."
_FIELDS = {
    "name": "names",
    "namespace": "namespaces",
    "service": "services",
    "cluster": "clusters",
    "source": "sources",
    "severity": "severities",
}
KNOWN = (*_FIELDS, f"{_LABEL}NAME")


def read_match(pairs: Iterable[str]) -> dict[str, Any]:
    """Return the match the pairs say; several values of one field are alternatives. Raises ``ValueError``."""
    match: dict[str, Any] = {}
    for pair in pairs:
        field, is_pair, value = pair.partition("=")
        if not is_pair or not value:
            raise ValueError(f"{pair!r} is not FIELD=VALUE")
        _values_of(match, field).append(value)
    return match


def word_match(match: Mapping[str, Any], when: str = "") -> list[str]:
    """Return the match as pairs, each with its alternatives, and the condition after them."""
    words = [f"{field}={'|'.join(match[plural])}" for field, plural in _FIELDS.items() if match.get(plural)]
    words += [f"{_LABEL}{name}={'|'.join(values)}" for name, values in match.get("labels", {}).items()]
    return [*words, when] if when else words


def _values_of(match: dict[str, Any], field: str) -> list[str]:
    name = field.removeprefix(_LABEL)
    if name != field and name:
        found: list[str] = match.setdefault("labels", {}).setdefault(name, [])
    elif field in _FIELDS:
        found = match.setdefault(_FIELDS[field], [])
    else:
        raise ValueError(f"{field!r} is no field; those are {', '.join(KNOWN)}")
    return found
