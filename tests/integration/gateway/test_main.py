"""The gateway as a process: what it says and how it ends."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import requests

from shared.contracts.messages import JobFailed, Results, encode
from tests.support.metrics_page import value_of
from tests.support.product import ROOT
from tests.support.waiting import wait_until

SECONDS = 30.0


class Process:
    """A gateway in a folder of its own, on free ports, with a broker nobody answers at."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        env = {
            "FAULTLINE_DATA_DIR": str(data_dir),
            "FAULTLINE_PORT": "0",
            "FAULTLINE_GATEWAY_DOOR_PORT": "0",
            "FAULTLINE_BROKER_URL": "redis://127.0.0.1:1/0",
            "FAULTLINE_DOOR_KEY": "the-key-of-the-door",
        }
        self.log = data_dir.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.gateway"],
                cwd=ROOT,
                env=os.environ | env | settings,
                stderr=log,
                stdout=log,
            )

    def url(self, port: str = "port") -> str:
        """Wait until it listens and return where; with ``door_port``, where its door is."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            for line in self.log.read_text().splitlines():
                if '"gateway listens"' in line:
                    return f"http://127.0.0.1:{msgspec.json.decode(line)[port]}"
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(SECONDS)


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Process]:
    found = Process(tmp_path / "data")
    yield found
    found.end(signal.SIGKILL)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_makes_its_admin_token_serves_and_ends_with_0(process: Process, tmp_path: Path, number: signal.Signals):
    url = process.url()
    path = tmp_path / "data" / "admin-token"
    token = path.read_text().strip()
    me = requests.get(f"{url}/api/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert me.json()["role"] == "admin"
    assert requests.get(f"{url}/healthz", timeout=10).status_code == 200
    assert requests.get(f"{url}/readyz", timeout=20).status_code == 503
    assert process.end(number) == 0
    assert token not in process.log.read_text()


def test_what_was_acknowledged_is_there_after_kill_9(process: Process, tmp_path: Path):
    url = process.url()
    headers = {"Authorization": f"Bearer {(tmp_path / 'data' / 'admin-token').read_text().strip()}"}
    made = requests.post(f"{url}/api/incidents", json={"title": "Kept"}, headers=headers, timeout=10).json()
    process.end(signal.SIGKILL)
    process.log.unlink()
    again = Process(tmp_path / "data")

    assert requests.get(f"{again.url()}/api/incidents/INC-1", headers=headers, timeout=10).json() == made
    assert again.end() == 0


def test_its_metrics_tell_of_commits_and_of_the_door_and_are_right_after_kill_9(tmp_path: Path, request):
    key = tmp_path / "metrics-key"
    key.write_text("the-key-of-the-metrics\n")

    def start() -> Process:
        started = Process(tmp_path / "data", FAULTLINE_METRICS_KEY_FILE=str(key))
        request.addfinalizer(lambda: started.end(signal.SIGKILL))
        return started

    process = start()

    def shown(metric: str, /, **labels: str) -> float | None:
        headers = {"Authorization": "Bearer the-key-of-the-metrics"}
        answer = requests.get(f"{process.url()}/metrics", headers=headers, timeout=10)
        assert answer.status_code == 200
        return value_of(answer.text, metric, **labels)

    assert requests.get(f"{process.url()}/metrics", timeout=10).status_code == 401
    token = {"Authorization": f"Bearer {(tmp_path / 'data' / 'admin-token').read_text().strip()}"}
    before = shown("faultline_store_commit_seconds_count") or 0
    requests.post(f"{process.url()}/api/incidents", json={"title": "Kept"}, headers=token, timeout=10)
    wait_until(lambda: (shown("faultline_store_commit_seconds_count") or 0) > before, "the time of the commit")
    failed = JobFailed(job_id="job_of_nobody", attempt=1, error="x", retryable=False)
    door = {"Authorization": "Bearer the-key-of-the-door"}
    requests.post(
        f"{process.url('door_port')}/door/results", data=encode(Results(results=(failed,))), headers=door, timeout=10
    )
    assert shown("faultline_dedup_total", what="result") == 1

    process.end(signal.SIGKILL)
    process.log.unlink()
    process = start()
    assert shown("faultline_incidents", status="new") == 1
    assert shown("faultline_dedup_total", what="result") == 0
    assert process.end() == 0
    assert "the-key-of-the-metrics" not in process.log.read_text()


def test_its_metrics_tell_of_a_broker_that_is_away_before_anything_was_to_be_handed_over(process: Process):
    page = requests.get(f"{process.url()}/metrics", timeout=20).text

    assert value_of(page, "faultline_broker_up") == 0
    assert value_of(page, "faultline_jobs", queue="intake", state="waiting") == 0


def test_who_signed_in_is_known_after_kill_9_and_who_was_revoked_is_not(process: Process, tmp_path: Path):
    url = process.url()
    token = (tmp_path / "data" / "admin-token").read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    kept, revoked = (requests.post(f"{url}/api/session", json={"token": token}, timeout=10) for _ in range(2))
    gone = requests.delete(f"{url}/api/sessions/{revoked.json()['id']}", headers=headers, timeout=10)
    assert gone.status_code == 204
    process.end(signal.SIGKILL)
    logged = process.log.read_text()
    process.log.unlink()
    again = Process(tmp_path / "data")
    url = again.url()

    assert requests.get(f"{url}/api/me", cookies=kept.cookies, timeout=10).json()["signedInBy"] == "session"
    assert requests.get(f"{url}/api/me", cookies=revoked.cookies, timeout=10).status_code == 401
    log = requests.get(f"{url}/api/audit", headers=headers, timeout=10).json()
    assert [one["type"] for one in log["items"]] == ["session_ended", "session_begun", "session_begun", "token_made"]
    assert again.end() == 0
    for secret in (kept.cookies["faultline_session"], kept.json()["csrfToken"], token):
        assert secret not in logged + again.log.read_text()


def test_the_intake_token_follows_its_file_from_start_to_start(tmp_path: Path):
    file = tmp_path / "intake-token"

    def sends(url: str, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.post(f"{url}/api/intake/webhook", json={"title": "x"}, headers=headers, timeout=10)
        assert requests.get(f"{url}/api/incidents", headers=headers, timeout=10).status_code in (401, 403)
        return answer.status_code

    def answers_with(*tokens: str, **settings: str) -> list[int]:
        process = Process(tmp_path / "data", **settings)
        try:
            return [sends(process.url(), token) for token in tokens]
        finally:
            process.end()
            said = process.log.read_text()
            process.log.unlink()
            assert [token for token in tokens if token in said] == []

    first, second = "the-first-token-of-alerts", "the-second-token-of-alerts"
    setting = {"FAULTLINE_INTAKE_TOKEN_FILE": str(file)}
    file.write_text(f"{first}\n")
    assert answers_with(first, second, **setting) == [202, 401]
    file.write_text(f"{second}\n")
    assert answers_with(first, second, **setting) == [401, 202]
    assert answers_with(first, second) == [401, 401]


def test_an_intake_token_that_is_the_admins_ends_it_with_78(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin-token").write_text("the-token-that-was-kept-here\n")
    process = Process(tmp_path / "data", FAULTLINE_INTAKE_TOKEN="the-token-that-was-kept-here")

    assert process.process.wait(SECONDS) == 78
    assert "FAULTLINE_INTAKE_TOKEN" in process.log.read_text()
    assert "the-token-that-was-kept-here" not in process.log.read_text()


def test_unusable_settings_end_it_with_78_and_name_every_one(tmp_path: Path):
    process = Process(tmp_path / "data", FAULTLINE_PORT="many", FAULTLINE_DOOR_KEY="", FAULTLINE_PROT="1")

    assert process.process.wait(SECONDS) == 78
    for name in ("FAULTLINE_PORT", "FAULTLINE_DOOR_KEY", "FAULTLINE_PROT"):
        assert name in process.log.read_text()


def test_a_second_gateway_on_the_same_folder_is_refused_with_75(process: Process, tmp_path: Path):
    process.url()
    second = Process(tmp_path / "data", FAULTLINE_LOG_LEVEL="error")

    assert second.process.wait(60) == 75
    assert "Another gateway" in second.log.read_text()


def test_a_port_that_is_taken_ends_it_with_69(process: Process, tmp_path: Path):
    port = process.url().rpartition(":")[2]
    other = Process(tmp_path / "other", FAULTLINE_PORT=port)

    assert other.process.wait(SECONDS) == 69
