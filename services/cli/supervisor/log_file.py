"""Keep the output of one child in a file that cannot grow without bound."""

import os
from collections import deque
from pathlib import Path

MAX_BYTES = 10 * 1024 * 1024
KEEP_OLD = 3
TAIL_LINES = 15


class LogFile:
    """``<name>.log``, with ``KEEP_OLD`` older files beside it. Remembers its last lines.

    A log that cannot be written costs its lines and nothing else: a full disk must not stop a child.
    """

    def __init__(self, path: Path, *, max_bytes: int = MAX_BYTES, keep_old: int = KEEP_OLD) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._keep_old = keep_old
        self._tail: deque[str] = deque(maxlen=TAIL_LINES)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd, self._size = self._open()
        if self._size >= max_bytes:
            self._rotate()

    def write(self, chunk: bytes) -> None:
        """Append ``chunk``; begin a new file once this one is full."""
        try:
            if self._size and self._size + len(chunk) > self._max_bytes:
                self._rotate()
            self._size += os.write(self._fd, chunk)
        except OSError:
            return

    def remember(self, line: str) -> None:
        """Keep ``line`` among the last ones."""
        self._tail.append(line)

    def tail(self) -> list[str]:
        """Return the last lines, oldest first."""
        return list(self._tail)

    def forget(self) -> None:
        """Begin a new run: what came before is not its output."""
        self._tail.clear()

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _rotate(self) -> None:
        # Not there: moved aside by a try whose new file could not be opened. Once is enough.
        if self.path.exists():
            for number in range(self._keep_old, 0, -1):
                older = self._numbered(number)
                newer = self._numbered(number - 1) if number > 1 else self.path
                if newer.exists():
                    newer.replace(older)
        # Opened before the old one is closed: if it cannot be, the old one is still ours, and no stranger's number.
        old = self._fd
        self._fd, self._size = self._open()
        os.close(old)

    def _open(self) -> tuple[int, int]:
        fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return fd, os.fstat(fd).st_size

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
