"""One gateway owns a data folder: an exclusive lock, held as long as the process lives, however it ends."""

import fcntl
import os
import time
from pathlib import Path

from services.gateway.errors import StoreLocked

_STEP_SECONDS = 0.1


class FolderLock:
    """An exclusive ``flock``; the kernel lets go of it when the process ends, also after kill -9."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        """Take the lock, waiting for an owner that is shutting down; raise ``StoreLocked`` after that."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_seconds
        while not self._try():
            if time.monotonic() >= deadline:
                owner = os.pread(self._fd, 32, 0).decode(errors="replace").strip() or "unknown"
                os.close(self._fd)
                raise StoreLocked(
                    f"{path.parent.parent} is in use by another gateway (process {owner}); "
                    "stop it, or use another FAULTLINE_DATA_DIR",
                )
            time.sleep(_STEP_SECONDS)
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def _try(self) -> bool:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Let another gateway have the folder."""
        os.close(self._fd)
