"""Read the output of a preview line by line, so that what goes and what comes is seen by its sign and its colour."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

# Controls would do something to who looks at them in a terminal, and marks that turn the direction of text make a
# person read another thing than a machine does. They are shown, and do nothing.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line: ``sort`` is added, removed, place (of a hunk), file, or plain."""

    sort: str
    sign: str
    text: str


def read_diff(output: str) -> tuple[Line, ...]:
    """Return the lines of an output. One that is no diff, such as a list with dashes, is plain from end to end."""
    lines = visible(output).split("\n")
    if lines and not lines[-1]:
        lines.pop()
    if not _is_diff(lines):
        return tuple(Line("plain", "", line) for line in lines)
    return tuple(map(_read, lines))


def visible(text: str) -> str:
    """Return text with everything in it that nobody would see made visible."""
    return _UNSEEN.sub(lambda found: f"<U+{ord(found[0]):04X}>", text.replace("\r\n", "\n"))


def count(lines: Iterable[Line]) -> dict[str, int]:
    """Return how many lines come and go."""
    sorts = [line.sort for line in lines]
    return {"added": sorts.count("added"), "removed": sorts.count("removed")}


def _is_diff(lines: list[str]) -> bool:
    starts = {line[:1] for line in lines}
    return any(line.startswith("@@ ") for line in lines) or {"+", "-"} <= starts


def _read(line: str) -> Line:
    if line.startswith(("--- ", "+++ ")):
        return Line("file", "", line)
    if line.startswith("@@"):
        return Line("place", "", line)
    sort = {"+": "added", "-": "removed"}.get(line[:1])
    return Line(sort, line[0], line[1:]) if sort else Line("plain", " ", line.removeprefix(" "))
