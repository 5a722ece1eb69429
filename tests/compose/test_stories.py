"""What the product is for, through the published ports of its containers."""

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
import requests

from services.gateway.domain.demo_story import tell_story
from tests.compose.engine import ROOT
from tests.compose.stack import WORKERS, Caller, Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(2_400)
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
CHECKOUT = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
SCALE = {"verb": "scale", **CHECKOUT, "parameters": {"replicas": 3}}
ENDS = {"done", "failed"}
# Every kind of page that Flower has, those that it leaves open by itself among them.
FLOWER_PATHS = (
    "/", "/workers", "/tasks", "/broker", "/metrics", "/healthcheck", "/api/workers", "/api/tasks", "/api/task/types",
    "/api/queues/length", "/static/css/flower.css", "/nothing",
)  # fmt: skip


def test_an_alert_becomes_an_incident_with_a_timeline(admin: Caller) -> None:
    story = tell_story(datetime.now(UTC), "demo")
    alert = next(one for one in story if one.source == "alertmanager" and b'"firing"' in one.body)
    headers = {"Content-Type": "application/json"}
    taken = admin.ok("POST", "/api/intake/alertmanager", data=alert.body, headers=headers)
    shown = admin.until(f"/api/deliveries/{taken['deliveryId']}", lambda one: one["state"] != "accepted", "an outcome")
    (signal,) = shown["signals"]
    incident = admin.get(f"/api/incidents/{signal['incidentId']}")
    entries = admin.get(f"/api/incidents/{signal['incidentId']}/timeline")["items"]

    assert shown["state"] == "processed"
    assert (incident["signalCount"], incident["source"]) == (1, "webhook")
    assert [one["sequence"] for one in entries] == list(range(1, len(entries) + 1))
    assert entries[0]["type"] == "incident_opened"


def test_the_demo_cluster_is_diagnosed_by_the_graph_worker(admin: Caller) -> None:
    asked = admin.ok("POST", "/api/quickdx", json=CHECKOUT)
    found = admin.until(f"/api/quickdx/{asked['id']}", lambda one: one["state"] in ENDS, "a diagnosis")
    assert found["state"] == "done", found
    culprit = found["content"]["hypotheses"][0]["culprit"]
    incident = admin.ok("POST", "/api/incidents", json={"diagnosisId": asked["id"]})

    assert (culprit["kind"], culprit["name"]) == ("ConfigMap", "checkout-config")
    assert (incident["source"], incident["diagnosisCount"]) == ("quickdx", 1)


def test_an_action_goes_from_proposal_to_its_end(admin: Caller) -> None:
    incident = admin.ok("POST", "/api/incidents", json={"title": "Orders are slow"})["id"]
    given = {"type": "manual", "title": "Fail over", "risk": "low", "payload": {"instructions": "Fail over to eu-2."}}
    path = admin.ok("POST", f"/api/incidents/{incident}/actions", json=given)["href"]
    approval = {"approved": True, "digest": admin.get(path)["reviewDigest"]}
    admin.ok("POST", f"{path}/approve", json=approval)
    ended = admin.ok("POST", f"{path}/execute", json={"succeeded": True, "result": "eu-2 answers"})

    assert ended["state"] == "executed"
    told = [one["type"] for one in admin.get(f"/api/incidents/{incident}/timeline")["items"]]
    assert [one for one in told if one.startswith("action")] == [
        "action_proposed", "action_approval_requested", "action_approved", "action_executed",
    ]  # fmt: skip


def test_a_change_that_no_worker_can_make_is_refused_and_stays_approved(admin: Caller) -> None:
    """The worker is there, and no cluster was given to it."""
    incident = admin.ok("POST", "/api/incidents", json={"title": "Checkout is slow"})["id"]
    given = {"type": "kubernetes", "title": "Scale", "risk": "low", "payload": SCALE}
    path = admin.ok("POST", f"/api/incidents/{incident}/actions", json=given)["href"]
    approval = {"approved": True, "digest": admin.get(path)["reviewDigest"]}
    admin.ok("POST", f"{path}/approve", json=approval)
    refused = admin.answer("POST", f"{path}/execute", json={})

    assert (refused.status_code, refused.json()["code"]) == (409, "execution_unavailable")
    assert admin.get(path)["state"] == "approved"


def test_the_screens_are_served(stack: Stack, admin: Caller) -> None:
    page = requests.get(f"{stack.url}/", timeout=10)
    parts = sorted(set(re.findall(r'"(/assets/[^"]+)"', page.text)))
    with requests.Session() as browser:
        origin = {"Origin": stack.url}
        browser.post(f"{stack.url}/sign-in", data={"token": admin.token, "next": "/"}, headers=origin, timeout=10)
        dashboard = browser.get(f"{stack.url}/", timeout=10)

    assert urlsplit(page.url).path == "/sign-in"
    assert "<h1>Sign in</h1>" in page.text
    assert {path.rpartition(".")[2] for path in parts} == {"css", "js"}
    for path in parts:
        part = requests.get(stack.url + path, timeout=10)
        assert (part.status_code, bool(part.content)) == (200, True), path
    assert (dashboard.status_code, urlsplit(dashboard.url).path) == (200, "/")
    assert ">Dashboard</h1>" in dashboard.text
    assert admin.get("/api/queues")["flowerUrl"] == stack.flower_url


def test_nobody_gets_in_without_showing_who_they_are(stack: Stack) -> None:
    for path in ("/api/incidents", "/api/deliveries", "/api/queues", "/api/verify", "/api/stats"):
        assert requests.get(stack.url + path, timeout=10).status_code == 401, path
        assert requests.get(stack.url + path, headers={"Authorization": "Bearer x"}, timeout=10).status_code == 401
    assert requests.post(f"{stack.url}/api/intake/alertmanager", json={}, timeout=10).status_code == 401
    for path in FLOWER_PATHS:
        for login in (None, ("admin", "wrong")):
            answer = requests.get(stack.flower_url + path, auth=login, timeout=10)
            # Its style sheets name nobody, and what it has not is nowhere.
            assert answer.status_code == {"/static/css/flower.css": 200, "/nothing": 404}.get(path, 401), path


def test_flower_shows_the_tasks(stack: Stack, admin: Caller) -> None:
    asked = admin.ok("POST", "/api/quickdx", json=CHECKOUT)
    admin.until(f"/api/quickdx/{asked['id']}", lambda one: one["state"] in ENDS, "a diagnosis")
    login = ("admin", stack.inside("flower", "cat", "/run/faultline/flower-password").strip())

    def names() -> set[str]:
        tasks = requests.get(f"{stack.flower_url}/api/tasks", auth=login, timeout=20).json()
        # Of one that began before Flower was there, it knows no name.
        return {str(one["name"]) for one in tasks.values() if one["state"] == "SUCCESS"}

    wait_until(lambda: any(name.startswith("graph.") for name in names()), "a task of the graph worker")
    for path in ("/", "/metrics", "/healthcheck"):
        assert requests.get(stack.flower_url + path, auth=login, timeout=20).status_code == 200


def test_everything_says_its_version(admin: Caller) -> None:
    shown = admin.until("/api/queues", lambda one: {it["service"] for it in one["workers"]} == {*WORKERS}, "workers")

    assert admin.get("/healthz")["version"] == VERSION
    assert {one["version"] for one in shown["workers"]} == {VERSION}


def test_the_command_reaches_it(stack: Stack, admin: Caller) -> None:
    env = {**os.environ, "FAULTLINE_URL": stack.url, "FAULTLINE_TOKEN": admin.token}
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "verify", "--json"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["problems"] == []
