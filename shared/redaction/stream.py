"""Redact text that comes in pieces of any size, so that the pieces do not matter."""

from collections.abc import Iterable, Iterator

from shared.redaction.blocks import Lines
from shared.redaction.span import Span

# A line that is longer is looked at in windows, the end of each once more at the beginning of the next: no shape but
# an endless one is longer than that.
_WINDOW = 64 << 10
_OVERLAP = 20 << 10
# What the first character of a shape may have to look back at.
_BEFORE = 80
_ENDLESS_UNTIL = frozenset("\"'\n")
_SHORTEST_KNOWN = 6


class Redactor:
    """Takes secrets out of a text that comes in pieces.

    What is put out, over all calls, depends on the whole text alone and not on how it was cut. ``known`` are secrets
    that are taken out wherever they stand. Holds back at most some hundred kilobytes, and takes time in proportion
    to the text.
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._known = sorted({one for one in known if _SHORTEST_KNOWN <= len(one) <= _OVERLAP}, key=len, reverse=True)
        self._lines = Lines(self._spans_of_known)
        self._held = ""
        # How much of what is held was put out already, and is looked at for what stands before.
        self._seen = 0
        self._is_endless = False

    @property
    def count(self) -> int:
        """How many secrets were taken out so far."""
        return self._lines.count

    def feed(self, text: str) -> str:
        """Take the next piece and return what is ready to be put out; it may be nothing yet."""
        return "".join(self._take(text))

    def finish(self) -> str:
        """Return what was held back. Nothing may be fed after it."""
        last, self._held = self._held, ""
        return (self._end_of_line(last) if last[self._seen :] else "") + self._lines.finish()

    def _take(self, text: str) -> Iterator[str]:
        at = 0
        while at < len(text):
            room = _WINDOW + self._seen - len(self._held)
            line_end = text.find("\n", at, at + room)
            end = line_end + 1 if line_end >= 0 else min(at + room, len(text))
            piece, at = text[at:end], end
            if self._is_endless:
                piece = self._skip(piece)
            self._held += piece
            if self._held.endswith("\n"):
                yield self._end_of_line(self._held)
                self._held, self._seen = "", 0
            elif len(self._held) - self._seen >= _WINDOW:
                yield self._cut()

    def _skip(self, piece: str) -> str:
        """Return what follows a secret that was longer than a window."""
        ended = next((at for at, char in enumerate(piece) if char in _ENDLESS_UNTIL), None)
        if ended is None:
            return ""
        self._is_endless = False
        return piece[ended:]

    def _end_of_line(self, line: str) -> str:
        if not self._seen:
            return self._lines.mask(line)
        spans = self._lines.spans(line, self._seen, is_part=True)
        return self._lines.mask_part(line, self._seen, len(line), spans)

    def _cut(self) -> str:
        """Put out the front of a long line, up to where no secret is cut through."""
        held, end = self._held, len(self._held)
        spans = self._lines.spans(held, self._seen, is_part=True)
        cut = end - _OVERLAP
        for first, last in _unions(spans):
            if first < cut < last:
                # What reaches the end may go on after it.
                cut = last if last < end else first if first > self._seen else end
        self._is_endless = cut == end
        text = self._lines.mask_part(held, self._seen, cut, spans)
        before = 1 if self._is_endless else min(_BEFORE, cut)
        self._held, self._seen = held[cut - before :], before
        return text

    def _spans_of_known(self, text: str, start: int) -> Iterator[Span]:
        for one in self._known:
            at = start
            while (at := text.find(one, at)) >= 0:
                yield Span("a secret that is known", at, at + len(one), at, at + len(one))
                at += len(one)


def _unions(spans: Iterable[Span]) -> Iterator[tuple[int, int]]:
    """Yield from where to where spans overlap, in order."""
    begun: tuple[int, int] | None = None
    for span in sorted(spans, key=lambda span: span.start):
        if begun and span.start < begun[1]:
            begun = begun[0], max(begun[1], span.end)
            continue
        if begun:
            yield begun
        begun = span.start, span.end
    if begun:
        yield begun


def redact(text: str) -> tuple[str, int]:
    """Return ``text`` with every plain secret replaced, and how many were."""
    redactor = Redactor()
    clean = redactor.feed(text) + redactor.finish()
    return clean, redactor.count
