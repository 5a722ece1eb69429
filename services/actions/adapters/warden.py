"""The process between the worker and a command: starts the command, ends it in time, and leaves nothing behind.

Run by itself as a file, isolated from everything but the standard library, because a worker has threads and must not
fork by hand. It is told what to run on its standard input (one line of JSON), stays as long as that is open, and
reports on its standard output (a line of JSON each). It becomes the parent of every process that loses its own, so
that what forks twice or begins a session of its own is still found; on Linux only.

- Standard input closed: the worker is gone; all is killed at once.
- A byte on it: the worker wants an end; everything gets TERM, and KILL after the grace.
- The time is over: the same.
- The command ended: whatever it left running is killed.
"""

import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_LARGEST_ORDER = 1 << 20
# How often what is killed is looked for again; each look needs the processes that are there now.
_LOOK_SECONDS = 0.02
# A process in the kernel's hands (a dead disk) cannot be killed; it is not waited for without end.
_LONGEST_KILLING_SECONDS = 30.0
# Fields of /proc/PID/stat after the name in brackets, from 0: see proc(5), which counts the number and the name too.
_PARENT, _BEGUN = 1, 19
_libc = ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, value: int) -> bool:
    return bool(_libc.prctl(option, value, 0, 0, 0) == 0)


def main() -> None:
    """Do what standard input asks for, once."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    is_reaper = _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    order = _read_order()
    if order is None:
        return
    wake, wakes = os.pipe()
    for end in (wake, wakes):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    warden = _Warden(order, wake)
    if not is_reaper:
        _tell(failed="the kernel keeps no track of what a command starts")
        return
    warden.run()


def _read_order() -> dict[str, Any] | None:
    line = b""
    while not line.endswith(b"\n"):
        piece = os.read(0, 65_536)
        if not piece or len(line) > _LARGEST_ORDER:
            return None
        line += piece
    order: dict[str, Any] = json.loads(line)
    return order


def _tell(**said: object) -> None:
    # The worker may be gone; there is nobody else to tell.
    with suppress(OSError):
        os.write(1, json.dumps(said).encode() + b"\n")


class _Warden:
    def __init__(self, order: dict[str, Any], wake: int) -> None:
        self._order, self._wake = order, wake
        self._status: int | None = None
        self._child = 0
        self._ended_by = ""

    def run(self) -> None:
        # Made and removed here, so that it goes also where the worker is gone.
        with tempfile.TemporaryDirectory(prefix="command-", ignore_cleanup_errors=True) as folder:
            self._run(folder)

    def _run(self, folder: str) -> None:
        out = self._order["output"]
        try:
            self._child = self._start(out, folder)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            _tell(failed=getattr(error, "strerror", None) or "it could not be prepared")
            return
        finally:
            # The end of the output must not wait for the warden's own copy of it.
            os.close(out)
        _tell(started=self._child, folder=folder)
        self._wait(time.monotonic() + self._order["timeout"])
        left = self._kill_all()
        _tell(ended=self._status, by=self._ended_by, left=left)

    def _start(self, out: int, folder: str) -> int:
        order, warden = self._order, os.getpid()
        limits = [(getattr(resource, name), value) for name, value in order["limits"].items()]

        def prepare() -> None:
            # If the warden is killed, so is the command; it may be gone already.
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != warden:
                os._exit(127)
            _prctl(_PR_SET_NO_NEW_PRIVS, 1)
            for kind, value in limits:
                hard = resource.getrlimit(kind)[1]
                most = value if hard == resource.RLIM_INFINITY else min(value, hard)
                resource.setrlimit(kind, (most, most))

        # One thread, and no lock is held: what runs between fork and exec is safe here.
        child = subprocess.Popen(  # noqa: S603  # The worker judged it.
            order["argv"],
            executable=order["argv"][0],
            env={**order["env"], "HOME": folder},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            close_fds=True,
            start_new_session=True,
            umask=0o077,
            preexec_fn=prepare,  # noqa: PLW1509
        )
        child.returncode = 0  # Reaped below, like all others; the object is not to do it.
        return child.pid

    def _wait(self, deadline: float) -> None:
        """Return when the command ended, or is to be killed."""
        while self._status is None:
            ready = select.select([0, self._wake], [], [], max(0.0, deadline - time.monotonic()))[0]
            if self._wake in ready and self._was_told_to_end():
                self._ended_by = "worker_gone"
                return
            self._reap()
            if self._status is not None:
                return
            if 0 in ready:
                if not os.read(0, 1):
                    self._ended_by = "worker_gone"
                    return
                self._ended_by = self._ended_by or "told"
                deadline = min(deadline, time.monotonic())
            if time.monotonic() >= deadline:
                self._ended_by = self._ended_by or "time"
                self._ask_to_end()
                return

    def _was_told_to_end(self) -> bool:
        with suppress(BlockingIOError):
            return any(number != signal.SIGCHLD for number in os.read(self._wake, 4_096))
        return False

    def _ask_to_end(self) -> None:
        """Send TERM to everything, and give it the grace to end by itself."""
        for process in _descendants():
            _send(process, signal.SIGTERM)
        until = time.monotonic() + self._order["grace"]
        while (left := until - time.monotonic()) > 0 and _descendants():
            ready = select.select([0, self._wake], [], [], min(left, 0.2))[0]
            if self._wake in ready and self._was_told_to_end():
                return
            # Told again, or the worker is gone: either way there is nothing to wait for.
            if 0 in ready:
                return
            self._reap()

    def _kill_all(self) -> int:
        """Kill everything that descends from the warden, until nothing does; return how much could not be killed."""
        until = time.monotonic() + _LONGEST_KILLING_SECONDS
        while True:
            self._reap()
            processes = _descendants()
            if not processes or time.monotonic() > until:
                return len(processes)
            # What is stopped starts nothing new; what was started before it stopped is found in the next look.
            for process in processes:
                _send(process, signal.SIGSTOP)
            for process in {*processes, *_descendants()}:
                _send(process, signal.SIGKILL)
            time.sleep(_LOOK_SECONDS)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while True:
                process, status = os.waitpid(-1, os.WNOHANG)
                if not process:
                    return
                if process == self._child:
                    self._status = status


def _send(process: tuple[int, bytes], number: signal.Signals) -> None:
    """Signal a process, unless its number belongs to another one by now."""
    pid, begun = process
    with suppress(OSError):
        handle = os.pidfd_open(pid)
        try:
            if _stat(f"/proc/{pid}")[_BEGUN] == begun:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)


def _stat(folder: str) -> list[bytes]:
    # The name in brackets may hold anything; what follows the last of them is plain.
    return Path(folder, "stat").read_bytes().rpartition(b")")[2].split()


def _descendants() -> set[tuple[int, bytes]]:
    """Return every process below this one, each with when it began, however it was started.

    Those that ended and were not reaped count: the first thread of one may have ended while others go on.
    """
    children: dict[int, list[tuple[int, bytes]]] = {}
    for entry in os.scandir("/proc"):
        # It may have ended since.
        with suppress(OSError, ValueError, IndexError):
            if entry.name.isdigit():
                fields = _stat(entry.path)
                children.setdefault(int(fields[_PARENT]), []).append((int(entry.name), fields[_BEGUN]))
    found: set[tuple[int, bytes]] = set()
    front = [os.getpid()]
    while front:
        new = [child for parent in front for child in children.get(parent, ()) if child not in found]
        found.update(new)
        front = [pid for pid, _ in new]
    return found


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main()
