"""Threads that do the same small thing every so often, beside everything else."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

log = structlog.get_logger(__name__)

_STOP_SECONDS = 10.0


@contextmanager
def repeating(name: str, work: Callable[[], None], *, first_seconds: float, every_seconds: float) -> Iterator[None]:
    """Do ``work`` on a thread of its own until the block ends; what fails is logged, and tried the next time."""
    stopped = threading.Event()

    def keep_doing() -> None:
        wait = first_seconds
        while not stopped.wait(wait):
            wait = every_seconds
            try:
                work()
            except Exception:
                # The outermost edge of this thread.
                log.exception("upkeep failed", thread=name)

    thread = threading.Thread(target=keep_doing, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_STOP_SECONDS)
