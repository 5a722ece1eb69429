"""The profile `observability` tells the truth: a real Prometheus and Alertmanager, from its files, watch the product.

Compose and Grafana are not run here: of the dashboard, every query is asked of that Prometheus.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import yaml

from services.cli.supervisor.addresses import find_free_port
from services.gateway.prepare import prepare
from tests.support.monitoring import OBSERVABILITY, PROGRAMS, Monitoring, dashboard_queries, running_monitoring
from tests.support.product import Product, running_product
from tests.support.waiting import wait_until

pytestmark = pytest.mark.system_package(*PROGRAMS)

METRIC = re.compile(r"\b(?:faultline|alertmanager)_\w+")
SELECTOR = re.compile(r"\b((?:faultline|alertmanager)_\w+)(?:\{([^}]*)\})?")
GROUPED = re.compile(r"\b(?:by|on) \(([^)]*)\)")
MADE = re.compile(r'label_replace\(.*?, "(\w+)", "\$1"', re.DOTALL)


@dataclass
class Watched:
    product: Product
    monitoring: Monitoring
    secrets: Path
    intake_token: str


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    """A product whose every figure was scraped, and that has worked a little."""
    folder = tmp_path_factory.mktemp("watched")
    made, handed_on = folder / "secrets", folder / "handed-on"
    made.mkdir()
    handed_on.mkdir()
    prepare(made, [], {"monitoring": handed_on})
    settings = {
        "FAULTLINE_METRICS_KEY_FILE": str(made / "metrics-key"),
        "FAULTLINE_INTAKE_TOKEN_FILE": str(made / "intake-token"),
        "FAULTLINE_METRICS_PORT": "",
        "FAULTLINE_FLOWER_PORT": str(find_free_port("127.0.0.1")),
    }
    with running_product(folder, **settings) as product:
        # `faultline up` makes Flower's password itself.
        (handed_on / "flower-password").unlink()
        (handed_on / "flower-password").symlink_to(product.data_dir / "flower-password")
        with running_monitoring(folder / "monitoring", product, handed_on) as monitoring:
            token = (made / "intake-token").read_text()
            send(product, token, {"title": "Checkout is down", "status": "firing"})
            # What has no series before it is counted for the first time, and what the worker did of it.
            worked = ("faultline_deliveries_accepted_total", 'faultline_tasks_total{job="intake", outcome="done"}')
            wait_until(
                lambda: all(monitoring.query(f"{figure} > 0") for figure in worked), "what was sent to be scraped"
            )
            yield Watched(product, monitoring, handed_on, token)


def send(product: Product, token: str, body: object) -> None:
    answer = requests.post(
        f"{product.url}/api/intake/webhook", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert answer.status_code == 202, answer.text


def alert_expressions() -> dict[str, str]:
    groups = yaml.safe_load((OBSERVABILITY / "alerts.yml").read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}


def expressions() -> dict[str, str]:
    return {**alert_expressions(), **dashboard_queries()}


def labels_of(monitoring: Monitoring, metric: str) -> set[str]:
    """Return the labels that a scraped metric has."""
    return {label for series in monitoring.ask("series", **{"match[]": metric}) for label in series}


def test_every_service_is_scraped_with_the_credentials_it_asks_for(watched):
    services = ("gateway", "intake", "graph", "actions", "flower", "prometheus", "alertmanager")
    wait_until(
        lambda: all(watched.monitoring.targets()[job][0] != "unknown" for job in services), "every target to be scraped"
    )

    assert watched.monitoring.targets() == dict.fromkeys(services, ("up", ""))


def test_nobody_reads_the_metrics_without_the_key(watched):
    active = watched.monitoring.ask("targets")["activeTargets"]
    ours = {one["labels"]["job"]: one["scrapeUrl"] for one in active}
    refused = {job: requests.get(ours[job], timeout=10).status_code for job in ("gateway", "intake", "graph", "flower")}

    assert refused == dict.fromkeys(refused, 401)


def test_every_metric_that_alerts_and_dashboard_name_is_one_that_a_service_exposes(watched):
    named = {metric for expression in expressions().values() for metric in METRIC.findall(expression)}
    exposed = set(watched.monitoring.ask("label/__name__/values"))

    assert named - exposed == set()


@pytest.mark.parametrize("where", sorted(expressions()))
def test_every_label_that_an_expression_names_is_one_that_its_metrics_have(watched, where):
    expression = expressions()[where]
    selectors = SELECTOR.findall(expression)
    had = {metric: labels_of(watched.monitoring, metric) for metric, _ in selectors}
    matched = {(metric, label) for metric, text in selectors for label in re.findall(r"(\w+)\s*[=!]", text)}
    made = set(MADE.findall(expression))
    grouped = {label for text in GROUPED.findall(expression) for label in re.findall(r"\w+", text)}
    of_any = set().union(*had.values()) | {"job", "instance"} | made

    assert {(metric, label) for metric, label in matched if label not in had[metric]} == set()
    assert grouped - of_any == set()


@pytest.mark.parametrize("where", sorted(expressions()))
def test_every_expression_is_one_that_prometheus_takes(watched, where):
    watched.monitoring.query(expressions()[where])


def test_nothing_fires_while_all_is_well(watched):
    wait_until(
        lambda: all(rule["health"] == "ok" for rule in rules(watched.monitoring)), "every rule to be evaluated", 30
    )
    firing = [rule["name"] for rule in rules(watched.monitoring) if rule["state"] == "firing"]

    # What other tests of this module send that nobody can read is the one thing that is not well.
    assert set(firing) <= {"FaultlineQuarantine"}
    assert {rule["name"] for rule in rules(watched.monitoring)} == set(alert_expressions())


def rules(monitoring: Monitoring) -> list[dict]:
    return [rule for group in monitoring.ask("rules")["groups"] for rule in group["rules"]]


def test_an_alert_about_faultline_becomes_an_incident_by_the_token_that_was_known_beforehand(watched):
    for number in range(5):
        send(watched.product, watched.intake_token, [f"nobody reads this: {number}"])
    incidents = []

    def find() -> bool:
        answer = requests.get(f"{watched.product.url}/api/incidents", headers=watched.product.headers, timeout=10)
        incidents[:] = [one for one in answer.json()["items"] if one["title"] == "What webhook sends cannot be read"]
        return bool(incidents)

    wait_until(find, "the incident of FaultlineQuarantine")
    deliveries = requests.get(
        f"{watched.product.url}/api/deliveries?source=alertmanager", headers=watched.product.headers, timeout=10
    ).json()["items"]

    assert (incidents[0]["severity"], incidents[0]["services"]) == ("medium", ["faultline"])
    assert {one["sender"] for one in deliveries} == {"token:setting:intake"}


def test_the_token_that_was_known_beforehand_reads_nothing_and_is_in_the_list(watched):
    url, headers = watched.product.url, {"Authorization": f"Bearer {watched.intake_token}"}
    refused = {
        path: requests.get(url + path, headers=headers, timeout=10).status_code
        for path in ("/api/incidents", "/api/deliveries", "/api/tokens", "/api/me", "/metrics")
    }
    tokens = requests.get(f"{url}/api/tokens", headers=watched.product.headers, timeout=10).json()["items"]
    listed = next(token for token in tokens if token["name"] == "setting:intake")

    assert refused == {**dict.fromkeys(refused, 403), "/metrics": 401}
    assert (listed["role"], listed["scopes"], listed["state"]) == ("service", ["intake:send"], "active")
