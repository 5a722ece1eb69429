"""A product of stand-ins: the real supervisor and Valkey, with small Python children that do as they are told.

Run as ``python -m tests.integration.cli.stand_in DATA_DIR CHILDREN`` where CHILDREN is JSON: name → behaviour.
"""

import asyncio
import os
import sys
from pathlib import Path

import msgspec
from rich.console import Console

from services.cli.errors import CommandFailed
from services.cli.supervisor.child import ChildSpec
from services.cli.supervisor.embedded_broker import make_broker
from services.cli.supervisor.plan import Plan
from services.cli.supervisor.policy import RestartPolicy
from services.cli.supervisor.run_files import RunLock
from services.cli.supervisor.screen import TerminalScreen
from services.cli.supervisor.supervise import Supervisor

POLICY = RestartPolicy(first_seconds=0.05, most_seconds=0.4, attempts_to_start=3)

# Each is up once it has touched its file; `stops` collects the order in which they end.
PROLOGUE = """
import os, signal, subprocess, sys, time
name, folder = sys.argv[1], sys.argv[2]
def end(*_):
    with open(folder + "/stops", "a") as file: file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
"""
UP = 'open(folder + "/" + name + ".up", "w").close()\nwhile True: signal.pause()\n'
BEHAVIOURS = {
    "steady": PROLOGUE + UP,
    # Ends once every other that is like it was asked to end as well.
    "sociable": PROLOGUE
    + """
def wait_for_others(*_):
    open(folder + "/" + name + ".asked", "w").close()
    others = [one[:-9] for one in os.listdir(folder) if one.endswith(".sociable")]
    while not all(os.path.exists(folder + "/" + one + ".asked") for one in others): time.sleep(0.01)
    end()
signal.signal(signal.SIGTERM, wait_for_others)
open(folder + "/" + name + ".sociable", "w").close()
"""
    + UP,
    "deaf": PROLOGUE + "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + UP,
    "bad-settings": 'import sys; print("FAULTLINE_PORT: must be a number"); sys.exit(78)',
    "hopeless": 'import sys; print("no luck"); sys.exit(3)',
    "parent": PROLOGUE
    + 'kid = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])\n'
    + 'open(folder + "/kid", "w").write(str(kid.pid))\n'
    + UP,
    "complaining": PROLOGUE + 'print(\'{"level": "error", "event": "disk is on fire"}\', flush=True)\n' + UP,
}


def stand_in_plan(data_dir: Path, children: dict[str, str]) -> Plan:
    """Return a plan with a stage for the broker, if wanted, and one for each stand-in.

    Sociable ones are in the stage of the one before them.
    """
    broker_socket = None
    stages: list[tuple[ChildSpec, ...]] = []
    for name, behaviour in children.items():
        if behaviour == "valkey":
            broker, broker_socket = make_broker(data_dir / "broker", os.environ)
            stages.append((broker,))
        elif behaviour == "sociable":
            stages[-1] = (*stages[-1], _stand_in(data_dir, name, behaviour))
        else:
            stages.append((_stand_in(data_dir, name, behaviour),))
    return Plan(
        data_dir=data_dir,
        url="http://127.0.0.1:1",
        docs_url="http://127.0.0.1:1/api/docs",
        door_url="http://127.0.0.1:2",
        flower_url=None,
        metrics_urls={},
        broker="embedded Valkey",
        broker_socket=broker_socket,
        admin_token_given=True,
        stages=tuple(stages),
        why_not_ready=_always_ready,
    )


def _stand_in(data_dir: Path, name: str, behaviour: str) -> ChildSpec:
    mark = data_dir / f"{name}.up"

    async def is_up() -> bool:
        return mark.exists()

    command = (sys.executable, "-c", BEHAVIOURS[behaviour], name, str(data_dir))
    grace = 1.0 if behaviour == "deaf" else 10.0
    return ChildSpec(name, command, os.environ, is_up, is_reported_to=name == "gateway", grace_seconds=grace)


async def _always_ready() -> str | None:
    return None


async def _supervise(plan: Plan, screen: TerminalScreen) -> None:
    await Supervisor(plan, screen, policy=POLICY).run()


def main(data_dir: Path, children: dict[str, str]) -> int:
    """Run until stopped; the exit code is the supervisor's."""
    try:
        lock = RunLock(data_dir)
        screen = TerminalScreen(Console(), lambda: None)
        try:
            asyncio.run(_supervise(stand_in_plan(data_dir, children), screen))
        finally:
            screen.close()
            lock.release()
    except CommandFailed as error:
        print(error.message, flush=True)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), msgspec.json.decode(sys.argv[2], type=dict[str, str])))
