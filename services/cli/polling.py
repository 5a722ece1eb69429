"""Look again and again for what takes a while."""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

T = TypeVar("T")
_PAUSE_SECONDS = 0.25


def poll(
    look: Callable[[], T],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[T]:
    """Yield what ``look`` returns, four times a second, until ``seconds`` have passed; at least once."""
    deadline = clock() + seconds
    while True:
        yield look()
        if clock() >= deadline:
            return
        sleep(_PAUSE_SECONDS)
