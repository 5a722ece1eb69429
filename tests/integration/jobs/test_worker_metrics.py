"""What real workers count over their processes, who may read it, and what is left of it when one is killed."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from services.gateway.handlers.ask_quickdx import ask_diagnosis
from shared.contracts.diagnosis import DiagnosedResource
from tests.integration.jobs.rig import ROOT, Rig, pool_of, running_rig
from tests.support.builders import ANN
from tests.support.metrics_page import metrics_of_page, metrics_of_text, value_of
from tests.support.waiting import wait_until

FIRING = (ROOT / "data" / "samples" / "alertmanager" / "01_firing.json").read_bytes()
# Too big to travel inline: whoever reads it asks the door for it.
LARGE = FIRING + b" " * (20 << 10)
GRAPH_WORKER = "tests.support.graph_worker"
TASK = "intake.normalise_deliveries"
KEY = "the-key-of-the-metrics"
# Nothing is handed again while a task is held.
LONG_LEASE_SECONDS = 600.0


class HeldBlobs:
    """Lets who asks for a blob wait until the test lets go."""

    def __init__(self, rig: Rig) -> None:
        self._get = rig.blobs.get
        self._gate = threading.Event()
        self.waiting = 0
        rig.blobs.get = self._hold  # type: ignore[method-assign]

    def let_go(self) -> None:
        self._gate.set()

    def _hold(self, digest: str) -> bytes:
        self.waiting += 1
        self._gate.wait(120)
        return self._get(digest)


def a_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(port: int, path: str = "/metrics", key: str | None = None, method: str = "GET") -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return requests.request(method, f"http://127.0.0.1:{port}{path}", headers=headers, timeout=30)


def tasks(port: int, outcome: str = "done") -> float | None:
    return value_of(scrape(port).text, "faultline_tasks_total", task=TASK, outcome=outcome)


def running(port: int) -> float | None:
    return value_of(scrape(port).text, "faultline_tasks_running", task=TASK)


def listening(pid: int) -> list[int]:
    """Return the TCP ports that a process has listening sockets for, its own or inherited."""
    links = [str(fd.readlink()) for fd in Path(f"/proc/{pid}/fd").iterdir() if fd.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in inodes]


def hold_both(rig: Rig, held: HeldBlobs) -> None:
    """Give each of two processes a task that does not end; one after the other, so that they are two messages."""
    for count in (1, 2):
        rig.accept(LARGE + b" " * count)
        wait_until(lambda count=count: held.waiting == count, "a process at work")


def test_counts_add_up_over_processes_and_outlive_those_that_are_killed(tmp_path: Path) -> None:
    port = a_port()
    with (
        running_rig(tmp_path, LONG_LEASE_SECONDS) as rig,
        rig.worker(processes=2, FAULTLINE_METRICS_PORT=str(port), TMPDIR=str(tmp_path)) as worker,
    ):
        rig.wait_for_hello()
        held = HeldBlobs(rig)
        hold_both(rig, held)
        wait_until(lambda: running(port) == 2, "two running tasks")
        assert tasks(port) == 0
        held.let_go()
        wait_until(lambda: tasks(port) == 2, "the counts of both processes")
        assert running(port) == 0
        (folder,) = tmp_path.glob("faultline-*-metrics-intake-*")
        files = sorted(file.name for file in folder.iterdir())

        held = HeldBlobs(rig)
        hold_both(rig, held)
        wait_until(lambda: running(port) == 2, "two running tasks")
        victim, spared = pool_of(worker)
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: tasks(port, "lost") == 1, "the word of a lost process")

        assert (running(port), tasks(port)) == (1, 2)
        held.let_go()
        wait_until(lambda: (tasks(port), running(port)) == (3, 0), "the end of the other task")
        wait_until(lambda: len(pool_of(worker)) == 2, "a process in the place of the killed one")
        assert spared in pool_of(worker)
        assert [listening(pid) for pid in pool_of(worker)] == [[], []]
        assert listening(worker.pid) == [port]
        for count in range(4):
            rig.wait_until_done([rig.accept(FIRING + b" " * count)])
        wait_until(lambda: tasks(port) == 7, "counts that go on")
        assert sorted(file.name for file in folder.iterdir()) == files
        assert {mode.stat().st_mode & 0o777 for mode in (folder,)} == {0o700}


def test_a_task_killed_for_its_time_is_counted_once(tmp_path: Path) -> None:
    port, task = a_port(), "graph.diagnose_resource"
    stuck = {"TESTS_STUCK_CLUSTER": "1", "TESTS_TIME_LIMIT": "1"}
    env = {"FAULTLINE_METRICS_PORT": str(port), "TMPDIR": str(tmp_path), **stuck}
    with running_rig(tmp_path, LONG_LEASE_SECONDS) as rig, rig.worker("graph", GRAPH_WORKER, **env):

        def outcomes() -> dict[str, float | None]:
            text = scrape(port).text
            return {
                one: value_of(text, "faultline_tasks_total", task=task, outcome=one)
                for one in ("done", "failed", "lost", "timed_out")
            }

        resource = DiagnosedResource(cluster="memory", namespace="shop", kind="Deployment", name="checkout")
        for count in (1, 2):
            # What was told late of the first is counted by the end of the second.
            rig.wait_for_hello()
            rig.store.transact(lambda tx: ask_diagnosis(tx, ANN, resource))
            wait_until(lambda count=count: outcomes()["timed_out"] == count, "the end of its time")
        assert outcomes() == {"done": 0, "failed": 0, "lost": 0, "timed_out": 2}
        assert value_of(scrape(port).text, "faultline_tasks_running", task=task) == 0


def test_the_page_names_what_a_worker_serves_and_nothing_else(tmp_path: Path) -> None:
    port = a_port()
    with running_rig(tmp_path) as rig, rig.worker(FAULTLINE_METRICS_PORT=str(port), TMPDIR=str(tmp_path)):
        rig.wait_for_hello()

        assert metrics_of_text(scrape(port).text) == metrics_of_page("The workers")


def test_calls_of_the_door_are_counted_and_the_hello_is_told(tmp_path: Path) -> None:
    port = a_port()
    with running_rig(tmp_path) as rig, rig.worker(FAULTLINE_METRICS_PORT=str(port), TMPDIR=str(tmp_path)):
        rig.wait_for_hello()
        rig.wait_until_done([rig.accept(LARGE)])
        wait_until(lambda: tasks(port) == 1, "the task's count")
        text = scrape(port).text

        calls = ("results", "get_blob", "put_blob")
        counts = {call: value_of(text, "faultline_door_seconds_count", call=call) for call in calls}
        assert counts == {"results": 1, "get_blob": 1, "put_blob": 0}
        assert {value_of(text, "faultline_door_failures_total", call=call) for call in calls} == {0}
        assert value_of(text, "faultline_task_seconds_count", task=TASK) == 1
        assert (value_of(text, "faultline_hello_age_seconds") or 0) > 0


def test_with_a_key_only_who_shows_it_reads_and_nothing_else_is_there(tmp_path: Path) -> None:
    port = a_port()
    env = {"FAULTLINE_METRICS_PORT": str(port), "FAULTLINE_METRICS_KEY": KEY, "TMPDIR": str(tmp_path)}
    with running_rig(tmp_path) as rig, rig.worker(**env):
        rig.wait_for_hello()

        refused = scrape(port)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, 'Bearer realm="faultline"')
        assert "faultline_" not in refused.text
        assert scrape(port, key=KEY + "x").status_code == 401
        assert scrape(port, key=KEY).status_code == 200
        assert {scrape(port, path, KEY).status_code for path in ("/", "/metricsx", "/metrics/", "/healthz")} == {404}
        assert {scrape(port, "/metrics", KEY, method).status_code for method in ("POST", "PUT", "DELETE", "HEAD")} == {
            404
        }


@pytest.mark.parametrize("env", [{}, {"FAULTLINE_METRICS_PORT": "0"}], ids=["unset", "zero"])
def test_without_a_port_nothing_listens(tmp_path: Path, env: dict[str, str]) -> None:
    with running_rig(tmp_path) as rig, rig.worker(TMPDIR=str(tmp_path), **env) as worker:
        rig.wait_for_hello()
        rig.wait_until_done([rig.accept(FIRING)])

        assert listening(worker.pid) == []
        assert list(tmp_path.glob("faultline-*-metrics-*")) == []


def test_a_worker_whose_port_is_taken_works_without_metrics(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, running_rig(tmp_path) as rig:
        env = {"FAULTLINE_METRICS_PORT": str(taken.getsockname()[1]), "TMPDIR": str(tmp_path)}
        with rig.worker(**env) as worker:
            rig.wait_for_hello()
            rig.wait_until_done([rig.accept(FIRING)])

            assert "metrics are not served" in rig.log()
            assert listening(worker.pid) == []


def test_a_worker_whose_files_were_taken_away_works_all_the_same(tmp_path: Path) -> None:
    port = a_port()
    with running_rig(tmp_path) as rig, rig.worker(FAULTLINE_METRICS_PORT=str(port), TMPDIR=str(tmp_path)):
        rig.wait_for_hello()
        (folder,) = tmp_path.glob("faultline-*-metrics-intake-*")
        # Before the process of the pool has counted anything, and so opened its files.
        shutil.rmtree(folder)
        rig.wait_until_done([rig.accept(FIRING)])
        rig.wait_for(lambda: "this process counts no more" in rig.log(), "the word about the files")
        rig.wait_until_done([rig.accept(FIRING + b" ")])

        assert "raised" not in rig.log()
        assert scrape(port).status_code == 200


@pytest.mark.parametrize("service", ["intake", "graph", "actions"])
def test_who_serves_no_metrics_does_not_load_their_library(service: str) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("FAULTLINE_")}
    env |= {"FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0", "FAULTLINE_DOOR_KEY": "a-key-of-the-door"}
    look = f"import sys, services.{service}.worker; print('prometheus_client' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", look], cwd=ROOT, env=env, capture_output=True, text=True, check=True)

    assert found.stdout == "False\n"
