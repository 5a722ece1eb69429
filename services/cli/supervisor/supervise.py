"""Run a plan from the first start to the last stop."""

import asyncio
import os
import signal
import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Protocol

from services.cli.errors import CommandFailed
from services.cli.exit_codes import ExitCode
from services.cli.supervisor.keeper import ChildGaveUp, Keeper
from services.cli.supervisor.log_file import LogFile
from services.cli.supervisor.plan import Plan
from services.cli.supervisor.policy import DAMAGED, RestartPolicy
from services.cli.supervisor.run_files import RunState, remove_run, write_run

_SLOW_START_SECONDS = 20.0
_HEALTH_SECONDS = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Screen(Protocol):
    """Where the person looks. No call may block: a stopped terminal must not stop the children."""

    def say(self, text: str) -> None:
        """Tell one event."""
        ...

    def show_ready(self, plan: Plan, took_seconds: float) -> None:
        """Show that everything is up, and where."""
        ...


class Supervisor:
    """Starts the stages of ``plan`` in order, keeps all children up, and stops the stages in reverse.

    SIGINT, SIGTERM or SIGHUP stops; a second one kills at once. Made inside a running loop, in the main thread.
    """

    def __init__(self, plan: Plan, screen: Screen, *, policy: RestartPolicy | None = None) -> None:
        self._plan = plan
        self._screen = screen
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._state = "starting"
        self._is_unpublished = False
        self._started_at = datetime.now(UTC).isoformat(timespec="seconds")
        self._keepers = {spec.name: self._make_keeper(spec.name, policy or RestartPolicy()) for spec in plan.children}
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Return when everything has been stopped; raise ``CommandFailed`` if an essential child cannot start."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._on_signal)
        try:
            await self._run_until_stopped()
        finally:
            await self._stop()

    async def _run_until_stopped(self) -> None:
        stop = asyncio.ensure_future(self._stopping.wait())
        self._start(self._bring_up())
        ends: set[asyncio.Future[Any]] = {stop, self._failure}
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        stop.cancel()
        if not self._failure.done():
            return
        try:
            await self._failure
        except ChildGaveUp as error:
            code = ExitCode.DAMAGED if error.code == DAMAGED else ExitCode.FAILED
            raise CommandFailed(self._word(error), code) from error

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.ensure_future(work)
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._failure.done():
            return
        if error := task.exception():
            self._failure.set_exception(error)

    def _word(self, error: ChildGaveUp) -> str:
        tail = "\n".join(f"  {line}" for line in error.tail) or "  (it printed nothing)"
        return f"{error}. Its last lines:\n{tail}\nAll of it: {self._plan.data_dir / 'logs'}"

    async def _bring_up(self) -> None:
        began = time.monotonic()
        self._publish()
        slow = asyncio.get_running_loop().call_later(_SLOW_START_SECONDS, self._say_what_is_slow)
        shown = False
        for stage in self._plan.stages:
            # Optional children come after the screen: nobody waits for them.
            if not shown and not any(spec.essential for spec in stage):
                shown = self._show_ready(began)
            for spec in stage:
                self._start(self._keepers[spec.name].keep())
            await asyncio.gather(*(self._keepers[spec.name].up.wait() for spec in stage if spec.essential))
        slow.cancel()
        if not shown:
            self._show_ready(began)
        await self._watch_health()

    def _show_ready(self, began: float) -> bool:
        self._set_state("ready")
        self._screen.show_ready(self._plan, time.monotonic() - began)
        return True

    async def _watch_health(self) -> None:
        while True:
            await asyncio.sleep(_HEALTH_SECONDS)
            problem = await self._plan.why_not_ready()
            if self._is_unpublished:
                self._publish()
            if problem and self._state == "ready":
                self._set_state("degraded")
                self._screen.say(f"not ready: {problem}")
            elif not problem and self._state == "degraded":
                self._set_state("ready")
                self._screen.say("ready again")

    def _say_what_is_slow(self) -> None:
        waiting = [name for name, keeper in self._keepers.items() if not keeper.up.is_set() and keeper.spec.essential]
        if waiting:
            self._screen.say(f"still waiting for {', '.join(waiting)}; logs are in {self._plan.data_dir / 'logs'}")

    async def _stop(self) -> None:
        self._set_state("stopping")
        for task in self._tasks:
            task.cancel()
        # Their own ends are of no more interest; failures were raised before.
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for stage in reversed(self._plan.stages):
            # At once: a worker takes two seconds to end, and each may take its whole grace.
            for is_last in (False, True):
                names = [spec.name for spec in stage if spec.is_reported_to == is_last]
                await asyncio.gather(*(self._keepers[name].stop(self._hurry) for name in names))
        for keeper in self._keepers.values():
            await keeper.aclose()
        remove_run(self._plan.data_dir)

    def _on_signal(self) -> None:
        if self._stopping.is_set():
            self._screen.say("killing what still runs")
            self._hurry.set()
            return
        self._screen.say("stopping; once more to stop at once")
        self._stopping.set()

    def _make_keeper(self, name: str, policy: RestartPolicy) -> Keeper:
        spec = next(spec for spec in self._plan.children if spec.name == name)
        log = LogFile(self._plan.data_dir / "logs" / f"{name}.log")
        return Keeper(spec, log, policy, say=self._screen.say, changed=self._publish)

    def _set_state(self, state: str) -> None:
        self._state = state
        self._publish()

    def _publish(self) -> None:
        """Write down what runs. A full disk costs that file until there is room again, never what runs."""
        try:
            write_run(self._plan.data_dir, self._run_state())
        except OSError as error:
            if not self._is_unpublished:
                self._screen.say(f"cannot write down what runs: {error.strerror}; everything goes on")
            self._is_unpublished = True
        else:
            self._is_unpublished = False

    def _run_state(self) -> RunState:
        plan = self._plan
        return RunState(
            pid=os.getpid(),
            state=self._state,
            started_at=self._started_at,
            data_dir=str(plan.data_dir),
            url=plan.url,
            docs_url=plan.docs_url,
            door_url=plan.door_url,
            flower_url=plan.flower_url,
            metrics_urls=dict(plan.metrics_urls),
            broker=plan.broker,
            broker_socket=str(plan.broker_socket) if plan.broker_socket else None,
            children={name: keeper.state for name, keeper in self._keepers.items()},
        )
