"""The garbage collector out of the way while very many objects are made, none of which is garbage."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_lock = Lock()
_users = 0
_was_enabled = False


@contextmanager
def quiet_gc() -> Iterator[None]:
    """Keep the collector off until the block ends.

    It is one for the whole process, so blocks may overlap, in one thread or in several: the last to end restores
    what the first found. What it costs is the cycles of other threads, for as long as a read may last.
    """
    global _users, _was_enabled  # noqa: PLW0603 - so is the collector.
    with _lock:
        _users += 1
        if _users == 1:
            _was_enabled = gc.isenabled()
            gc.disable()
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users and _was_enabled:
                gc.enable()
