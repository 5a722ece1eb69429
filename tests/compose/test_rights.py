"""What a container may do: little, proven from inside, and within its memory while there is work."""

import json

import pytest

from tests.compose.load import Load
from tests.compose.stack import BUILT, SERVICES, Caller, Stack

pytestmark = pytest.mark.timeout(2_400)
MEBIBYTE = 1 << 20
DELIVERIES = 1_000
CHECKOUT = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
LIMITS = dict.fromkeys(SERVICES, 256) | {"graph": 512}
# Where a service may write: its own volume; and memory at /tmp, which every one has.
WRITABLE = {"gateway": "/data", "flower": "/data", "broker": "/data"}
OF_WORKERS = {"broker-url", "door-key", "metrics-key"}
SECRETS = {
    "gateway": OF_WORKERS | {"intake-token"},
    "broker": {"broker.conf"},
    "flower": {"broker-url", "flower-password"},
}
# Version 2 of control groups, then version 1.
PEAK = "cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes"


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_is_started_without_rights(stack: Stack, service: str) -> None:
    shown = stack.inspect(service)
    host = shown["HostConfig"]

    assert host["ReadonlyRootfs"] is True
    assert host["Privileged"] is False
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert shown["Config"]["User"] == "10001:10001"
    assert host["Memory"] == LIMITS[service] * MEBIBYTE
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    published = {port for port, bound in host["PortBindings"].items() if bound}
    assert published == {"gateway": {"8080/tcp"}, "flower": {"5555/tcp"}}.get(service, set())
    assert all(one["HostIp"] == "127.0.0.1" for bound in host["PortBindings"].values() for one in bound)


@pytest.mark.parametrize("service", SERVICES)
def test_seen_from_inside_it_has_no_rights(stack: Stack, service: str) -> None:
    status = dict(line.split(":", 1) for line in stack.inside(service, "cat", "/proc/1/status").splitlines())
    folders = ["/", "/etc", "/usr/bin", "/app", "/run", "/run/faultline", "/var/tmp", "/home", "/data", "/tmp"]
    attempt = f'for one in {" ".join(folders)}; do (: > "$one/.attempt") 2>/dev/null && echo "$one"; done; true'
    written = stack.inside(service, "sh", "-c", attempt).split()

    assert status["Uid"].split() == status["Gid"].split() == ["10001"] * 4
    assert {status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert status["NoNewPrivs"].strip() == "1"
    assert set(written) == {"/tmp", *([WRITABLE[service]] if service in WRITABLE else [])}


@pytest.mark.parametrize("service", SERVICES)
def test_it_sees_no_secret_but_those_it_needs(stack: Stack, service: str) -> None:
    assert set(stack.inside(service, "ls", "/run/faultline").split()) == SECRETS.get(service, OF_WORKERS)


@pytest.mark.parametrize("service", BUILT)
def test_its_code_belongs_to_somebody_else(stack: Stack, service: str) -> None:
    look = "find /app -user 10001 -o -perm -o+w ! -type l | head"

    assert stack.inside(service, "sh", "-c", look) == ""


def test_all_of_it_stays_within_its_memory_while_there_is_work(stack: Stack, admin: Caller) -> None:
    with Load(admin, "Memory") as load:
        asked = [admin.ok("POST", "/api/quickdx", json=CHECKOUT)["id"] for _ in range(10)]
        load.wait_for(DELIVERIES)
        for path in ("/api/incidents?limit=200", "/api/stats", "/api/deliveries?limit=200"):
            assert admin.answer("GET", path).status_code == 200
    for one in asked:
        shown = admin.until(f"/api/quickdx/{one}", lambda it: it["state"] in {"done", "failed"}, "an end")
        assert shown["state"] == "done", shown
    load.reckon()

    print("\nmebibytes at most, files it read among them:")
    for service in SERVICES:
        peak = int(stack.inside(service, "sh", "-c", PEAK)) / MEBIBYTE
        print(f"  {service:10}{peak:6.0f} of {LIMITS[service]}")
        assert peak < LIMITS[service]
    assert [one for one in stack.watch.endings() if one.exit_code is None] == []
    assert not any(stack.inspect(service)["State"]["OOMKilled"] for service in SERVICES)


def test_no_service_can_be_reached_but_the_two_that_are_published(stack: Stack) -> None:
    shown = stack.compose("ps", "--format", "json").strip()
    lines = json.loads(shown) if shown.startswith("[") else [json.loads(line) for line in shown.splitlines()]
    published = {one["Service"]: [at["URL"] for at in one["Publishers"] or [] if at["PublishedPort"]] for one in lines}

    assert {service for service, at in published.items() if at} == {"gateway", "flower"}
    assert {url for at in published.values() for url in at} == {"127.0.0.1"}
