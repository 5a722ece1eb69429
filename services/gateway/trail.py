"""What the work at hand is done for: set by the edge it came in by, remembered by every job it puts."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec
from structlog.typing import EventDict

from shared.contracts.trail import Trail, trace_ids

_NOWHERE = Trail()
# One of each thread; a page asks the API in a context of its own.
_current: ContextVar[Trail | None] = ContextVar("faultline_trail", default=None)


def current_trail() -> Trail | None:
    """Return the trail of the work at hand; None where nobody asked for it."""
    return _current.get()


def follow(trail: Trail | None) -> None:
    """Let what is done in this thread from here on be done for ``trail``."""
    _current.set(trail)


def add_trail(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the trail to a log line, unless it names others."""
    trail = _current.get()
    if trail is not None:
        if trail.request_id is not None:
            event.setdefault("request_id", trail.request_id)
        for name, value in trace_ids(trail.trace).items():
            event.setdefault(name, value)
    return event


@contextmanager
def following(trail: Trail | None) -> Iterator[None]:
    """Let what is done until the block ends be done for ``trail``."""
    token = _current.set(trail)
    try:
        yield
    finally:
        _current.reset(token)


def again_after(earlier: Trail | None) -> Trail | None:
    """Return the trail of the work at hand for a job that does again what the job of ``earlier`` did."""
    current = _current.get()
    if earlier is None or earlier.trace is None:
        return current
    return msgspec.structs.replace(current or _NOWHERE, earlier=earlier.trace)
