"""Which workers are there, by their own word."""

import threading
from collections.abc import Callable

from services.gateway.relay.stats import Worker
from shared.contracts.messages import Hello

# Workers say hello every ten seconds; one that was not heard for this long is gone.
_GONE_AFTER_SECONDS = 120.0


class Workers:
    """Remembers who said hello and when. Safe to use from many threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[Hello, float]] = {}

    def note(self, hello: Hello) -> bool:
        """Note a hello; answer whether this worker is new.

        That one leaves changes nothing: as a rule another takes its place before anybody misses it.
        """
        if hello.is_leaving:
            return False
        now = self._monotonic()
        with self._lock:
            is_new = hello.worker not in self._seen
            self._seen[hello.worker] = (hello, now)
            self._seen = {name: seen for name, seen in self._seen.items() if now - seen[1] < _GONE_AFTER_SECONDS}
        return is_new

    def seen(self) -> tuple[Worker, ...]:
        """Return the workers heard of lately, by name."""
        now = self._monotonic()
        with self._lock:
            seen = sorted(self._seen.items())
        return tuple(
            Worker(hello.service, name, hello.version, hello.queues, now - at)
            for name, (hello, at) in seen
            if now - at < _GONE_AFTER_SECONDS
        )
