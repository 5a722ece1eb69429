"""Make text fit to show: times a person can read, and nothing from outside that could steer a terminal. Pure."""

import re
from datetime import UTC, datetime

# C0 and C1 controls: alert text comes from strangers, and an escape sequence in it must not reach the terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_STEPS = ((60, "s", 1), (3600, "min", 60), (86400, "h", 3600), (float("inf"), "d", 86400))


def one_line(text: str) -> str:
    """Return ``text`` in one line, with control characters made visible."""
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    """Return ``text`` with every control character written out in hexadecimal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def when(moment: str | None, now: datetime) -> str:
    """Return an RFC 3339 time as relative plus exact, such as ``3 min ago (2026-11-23 12:00:01Z)``; empty for None."""
    if not moment:
        return ""
    try:
        then = datetime.fromisoformat(moment).astimezone(UTC)
    except ValueError:
        return visible(moment)
    return f"{ago((now - then).total_seconds())} ({then:%Y-%m-%d %H:%M:%S}Z)"


def ago(seconds: float) -> str:
    """Word a distance in time: ``now``, ``3 min ago`` or, ahead of us, ``in 3 min``."""
    distance = abs(seconds)
    if distance < 1:
        return "now"
    words = duration(distance)
    return f"{words} ago" if seconds > 0 else f"in {words}"


def duration(seconds: float) -> str:
    """Word how long something took, in the largest unit that makes one or more: ``3 min``."""
    unit, size = next((unit, size) for limit, unit, size in _STEPS if seconds < limit)
    return f"{int(seconds // size)} {unit}"
