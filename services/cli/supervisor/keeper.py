"""Keep one child up: start it, see when it is up, start it again when it ends, until told to stop."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from services.cli.supervisor.child import ChildProcess, ChildSpec
from services.cli.supervisor.log_file import LogFile
from services.cli.supervisor.policy import Exit, GiveUp, History, RestartPolicy, decide, describe_exit
from services.cli.supervisor.run_files import ChildState
from services.cli.supervisor.trouble import HintBudget, find_trouble, shorten

_PROBE_SECONDS = 0.1
# sysexits.h EX_OSERR.
_NO_PROCESS = 71


class ChildGaveUp(Exception):
    """An essential child cannot start. ``code`` is what it last ended with, ``tail`` holds its last lines."""

    def __init__(self, name: str, reason: str, code: int, tail: list[str]) -> None:
        super().__init__(f"{name} cannot start: {reason} ({describe_exit(code)})")
        self.code = code
        self.tail = tail


class Keeper:
    """Owns one child for the length of the supervisor's run. ``say`` tells a person, ``changed`` other programs."""

    def __init__(
        self,
        spec: ChildSpec,
        log: LogFile,
        policy: RestartPolicy,
        *,
        say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.spec = spec
        self.log = log
        self.up = asyncio.Event()
        self.state = ChildState(log=str(log.path))
        self._policy = policy
        self._say_aloud = say
        self._changed = changed
        self._history = History()
        self._hints = HintBudget()
        self._process: ChildProcess | None = None
        self._may_recover = spec.recover is not None

    async def keep(self) -> None:
        """Keep the child up until cancelled; raise ``ChildGaveUp`` if it cannot start at all."""
        while True:
            ended = await self._run_once()
            decision, self._history = decide(
                ended,
                self._history,
                self._policy,
                essential=self.spec.essential,
                chance=random.random(),  # noqa: S311 - jitter.
            )
            if isinstance(decision, GiveUp):
                self._recover_or_give_up(decision.reason, ended)
                continue
            self._note(state="waiting", pid=None, last_exit=describe_exit(ended.code), restarts=self._history.restarts)
            self._say(f"{self._describe_end(ended)}; starting it again in {decision.delay_seconds:.1f} s")
            await asyncio.sleep(decision.delay_seconds)

    async def stop(self, hurry: asyncio.Event) -> None:
        """End the child if it runs; ``hurry`` cuts its grace short."""
        process = self._process
        if process is not None and process.is_running and not await process.stop(self.spec.grace_seconds, hurry):
            self._say("did not end in time and was killed" if not hurry.is_set() else "was killed")
        self._note(state="stopped", pid=None)

    async def _run_once(self) -> Exit:
        loop = asyncio.get_running_loop()
        self.log.forget()
        began = loop.time()
        try:
            process = self._process = ChildProcess(self.spec, self.log, self._hear)
        except OSError as error:  # No process or file to be had just now: as good as a crash.
            self.log.remember(f"could not be started: {error.strerror}")
            return Exit(_NO_PROCESS, 0.0, was_ready=False)
        self._note(state="starting", pid=process.pid, started_at=datetime.now(UTC).isoformat(timespec="seconds"))
        watch = asyncio.ensure_future(self._watch_start(process))
        try:
            code = await process.wait()
        finally:
            watch.cancel()
        was_ready = self.up.is_set()
        self.up.clear()
        return Exit(code, loop.time() - began, was_ready)

    async def _watch_start(self, process: ChildProcess) -> None:
        while not await self.spec.is_ready():  # noqa: ASYNC110 - another process has no events for us.
            await asyncio.sleep(_PROBE_SECONDS)
        if not process.is_running:
            return
        self.up.set()
        self._note(state="up")
        if self._history.restarts:
            self._say(f"is up again (process {process.pid}, restart {self._history.restarts})")

    def _recover_or_give_up(self, reason: str, ended: Exit) -> None:
        mended = self.spec.recover() if self._may_recover and self.spec.recover is not None else None
        self._may_recover = False
        if mended is None:
            raise ChildGaveUp(self.spec.name, reason, ended.code, self.log.tail())
        self._say(f"could not start; {mended}")
        self._history = History()

    def _describe_end(self, ended: Exit) -> str:
        tail = self.log.tail()
        last = f": {shorten(tail[-1])}" if ended.code > 0 and tail else ""
        return f"ended ({describe_exit(ended.code)}){last}"

    def _hear(self, line: str) -> None:
        trouble = find_trouble(line)
        if trouble is None:
            return
        held_back = self._hints.take(asyncio.get_running_loop().time())
        if held_back is not None:
            more = f" ({held_back} more before it)" if held_back else ""
            self._say(f"{trouble.level}: {trouble.message}{more}")

    def _say(self, text: str) -> None:
        self._say_aloud(f"{self.spec.name} {text}")

    def _note(self, **values: object) -> None:
        for name, value in values.items():
            setattr(self.state, name, value)
        self._changed()

    async def aclose(self) -> None:
        """Close the log once the child has ended."""
        with suppress(OSError):
            self.log.close()
