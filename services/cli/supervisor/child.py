"""One run of one child process: starting it, reading its output, ending it and everything it started."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Any, cast

from services.cli.supervisor.log_file import LogFile

_CHUNK_BYTES = 64 * 1024
_LONGEST_LINE = 16 * 1024


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """A process to keep up. ``is_ready`` is asked after each start until it answers yes.

    ``is_reported_to`` says that others of its stage bring it their results: it stops after them.
    ``recover`` may mend what keeps an essential child from starting and returns what it did, in one sentence,
    or None if it cannot help; it is asked once, before giving up.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    is_ready: Callable[[], Awaitable[bool]]
    essential: bool = True
    is_reported_to: bool = False
    grace_seconds: float = 10.0
    recover: Callable[[], str | None] | None = field(default=None)


class ChildProcess:
    """A started process in a session of its own, so that the terminal's Ctrl-C reaches only the supervisor.

    Must be made in the main thread: the kernel's parent-death signal is tied to the thread that forks.
    """

    def __init__(self, spec: ChildSpec, log: LogFile, on_line: Callable[[str], None]) -> None:
        self._log = log
        self._on_line = on_line
        self._rest = b""
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        wrapper = [sys.executable, "-m", "services.cli.supervisor.die_with_parent", str(os.getpid())]
        self._process = subprocess.Popen(  # noqa: S603 - our own commands.
            [*wrapper, *spec.command],
            env=dict(spec.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            bufsize=0,
        )
        self._stdout = cast("IO[bytes]", self._process.stdout)  # There is one: it was asked for above.
        self._output = self._stdout.fileno()
        os.set_blocking(self._output, False)
        self._loop.add_reader(self._output, self._read)
        # A pidfd tells of the end without reaping: until we reap, the process group's id cannot be anyone else's.
        self._pidfd = os.pidfd_open(self._process.pid)
        self._loop.add_reader(self._pidfd, self._finish)

    @property
    def pid(self) -> int:
        """The process id; also that of its group."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Answer whether it has not ended yet."""
        return not self._ended.done()

    async def wait(self) -> int:
        """Return the exit code once the process has ended; safe to call often and to cancel."""
        return await asyncio.shield(self._ended)

    async def stop(self, grace_seconds: float, hurry: asyncio.Event) -> bool:
        """Ask it to end; kill it when ``grace_seconds`` are over or ``hurry`` is set.

        Answers whether it ended by itself.
        """
        if self.is_running and not hurry.is_set():
            self._signal(signal.SIGTERM)
            hurried = asyncio.ensure_future(hurry.wait())
            waits: set[asyncio.Future[Any]] = {self._ended, hurried}
            await asyncio.wait(waits, timeout=grace_seconds, return_when=asyncio.FIRST_COMPLETED)
            hurried.cancel()
        if not self.is_running:
            return True
        self._signal(signal.SIGKILL)
        await self.wait()
        return False

    def _signal(self, number: signal.Signals) -> None:
        # To the process and not to its group: Celery's main ends its own children, warmly.
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, number)

    def _finish(self) -> None:
        self._loop.remove_reader(self._pidfd)
        # Whatever it started and left behind goes with it, before another run begins.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        code = self._process.wait()
        os.close(self._pidfd)
        while self._read():
            pass
        self._close_output()
        self._ended.set_result(code)

    def _read(self) -> bool:
        if self._stdout.closed:
            return False
        try:
            chunk = os.read(self._output, _CHUNK_BYTES)
        except BlockingIOError:
            return False
        if not chunk:
            self._close_output()
            return False
        self._log.write(chunk)
        *lines, rest = (self._rest + chunk).split(b"\n")
        self._rest = rest[-_LONGEST_LINE:]
        for line in lines:
            self._take_line(line)
        return True

    def _take_line(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode(errors="replace").rstrip()
        if text:
            self._log.remember(text)
            self._on_line(text)

    def _close_output(self) -> None:
        if self._stdout.closed:
            return
        self._loop.remove_reader(self._output)
        self._stdout.close()
        if self._rest:
            self._take_line(self._rest)
            self._rest = b""
