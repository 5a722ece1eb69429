"""Who goes when writers want the same records: mostly all at once, and in the end each one."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TypeVar

from services.gateway.adapters.staging import Conflict
from services.gateway.errors import StoreBusy

T = TypeVar("T")

# Those who lost so often over the same record go one at a time: else, written in one group, they would go on refusing
# one another.
_PATIENT = 3
# Who lost so often makes newcomers wait too: each begins with what the last group left, and is in the next one first.
_OVERDUE = 6
_MOST = 50


class Turns:
    """Lets writers try until they win; of N that want the same, each does within ``_OVERDUE`` + N tries."""

    def __init__(self) -> None:
        # Reentrant, for a writer that begins another transaction within its own.
        self._line = threading.RLock()
        self._guard = threading.Lock()
        self._overdue = 0

    def try_until_won(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns once it raises no ``Conflict``.

        Raises ``StoreBusy`` after 50 conflicts: 44 others were under way when newcomers began to wait.
        """
        for conflicts in range(_OVERDUE):
            with self._line if conflicts >= _PATIENT or self._overdue else nullcontext():
                try:
                    return attempt()
                except Conflict:
                    continue
        with self._newcomers_waiting(), self._line:
            for _ in range(_MOST - _OVERDUE):
                try:
                    return attempt()
                except Conflict:
                    continue
        raise StoreBusy("50 other writers were faster; nothing was written")

    @contextmanager
    def _newcomers_waiting(self) -> Iterator[None]:
        with self._guard:
            self._overdue += 1
        try:
            yield
        finally:
            with self._guard:
                self._overdue -= 1
