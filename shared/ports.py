"""Interfaces two or more services call."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self


class Clock(Protocol):
    """Where the time comes from, so that tests can set it."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...


class SpanKind(StrEnum):
    """On which side of a call, or of a queue, a piece of work is; the words of OpenTelemetry."""

    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"
    INTERNAL = "internal"


Attributes = Mapping[str, str | int | bool]
"""What a span says of its work: ids, codes and counts. Never what a body says, never a secret."""


class Span(Protocol):
    """One piece of work of a trace, from ``begin`` to ``end``; ``with`` ends it, as failed where an error comes out."""

    @property
    def context(self) -> str | None:
        """This span as a W3C ``traceparent``, for whatever goes on from it; None where nothing is traced."""
        ...

    def note(self, attributes: Attributes) -> None:
        """Add to what is said of the work."""
        ...

    def fail(self, code: str) -> None:
        """Say that the work failed, by a code or the name of an error's type."""
        ...

    def end(self) -> None:
        """End it; after the first time nothing happens."""
        ...

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Tracer(Protocol):
    """Where spans go. Safe to use from many threads; never waits for whoever collects them, and never raises."""

    @property
    def is_on(self) -> bool:
        """Whether spans go anywhere: where they do not, what costs to say need not be said."""
        ...

    def begin(
        self,
        name: str,
        kind: SpanKind,
        *,
        parent: str | None = None,
        links: Sequence[str] = (),
        attributes: Attributes | None = None,
    ) -> Span:
        """Begin a span under ``parent``, a ``traceparent``; without one, or with none that can be read, a trace."""
        ...

    def close(self) -> None:
        """Hand on what is left, for a few seconds at most. What begins afterwards is lost."""
        ...
