"""Keep a claimed attempt alive from a thread of its own, so that a long read never looks like a lost worker."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType
from typing import Self

import structlog

from shared.contracts.messages import Beat, BeatAnswer, Claimed
from shared.errors import AppError

log = structlog.get_logger(__name__)

_BEATS_A_LEASE = 3
MOST_SECONDS = 90.0
# What a beat carries of the output of a command: its end, for whoever watches.
OUTPUT_TAIL = 8 << 10
# How many of the steps that were done a beat names.
MOST_STEPS = 200


class JobStopped(AppError):
    """The job is not wanted any more: someone cancelled it, or it counts as lost."""

    code = "job_stopped"


class JobCancelled(JobStopped):
    """Someone cancelled it."""


class TookTooLong(AppError):
    """The job took longer than any may; asking again would take as long."""

    code = "took_too_long"


class Heartbeat:
    """Beats from enter to exit. ``send`` is used by its thread alone. ``tell`` is safe to call from many threads."""

    def __init__(
        self,
        send: Callable[[Beat], BeatAnswer],
        claimed: Claimed,
        *,
        most_seconds: float = MOST_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send, self._claimed, self._monotonic = send, claimed, monotonic
        self._ends_at = monotonic() + most_seconds
        self._most_seconds = most_seconds
        self._word: tuple[float | None, str] = (None, "")
        self._done: tuple[str, ...] = ()
        self._output = ""
        self._is_stopped = False
        self._is_cancelled = False
        self._is_over = False
        self._woken = threading.Event()
        # With the ids of the job that is worked on, for its log lines.
        self._thread = threading.Thread(target=copy_context().run, args=(self._run,), name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        self._woken.set()
        self._thread.join(10)

    @property
    def is_stopped(self) -> bool:
        """Answer whether the job is not wanted any more, as far as is known."""
        return self._is_stopped

    def say(self, share: float | None, note: str, done: tuple[str, ...] = ()) -> None:
        """Say how far the work is, at once; ``done`` are the steps done outside, of which the newest are told.

        Raises nothing and waits for nothing: for work that must not be broken off just anywhere.
        """
        self._word, self._done = (share, note), done[-MOST_STEPS:]
        self._woken.set()

    def show(self, output: str) -> None:
        """Add to what a command has put out; the next beat carries the end of it."""
        self._output = (self._output + output)[-OUTPUT_TAIL:]

    def tell(self, share: float | None, note: str) -> None:
        """Say how far the work is. Raises ``JobStopped`` or ``TookTooLong`` when it must not go on."""
        self._word = (share, note)
        if self._is_stopped:
            raise (
                JobCancelled("someone cancelled it") if self._is_cancelled else JobStopped("it is not wanted any more")
            )
        if self._monotonic() > self._ends_at:
            raise TookTooLong(f"it took longer than {self._most_seconds:g} s; the last it did: {note}")

    def _run(self) -> None:
        while True:
            self._woken.wait(self._claimed.lease_seconds / _BEATS_A_LEASE)
            if self._is_over:
                return
            self._woken.clear()
            share, note = self._word
            beat = Beat(token=self._claimed.token, progress=share, note=note, output=self._output, done=self._done)
            try:
                answer = self._send(beat)
            except AppError as error:
                # The lease runs out, or the gateway comes back and knows the attempt still.
                log.warning("a beat was not heard", problem=error.code)
                continue
            # Written first: who sees that it is stopped sees why.
            self._is_cancelled = self._is_cancelled or answer.is_cancelled
            self._is_stopped = self._is_stopped or answer.cancel
