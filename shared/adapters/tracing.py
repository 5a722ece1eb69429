"""Whether work is traced, and where spans go. What traces nothing costs nothing: OpenTelemetry is not even imported."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from shared.ports import Attributes, Span, SpanKind, Tracer

log = structlog.get_logger(__name__)


class NoSpan:
    """A span that says nothing."""

    context = None

    def note(self, attributes: Attributes) -> None:
        """Say nothing."""

    def fail(self, code: str) -> None:
        """Say nothing."""

    def end(self) -> None:
        """Say nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Say nothing."""


NO_SPAN = NoSpan()


class NoTracer:
    """Traces nothing."""

    is_on = False

    def begin(
        self,
        name: str,  # noqa: ARG002
        kind: SpanKind,  # noqa: ARG002
        *,
        parent: str | None = None,  # noqa: ARG002
        links: Sequence[str] = (),  # noqa: ARG002
        attributes: Attributes | None = None,  # noqa: ARG002
    ) -> Span:
        """Return the span that says nothing."""
        return NO_SPAN

    def close(self) -> None:
        """There is nothing to hand on."""


class PerProcessTracer:
    """A tracer made in each process when its first span begins: threads and connections do not live through a fork."""

    is_on = True

    def __init__(self, make: Callable[[], Tracer]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[int, Tracer] | None = None

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> Span:
        """Begin a span in this process's own tracer."""
        return self._own().begin(name, kind, parent=parent, links=links, attributes=attributes)

    def close(self) -> None:
        """Close this process's tracer, if a span ever began in it."""
        made = self._made
        if made is not None and made[0] == os.getpid():
            made[1].close()

    def _own(self) -> Tracer:
        pid = os.getpid()
        made = self._made
        if made is not None and made[0] == pid:
            return made[1]
        with self._lock:
            if self._made is None or self._made[0] != pid:
                self._made = (pid, self._make_or_none())
            return self._made[1]

    def _make_or_none(self) -> Tracer:
        try:
            return self._make()
        except Exception:
            # A variable of the SDK's own that it cannot use, say: no work is refused because it cannot be traced.
            log.exception("nothing is traced: the tracer cannot be made")
            return NoTracer()


def open_tracer(traces: str | Path, *, service: str, version: str) -> Tracer:
    """Return the tracer that FAULTLINE_TRACES asks for: ``none``, ``otlp``, or the file that gets a line a span."""
    if traces == "none":
        return NoTracer()

    def make() -> Tracer:
        # Only where it is wanted: it takes some 4 MB and a tenth of a second.
        from shared.adapters.open_telemetry import make_tracer  # noqa: PLC0415

        return make_tracer(traces if isinstance(traces, Path) else None, service=service, version=version)

    return PerProcessTracer(make)
