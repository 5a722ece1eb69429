"""What a running supervisor leaves in the data folder for others: a lock, and ``run.json`` that says what is up."""

import fcntl
import os
import time
from pathlib import Path
from typing import Any

import msgspec

from services.cli.errors import CommandFailed

LOCK = "run.lock"
RUN = "run.json"
_LOOKERS_SECONDS = 0.3


class ChildState(msgspec.Struct, rename="camel", kw_only=True):
    """One child as others see it. ``state`` is starting, up, waiting (to be started again) or stopped."""

    pid: int | None = None
    state: str = "starting"
    restarts: int = 0
    last_exit: str | None = None
    started_at: str | None = None
    log: str = ""


class RunState(msgspec.Struct, rename="camel", kw_only=True):
    """A whole run as others see it. ``state`` is starting, ready, degraded or stopping."""

    pid: int
    state: str
    started_at: str
    data_dir: str
    url: str
    docs_url: str
    door_url: str
    flower_url: str | None
    metrics_urls: dict[str, str] = {}
    broker: str
    broker_socket: str | None
    children: dict[str, ChildState] = {}


class RunLock:
    """Holds the data folder for one supervisor; the kernel lets go when the process ends, however it ends."""

    def __init__(self, data_dir: Path) -> None:
        self._fd = os.open(data_dir / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not self._lock_within(_LOOKERS_SECONDS):
            os.close(self._fd)
            raise CommandFailed(_already_running(data_dir))

    def _lock_within(self, seconds: float) -> bool:
        # Whoever asks what runs holds the lock for an instant; that is no reason to refuse.
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)
            else:
                return True

    def release(self) -> None:
        """Let go. The file stays: removing it could take the lock from under a supervisor that just came."""
        os.close(self._fd)


def _already_running(data_dir: Path) -> str:
    run = _load(data_dir)
    if run is None:
        return f"Another `faultline up` has just begun on {data_dir}."
    hint = "Stop it first, or set FAULTLINE_DATA_DIR to another folder."
    return f"Faultline already runs on {data_dir}: process {run.pid}, {run.url}. {hint}"


def write_run(data_dir: Path, run: RunState) -> None:
    """Publish ``run``; readers see the old state or the new one, never half of either."""
    # No fsync: the file says what runs now, and after a power cut nothing does.
    draft = data_dir / f".{RUN}.new"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n")
    draft.replace(data_dir / RUN)


def remove_run(data_dir: Path) -> None:
    """Say that nothing runs any more."""
    (data_dir / RUN).unlink(missing_ok=True)


def find_run(data_dir: Path) -> RunState | None:
    """Return what runs on ``data_dir`` now, or None. A file left by a killed supervisor does not count."""
    run = _load(data_dir)
    return run if run is not None and _is_held(data_dir) else None


def run_as_json(run: RunState) -> dict[str, Any]:
    """Return ``run`` as plain JSON values."""
    return msgspec.convert(msgspec.to_builtins(run), dict[str, Any])


def _is_held(data_dir: Path) -> bool:
    try:
        fd = os.open(data_dir / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two who look at once do not take each other for a supervisor.
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _load(data_dir: Path) -> RunState | None:
    try:
        return msgspec.json.decode((data_dir / RUN).read_bytes(), type=RunState)
    except (OSError, msgspec.DecodeError):
        return None
