"""Run an allowed command in a process of its own, watched by a warden, with its output redacted on the way."""

import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from services.actions.domain.commands.output import Output
from services.actions.domain.commands.policy import Allowed, ResourceLimits
from services.actions.domain.commands.running import ChildEnd
from shared.contracts.command import CommandEnd
from shared.redaction import names_a_secret

_WARDEN = Path(__file__).with_name("warden.py")
GRACE_SECONDS = 5.0
_MOST_RAW_BYTES = 16 << 20
_PIECE = 64 << 10
_MOST_LEFT_IN_PIPE = 1 << 20
_ASK_SECONDS = 0.1
# What the warden needs to kill what cannot be killed at once, and to say so.
_WARDEN_SECONDS = 45.0
_ENDS = {"time": CommandEnd.TIMED_OUT, "told": CommandEnd.CANCELLED}
_ENVIRONMENT = {"LANG": "C.UTF-8"}


class WardedChild:
    """Runs programs with a warden each. ``environ`` is the worker's environment, from which variables are granted.

    ``grace_seconds``: how long a command may take to end once it is asked to. Linux only.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        grace_seconds: float = GRACE_SECONDS,
        most_raw_bytes: int = _MOST_RAW_BYTES,
    ) -> None:
        self._environ = dict(environ)
        self._grace, self._most_raw_bytes = grace_seconds, most_raw_bytes

    def run(self, allowed: Allowed, on_output: Callable[[str], None], is_cancelled: Callable[[], bool]) -> ChildEnd:
        """Run it; see ``Child``."""
        granted = {name: self._environ[name] for name in allowed.env if name in self._environ}
        secrets = [value for name, value in granted.items() if names_a_secret(name)]
        order = {
            "argv": allowed.argv,
            "env": {**granted, **_ENVIRONMENT, "PATH": ":".join(allowed.search_path)},
            "limits": _limits(allowed.resources, allowed.timeout_seconds),
            "timeout": allowed.timeout_seconds,
            "grace": self._grace,
        }
        watch = _Watch(Output(allowed.output_bytes, secrets), on_output, is_cancelled, self._most_raw_bytes)
        with _Warden(order) as warden:
            watch.until_end(warden, time.monotonic() + allowed.timeout_seconds + self._grace + _WARDEN_SECONDS)
        return watch.end(warden)


def _limits(resources: ResourceLimits, timeout_seconds: int) -> dict[str, int]:
    return {
        "RLIMIT_CPU": min(resources.cpu_seconds, timeout_seconds + 1),
        "RLIMIT_AS": resources.memory_bytes,
        "RLIMIT_FSIZE": resources.file_bytes,
        "RLIMIT_NOFILE": resources.open_files,
        "RLIMIT_NPROC": resources.processes,
        "RLIMIT_CORE": 0,
    }


class _Warden:
    """A warden's process and the two pipes from it: what it says, and what the command puts out."""

    def __init__(self, order: dict[str, Any]) -> None:
        self.output, its_output = os.pipe()
        os.set_blocking(self.output, False)
        self.said: dict[str, Any] = {}
        self._heard = b""
        self.began_at = time.monotonic()
        try:
            # Isolated: neither the caller's folder nor its environment decides what the warden is.
            self.process = subprocess.Popen(  # noqa: S603  # Our own file, run by our own interpreter.
                [sys.executable, "-I", "-S", "-B", str(_WARDEN)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(its_output,),
                env={},
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            os.close(self.output)
            raise
        finally:
            os.close(its_output)
        self._tell(json.dumps({**order, "output": its_output}).encode() + b"\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave no process: the closed pipe tells the warden to kill them all."""
        process = self.process
        if process.stdin:
            process.stdin.close()
        try:
            process.wait(_WARDEN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        if process.stdout:
            process.stdout.close()
        # The warden removes it, unless it was killed.
        if folder := self.said.get("folder"):
            shutil.rmtree(folder, ignore_errors=True)
        os.close(self.output)

    def ask_to_end(self) -> None:
        self._tell(b"x")

    def kill(self) -> None:
        """Kill the warden, which kills the command, and what is in the command's group beside it."""
        self.process.kill()
        self.process.wait()
        if group := self.said.get("started"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, signal.SIGKILL)

    def hear(self) -> bool:
        """Take what the warden says; return whether it may say more."""
        heard = os.read(self.status, _PIECE)
        *lines, self._heard = (self._heard + heard).split(b"\n")
        for line in lines:
            self.said |= json.loads(line)
        return bool(heard)

    @property
    def status(self) -> int:
        if self.process.stdout is None:
            raise RuntimeError("the warden was started without a pipe")
        return self.process.stdout.fileno()

    def _tell(self, words: bytes) -> None:
        # One that is gone is heard of by the end of what it says.
        with suppress(BrokenPipeError):
            if self.process.stdin:
                self.process.stdin.write(words)


class _Watch:
    """Follows one command: takes its output, asks whether it is still wanted, and says how it ended."""

    def __init__(
        self, output: Output, on_output: Callable[[str], None], is_cancelled: Callable[[], bool], most_raw_bytes: int
    ) -> None:
        self._output, self._on_output, self._is_cancelled = output, on_output, is_cancelled
        self._left = most_raw_bytes
        self._is_flooded = self._is_asked = self._is_lost = False
        self._ended_at = 0.0

    def until_end(self, warden: _Warden, deadline: float) -> None:
        """Return when the warden has nothing more to say: then nothing of the command runs any more."""
        with selectors.DefaultSelector() as selector:
            selector.register(warden.output, selectors.EVENT_READ)
            selector.register(warden.status, selectors.EVENT_READ)
            is_heard = True
            while is_heard:
                ready = {key.fd for key, _ in selector.select(_ASK_SECONDS)}
                if warden.output in ready and not self._take(warden.output):
                    selector.unregister(warden.output)
                if warden.status in ready:
                    is_heard = warden.hear()
                self._ask(warden)
                if time.monotonic() > deadline:
                    self._is_lost = True
                    warden.kill()
        # All that could write is dead; what it left in the pipe is no more than this, unless it gave the pipe away.
        for _ in range(_MOST_LEFT_IN_PIPE // _PIECE):
            if not self._take(warden.output):
                break
        self._ended_at = time.monotonic()
        self._show(self._output.finish())

    def end(self, warden: _Warden) -> ChildEnd:
        """Return how it ended."""
        said = warden.said
        status = said.get("ended")
        code = None if status is None else os.waitstatus_to_exitcode(status)
        ended_by, reason = self._ended_by(said, code)
        return ChildEnd(
            ended_by=ended_by,
            exit_code=code if code is not None and code >= 0 else None,
            signal=-code if code is not None and code < 0 else None,
            output=self._output.kept(),
            duration_ms=round((self._ended_at - warden.began_at) * 1_000),
            reason=reason,
        )

    def _ended_by(self, said: Mapping[str, Any], code: int | None) -> tuple[CommandEnd, str]:
        if "failed" in said:
            return CommandEnd.NOT_STARTED, f"the program could not be started: {said['failed']}"
        if lost := self._lost(said):
            return CommandEnd.LOST, lost
        if said["by"] == "told" and self._is_flooded:
            return CommandEnd.FLOODED, "it put out more than is read of any command"
        itself = CommandEnd.EXITED if code is not None and code >= 0 else CommandEnd.SIGNALLED
        return _ENDS.get(said["by"], itself), ""

    def _lost(self, said: Mapping[str, Any]) -> str:
        if "ended" not in said or self._is_lost:
            return "the process that watched the command was lost"
        if said["by"] == "worker_gone":
            return "the process that watched the command was told to end"
        return f"{said['left']} processes could not be killed" if said["left"] else ""

    def _take(self, pipe: int) -> bool:
        """Take a piece of the output; return whether there may be more."""
        try:
            piece = os.read(pipe, _PIECE)
        except BlockingIOError:
            return False
        if len(piece) > self._left:
            self._is_flooded = True
        piece, is_end = piece[: self._left], not piece
        self._left -= len(piece)
        if piece:
            self._show(self._output.take(piece))
        return not is_end

    def _show(self, text: str) -> None:
        if text:
            self._on_output(text)

    def _ask(self, warden: _Warden) -> None:
        if not self._is_asked and (self._is_flooded or self._is_cancelled()):
            self._is_asked = True
            warden.ask_to_end()
