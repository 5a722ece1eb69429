"""A disk in memory that can lose power, run full and fail to sync, between any two file operations.

What survives power loss is modelled apart from what a running program sees: bytes are durable only once synced,
names only once their folder is synced, and after a failed sync the bytes are gone even if a later sync succeeds.
"""

import errno
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path


class PowerLoss(BaseException):
    """The machine went off. Not an Exception: no code may catch it and go on."""


class Survivors(Enum):
    """What unsynced bytes and names look like after power loss."""

    NOTHING = "nothing unsynced survives"
    NAMES = "unsynced names survive, unsynced bytes do not"
    TORN = "names survive, and the first part of the unsynced bytes"
    HOLE = "names survive, and the last part of the unsynced bytes, with zeros before it"
    EVERYTHING = "everything survives"


@dataclass(slots=True)
class _Inode:
    seen: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    # Ranges whose sync failed: the kernel dropped them from its list of what is still to be written.
    lost: list[tuple[int, int]] = field(default_factory=list)

    def sync(self) -> None:
        content = bytearray(self.seen)
        for start, end in self.lost:
            content[start:end] = bytes(len(content[start:end]))
        self.durable = bytes(content)

    def lose(self) -> None:
        self.lost.append((len(self.durable), len(self.seen)))

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.lost = [(start, min(end, size)) for start, end in self.lost if start < size]

    def after(self, survivors: Survivors) -> bytes:
        old, new = self.durable, bytes(self.seen)
        if survivors in (Survivors.NOTHING, Survivors.NAMES) or len(new) <= len(old):
            return new if survivors is Survivors.EVERYTHING else old
        tail = new[len(old) :]
        half = len(tail) // 2 + 1
        match survivors:
            case Survivors.TORN:
                return old + tail[:half]
            case Survivors.HOLE:
                return old + bytes(half) + tail[half:]
            case _:
                return new


Fault = Callable[[int, str], BaseException | None]
"""Given the number and name of an operation: what happens instead of it, if anything."""


class DiskDouble:
    """Implements ``Files``; counts the operations that change something, and lets ``fault`` interrupt them."""

    def __init__(self, fault: Fault = lambda _number, _name: None) -> None:
        self._fault = fault
        self._names: dict[Path, _Inode] = {}
        self._durable_names: dict[Path, _Inode] = {}
        self._lock = threading.RLock()
        self.operations: list[str] = []
        self._is_off = False

    # --- what a test does with it ------------------------------------------------------------------

    def after_power_loss(self, survivors: Survivors) -> "DiskDouble":
        """Return the disk as it is found when the machine is on again."""
        with self._lock:
            names = self._durable_names if survivors is Survivors.NOTHING else {**self._durable_names, **self._names}
            if survivors is not Survivors.NOTHING:
                # A name that was deleted or renamed away, and not synced, is gone in the view that keeps names.
                names = {path: inode for path, inode in names.items() if path in self._names}
            found = DiskDouble()
            for path, inode in names.items():
                content = inode.after(survivors)
                found._names[path] = found._durable_names[path] = _Inode(bytearray(content), content)
            return found

    def before(self, name: str) -> None:
        """Count an operation and let the fault happen instead of it."""
        with self._lock:
            if self._is_off:
                raise PowerLoss
            self.operations.append(name)
            fault = self._fault(len(self.operations), name)
            if isinstance(fault, PowerLoss):
                self._is_off = True
            if fault is not None:
                raise fault

    # --- Files -------------------------------------------------------------------------------------

    def make_dir(self, path: Path) -> None:
        """Folders are there when a name in them is: nothing to do, and nothing that could be lost alone."""

    def create(self, path: Path) -> "_OpenFile":
        self.before("create")
        inode = _Inode()
        self._names[path] = inode
        return _OpenFile(self, inode)

    def read(self, path: Path) -> bytes:
        return bytes(self._find(path).seen)

    def read_at(self, path: Path, offset: int, length: int) -> bytes:
        return bytes(self._find(path).seen[offset : offset + length])

    def size(self, path: Path) -> int:
        return len(self._find(path).seen)

    def list(self, folder: Path) -> list[str]:
        with self._lock:
            return sorted(path.name for path in self._names if path.parent == folder)

    def age_seconds(self, path: Path, now: float) -> float:
        return 1.0

    def touch(self, path: Path) -> None:
        self._find(path)

    def rename(self, source: Path, target: Path) -> None:
        self.before("rename")
        with self._lock:
            self._names[target] = self._names.pop(source)

    def unlink(self, path: Path) -> None:
        self.before("unlink")
        with self._lock:
            self._names.pop(path, None)

    def sync_dir(self, folder: Path) -> None:
        self.before("sync_dir")
        with self._lock:
            kept = {path: inode for path, inode in self._durable_names.items() if path.parent != folder}
            kept.update({path: inode for path, inode in self._names.items() if path.parent == folder})
            self._durable_names = kept

    def _find(self, path: Path) -> _Inode:
        with self._lock:
            if path not in self._names:
                raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
            return self._names[path]


class _OpenFile:
    def __init__(self, disk: DiskDouble, inode: _Inode) -> None:
        self._disk = disk
        self._inode = inode

    def write(self, data: bytes) -> None:
        try:
            self._disk.before("write")
        except OSError:
            # A disk that runs full takes what still fits.
            self._inode.seen += data[: len(data) // 2]
            raise
        self._inode.seen += data

    def sync(self) -> None:
        try:
            self._disk.before("sync")
        except OSError:
            self._inode.lose()
            raise
        self._inode.sync()

    def truncate(self, size: int) -> None:
        self._disk.before("truncate")
        self._inode.truncate(size)

    def close(self) -> None:
        """Closing loses nothing and makes nothing durable."""
