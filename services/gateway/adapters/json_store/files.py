"""The few file calls the store's truth is made of, so that a test double can cut power between any two."""

import os
from pathlib import Path
from typing import Protocol


class WritableFile(Protocol):
    """A file being appended to."""

    def write(self, data: bytes) -> None:
        """Append all of ``data``. After an OSError any part of it may be in the file."""
        ...

    def sync(self) -> None:
        """Make everything written so far survive power loss. After an OSError nothing is known of it."""
        ...

    def truncate(self, size: int) -> None:
        """Cut the file to ``size`` bytes and go on appending there."""
        ...

    def close(self) -> None:
        """Give the file back."""
        ...


class Files(Protocol):
    """File calls as the operating system gives them; every one may raise OSError."""

    def make_dir(self, path: Path) -> None:
        """Make a folder with its parents; nothing happens if it is there."""
        ...

    def create(self, path: Path) -> WritableFile:
        """Make an empty file, over whatever was there, and open it for appending."""
        ...

    def read(self, path: Path) -> bytes:
        """Return the whole content."""
        ...

    def read_at(self, path: Path, offset: int, length: int) -> bytes:
        """Return ``length`` bytes from ``offset``; fewer at the end of the file."""
        ...

    def size(self, path: Path) -> int:
        """Return how many bytes the file holds."""
        ...

    def list(self, folder: Path) -> list[str]:
        """Return the names in a folder, sorted; nothing for a folder that is not there."""
        ...

    def age_seconds(self, path: Path, now: float) -> float:
        """Return how long before ``now`` (seconds since 1970) the file was written."""
        ...

    def touch(self, path: Path) -> None:
        """Make the file as young as one written now; FileNotFoundError if there is none."""
        ...

    def rename(self, source: Path, target: Path) -> None:
        """Rename, over whatever was there, in one step."""
        ...

    def unlink(self, path: Path) -> None:
        """Delete a file; nothing happens if there is none."""
        ...

    def sync_dir(self, folder: Path) -> None:
        """Make names made, renamed and deleted in ``folder`` survive power loss."""
        ...


class _RealFile:
    def __init__(self, path: Path) -> None:
        # O_APPEND makes the end of the file the only place a write can go, also after truncate.
        self._fd = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._fd, view) :]

    def sync(self) -> None:
        # The size changes with every append, and fdatasync writes what is needed to read the data back.
        os.fdatasync(self._fd)

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class RealFiles:
    """Implements ``Files`` with the operating system's calls."""

    def make_dir(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def create(self, path: Path) -> WritableFile:
        return _RealFile(path)

    def read(self, path: Path) -> bytes:
        return path.read_bytes()

    def read_at(self, path: Path, offset: int, length: int) -> bytes:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, length, offset)
        finally:
            os.close(fd)

    def size(self, path: Path) -> int:
        return path.stat().st_size

    def list(self, folder: Path) -> list[str]:
        try:
            return sorted(path.name for path in folder.iterdir())
        except FileNotFoundError:
            return []

    def age_seconds(self, path: Path, now: float) -> float:
        return now - path.stat().st_mtime

    def touch(self, path: Path) -> None:
        os.utime(path)

    def rename(self, source: Path, target: Path) -> None:
        source.replace(target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_dir(self, folder: Path) -> None:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
