"""A real Prometheus and a real Alertmanager fire into the running product: ``python -m tests.e2e.demo_alertmanager``.

A rule fires on a gauge this program serves; Alertmanager posts its webhook with a bearer token; the incident
must stand in the API within two seconds of the webhook, and resolve when the gauge recovers.
"""

import http.server
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from services.cli.supervisor.addresses import find_free_port
from tests.support.monitoring import is_up
from tests.support.product import Product, running_product
from tests.support.programs import running_program
from tests.support.waiting import wait_until

SECONDS_TO_VISIBLE = 2.0
PROGRAMS = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}
"""Program by what it is, as Debian names them; the packages have the same names."""

_RULES = """
groups:
- name: pay
  interval: 1s
  rules:
  - alert: CheckoutDown
    expr: pay_up == 0
    labels: {severity: critical, team: payments}
    annotations:
      summary: "Checkout down in {{ $labels.namespace }}"
      description: "pay_up is {{ $value }} for pod {{ $labels.pod }}"
      runbook_url: "https://runbooks.example.com/checkout-down"
"""
_PROMETHEUS = """
global: {{scrape_interval: 1s, evaluation_interval: 1s, external_labels: {{cluster: lab}}}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['127.0.0.1:{alertmanager}']}}]}}]}}
scrape_configs:
- job_name: pay
  static_configs: [{{targets: ['127.0.0.1:{exporter}']}}]
"""
_ALERTMANAGER = """
route: {{receiver: faultline, group_by: [alertname, namespace, service], group_wait: 0s, group_interval: 1s}}
receivers:
- name: faultline
  webhook_configs:
  - url: {url}/api/intake/alertmanager
    send_resolved: true
    http_config: {{authorization: {{credentials_file: token}}}}
"""


@dataclass(slots=True)
class Exporter:
    """The service under watch: it serves one gauge, and ``up`` says which value."""

    port: int = 0
    up: bool = True
    _server: http.server.ThreadingHTTPServer | None = field(default=None, repr=False)

    @contextmanager
    def serving(self) -> Iterator["Exporter"]:
        """Serve the gauge while the block runs."""
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                labels = 'namespace="pay",service="checkout",pod="checkout-7d9f-abcde"'
                body = f"pay_up{{{labels}}} {int(exporter.up)}\n".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing: a scrape a second is no news."""

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass(frozen=True, slots=True)
class Story:
    """What happened: the incident as it opened and as it resolved, and how fast it was there."""

    opened: dict[str, Any]
    seconds_to_visible: float
    signals: list[dict[str, Any]]
    resolved: dict[str, Any]
    timeline: list[dict[str, Any]]


def missing_programs() -> list[str]:
    """The system packages that are not installed."""
    return [package for package in PROGRAMS.values() if shutil.which(package) is None]


def play(folder: Path, say: Callable[[str], None] = lambda _: None) -> Story:
    """Play the whole story in ``folder`` and return it. Raises AssertionError when it does not come true."""
    with ExitStack() as stack:
        product = stack.enter_context(running_product(folder, FAULTLINE_GATEWAY_STABLE_SECONDS="1"))
        exporter = stack.enter_context(Exporter().serving())
        stack.enter_context(_monitoring(folder / "monitoring", product, exporter.port))
        say(f"product at {product.url}; Prometheus and Alertmanager are up; all is well")
        assert _incidents(product) == [], "nothing fires, so there is no incident"

        exporter.up = False
        say("checkout goes down")
        opened, seconds = _wait_for_incident(product)
        say(f"{opened['title']!r} is {_name(opened)} {seconds:.2f} s after the webhook")
        signals = _get(product, f"/api/incidents/{opened['id']}/signals")["items"]

        exporter.up = True
        say("checkout recovers")
        resolved = _wait_for_status(product, opened["id"], "resolved")
        timeline = _get(product, f"/api/incidents/{opened['id']}/timeline")["items"]
        say(f"{_name(resolved)} is {resolved['status']}; its timeline:")
        for entry in timeline:
            say(f"  {entry['recordedAt']}  {entry['type']:16} {entry['message']}")
        return Story(opened, seconds, signals, resolved, timeline)


@contextmanager
def _monitoring(folder: Path, product: Product, exporter_port: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    alertmanager_port, prometheus_port = find_free_port("127.0.0.1"), find_free_port("127.0.0.1")
    (folder / "rules.yml").write_text(_RULES)
    (folder / "token").write_text(product.token)
    (folder / "prometheus.yml").write_text(_PROMETHEUS.format(alertmanager=alertmanager_port, exporter=exporter_port))
    (folder / "alertmanager.yml").write_text(_ALERTMANAGER.format(url=product.url))
    alertmanager = [
        PROGRAMS["alertmanager"],
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address=127.0.0.1:{alertmanager_port}",
        "--cluster.listen-address=",
    ]
    prometheus = [
        PROGRAMS["prometheus"],
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/prometheus",
        f"--web.listen-address=127.0.0.1:{prometheus_port}",
    ]
    urls = [f"http://127.0.0.1:{port}" for port in (alertmanager_port, prometheus_port)]
    with running_program(alertmanager, folder), running_program(prometheus, folder):
        wait_until(lambda: all(map(is_up, urls)), "Prometheus and Alertmanager to be up")
        yield


def _get(product: Product, path: str) -> dict[str, Any]:
    response = requests.get(product.url + path, headers=product.headers, timeout=10)
    response.raise_for_status()
    return dict(response.json())


def _incidents(product: Product) -> list[dict[str, Any]]:
    return list(_get(product, "/api/incidents")["items"])


def _wait_for_incident(product: Product) -> tuple[dict[str, Any], float]:
    """Return the incident and the seconds from the receipt of its webhook until the inbox showed it."""
    wait_until(lambda: _incidents(product), "the incident to be in the inbox")
    seen_at = time.time()
    incident = _get(product, f"/api/incidents/{_incidents(product)[0]['id']}")
    received_at = min(
        datetime.fromisoformat(delivery["receivedAt"]).timestamp()
        for delivery in _get(product, "/api/deliveries")["items"]
    )
    return incident, seen_at - received_at


def _wait_for_status(product: Product, incident_id: str, status: str) -> dict[str, Any]:
    path = f"/api/incidents/{incident_id}"
    wait_until(lambda: _get(product, path)["status"] == status, f"the incident to be {status}")
    return _get(product, path)


def _name(incident: dict[str, Any]) -> str:
    return f"INC-{incident['number']}"


def main() -> None:
    """Play the story on a terminal."""
    if missing := missing_programs():
        sys.exit(f"this demo needs the system packages {' and '.join(missing)}: apt-get install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="faultline-demo-") as folder:
        story = play(Path(folder), lambda line: print(line, flush=True))
    if story.seconds_to_visible > SECONDS_TO_VISIBLE:
        sys.exit(f"the incident took {story.seconds_to_visible:.2f} s to be visible; the promise is 2 s")


if __name__ == "__main__":
    main()
