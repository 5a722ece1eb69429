"""Events in PagerDuty's format, over HTTP, through the whole product."""

import requests

from tests.support.product import Product, running_product
from tests.support.waiting import wait_until


def send(product: Product, action: str, **fields) -> None:
    event = {"event_action": action, "dedup_key": "disk-db-3", **fields}
    answer = requests.post(f"{product.url}/api/intake/pagerduty", json=event, headers=product.headers, timeout=10)
    assert answer.status_code == 202, answer.text


def incidents(product: Product) -> list[dict]:
    answer = requests.get(f"{product.url}/api/incidents", headers=product.headers, timeout=10)
    return answer.json()["items"]


def incident_when(product: Product, status: str) -> dict:
    """Return the one incident once it has ``status``."""
    wait_until(lambda: [one["status"] for one in incidents(product)] == [status], f"one incident to be {status}")
    [incident] = incidents(product)
    return incident


def test_an_event_opens_is_acknowledged_and_resolves(tmp_path):
    with running_product(tmp_path, FAULTLINE_GATEWAY_STABLE_SECONDS="1") as product:
        payload = {"summary": "Disk of db-3 is full", "source": "db-3", "severity": "critical"}
        send(product, "trigger", payload=payload)
        opened = incident_when(product, "new")

        assert (opened["title"], opened["severity"]) == ("Disk of db-3 is full", "critical")
        send(product, "acknowledge")
        incident_when(product, "triage")
        send(product, "resolve")
        ended = incident_when(product, "resolved")

        assert (ended["id"], ended["title"]) == (opened["id"], "Disk of db-3 is full")
