"""A tracer that keeps its spans in memory, for tests to look at."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

from shared.ports import Attributes, SpanKind


@dataclass(slots=True)
class KeptSpan:
    """A span, and what was said of it."""

    name: str
    kind: SpanKind
    context: str
    parent: str | None
    links: tuple[str, ...]
    attributes: dict[str, str | int | bool] = field(default_factory=dict)
    code: str | None = None
    is_ended: bool = False

    def note(self, attributes: Attributes) -> None:
        """Keep what is said."""
        self.attributes.update(attributes)

    def fail(self, code: str) -> None:
        """Keep the code."""
        self.code = code

    def end(self) -> None:
        """Note that it ended."""
        self.is_ended = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(getattr(error, "code", "") or type(error).__name__)
        self.end()


class KeptSpans:
    """Keeps every span, in the order they began."""

    is_on = True

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []
        self._numbers = count(1)

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> KeptSpan:
        """Begin a span under ``parent``; what is no ``traceparent`` is none."""
        number = next(self._numbers)
        known = parent if parent is not None and len(parent.split("-")) == len("vtsf") else None
        trace_id = known.split("-")[1] if known is not None else f"{number:032x}"
        context = f"00-{trace_id}-{number:016x}-01"
        span = KeptSpan(name, kind, context, known, tuple(links), dict(attributes or {}))
        self.spans.append(span)
        return span

    def close(self) -> None:
        """Nothing is left to hand on."""

    def named(self, name: str) -> list[KeptSpan]:
        """Return the spans of a name."""
        return [span for span in self.spans if span.name == name]
