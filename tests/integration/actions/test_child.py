"""A command gets what it is granted and nothing else, ends in time, and leaves nothing behind, whoever is killed."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.actions.adapters.child import WardedChild
from shared.contracts.command import CommandEnd
from tests.support.commands import allow, is_alive, write_program
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[3]

LOOK_AROUND = """
import json, os, resource, stat, sys
print(json.dumps({
    "environ": dict(os.environ),
    "folder": os.getcwd(),
    "mode": stat.S_IMODE(os.stat(".").st_mode),
    "umask": os.umask(0),
    "stdin": sys.stdin.read(),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")),
    "session": os.getsid(0) == os.getpid(),
    "group": os.getpgid(0) == os.getpid(),
    "no_new_privileges": "NoNewPrivs:\\t1" in open("/proc/self/status").read(),
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in (
        "RLIMIT_CPU", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE")},
}))
"""

# Writes its number and those of what it starts: a child, and one that forked twice into a session of its own. None of
# them keeps the output open, and none heeds TERM.
BREED = """
import os, signal, sys, time
pids = open({pids!r}, "a")
def linger():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.close(1); os.close(2)
    print(os.getpid(), file=pids, flush=True)
    while True:
        time.sleep(1)
if os.fork() == 0:
    linger()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        linger()
    os._exit(0)
{then}
"""


def quietly(text):
    """Take output and do nothing with it."""


def never():
    return False


def run(allowed, on_output=quietly, is_cancelled=never, environ=None, **options):
    options = {"grace_seconds": 0.3, **options}
    return WardedChild(os.environ if environ is None else environ, **options).run(allowed, on_output, is_cancelled)


def numbers_in(file, count):
    """Wait until ``count`` processes have written their numbers."""
    wait_until(lambda: file.exists() and file.read_text().count("\n") >= count, f"{count} processes")
    return [int(line) for line in file.read_text().split()]


@pytest.fixture
def breed(tmp_path):
    """Write a program that starts others and then does as it is told; return it and where the numbers are."""

    def breed(then):
        pids = tmp_path / "pids"
        return write_program(tmp_path, "breed", BREED.format(pids=str(pids), then=then)), pids

    return breed


def test_it_gets_what_it_is_granted_and_nothing_else(tmp_path):
    program = write_program(tmp_path, "look", LOOK_AROUND)
    environ = {"GRANTED": "yes", "DOOR_KEY": "no", "PATH": "/evil", "LD_PRELOAD": "/evil.so"}

    ended = run(allow(str(program), env=("GRANTED", "MISSING")), environ=environ)

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.EXITED, 0)
    seen = json.loads(ended.output.text)
    home = seen["environ"].pop("HOME")
    assert seen["environ"] == {"GRANTED": "yes", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    assert seen["folder"] == home
    assert not Path(home).exists()
    assert (seen["mode"], seen["umask"], seen["stdin"]) == (0o700, 0o077, "")
    assert seen["descriptors"] == [0, 1, 2]
    assert (seen["session"], seen["group"], seen["no_new_privileges"]) == (True, True, True)


def test_it_has_limits(tmp_path):
    program = write_program(tmp_path, "look", LOOK_AROUND)

    limits = json.loads(run(allow(str(program), timeout_seconds=30)).output.text)["limits"]

    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    processes = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096)
    assert limits == {
        "RLIMIT_CPU": [31, 31],
        "RLIMIT_AS": [4 << 30] * 2,
        "RLIMIT_FSIZE": [64 << 20] * 2,
        "RLIMIT_NOFILE": [256] * 2,
        "RLIMIT_NPROC": [processes] * 2,
        "RLIMIT_CORE": [0, 0],
    }


@pytest.mark.parametrize(
    ("source", "ended_by", "code", "number"),
    [
        ("raise SystemExit(0)", CommandEnd.EXITED, 0, None),
        ("raise SystemExit(7)", CommandEnd.EXITED, 7, None),
        ("import os; os.kill(os.getpid(), 15)", CommandEnd.SIGNALLED, None, 15),
        ("import os; os.close(1); os.close(2); raise SystemExit(3)", CommandEnd.EXITED, 3, None),
    ],
    ids=["well", "badly", "by a signal", "without output"],
)
def test_how_it_ended_is_told(tmp_path, source, ended_by, code, number):
    ended = run(allow(str(write_program(tmp_path, "program", source))))

    assert (ended.ended_by, ended.exit_code, ended.signal) == (ended_by, code, number)


def test_both_streams_are_read_in_their_order(tmp_path):
    source = "import os\nfor number in range(50):\n    os.write(1 + number % 2, b'%d\\n' % number)"
    shown = []

    ended = run(allow(str(write_program(tmp_path, "program", source))), shown.append)

    assert ended.output.text == "".join(f"{number}\n" for number in range(50)) == "".join(shown)


@pytest.mark.parametrize("kind", ["nothing", "a folder", "no program", "not executable"])
def test_what_cannot_be_started_says_so(tmp_path, kind):
    file = tmp_path / "program"
    if kind == "a folder":
        file.mkdir()
    elif kind != "nothing":
        file.write_text("\x7fELF nonsense")
        file.chmod(0o755 if kind == "no program" else 0o644)

    ended = run(allow(str(file)))

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.NOT_STARTED, None)
    assert ended.reason


def test_when_its_time_is_over_it_ends_with_all_it_started(breed):
    program, pids = breed("while True: time.sleep(1)")

    ended = run(allow(str(program), timeout_seconds=1))

    assert ended.ended_by is CommandEnd.TIMED_OUT
    assert [number for number in numbers_in(pids, 2) if is_alive(number)] == []


def test_when_it_is_cancelled_it_ends_with_all_it_started(breed):
    program, pids = breed("while True: time.sleep(1)")

    ended = run(allow(str(program)), is_cancelled=lambda: pids.exists() and pids.read_text().count("\n") == 2)

    assert ended.ended_by is CommandEnd.CANCELLED
    assert [number for number in numbers_in(pids, 2) if is_alive(number)] == []


def test_when_it_ends_by_itself_what_it_started_ends_too(breed):
    program, pids = breed("while open({pids!r}).read().count('\\n') < 2: time.sleep(0.01)".format(pids="PIDS"))
    program.write_text(program.read_text().replace("'PIDS'", repr(str(pids))))

    ended = run(allow(str(program)))

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.EXITED, 0)
    assert [number for number in numbers_in(pids, 2) if is_alive(number)] == []


def test_it_may_end_well_once_it_is_asked_to(tmp_path):
    source = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('tidied up'), sys.exit(5)))\n"
        "print('ready', flush=True)\nwhile True: time.sleep(0.01)"
    )
    shown = []

    ended = run(
        allow(str(write_program(tmp_path, "program", source))),
        shown.append,
        is_cancelled=lambda: "ready" in "".join(shown),
        grace_seconds=30.0,
    )

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.CANCELLED, 5)
    assert ended.output.text == "ready\ntidied up\n"


WORKER = """
import sys
from services.actions.adapters.child import WardedChild
from tests.support.commands import allow
WardedChild({}).run(allow(sys.argv[1]), lambda text: print(text, end="", flush=True), lambda: False)
"""


def test_when_the_worker_is_killed_everything_ends(breed):
    program, pids = breed("print(os.getcwd(), flush=True)\nwhile True: time.sleep(1)")
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(program)], stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environ
    ) as worker:
        numbers = numbers_in(pids, 2)
        home = Path(worker.stdout.readline().strip())
        assert home.is_dir()

        worker.kill()

        wait_until(lambda: not any(map(is_alive, numbers)), "the end of all it started")
        wait_until(lambda: not home.exists(), "its folder to be gone")


def test_when_the_warden_is_killed_the_command_ends_and_is_lost(tmp_path):
    source = "import os, time\nprint(os.getpid(), os.getppid(), os.getcwd(), flush=True)\nwhile True: time.sleep(1)"
    shown = []

    def kill_the_warden(text):
        shown.append(text)
        os.kill(int(text.split()[1]), signal.SIGKILL)

    ended = run(allow(str(write_program(tmp_path, "program", source))), kill_the_warden)

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.LOST, None)
    number, _, home = shown[0].split()
    wait_until(lambda: not is_alive(int(number)), "the end of the command")
    assert not Path(home).exists()


def test_when_a_callback_fails_nothing_runs_on(breed):
    program, pids = breed("print('x', flush=True)\nwhile True: time.sleep(1)")

    def fail(text):
        numbers_in(pids, 2)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(allow(str(program)), fail)

    assert [number for number in numbers_in(pids, 2) if is_alive(number)] == []


def test_what_puts_out_without_end_is_ended(tmp_path):
    program = write_program(tmp_path, "program", "while True: print('y' * 1000)")

    ended = run(allow(str(program), output_bytes=2_000), most_raw_bytes=1 << 20)

    assert ended.ended_by is CommandEnd.FLOODED
    assert ended.output.is_truncated
    assert ended.output.length == 1 << 20
    assert len(ended.output.text) < 2_100


def test_what_takes_too_much_memory_fails(tmp_path):
    ended = run(allow(str(write_program(tmp_path, "program", "x = bytearray(5 << 30)"))))

    assert (ended.ended_by, ended.exit_code) == (CommandEnd.EXITED, 1)
    assert "MemoryError" in ended.output.text


def test_several_run_at_once_each_with_its_own_output(tmp_path):
    program = write_program(tmp_path, "program", "import sys\nfor _ in range(200): print(sys.argv[1])")
    ends = {}
    threads = [
        threading.Thread(target=lambda word=word: ends.update({word: run(allow(str(program), word))}))
        for word in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {word: end.output.text for word, end in ends.items()} == {
        word: f"{word}\n" * 200 for word in ("a", "b", "c")
    }
