"""Which workers are there, by their own word."""

import threading
from collections.abc import Callable

from services.gateway.relay.stats import Worker
from shared.contracts.messages import Hello

# Workers say hello every ten seconds; one that was not heard for this long is gone.
_GONE_AFTER_SECONDS = 120.0
# And one that was not heard for so long takes nothing, as far as can be told.
_SILENT_AFTER_SECONDS = 30.0


class Workers:
    """Remembers who said hello and when. Safe to use from many threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[str, tuple[Hello, float]] = {}
        self._left: set[str] = set()

    def note(self, hello: Hello) -> bool:
        """Note a hello; answer whether this worker is new, or back.

        One that leaves is seen for as long as one that fell silent: as a rule another takes its place before anybody
        misses it.
        """
        now = self._monotonic()
        with self._lock:
            if hello.is_leaving:
                self._left.add(hello.worker)
                return False
            is_new = hello.worker not in self._seen or hello.worker in self._left
            self._left.discard(hello.worker)
            self._seen[hello.worker] = (hello, now)
            self._seen = {name: seen for name, seen in self._seen.items() if now - seen[1] < _GONE_AFTER_SECONDS}
            self._left &= self._seen.keys()
        return is_new

    def is_there(self, queue: str) -> bool:
        """Answer whether a worker of ``queue`` was heard just now and takes work."""
        now = self._monotonic()
        with self._lock:
            return any(
                queue in hello.queues and name not in self._left and now - at < _SILENT_AFTER_SECONDS
                for name, (hello, at) in self._seen.items()
            )

    def seen(self) -> tuple[Worker, ...]:
        """Return the workers heard of lately, by name."""
        now = self._monotonic()
        with self._lock:
            seen = sorted((name, *one, name in self._left) for name, one in self._seen.items())
        return tuple(
            Worker(hello.service, name, hello.version, hello.queues, now - at, is_leaving)
            for name, hello, at, is_leaving in seen
            if now - at < _GONE_AFTER_SECONDS
        )
