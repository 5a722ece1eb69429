"""Observations for findings: fields, Events and log lines, each with where it was seen."""

import re
from collections.abc import Iterable
from datetime import datetime

from services.graph.domain.k8s.events import Event
from services.graph.domain.k8s.shape import Condition, KubeObject, Ref
from services.graph.domain.rules.base import Seen, View

# Log lines and messages quote addresses with the password in them.
_CREDENTIALS = re.compile(r"(://[^/\s:@]*:)[^@\s/]+@")
_MOST_TEXT = 600
_MOST_LINES = 5


def seen(thing: KubeObject, path: str, observation: str, at: datetime | None = None) -> Seen:
    """Return what a field of an object says."""
    return Seen("object", thing.ref, _short(observation), path, at)


def seen_condition(thing: KubeObject, condition: Condition, where: str = "status.conditions") -> Seen:
    """Return what a condition of an object says."""
    words = f"{condition.type}={condition.status}"
    if condition.reason:
        words += f" ({condition.reason})"
    if condition.message:
        words += f": {condition.message}"
    path = f"{where}[type={condition.type}]"
    return Seen("object", thing.ref, _short(words), path, condition.last_transition_time)


def seen_event(event: Event) -> Seen:
    """Return what an Event says, and how often it did."""
    times = f" ({event.count} times)" if event.count > 1 else ""
    words = f"{event.reason}: {event.message}{times}"
    return Seen("event", event.about_ref, _short(words), event.about.field_path or "", event.last_at)


def seen_lines(pod: Ref, container: str, lines: Iterable[str], what: str) -> Seen:
    """Return lines of a log, the newest few."""
    kept = tuple(_short(line) for line in list(lines)[-_MOST_LINES:])
    return Seen("log", pod, what, f"logs/{container}", None, kept)


def events_about(view: View, thing: KubeObject, *reasons: str) -> list[Event]:
    """Return the Events of these reasons about an object, the newest first; none where they could not be read."""
    return [one for one in reversed(view.inventory.events_of(thing)) if one.reason in reasons]


def warnings_about(view: View, thing: KubeObject) -> list[Event]:
    """Return the warnings about an object, the newest first."""
    return [one for one in reversed(view.inventory.events_of(thing)) if one.is_warning]


def _short(text: str) -> str:
    text = _CREDENTIALS.sub(r"\1***@", text)
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
