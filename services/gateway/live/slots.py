"""Bound how many streams are open, in all and for one subject, so that plenty of threads stay free."""

import threading
from collections import Counter
from collections.abc import Callable

from services.gateway.errors import TooManyStreams

_FOR_ONE_SUBJECT = 8
_RETRY_SECONDS = 30


class StreamSlots:
    """Gives out at most ``most`` slots, and 8 to one subject. Safe to use from many threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """How many streams are open."""
        return self._held.total()

    def take(self, subject_id: str) -> Callable[[], None]:
        """Take a slot and return what gives it back, which may be called twice; raise ``TooManyStreams``."""
        with self._lock:
            if self._held.total() >= self._most:
                raise TooManyStreams(_advice("as many streams are open as may be"), retry_after_seconds=_RETRY_SECONDS)
            if self._held[subject_id] >= _FOR_ONE_SUBJECT:
                raise TooManyStreams(
                    _advice(f"{subject_id} has {_FOR_ONE_SUBJECT} open already"), retry_after_seconds=_RETRY_SECONDS
                )
            self._held[subject_id] += 1
        return _Once(self, subject_id)

    def give_back(self, subject_id: str) -> None:
        """Free one slot of the subject."""
        with self._lock:
            self._held[subject_id] -= 1
            # Subjects come and go; a zero each would stay for ever.
            self._held += Counter()


class _Once:
    def __init__(self, slots: StreamSlots, subject_id: str) -> None:
        self._slots: StreamSlots | None = slots
        self._subject_id = subject_id

    def __call__(self) -> None:
        slots, self._slots = self._slots, None
        if slots is not None:
            slots.give_back(self._subject_id)


def _advice(why: str) -> str:
    return f"No stream now: {why}. Read with If-None-Match instead, or come again later."
