"""Where in a text a secret stands, and the text without it."""

from collections.abc import Iterable
from dataclasses import dataclass

REDACTED = "[redacted]"


@dataclass(frozen=True, slots=True)
class Span:
    """A secret: ``kind`` in words, what was matched (``start`` to ``end``), and what of it is hidden."""

    kind: str
    start: int
    end: int
    hide_from: int
    hide_to: int


def hide(text: str, spans: Iterable[Span], start: int = 0, end: int | None = None) -> tuple[str, int]:
    """Return ``text`` from ``start`` to ``end`` with what the spans hide replaced, and in how many places.

    Spans that meet or overlap are one place. What was replaced before is not counted again.
    """
    end = len(text) if end is None else end
    pieces: list[str] = []
    count, at, covered = 0, start, -1
    for span in sorted(spans, key=lambda span: span.hide_from):
        if span.hide_from >= end or text[span.hide_from : span.hide_to] == REDACTED:
            continue
        if span.hide_from > covered:
            pieces += (text[at : span.hide_from], REDACTED)
            count += 1
        covered = max(covered, span.hide_to)
        at = max(at, covered)
    pieces.append(text[at:end])
    return "".join(pieces), count
