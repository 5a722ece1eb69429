"""Which clusters this worker may change, by name, as it tells the gateway again and again."""

from collections.abc import Callable
from time import monotonic

import structlog

from shared.errors import AppError

log = structlog.get_logger(__name__)

# A kubeconfig may be large and is seldom changed; a hello goes out every few seconds.
_LAST_SECONDS = 60.0


class KnownNames:
    """Asks ``ask`` once a minute. For one thread."""

    def __init__(self, ask: Callable[[], tuple[str, ...]], clock: Callable[[], float] = monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._names: tuple[str, ...] = ()
        self._until: float | None = None

    def __call__(self) -> tuple[str, ...]:
        """Return the names, sorted; none where they cannot be known."""
        now = self._clock()
        if self._until is None or now >= self._until:
            self._names, self._until = self._find(), now + _LAST_SECONDS
        return self._names

    def _find(self) -> tuple[str, ...]:
        try:
            return self._ask()
        except AppError as error:
            log.warning("the contexts cannot be listed", problem=error.detail)
            return ()
