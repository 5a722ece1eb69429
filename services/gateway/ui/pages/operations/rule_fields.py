"""One rule as the fields of a form, and back: what stands in which field, and what it is called there."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from services.gateway.ui.pages.operations.rules_text import DEFAULTS, brief
from services.gateway.ui.pages.operations.typed_values import (
    read_count,
    read_labels,
    read_seconds,
    read_values,
    write_labels,
    write_seconds,
    write_values,
)

Json = dict[str, Any]
# Field of the form → what people read beside it, and the path of the rule's member it becomes.
_TEXTS = {
    "name": ("Name", "name"),
    "id": ("Id", "id"),
    "description": ("Description", "description"),
    "owner": ("Owner", "owner"),
    "when": ("Condition", "when"),
    "effect": ("What it does", "effect"),
    "resolveOn": ("It resolves when", "resolveOn"),
}
_VALUES = {
    "names": ("Alert names", "match.names"),
    "services": ("Services", "match.services"),
    "namespaces": ("Namespaces", "match.namespaces"),
    "clusters": ("Clusters", "match.clusters"),
    "sources": ("Sources", "match.sources"),
    "groupBy": ("One incident per", "groupBy"),
}
_SECONDS = {
    "windowSeconds": ("Takes new signals for", "windowSeconds"),
    "stableSeconds": ("Resolves once stable for", "stableSeconds"),
    "reopenSeconds": ("Reopens within", "reopenSeconds"),
    "thresholdWithin": ("Counted within", "threshold.withinSeconds"),
    "flapWithin": ("Changing within", "flap.withinSeconds"),
    "flapQuiet": ("Calm after", "flap.quietSeconds"),
}
_COUNTS = {
    "thresholdCount": ("Opens after so many", "threshold.count"),
    "flapChanges": ("Flaps after changes", "flap.changes"),
}
_OTHERS = {
    "severities": ("Severities", "match.severities"),
    "labels": ("Labels", "match.labels"),
    "thresholdOf": ("Counted are", "threshold.of"),
    "enabled": ("In use", "enabled"),
}
_ALL = {**_TEXTS, **_VALUES, **_SECONDS, **_COUNTS, **_OTHERS}
LABELS = {name: label for name, (label, _) in _ALL.items()}
_FIELD_AT = {path: name for name, (_, path) in _ALL.items()} | {"match": "names", "threshold": "thresholdCount"}
# The order in which people write the members of a rule.
_ORDER = ("id", "name", "description", "enabled", "owner", "match", "when", "effect", "groupBy", "threshold")
_OF_GROUPS = ("effect", "resolveOn", "groupBy")
_DEFAULT_OF = "signals"


@dataclass(frozen=True, slots=True)
class RuleFields:
    """A rule as it stands in a form. ``key`` begins the names of its fields, wherever the rule moves to."""

    key: str
    part: str
    texts: dict[str, str]
    severities: list[str] = field(default_factory=list)
    is_removed: bool = False
    is_new: bool = False


class FieldsUnreadable(Exception):
    """Fields of one rule cannot be read: ``errors`` says why, by their names."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def field_at(path: str) -> str:
    """Return the field that a member of a rule stands in: ``match.labels.team`` in ``labels``; empty where in none."""
    steps = path.split(".")
    for count in range(len(steps), 0, -1):
        if name := _FIELD_AT.get(".".join(steps[:count])):
            return name
    return ""


def fields_of(rule: Json, key: str, part: str, *, is_new: bool = False) -> RuleFields:
    """Return the fields of a rule, whatever is wrong with it: what they cannot hold is not in them."""
    texts = {name: _text(_at(rule, path)) for name, (_, path) in _TEXTS.items()}
    for fields, write in ((_VALUES, _write_values), (_SECONDS, _write_seconds), (_COUNTS, _write_count)):
        texts |= {name: write(_at(rule, path)) for name, (_, path) in fields.items()}
    labels = _at(rule, "match.labels")
    texts["labels"] = write_labels(labels) if _are_labels(labels) else ""
    texts["thresholdOf"] = _text(_at(rule, "threshold.of")) or _DEFAULT_OF
    texts["enabled"] = "1" if _at(rule, "enabled") in (None, True) else ""
    severities = _at(rule, "match.severities")
    return RuleFields(key, part, texts, severities if _are_texts(severities) else [], is_new=is_new)


def rule_of(fields: RuleFields) -> Json:
    """Return the rule of the fields, without what is as by default; raises ``FieldsUnreadable``."""
    errors: dict[str, str] = {}

    def read(name: str, how: Callable[[str], Any]) -> Any:
        try:
            return how(fields.texts.get(name, ""))
        except ValueError as error:
            errors[name] = str(error)
            return None

    rule: Json = {"enabled": bool(fields.texts.get("enabled")), "match": {}}
    for name, (_, path) in _TEXTS.items():
        _put(rule, path, fields.texts.get(name, "").strip())
    for some, how in ((_VALUES, read_values), (_SECONDS, read_seconds), (_COUNTS, read_count)):
        for name, (_, path) in some.items():
            _put(rule, path, read(name, how))
    _put(rule, "match.labels", read("labels", read_labels))
    _put(rule, "match.severities", fields.severities)
    if "threshold" in rule:
        _put(rule, "threshold.of", fields.texts.get("thresholdOf"))
    if errors:
        raise FieldsUnreadable(errors)
    return _of_part(rule, fields.part)


def is_whole(rule: Any, part: str) -> bool:
    """Answer whether the fields hold all of a rule, so that nothing of it is lost in the form."""
    if not isinstance(rule, dict) or not isinstance(rule.get("match", {}), dict):
        return False
    threshold = rule.get("threshold")
    told = rule | ({"threshold": {"of": _DEFAULT_OF} | threshold} if isinstance(threshold, dict) else {})
    try:
        return brief(told) == brief(rule_of(fields_of(rule, "", part)))
    except FieldsUnreadable:
        return False


def unknown_members(rule: Any) -> list[str]:
    """Return the names in a rule that no rule has, as they are written."""
    known = {path.partition(".")[0] for path in _FIELD_AT} | {"enabled"}
    return [name for name in rule if name not in known] if isinstance(rule, dict) else []


def _of_part(rule: Json, part: str) -> Json:
    """Return the rule without what rules of its part have not, and without what is as by default."""
    if part == "grouping":
        del rule["owner"]
    else:
        rule = {name: value for name, value in rule.items() if name not in (*_OF_GROUPS, "threshold", "flap")}
    kept = {name: value for name, value in brief(rule).items() if value is not None and value != ""}
    return {name: kept[name] for name in (*_ORDER, *kept) if name in kept}


def _at(rule: Json, path: str) -> Any:
    value: Any = rule
    for step in path.split("."):
        if not isinstance(value, dict):
            return None
        # What a rule leaves out is as by default, which a form shows.
        value = value.get(step, DEFAULTS.get(step) if value is rule else None)
    return value


def _put(rule: Json, path: str, value: Any) -> None:
    """Set a member of the rule; of what is empty there, only what a list says."""
    *before, last = path.split(".")
    if before and (value in (None, "", [], {})):
        return
    for step in before:
        rule = rule.setdefault(step, {})
    rule[last] = value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_labels(value: Any) -> bool:
    return isinstance(value, dict) and all(_are_texts(values) for values in value.values())


def _write_values(value: Any) -> str:
    return write_values(value) if _are_texts(value) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)


def _write_seconds(value: Any) -> str:
    return write_seconds(value) if _is_number(value) else ""


def _write_count(value: Any) -> str:
    return str(value) if _is_number(value) else ""
