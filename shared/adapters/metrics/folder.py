"""The private folder a worker's processes keep their counts in."""

import fcntl
import os
import stat
import tempfile
from pathlib import Path

_PRIVATE = 0o700
# Far more than any worker's counts take; a file that is too small all the same grows by itself.
_FILE_BYTES = 128 << 10
MAIN = "main"
_KINDS = ("counter", "histogram")


def make_folder(name: str, processes: int) -> Path:
    """Return a folder of this ``name`` in the machine's temporary one: ours, closed to others, with no count in it.

    It has the files of the main process and of a pool of so many, with their room on the disk: processes write to them
    as to memory, and one that found the disk full would be killed in the middle of its work. The name is the same at
    each start, so that a killed worker leaves none that is not used again. Raises ``OSError`` if this cannot be.
    """
    folder = Path(tempfile.gettempdir()) / f"faultline-{os.getuid()}-{name}"
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    found = folder.lstat()
    # Anyone may make a folder of this name in the shared one.
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != _PRIVATE:
        raise OSError(f"{folder} is not a private folder of this user")
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
