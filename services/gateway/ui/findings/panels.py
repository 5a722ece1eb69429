"""Which panel shows a piece of evidence: one template a kind, and a plain one for kinds nobody drew a panel for yet.

A new kind is a template in ``templates/evidence/panels``, a line in ``PANELS``, and what reads it for the template.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

_EVENT = re.compile(r"(?P<reason>[A-Z][A-Za-z0-9]{1,60}): (?P<message>.*?)(?: \((?P<times>\d+) times\))?", re.DOTALL)
_LOG_LINE = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?)?\s*"
    r"(?:\[?(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|PANIC)\]?\b:?\s*)?(?P<text>.*)",
    re.IGNORECASE,
)
_GRAVE = frozenset({"error", "err", "fatal", "critical", "panic"})
_WARNING = frozenset({"warn", "warning"})


@dataclass(frozen=True, slots=True)
class Panel:
    """A piece of evidence, read for its panel: ``template`` shows it, ``read`` is what that needs beside it."""

    template: str
    label: str
    evidence: Json
    about: str
    read: Json


@dataclass(frozen=True, slots=True)
class _Kind:
    template: str
    label: str
    read: Callable[[Json], Json]


def panel_of(evidence: Json) -> Panel:
    """Return how a piece of evidence is shown, by its kind."""
    kind = PANELS.get(str(evidence.get("kind")))
    query = str(evidence.get("query") or "")
    about = " ".join(query.split(" ")[:2])
    if kind is None:
        label = str(evidence.get("kind") or "evidence")
        return Panel("evidence/panels/plain.html", label, evidence, query, {})
    return Panel(kind.template, kind.label, evidence, about, kind.read(evidence))


def _read_object(evidence: Json) -> Json:
    """Split what was read of an object: which field of it."""
    return {"field": " ".join(str(evidence.get("query") or "").split(" ")[2:])}


def _read_event(evidence: Json) -> Json:
    """Split an Event as `kubectl` prints them: its reason, its message, and how often it came."""
    text = str(evidence.get("observation") or "")
    found = _EVENT.fullmatch(text)
    return found.groupdict() if found else {"reason": "", "message": text, "times": None}


def _read_log(evidence: Json) -> Json:
    """Split what a log says: the sentence about it, and the lines with their times and levels."""
    head, _, rest = str(evidence.get("observation") or "").partition("\n")
    where = " ".join(str(evidence.get("query") or "").split(" ")[2:]).removeprefix("logs/")
    return {"head": head, "container": where, "lines": [_read_line(line) for line in rest.splitlines()]}


def _read_line(line: str) -> Json:
    found = _LOG_LINE.fullmatch(line)
    parts = found.groupdict() if found else {"at": None, "level": None, "text": line}
    level = (parts["level"] or "").lower()
    weight = "grave" if level in _GRAVE else "warning" if level in _WARNING else "plain"
    return {**parts, "weight": weight}


def _read_nothing(_: Json) -> Json:
    return {}


PANELS: Mapping[str, _Kind] = {
    "object": _Kind("evidence/panels/object.html", "object", _read_object),
    "event": _Kind("evidence/panels/event.html", "Event", _read_event),
    "log": _Kind("evidence/panels/log.html", "log", _read_log),
    "coverage": _Kind("evidence/panels/coverage.html", "not seen", _read_nothing),
}
