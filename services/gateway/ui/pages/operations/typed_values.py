"""Several values, labels and lengths of time as people type them into a field, and back."""

import csv
import re
from collections.abc import Iterable, Mapping

_NUMBER = r"\d{1,9}(?:\.\d{1,6})?"
_LENGTH = re.compile(rf"{_NUMBER}|(?:{_NUMBER}\s*[dhms]\s*)+")
_PART = re.compile(r"([\d.]+)\s*([dhms]?)")
_SPECIAL = re.compile(r"[,\"]")
_UNITS = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_SECONDS = dict(_UNITS)
_MOST_DIGITS = 9


def write_values(values: Iterable[str]) -> str:
    """Return values parted by commas; one that holds a comma or a quote stands in quotes."""
    return ", ".join(_quoted(one) if _SPECIAL.search(one) else one for one in values)


def read_values(text: str) -> list[str]:
    """Return the values of a text, parted by commas or lines; raises ``ValueError`` that says what cannot be read."""
    try:
        rows = list(csv.reader([", ".join(text.splitlines())], skipinitialspace=True, strict=True))
    except csv.Error:
        raise ValueError('quotes stand around a whole value; write it like "a, b", c') from None
    return [one for part in (rows[0] if rows else []) if (one := part.strip())]


def write_labels(labels: Mapping[str, Iterable[str]]) -> str:
    """Return labels one a line, as ``team=shop, pay``."""
    return "\n".join(f"{name}={write_values(values)}" for name, values in labels.items())


def read_labels(text: str) -> dict[str, list[str]]:
    """Return the labels of a text; raises ``ValueError`` that names the line."""
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, equals, values = line.partition("=")
        if not line.strip():
            continue
        if not (equals and name.strip() and read_values(values)):
            raise ValueError(f"line {number}: write it like team=shop")
        found.setdefault(name.strip(), []).extend(read_values(values))
    return found


def write_seconds(seconds: float | None) -> str:
    """Return a length of time exactly, such as ``1h 30m``; nothing for none."""
    if seconds is None:
        return ""
    if seconds <= 0 or seconds != int(seconds):
        return f"{seconds!r}s"
    left, parts = int(seconds), []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts)


def read_seconds(text: str) -> float | None:
    """Return seconds of ``90``, ``90s`` or ``1h 30m``; None for nothing; raises ``ValueError``."""
    if not text.strip():
        return None
    if not _LENGTH.fullmatch(text.strip()):
        raise ValueError("write it like 30m, 1h 30m or 90s")
    return sum(float(count) * _SECONDS[unit or "s"] for count, unit in _PART.findall(text))


def read_count(text: str) -> int | None:
    """Return a whole number; None for nothing; raises ``ValueError``."""
    if not text.strip():
        return None
    if not (text.strip().isascii() and text.strip().isdecimal() and len(text.strip()) <= _MOST_DIGITS):
        raise ValueError("a whole number is meant")
    return int(text)


def _quoted(value: str) -> str:
    escaped = value.replace('"', '""')
    return f'"{escaped}"'
