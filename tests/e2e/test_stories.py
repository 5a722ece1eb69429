"""Two incidents over HTTP, each from its birth to its end and back: one opened by hand, one by an alert."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support.product import Product, running_product
from tests.support.waiting import wait_until

STARTED = "2026-11-01T12:00:00Z"


class Person:
    """Somebody with a token of their own."""

    def __init__(self, product: Product, token: str, name: str) -> None:
        self.name = name
        self._url = product.url
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, expect: int = 200, **options: Any) -> Any:
        answer = self._session.request(method, self._url + path, timeout=30, **options)
        assert answer.status_code == expect, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if "json" in answer.headers.get("Content-Type", "") else answer.text

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options)

    def post(self, path: str, expect: int = 201, **body: Any) -> Any:
        return self.call("POST", path, expect, json=body)

    def patch(self, path: str, expect: int = 200, **body: Any) -> Any:
        return self.call("PATCH", path, expect, json=body)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running_product(tmp_path_factory.mktemp("stories"), FAULTLINE_GATEWAY_STABLE_SECONDS="1") as found:
        yield found


@pytest.fixture(scope="module")
def people(product: Product) -> dict[str, Person]:
    admin = Person(product, product.token, "admin")
    found = {"admin": admin}
    for name, role in (("ann", "responder"), ("ben", "approver"), ("vic", "viewer"), ("alertmanager", "service")):
        token = admin.post("/api/tokens", name=name, role=role)["token"]
        found[name] = Person(product, token, f"token:{name}")
    return found


def statuses(person: Person, path: str) -> list[str]:
    """Return every status the incident had, off its timeline."""
    entries = person.get(f"{path}/timeline", params={"limit": 1000})["items"]
    return [entry["payload"]["to"] for entry in entries if entry["type"] == "status_changed"]


def reach(person: Person, path: str, *moves: str) -> None:
    """Move the incident along; each move must be among those that were offered."""
    for status in moves:
        assert status in person.get(path)["allowedTransitions"]
        assert person.patch(path, status=status)["status"] == status


def test_an_incident_opened_by_hand_is_led_to_its_end_and_comes_back(people):
    ann, ben, vic = people["ann"], people["ben"], people["vic"]
    made = ann.post("/api/incidents", title="Customers cannot pay", severity="high", services=["checkout"])
    path = f"/api/incidents/{made['id']}"
    assert (made["status"], made["source"], made["createdBy"]) == ("new", "manual", "token:ann")
    vic.patch(path, expect=403, owner="vic")

    ann.patch(path, status="triage", owner="ann", roles={"commander": "ann", "scribe": "cem"})
    task = ann.post(f"{path}/tasks", title="Tell support", owner="cem", dueAt="2026-11-01T13:00:00Z")
    ann.post(f"{path}/timeline", message="Errors began with release **1.43**.")
    reach(ann, path, "investigating")

    payload = {"instructions": "Run the pipeline rollback of checkout with version 1.42."}
    action = ann.post(f"{path}/actions", type="manual", title="Roll back checkout", risk="high", payload=payload)
    place = f"{path}/actions/{action['id']}"
    ann.post(f"{place}/request-approval", expect=200)
    outcome = {"succeeded": True, "result": "Errors are gone."}
    for anybody in (ann, ben, people["admin"]):
        assert anybody.post(f"{place}/execute", expect=403, **outcome)["code"] == "action_not_approved"
    digest = ben.get(place)["reviewDigest"]
    assert ben.post(f"{place}/approve", expect=200, approved=True, digest=digest)["state"] == "approved"
    assert ann.post(f"{place}/execute", expect=200, **outcome)["state"] == "executed"

    reach(ann, path, "mitigated", "monitoring", "resolved", "postmortem")
    ann.patch(f"{path}/tasks/{task['id']}", state="done")
    report = vic.get(f"{path}/report")
    for said in ("Customers cannot pay", "release", "Roll back checkout", "Tell support"):
        assert said in report
    reach(ann, path, "closed")
    ended = ann.get(path)
    assert all(
        ended["milestones"][f"{name}At"] for name in ("detected", "acknowledged", "mitigated", "resolved", "closed")
    )

    assert ann.patch(path, expect=422, status="investigating")["code"] == "reason_required"
    again = ann.patch(path, status="investigating", reason="Payments fail again.")
    assert (again["milestones"]["resolvedAt"], again["milestones"]["closedAt"]) == (None, None)
    assert again["milestones"]["acknowledgedAt"] == ended["milestones"]["acknowledgedAt"]
    moves = ["triage", "investigating", "mitigated", "monitoring", "resolved", "postmortem", "closed", "investigating"]
    assert statuses(ann, path) == moves
    assert people["admin"].get("/api/verify")["problems"] == []


def test_an_incident_opened_by_an_alert_is_led_to_its_end_and_comes_back(people):
    ann, sender = people["ann"], people["alertmanager"]

    def tell(status: str, started: str = STARTED) -> None:
        labels = {"alertname": "CheckoutErrors", "severity": "critical", "service": "checkout"}
        alert = {"status": status, "startsAt": started, "labels": labels}
        if status == "resolved":
            alert["endsAt"] = "2026-11-01T12:40:00Z"
        envelope = {"version": "4", "status": status, "groupLabels": {}, "commonLabels": {}, "alerts": [alert]}
        sender.post("/api/intake/alertmanager", expect=202, **envelope)

    def found() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = ann.get("/api/incidents", params={"source": "webhook"})["items"]
        return items

    def is_status(status: str) -> bool:
        return [one["status"] for one in found()] == [status]

    tell("firing")
    wait_until(lambda: is_status("new"), "the alert to open an incident")
    path = f"/api/incidents/{found()[0]['id']}"
    opened = ann.get(path)
    assert (opened["severity"], opened["services"], opened["firingCount"]) == ("critical", ["checkout"], 1)

    ann.patch(path, status="triage", owner="ann")
    reach(ann, path, "investigating", "mitigated")
    assert ann.patch(path, expect=409, status="resolved")["code"] == "signals_firing"
    tell("resolved")
    wait_until(lambda: is_status("resolved"), "the incident to resolve by itself")
    # What resolves by itself never closes by itself.
    reach(ann, path, "postmortem", "closed")
    ended = ann.get(path)
    assert (ended["firingCount"], ended["signalCount"]) == (0, 1)
    assert "Checkout" in ann.get(f"{path}/report")

    again = ann.patch(path, status="investigating", reason="It was not mended after all.")
    assert again["status"] == "investigating"
    tell("firing", started="2026-11-01T14:00:00Z")
    wait_until(lambda: ann.get(path)["firingCount"] == 1, "the alert to join the reopened incident")
    assert [one["id"] for one in found()] == [opened["id"]]
    types = [entry["type"] for entry in ann.get(f"{path}/timeline", params={"limit": 1000})["items"]]
    assert {"incident_opened", "signal_resolved", "signal_refired"} <= set(types)
    assert people["admin"].get("/api/verify")["problems"] == []
