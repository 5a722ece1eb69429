"""Rules and mappings as text that people edit: JSON without what is as by default, and where in it a refusal stands."""

import json
import re
from typing import Any

from services.gateway.ui.pages.operations.frame import unreadable
from services.gateway.ui.words import pretty

_SPACE = re.compile(r"[\s,:]*")
_decode = json.JSONDecoder().raw_decode
_STEP = re.compile(r"[^.\[\]]+")
DEFAULTS: dict[str, Any] = {
    "description": "",
    "enabled": True,
    "when": "",
    "effect": "group",
    "groupBy": ["source", "name", "cluster", "namespace", "service"],
    "windowSeconds": None,
    "threshold": None,
    "resolveOn": "all",
    "stableSeconds": None,
    "reopenSeconds": None,
    "flap": {"changes": 6, "withinSeconds": 1800, "quietSeconds": 600},
}
Path = tuple[str, ...]


def write_rules(book: dict[str, Any]) -> str:
    """Return the rules of a book as text, in their order; what is as by default is left out."""
    rules = {part: [brief(rule) for rule in book[part]] for part in ("grouping", "ownership")}
    return pretty(rules)


def brief(rule: dict[str, Any]) -> dict[str, Any]:
    """Return a rule without what is as by default."""
    found = {name: value for name, value in rule.items() if name not in DEFAULTS or value != DEFAULTS[name]}
    found["match"] = {name: values for name, values in rule.get("match", {}).items() if values}
    if not found["match"]:
        del found["match"]
    return {name: _whole(value) for name, value in found.items()}


def write_paths(paths: dict[str, Any]) -> str:
    """Return a mapping as text."""
    return pretty(paths)


def read_object(text: str, field: str) -> dict[str, Any]:
    """Return the JSON object that was typed; raises ``ApiRefused`` that names line and column."""
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, column {error.colno}: {error.msg.lower()}"
        raise unreadable("The text is not JSON.", {field: [at]}) from None
    except ValueError:
        raise unreadable("The text is not JSON.", {field: ["a number in it has too many digits"]}) from None
    except RecursionError:
        raise unreadable("The text is not JSON.", {field: ["it is nested too deeply"]}) from None
    if not isinstance(value, dict):
        raise unreadable("The text must be one object.", {field: ["begin with { and end with }"]})
    return value


def place_errors(errors: dict[str, Any], text: str, within: str = "") -> dict[str, Any]:
    """Return ``errors`` with the line of the text that each is about, where it can be told.

    ``within`` is the member of the request that the text became, such as ``paths``.
    """
    lines = _lines(text)
    return {_placed(name, within, lines): told for name, told in errors.items()}


def _placed(name: str, within: str, lines: dict[Path, int]) -> str:
    steps = tuple(_STEP.findall(name))
    if within and steps[:1] == (within,):
        steps = steps[1:]
    # What is missing has no line; what it is missing from has.
    while steps and steps not in lines:
        steps = steps[:-1]
    return f"line {lines[steps]}: {name}" if steps else name


def _whole(value: Any) -> Any:
    """Return seconds without a fraction as people write them."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(inner) for name, inner in value.items()}
    return value


def _lines(text: str) -> dict[Path, int]:
    """Return the line of each member and item of the JSON in ``text``, by its path."""
    found: dict[Path, int] = {}
    _walk(text, _skip(text, 0), (), found)
    return found


def _walk(text: str, at: int, path: Path, found: dict[Path, int]) -> int:
    """Note where the value at ``at`` and what is in it stand; return where it ends."""
    found.setdefault(path, text.count("\n", 0, at) + 1)
    if text[at] not in "{[":
        return _decode(text, at)[1]
    is_object, closing, count = text[at] == "{", "}" if text[at] == "{" else "]", 0
    at = _skip(text, at + 1)
    while text[at] != closing:
        step = str(count)
        if is_object:
            begin, (step, at) = at, _decode(text, at)
            found[(*path, step)] = text.count("\n", 0, begin) + 1
            at = _skip(text, at)
        at = _skip(text, _walk(text, at, (*path, step), found))
        count += 1
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
