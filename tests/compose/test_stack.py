"""The whole product in containers: `make compose-test` builds and runs it on a real engine."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from services.gateway.domain.demo_story import Notification, tell_story
from tests.compose.stack import SERVICES, Stack, image_sizes, left_behind, running_stack, why_not
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(1_800)
MEGABYTE = 1_000_000
# What the demo's alerts say while the outage lasts; nothing of it is resolved.
STORY = tuple(
    one for one in tell_story(datetime.now(UTC), "demo") if one.source == "alertmanager" and b'"firing"' in one.body
)
DELIVERIES = 20


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    if reason := why_not():
        pytest.skip(f"needs a container engine: {reason}")
    with running_stack() as running:
        yield running
    assert left_behind() == []


@pytest.fixture(scope="module")
def token(stack: Stack) -> str:
    return stack.token()


def send(stack: Stack, token: str, alert: Notification) -> str:
    headers = {"Content-Type": "application/json"}
    answer = stack.call("POST", "/api/intake/alertmanager", token=token, data=alert.body, headers=headers)
    return str(answer["deliveryId"])


def outcome(stack: Stack, token: str, delivery: str) -> dict[str, Any]:
    """Return the delivery once it has its outcome."""
    path = f"/api/deliveries/{delivery}"
    wait_until(lambda: stack.call("GET", path, token=token)["state"] not in {"accepted", "pending"}, path, seconds=90)
    shown: dict[str, Any] = stack.call("GET", path, token=token)
    return shown


def test_an_alert_becomes_an_incident_with_a_timeline(stack: Stack, token: str) -> None:
    shown = outcome(stack, token, send(stack, token, STORY[0]))
    (signal,) = shown["signals"]
    incident = stack.call("GET", f"/api/incidents/{signal['incidentId']}", token=token)
    entry, *_ = stack.call("GET", f"/api/incidents/{signal['incidentId']}/timeline", token=token)["items"]

    assert incident["title"]
    assert entry["sequence"] == 1


def test_nobody_gets_in_without_showing_who_they_are(stack: Stack) -> None:
    assert requests.get(f"{stack.url}/api/incidents", timeout=10).status_code == 401
    for path in ("/", "/metrics", "/healthcheck", "/api/tasks"):
        assert requests.get(stack.flower_url + path, timeout=10).status_code == 401, path


def test_flower_shows_the_tasks(stack: Stack, token: str) -> None:
    outcome(stack, token, send(stack, token, STORY[1]))
    login = ("admin", stack.secret("flower-password"))

    tasks = requests.get(f"{stack.flower_url}/api/tasks", auth=login, timeout=20).json()

    assert "intake.normalise_deliveries" in {one["name"] for one in tasks.values()}


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_is_kept_small_and_without_rights(stack: Stack, service: str) -> None:
    shown = stack.inspect(service)
    host = shown["HostConfig"]

    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert shown["Config"]["User"] == "10001:10001"
    assert host["Memory"] == (512 if service == "graph" else 256) << 20
    published = {port for port, bound in host["PortBindings"].items() if bound}
    assert published == {"gateway": {"8080/tcp"}, "flower": {"5555/tcp"}}.get(service, set())
    assert all(one["HostIp"] == "127.0.0.1" for bound in host["PortBindings"].values() for one in bound)


def test_killing_every_container_loses_and_doubles_nothing(stack: Stack, token: str) -> None:
    accepted, cold = [], {}
    for service in (name for name in SERVICES if name != "flower"):
        accepted += [send(stack, token, STORY[number % len(STORY)]) for number in range(DELIVERIES // 2)]
        stack.kill(service)
        accepted += [send(stack, token, STORY[number % len(STORY)]) for number in range(DELIVERIES // 2)]
        cold[service] = stack.await_healthy(service)
    print("seconds until healthy after kill -9:", {name: round(seconds, 1) for name, seconds in cold.items()})

    ends = [outcome(stack, token, one) for one in accepted]

    assert len(set(accepted)) == len(accepted)
    assert {one["state"] for one in ends} == {"processed"}
    assert_opened_once(stack, token)


def test_a_broker_that_lost_its_volume_loses_no_work(stack: Stack, token: str) -> None:
    before = send(stack, token, STORY[0])
    stack.compose("rm", "-sfv", "broker")
    stack.compose("run", "--rm", "--no-deps", "--entrypoint", "sh", "prepare", "-c", "rm -rf /broker/appendonlydir")
    between = send(stack, token, STORY[1])
    stack.compose("up", "-d", "--wait", "--no-build", seconds=300)
    after = send(stack, token, STORY[2])

    ends = [outcome(stack, token, one) for one in (before, between, after)]

    assert {one["state"] for one in ends} == {"processed"}
    assert_opened_once(stack, token)


def assert_opened_once(stack: Stack, token: str) -> None:
    """Each alert of the story has one incident that is open, whatever was killed while it came."""
    items = stack.call("GET", "/api/incidents?open=true&limit=200", token=token)["items"]
    titles = [one["title"] for one in items]
    assert len(titles) == len(set(titles)), titles


def test_every_image_is_small(stack: Stack) -> None:
    sizes = image_sizes()
    print("megabytes beyond the base:", {name: round(size / MEGABYTE) for name, size in sizes.items()})

    assert all(size < 200 * MEGABYTE for size in sizes.values()), sizes
