"""The profile ``observability`` without containers: its own files, with real programs, watching a running product.

Nothing of the files is changed but where things are, and how long they take.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from services.cli.supervisor.addresses import find_free_port
from tests.support.product import ROOT, Product, read_run
from tests.support.programs import running_program
from tests.support.waiting import wait_until

OBSERVABILITY = ROOT / "deploy/observability"
# As Debian names them.
PROGRAMS = ("prometheus", "prometheus-alertmanager")
_SECRETS = "/run/monitoring"
_QUICKER = {"scrape_interval: 15s": "scrape_interval: 1s", "evaluation_interval: 15s": "evaluation_interval: 1s"}
_SOONER = {"group_wait: 10s": "group_wait: 0s", "group_interval: 1m": "group_interval: 1s"}


@dataclass(frozen=True, slots=True)
class Monitoring:
    """A running Prometheus, whose Alertmanager tells the product."""

    prometheus_url: str
    alertmanager_url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """Return what Prometheus answers to ``path``; raises ``AssertionError`` with its error for what it refuses."""
        answer = requests.get(f"{self.prometheus_url}/api/v1/{path}", params=parameters, timeout=10)
        found = answer.json()
        assert found["status"] == "success", f"{parameters}: {found.get('error')}"
        return found["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples of ``expression`` as of now."""
        return list(self.ask("query", query=expression)["result"])

    def targets(self) -> dict[str, tuple[str, str]]:
        """Return job: (health, last error) of every target."""
        active = self.ask("targets")["activeTargets"]
        return {one["labels"]["job"]: (one["health"], one["lastError"]) for one in active}


@contextmanager
def running_monitoring(folder: Path, product: Product, secrets: Path) -> Iterator[Monitoring]:
    """Watch ``product`` until the block ends; ``secrets`` is the folder that ``prepare`` made for monitoring."""
    folder.mkdir()
    ports = find_free_port("127.0.0.1"), find_free_port("127.0.0.1")
    prometheus, alertmanager = (f"127.0.0.1:{port}" for port in ports)
    at = {"127.0.0.1:9090": prometheus, "alertmanager:9093": alertmanager, **_addresses(product)}
    _write(folder, "prometheus.yml", {**at, _SECRETS: str(secrets), **_QUICKER})
    _write(folder, "alerts.yml", {})
    _write(folder, "alertmanager.yml", {"http://gateway:8080": product.url, _SECRETS: str(secrets), **_SOONER})
    alertmanager_command = [
        "prometheus-alertmanager",
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={alertmanager}",
        "--cluster.listen-address=",
    ]
    prometheus_command = [
        "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/prometheus",
        f"--web.listen-address={prometheus}",
    ]
    with running_program(alertmanager_command, folder), running_program(prometheus_command, folder):
        found = Monitoring(f"http://{prometheus}", f"http://{alertmanager}")
        wait_until(
            lambda: is_up(found.prometheus_url) and is_up(found.alertmanager_url),
            "Prometheus and Alertmanager to be up",
        )
        yield found


def is_up(url: str) -> bool:
    """Answer whether the Prometheus or Alertmanager at ``url`` is ready."""
    try:
        return requests.get(f"{url}/-/ready", timeout=2).ok
    except requests.RequestException:
        return False


def dashboard_queries() -> dict[str, str]:
    """Return every query of the dashboard, with a span in place of Grafana's own variable, by panel and letter."""
    board = json.loads((OBSERVABILITY / "grafana/dashboards/faultline.json").read_text())
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$__rate_interval", "1m")
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }


def _addresses(product: Product) -> dict[str, str]:
    """Return where the product runs each service, by its address in Compose."""
    urls = read_run(product.data_dir)["metricsUrls"]
    found = {f"{name}:9100": _address(url) for name, url in urls.items()}
    return {**found, "gateway:8080": _address(product.url), "flower:5555": _address(product.flower_url or "")}


def _address(url: str) -> str:
    return re.sub(r"^http://([^/]+).*$", r"\1", url)


def _write(folder: Path, name: str, places: Mapping[str, str]) -> None:
    text = (OBSERVABILITY / name).read_text("utf-8")
    for old in places:
        assert old in text, f"{name} does not say {old} any more"
    # In one go: what was put in may look like what is still to be replaced.
    pattern = "|".join(re.escape(old) for old in places)
    (folder / name).write_text(re.sub(pattern, lambda found: places[found[0]], text) if places else text, "utf-8")
