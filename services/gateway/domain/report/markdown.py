"""Put text of strangers into Markdown so that it reads as it was and can be nothing but text."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

# Whatever could begin emphasis, code, a link, an image, HTML, an entity, a table's cell, or a formula (GitHub's).
_SPECIAL = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>|~$&"})
# What opens a block where a line begins: a heading, its underline, a list, a quote, a row of a table's head.
_OPENING = re.compile(r"[#+\-=:]|\d{1,9}(?=[.)])")
# GitHub makes links of bare addresses.
_ADDRESS = re.compile(r"(?i)(www)\.|:(?=//)")
_KEPT_FORMATS = "\u200c\u200d"
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_LOOKED_AT = 4
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def inline(text: str, most: int = 300) -> str:
    """Return ``text`` in one line, at most ``most`` characters of it, with everything that means anything escaped."""
    # Of a very long text the rest is not looked at: white space may shrink, but not that much is worth showing.
    looked_at = text[: most * _LOOKED_AT]
    flat = _flat(looked_at)
    is_whole = len(flat) <= most and len(looked_at) == len(text)
    return _escape(flat if is_whole else f"{flat[:most].rstrip()}… (cut)")


def quote(text: str, most: int, where: str) -> list[str]:
    """Return ``text`` as a block quote that keeps its lines; of a long one the beginning and a word about the rest."""
    shown = text if len(text) <= most else text[:most]
    flat = [_flat(line) for line in shown.splitlines()]
    quoted = [
        # A line that goes on ends in a hard break.
        f"> {_escape(line)}{chr(92) if line and index + 1 < len(flat) and flat[index + 1] else ''}" if line else ">"
        for index, line in enumerate(flat)
    ]
    if len(text) > most:
        quoted += [">", f"> … (cut: {len(text):,} characters in all; {where} has the whole)"]
    return quoted


def moment(at: datetime | None) -> str:
    """Return a moment to the second, in UTC."""
    return "not known" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def length(span: timedelta) -> str:
    """Return how long ``span`` is in its two largest units: ``1 h 28 min``."""
    seconds = int(abs(span).total_seconds())
    sign = "-" if span < timedelta(0) and seconds else ""
    parts = [
        (seconds // _DAY, "d"),
        (seconds % _DAY // _HOUR, "h"),
        (seconds % _HOUR // _MINUTE, "min"),
        (seconds % _MINUTE, "s"),
    ]
    first = next((index for index, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return sign + " ".join(
        f"{count} {unit}" for count, unit in parts[first : first + 2] if count or first == len(parts) - 1
    )


def within(items: Sequence[T], write: Callable[[T], list[str]], budget: int) -> tuple[list[str], int]:
    """Return the lines of as many ``items`` as fit into ``budget`` characters, and how many do not."""
    lines: list[str] = []
    for done, item in enumerate(items):
        block = write(item)
        budget -= sum(len(line) + 1 for line in block)
        if budget < 0:
            return lines, len(items) - done
        lines += block
    return lines, 0


def _flat(text: str) -> str:
    if text.isprintable():
        return " ".join(text.split())
    seen = "".join(c if c in _KEPT_FORMATS or unicodedata.category(c) not in _UNSEEN else _stand_in(c) for c in text)
    return " ".join(seen.split())


def _stand_in(character: str) -> str:
    # White space parts words; whatever else cannot be seen could turn the text around or hide in it.
    return " " if character.isspace() else "\ufffd"


def _escape(text: str) -> str:
    opening = _OPENING.match(text)
    escaped = _ADDRESS.sub(_break_address, text.translate(_SPECIAL))
    if opening is None:
        return escaped
    # None of these characters was escaped above, so the text still begins with them.
    end = opening.end()
    return f"\\{escaped}" if not opening[0].isdigit() else f"{escaped[:end]}\\{escaped[end:]}"


def _break_address(found: re.Match[str]) -> str:
    return f"{found[1]}\\." if found[1] else "\\:"
