"""The private folder a worker's processes keep their counts in."""

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path

from shared.adapters.private_folder import make_private_folder, private_path

# Far more than any worker's counts take; a file that is too small all the same grows by itself.
_FILE_BYTES = 128 << 10
MAIN = "main"
_KINDS = ("counter", "histogram")
# As long as a worker may take from making its folder to locking it, many times over.
_ABANDONED_SECONDS = 60.0


def make_folder(name: str, processes: int) -> Path:
    """Return the private folder of this ``name``, with no count in it.

    It has the files of the main process and of a pool of so many, with their room on the disk: processes write to them
    as to memory, and one that found the disk full would be killed in the middle of its work. Raises ``OSError`` if
    this cannot be.
    """
    folder = make_private_folder(name)
    for file in folder.iterdir():
        file.unlink()
    for place in (MAIN, *map(str, range(1, processes + 1))):
        for kind in _KINDS:
            with (folder / f"{kind}_{place}.db").open("xb") as made:
                os.posix_fallocate(made.fileno(), 0, _FILE_BYTES)
    return folder


def keep_folder(folder: Path) -> int:
    """Let what clears temporary folders of old files pass ``folder`` by; return the descriptor that sees to it.

    A worker that has nothing to do for days leaves its files as old as what nobody needs. ``systemd-tmpfiles`` goes
    into no folder that is locked, and this one is as long as this process, or one forked from it, has the descriptor.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def remove_abandoned(name: str, *, but: Path) -> None:
    """Remove this user's folders whose name begins with ``name`` and that no living worker keeps, except ``but``.

    A worker that is killed leaves its folder; one that is given another port each time would leave one at each start.
    """
    pattern = private_path(f"{name}-*")
    for folder in pattern.parent.glob(pattern.name):
        if folder != but:
            with suppress(OSError):
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.getuid() or time.time() - found.st_mtime < _ABANDONED_SECONDS:
            return
        # Whoever keeps it has it locked.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(descriptor)
