"""The supervisor with real processes: it restarts, stops in order, refuses, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.product import ROOT, product_env, read_run

DEADLINE_SECONDS = 30.0


def wait_until(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)
    return found


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


class Running:
    """A supervisor with its stand-ins."""

    def __init__(self, folder: Path, children: dict[str, str]) -> None:
        self.data_dir = folder / "data"
        self.data_dir.mkdir(exist_ok=True)
        self.output = folder / "up.log"
        words = [str(self.data_dir), msgspec.json.encode(children).decode()]
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.cli.stand_in", *words],
                cwd=ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )

    def child(self, name: str) -> dict[str, Any]:
        return read_run(self.data_dir)["children"][name]

    def wait_ready(self) -> None:
        wait_until(lambda: self.process.poll() is not None or read_run(self.data_dir).get("state") == "ready")
        assert self.process.poll() is None, self.said()

    def wait_up_again(self, name: str, old_pid: int) -> dict[str, Any]:
        return wait_until(
            lambda: (found := self.child(name))["state"] == "up" and found["pid"] not in (None, old_pid) and found
        )

    def said(self) -> str:
        return self.output.read_text()

    def stops(self) -> list[str]:
        return (self.data_dir / "stops").read_text().split()


@contextmanager
def running(folder: Path, **children: str) -> Iterator[Running]:
    run = Running(folder, children)
    try:
        yield run
    finally:
        with suppress(ProcessLookupError):
            run.process.kill()
        run.process.wait()


def test_a_killed_child_is_started_again_and_the_person_is_told(tmp_path: Path) -> None:
    with running(tmp_path, worker="steady") as run:
        run.wait_ready()
        pid = run.child("worker")["pid"]

        os.kill(pid, signal.SIGKILL)
        again = run.wait_up_again("worker", pid)

        assert (again["restarts"], again["lastExit"]) == (1, "killed by SIGKILL")
        wait_until(lambda: "worker is up again" in run.said())
        assert "worker ended (killed by SIGKILL); starting it again in" in run.said()


def test_what_a_killed_child_had_started_goes_with_it(tmp_path: Path) -> None:
    with running(tmp_path, worker="parent") as run:
        run.wait_ready()
        kid, pid = int((run.data_dir / "kid").read_text()), run.child("worker")["pid"]

        os.kill(pid, signal.SIGKILL)
        run.wait_up_again("worker", pid)

        wait_until(lambda: not is_alive(kid))


def test_children_stop_in_reverse_order_and_nothing_remains(tmp_path: Path) -> None:
    with running(tmp_path, broker="valkey", gateway="steady", worker="steady", flower="steady") as run:
        run.wait_ready()
        pids = [child["pid"] for child in read_run(run.data_dir)["children"].values()]

        run.process.send_signal(signal.SIGTERM)

        assert run.process.wait(DEADLINE_SECONDS) == 0
        assert run.stops() == ["flower", "worker", "gateway"]
        assert not [pid for pid in pids if is_alive(pid)]
        assert not (run.data_dir / "run.json").exists()


def test_workers_stop_together_and_the_gateway_they_report_to_after_them(tmp_path: Path) -> None:
    with running(tmp_path, gateway="steady", intake="sociable", graph="sociable") as run:
        run.wait_ready()

        run.process.send_signal(signal.SIGTERM)

        assert run.process.wait(DEADLINE_SECONDS) == 0
        assert "was killed" not in run.said()
        assert {*run.stops()[:2]} == {"intake", "graph"}
        assert run.stops()[2:] == ["gateway"]


def test_a_supervisor_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path, broker="valkey", gateway="steady", worker="deaf") as run:
        run.wait_ready()
        pids = [child["pid"] for child in read_run(run.data_dir)["children"].values()]
        assert all(is_alive(pid) for pid in pids)

        run.process.kill()

        wait_until(lambda: not [pid for pid in pids if is_alive(pid)])
    with running(tmp_path, broker="valkey", gateway="steady") as run:
        run.wait_ready()


def test_a_child_that_ignores_the_request_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    with running(tmp_path, gateway="steady", worker="deaf") as run:
        run.wait_ready()

        run.process.send_signal(signal.SIGINT)

        assert run.process.wait(DEADLINE_SECONDS) == 0
        assert "worker did not end in time and was killed" in run.said()
        assert run.stops() == ["gateway"]


def test_a_child_that_cannot_use_its_settings_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    with running(tmp_path, broker="valkey", gateway="bad-settings") as run:
        assert run.process.wait(DEADLINE_SECONDS) == 1
        assert "gateway cannot start: its settings are not usable (exit code 78)" in run.said()
        assert "FAULTLINE_PORT: must be a number" in run.said()
        assert "starting it again" not in run.said()


def test_a_child_that_never_comes_up_is_given_up_after_three_tries(tmp_path: Path) -> None:
    with running(tmp_path, gateway="hopeless") as run:
        assert run.process.wait(DEADLINE_SECONDS) == 1
        assert run.said().count("gateway ended (exit code 3)") == 2
        assert "it ended 3 times without ever being up (exit code 3)" in run.said()


def test_an_error_in_a_log_is_hinted_on_the_screen(tmp_path: Path) -> None:
    with running(tmp_path, gateway="complaining") as run:
        run.wait_ready()

        wait_until(lambda: "gateway error: disk is on fire" in run.said())
        assert "disk is on fire" in (run.data_dir / "logs" / "gateway.log").read_text()


def test_a_broker_whose_file_is_damaged_starts_empty_and_says_so(tmp_path: Path) -> None:
    damaged = tmp_path / "data" / "broker" / "appendonlydir"
    damaged.mkdir(parents=True)
    (damaged / "appendonly.aof.manifest").write_text("this is no manifest\n")

    with running(tmp_path, broker="valkey") as run:
        run.wait_ready()

        assert "broker could not start; its file could not be read and was moved to" in run.said()


def test_a_broker_keeps_what_it_was_given_when_it_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, broker="valkey") as run:
        run.wait_ready()
        path, pid = read_run(run.data_dir)["brokerSocket"], run.child("broker")["pid"]
        assert ask(path, "SET colour red") == "+OK"

        os.kill(pid, signal.SIGKILL)
        run.wait_up_again("broker", pid)

        assert ask(path, "GET colour") == "$3"


def test_the_socket_of_a_deep_folder_is_put_where_its_path_is_short_enough(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)

    with running(deep, broker="valkey") as run:
        run.wait_ready()
        path = Path(read_run(run.data_dir)["brokerSocket"])

        assert ask(str(path), "PING") == "+PONG"
        assert path.parent.stat().st_mode & 0o777 == 0o700
    path.unlink(missing_ok=True)
    path.parent.rmdir()


def test_a_supervisor_that_cannot_write_down_what_runs_goes_on(tmp_path: Path) -> None:
    with running(tmp_path, worker="steady") as run:
        run.wait_ready()
        pid = run.child("worker")["pid"]
        # As on a full disk: the draft of run.json cannot be written.
        blocked = run.data_dir / ".run.json.new"
        blocked.mkdir()

        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "cannot write down what runs" in run.said())
        assert run.process.poll() is None
        blocked.rmdir()
        run.wait_up_again("worker", pid)


def test_a_second_copy_on_the_same_folder_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with running(tmp_path, gateway="steady") as run:
        run.wait_ready()

        refused = faultline_up(run.data_dir)

        assert refused.returncode == 1
        assert f"process {run.process.pid}, http://127.0.0.1:1" in refused.stderr
        assert is_alive(run.child("gateway")["pid"])


@pytest.mark.parametrize("setting", ["FAULTLINE_PORT", "FAULTLINE_GATEWAY_DOOR_PORT", "FAULTLINE_FLOWER_PORT"])
def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path, setting: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        refused = faultline_up(tmp_path, **{setting: str(port)})

    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken. Set {setting} to another port" in refused.stderr
    assert not (tmp_path / "broker" / "valkey.sock").exists()


def test_settings_that_are_not_usable_are_named_all_at_once(tmp_path: Path) -> None:
    refused = faultline_up(tmp_path, FAULTLINE_PORT="http", FAULTLINE_HOTS="x")

    assert refused.returncode == 2
    assert "FAULTLINE_PORT" in refused.stderr
    assert "did you mean FAULTLINE_HOST?" in refused.stderr


def ask(path: str, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(path)
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(100).split(b"\r\n")[0].decode()


def faultline_up(data_dir: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "up"],
        cwd=ROOT,
        env=product_env(data_dir, env),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
