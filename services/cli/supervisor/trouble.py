"""Find the lines of a child's output that a person should know of, and word them for the screen. Pure."""

import re
from dataclasses import dataclass
from typing import Any

import msgspec

from services.cli.text import one_line

_LEVELS = frozenset({"warning", "error", "critical"})
# Celery and Flower: "[2026-11-23 10:00:00,000: ERROR/MainProcess] …", "[W 261123 10:00:00 command:10] …".
_BRACKETED = re.compile(r"^\[[^\]]*?\b(WARNING|ERROR|CRITICAL)\b[^\]]*\]\s*(.*)|^\[([WEC]) [^\]]*\]\s*(.*)")
# Valkey: "123:M 23 Nov 2026 10:00:00.000 # …"; it marks warnings with a hash sign.
_VALKEY = re.compile(r"^\d+:[A-Z] .*?\d{2}:\d{2}:\d{2}\.\d+ # (.*)")
# What Valkey says with a hash sign on every healthy start and stop.
_VALKEY_AS_USUAL = ("Memory overcommit", "ready to exit", "TCP backlog")
_LETTERS = {"W": "warning", "E": "error", "C": "critical"}
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line worth a hint: its level and its message, in one short line."""

    level: str
    message: str


def find_trouble(line: str) -> Trouble | None:
    """Return what is wrong according to ``line``, or None if it reports nothing above information."""
    if line.startswith("{"):
        return _from_json(line)
    if found := _BRACKETED.match(line):
        level = (found[1] or _LETTERS[found[3]]).lower()
        return Trouble(level, shorten(found[2] or found[4] or ""))
    if (found := _VALKEY.match(line)) and not any(words in found[1] for words in _VALKEY_AS_USUAL):
        return Trouble("warning", shorten(found[1]))
    return None


def _from_json(line: str) -> Trouble | None:
    try:
        entry = msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError:
        return None
    level = str(entry.get("level", "")).lower()
    if level not in _LEVELS:
        return None
    return Trouble(level, shorten(str(entry.get("event") or entry.get("message") or entry.get("msg") or "")))


def shorten(text: str) -> str:
    """Return ``text`` in one short line, safe to show."""
    line = one_line(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


class HintBudget:
    """Lets one hint through per ``every_seconds``, and counts those it held back."""

    def __init__(self, every_seconds: float = 15.0) -> None:
        self._every_seconds = every_seconds
        self._next_at = float("-inf")
        self._held_back = 0

    def take(self, now_seconds: float) -> int | None:
        """Return how many hints were held back since the last one, or None if this one is held back too."""
        if now_seconds < self._next_at:
            self._held_back += 1
            return None
        self._next_at = now_seconds + self._every_seconds
        held_back, self._held_back = self._held_back, 0
        return held_back
