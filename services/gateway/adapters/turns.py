"""Who goes when writers want the same records: mostly all at once, and in the end each one."""

import threading
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from services.gateway.adapters.staging import Conflict
from services.gateway.adapters.transaction import Key, StoreTransaction
from services.gateway.errors import StoreBusy

T = TypeVar("T")

# Those who lost so often over the same record go one at a time: else, written in one group, they would go on refusing
# one another.
_PATIENT = 3
# For who lost so often newcomers with the same record wait too: each begins with what the last group left, and is in
# the next one first.
_OVERDUE = 6
_MOST = 50


class Turns:
    """Lets writers try until they win; of N that want the same record, each does within ``_OVERDUE`` + N tries."""

    def __init__(self) -> None:
        # Reentrant, for a writer that begins another transaction within its own.
        self._line = threading.RLock()
        self._guard = threading.Lock()
        self._overdue_over: Counter[Key] = Counter()

    def try_until_won(
        self, begin: Callable[[], tuple[StoreTransaction, T]], commit: Callable[[StoreTransaction], object]
    ) -> T:
        """Return what ``begin`` returned beside the transaction that ``commit`` took, or that has nothing to commit.

        ``commit`` raises ``Conflict`` where another was faster. Raises ``StoreBusy`` after 50 of them: 44 others were
        under way with the same record when newcomers began to wait.
        """
        mine: list[Key] = []
        is_in_line = False
        try:
            for tries in range(1, _MOST + 1):
                with self._turn(is_in_line):
                    tx, result = begin()
                    if tx.is_empty:
                        return result
                    try:
                        # Who wants nothing that an overdue writer wants never waits for one.
                        if is_in_line or not self._must_wait(tx):
                            commit(tx)
                            return result
                        is_in_line = True
                    except Conflict as conflict:
                        is_in_line = is_in_line or tries >= _PATIENT
                        if tries >= _OVERDUE and conflict.key not in mine:
                            mine.append(conflict.key)
                            self._count(conflict.key, 1)
        finally:
            for key in mine:
                self._count(key, -1)
        raise StoreBusy("50 other writers were faster; nothing was written")

    def _turn(self, is_in_line: bool) -> AbstractContextManager[object]:  # noqa: FBT001 - a name would say no more.
        return self._line if is_in_line else nullcontext()

    def _must_wait(self, tx: StoreTransaction) -> bool:
        overdue = self._overdue_over
        # A glance without the guard: who misses what is being added was under way before it.
        return bool(overdue) and any(key in overdue for key in tx.reads)

    def _count(self, key: Key, change: int) -> None:
        with self._guard:
            self._overdue_over[key] += change
            if not self._overdue_over[key]:
                del self._overdue_over[key]
