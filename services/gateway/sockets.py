"""Read and write a socket with deadlines, and with as few calls as can be.

The socket never blocks, and is waited for only when it has nothing: Python gives its lock away at every call that may
wait, and gets it back behind every other thread that wants it.
"""

import io
import select
import socket
import time
from typing import Any

# No single wait for bytes, in either direction, takes longer.
SOCKET_SECONDS = 10.0
# What cheroot and the standard library say, and cheroot looks for.
_TIMED_OUT = "timed out"


class TimedSocket(io.RawIOBase):
    """Reads a socket until ``deadline``, of the monotonic clock; ``idle`` makes it say "nothing yet", not wait."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(0)
        self.deadline = float("inf")
        self.idle = False
        self._sock = sock
        self._reads = select.poll()
        self._reads.register(sock, select.POLLIN)

    def readable(self) -> bool:
        """Answer that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a writable buffer has no type before 3.12.
        """Read what is there, at least one byte; 0 at the end. Raises ``TimeoutError``."""
        while not self.idle:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError(_TIMED_OUT)
            try:
                return self._sock.recv_into(buffer)
            except BlockingIOError:
                if not self.wait_readable(min(SOCKET_SECONDS, remaining)):
                    raise TimeoutError(_TIMED_OUT) from None
        return None

    def wait_readable(self, seconds: float) -> bool:
        """Wait for bytes, or for the end of the connection; answer whether there is something."""
        return bool(self._reads.poll(seconds * 1000))

    def send_all(self, data: bytes) -> None:
        """Send all of ``data``. Raises ``TimeoutError`` when the other side takes nothing for too long."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._sock.send(left) :]
            except BlockingIOError:
                self._wait_writable()

    def _wait_writable(self) -> None:
        writes = select.poll()
        writes.register(self._sock, select.POLLOUT)
        if not writes.poll(SOCKET_SECONDS * 1000):
            raise TimeoutError(_TIMED_OUT)


class Reader(io.BufferedReader):
    """What cheroot reads from. Its own is a pure Python one, which costs more than the rest of the request."""

    bytes_read = 0

    def has_data(self) -> bool:
        """Answer whether a request, or a part of one, is buffered already."""
        timed = self.raw
        assert isinstance(timed, TimedSocket)  # noqa: S101 - made so by whoever makes the connection.
        timed.idle = True
        try:
            return bool(self.peek(1))
        finally:
            timed.idle = False


class Writer:
    """What cheroot writes to: every write goes out whole, or times out.

    While ``is_holding`` it keeps what it is given, and sends it with what comes next: a head and a small body in one
    packet, for one call.
    """

    bytes_written = 0

    def __init__(self, timed: TimedSocket) -> None:
        self.is_holding = False
        self._held = b""
        self._timed = timed

    def write(self, data: bytes) -> int:
        """Send all of ``data``, after what was held."""
        whole, self._held = self._held + data if self._held else data, b""
        if self.is_holding:
            self._held = whole
        else:
            self._timed.send_all(whole)
        return len(data)

    def flush(self) -> None:
        """Send what was held."""
        if self._held:
            self.write(b"")
