"""Say hello to the gateway when the worker is ready, every few seconds after, and that it leaves when it does."""

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from shared.adapters.door_client import DoorClient
from shared.contracts.messages import Hello
from shared.errors import AppError

log = structlog.get_logger(__name__)

# Short, because a gateway that restarted is not ready before it has heard a worker of each queue.
_EVERY_SECONDS = 10.0
_AFTER_FAILURE_SECONDS = 2.0


class Greeter:
    """Owns the thread that says hello, in the worker's main process."""

    def __init__(
        self,
        door: DoorClient,
        hello: Hello,
        clusters: Callable[[], tuple[str, ...]] = tuple,
        *,
        heard_file: Path | None = None,
        on_heard: Callable[[], None] = lambda: None,
    ) -> None:
        """``clusters`` is asked before each hello, from the greeter's own thread.

        ``heard_file`` is touched whenever the gateway heard one: what looks at the worker from outside goes by its age.
        ``on_heard`` is called then too.
        """
        self._door, self._hello, self._clusters = door, hello, clusters
        self._heard_file, self._on_heard = heard_file, on_heard
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; a second call, after a reconnect to the broker, changes nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hello", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Say that we leave, and no more; who does not hear it finds out by our silence."""
        self._stopped.set()

    def _run(self) -> None:
        wait = 0.0
        while not self._stopped.wait(wait):
            try:
                self._door.hello(msgspec.structs.replace(self._hello, clusters=self._clusters()))
                self._note_heard()
                wait = _EVERY_SECONDS
            except AppError as error:
                log.warning("the gateway did not hear our hello", problem=error.code)
                wait = _AFTER_FAILURE_SECONDS
        with contextlib.suppress(AppError):
            self._door.hello(msgspec.structs.replace(self._hello, is_leaving=True))

    def _note_heard(self) -> None:
        self._on_heard()
        if self._heard_file is None:
            return
        try:
            self._heard_file.touch()
        except OSError as error:
            log.warning("the file of the last hello cannot be written", problem=str(error))
