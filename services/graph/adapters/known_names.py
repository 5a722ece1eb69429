"""Which clusters this worker can read, by name, as it tells the gateway again and again."""

from collections.abc import Callable
from time import monotonic

import structlog

from services.graph.ports import ClusterBook
from shared.errors import AppError

log = structlog.get_logger(__name__)

# A kubeconfig may be large and is seldom changed; a hello goes out every few seconds.
_LAST_SECONDS = 60.0


class KnownNames:
    """Asks ``clusters`` once a minute. For one thread."""

    def __init__(self, clusters: ClusterBook, clock: Callable[[], float] = monotonic) -> None:
        self._clusters, self._clock = clusters, clock
        self._names: tuple[str, ...] = ()
        self._until: float | None = None

    def __call__(self) -> tuple[str, ...]:
        """Return the names, sorted; a kubeconfig that cannot be read leaves those of the snapshots."""
        now = self._clock()
        if self._until is None or now >= self._until:
            self._names, self._until = tuple(self._ask()), now + _LAST_SECONDS
        return self._names

    def _ask(self) -> list[str]:
        try:
            return self._clusters.names()
        except AppError as error:
            log.warning("the contexts cannot be listed", problem=error.detail)
            return self._clusters.snapshots()
