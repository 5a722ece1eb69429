"""`faultline up`, the whole product: it comes up, keeps itself up, answers, and goes without a trace."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from services.cli.supervisor.addresses import find_free_port
from tests.support.product import ROOT, Product, product_env, read_run, running_product, stop

DEADLINE_SECONDS = 30.0
METRICS_KEY = "the-key-of-the-metrics"


def wait_until(is_so: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not (found := is_so()):
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.05)
    return found


def processes_of(folder: Path) -> dict[int, str]:
    """Every living process that was started for ``folder``, found by its environment or arguments."""
    found = {}
    needle = os.fsencode(folder)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
        except OSError:
            continue
        if needle in text:
            found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
    return found


def faultline(product: Product, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        cwd=ROOT,
        env={name: value for name, value in product_env(product.data_dir, {}).items() if name != "FAULTLINE_PORT"},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One product for the tests that leave it running."""
    # A port of its own: another product of these tests may begin at the same time, and take the usual one first.
    port = find_free_port("127.0.0.1")
    settings = {"FAULTLINE_FLOWER_PORT": str(port), "FAULTLINE_METRICS_PORT": "", "FAULTLINE_METRICS_KEY": METRICS_KEY}
    with running_product(tmp_path_factory.mktemp("up"), **settings) as running:
        yield running


def test_it_is_ready_and_says_so(product: Product) -> None:
    ready = requests.get(f"{product.url}/readyz", timeout=5)

    assert ready.status_code == 200
    assert all(check["ok"] for check in ready.json()["checks"].values())


def test_only_its_owner_may_read_the_credentials(product: Product) -> None:
    modes = {name: (product.data_dir / name).stat().st_mode & 0o777 for name in ("admin-token", "door-key")}

    assert modes == {"admin-token": 0o600, "door-key": 0o600}
    assert (product.data_dir / "broker" / "valkey.sock").stat().st_mode & 0o077 == 0


def test_the_admin_token_is_shown_once_and_works(product: Product) -> None:
    me = requests.get(f"{product.url}/api/me", headers=product.headers, timeout=5)

    assert me.json()["role"] == "admin"
    assert (product.data_dir.parent / "up.log").read_text().count(product.token) == 1


def test_no_secret_stands_in_the_list_of_processes(product: Product) -> None:
    secrets = [(product.data_dir / name).read_text().strip() for name in ("admin-token", "door-key")]
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in product.pids.values()]

    assert not [secret for secret in secrets for command in commands if secret in command]


def test_the_command_finds_it_by_its_data_folder(product: Product) -> None:
    status = faultline(product, "status", "--json")

    assert status.returncode == 0, status.stderr
    report = json.loads(status.stdout)
    assert (report["url"], report["ready"]) == (product.url, True)
    assert set(report["run"]["children"]) >= {"broker", "gateway", "intake"}


def test_the_demo_ends_with_incidents_and_clean_chains(product: Product) -> None:
    demo = faultline(product, "demo", "--pace", "0", "--json")

    assert demo.returncode == 0, demo.stderr
    played = json.loads(demo.stdout)
    states = [one["state"] for one in played["deliveries"]]
    assert states.count("quarantined") == 1
    assert set(states) == {"processed", "quarantined"}
    assert {incident["title"] for incident in played["incidents"]} >= {"orders-db has no free connections"}
    assert [incident["firingCount"] for incident in played["incidents"] if "mail" in incident["title"]] == [1]

    assert played["diagnosis"]["hypotheses"][0]["ruleId"] == "log-dns"

    verified = json.loads(faultline(product, "verify", "--json").stdout)
    assert verified["problems"] == []
    assert verified["incidents"] >= len(played["incidents"])
    assert verified["entries"] > verified["incidents"]


def test_an_incident_is_opened_and_moved_from_the_command_line(product: Product) -> None:
    opened = json.loads(faultline(product, "incidents", "create", "Disk full", "--severity", "high", "--json").stdout)
    name = f"INC-{opened['number']}"

    assert faultline(product, "incidents", "move", name, "triage").returncode == 0
    refused = faultline(product, "incidents", "move", name, "closed")

    assert refused.returncode == 1
    assert "triage" not in refused.stdout
    assert "allowed:" in refused.stderr
    assert "status_changed" in faultline(product, "incidents", "show", name).stdout
    assert faultline(product, "incidents", "show", "INC-999999").returncode == 5


def test_every_child_that_is_killed_is_back_and_the_product_ready_again(product: Product) -> None:
    for name in ("intake", "gateway", "broker"):
        pid = product.pids[name]

        os.kill(pid, signal.SIGKILL)

        wait_until(lambda name=name, pid=pid: product.pids.get(name) not in (None, pid))
        wait_until(lambda name=name: read_run(product.data_dir)["children"][name]["state"] == "up")
        wait_until(lambda: is_ready(product.url))


def is_ready(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def test_a_stop_leaves_no_process_and_a_second_start_shows_no_token(tmp_path: Path) -> None:
    with running_product(tmp_path) as first:
        assert len(processes_of(first.data_dir)) >= 5  # Supervisor, broker, gateway, worker and its child.

        assert stop(first.process) == 0

        assert processes_of(first.data_dir) == {}
    with running_product(tmp_path) as second:
        assert second.token == first.token
        assert (tmp_path / "up.log").read_text().count(first.token) == 1


def test_a_supervisor_that_is_killed_leaves_no_process_and_the_next_one_starts(tmp_path: Path) -> None:
    with running_product(tmp_path) as first:
        first.process.kill()
        first.process.wait()

        wait_until(lambda: processes_of(first.data_dir) == {})
    with running_product(tmp_path) as second:
        assert requests.get(f"{second.url}/readyz", timeout=5).status_code == 200


def test_every_service_serves_its_metrics_to_who_shows_the_key(product: Product) -> None:
    workers = read_run(product.data_dir)["metricsUrls"]
    assert sorted(workers) == ["actions", "graph", "intake"]

    for service, url in {"gateway": f"{product.url}/metrics", **workers}.items():
        shown = requests.get(url, headers={"Authorization": f"Bearer {METRICS_KEY}"}, timeout=10)
        assert shown.status_code == 200
        assert f'faultline_build_info{{service="{service}"' in shown.text
        assert requests.get(url, timeout=10).status_code == 401
        assert requests.get(url, headers=product.headers, timeout=10).status_code == 401


def test_flower_asks_for_its_password(product: Product) -> None:
    password = (product.data_dir / "flower-password").read_text().strip()
    wait_until(lambda: read_run(product.data_dir)["children"]["flower"]["state"] == "up")

    # The last two are open in a Flower of its own.
    for path in ("/api/workers", "/metrics", "/healthcheck"):
        address = f"{product.flower_url}{path}"
        assert requests.get(address, timeout=5).status_code == 401, path
        assert requests.get(address, auth=("admin", "wrong"), timeout=5).status_code == 401, path
        assert requests.get(address, auth=("admin", password), timeout=15).status_code == 200, path
    queues = requests.get(f"{product.url}/api/queues", headers=product.headers, timeout=5).json()
    assert queues["flowerUrl"] == product.flower_url, "the screens lead there"
