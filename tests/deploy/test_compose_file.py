"""What docker-compose.yml says of every service, those of every profile too: no rights, no surprise, no open door."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PINNED = dict(line.split("=", 1) for line in (ROOT / ".env").read_text().splitlines() if "=" in line and line[0] != "#")
MEGABYTES = {"graph": 512, "grafana": 512}
# All that may be reached from the machine, and from it alone.
PUBLISHED = {"gateway", "flower", "prometheus", "grafana"}

every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def mounts(name: str) -> dict[str, tuple[str, bool]]:
    """Return target: (source, whether it is read only) of every volume of the service."""
    found = {}
    for volume in SERVICES[name].get("volumes", []):
        if isinstance(volume, dict):
            found[volume["target"]] = (volume["source"], bool(volume.get("read_only")))
        else:
            source, target, *mode = volume.split(":")
            found[target] = (source, mode == ["ro"])
    return found


@every_service
def test_it_runs_without_rights(name):
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["user"] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service)
    assert service["networks"] == ["inside"]


@every_service
def test_it_is_limited(name):
    service = SERVICES[name]

    assert service["mem_limit"] == f"{MEGABYTES.get(name, 256)}m"
    assert service["pids_limit"] > 0
    assert service["logging"]["options"]["max-size"]


@every_service
def test_its_image_is_built_here_or_pinned_in_the_one_file(name):
    service = SERVICES[name]
    if "build" in service:
        assert service["image"] in {f"faultline-{kind}:${{FAULTLINE_VERSION:-dev}}" for kind in (name, "gateway")}
        return
    variable = re.fullmatch(r"\$\{([A-Z_]+)\}", service["image"])

    assert variable is not None
    assert re.fullmatch(r"[a-z0-9./-]+:[a-z]*[0-9][\w.-]*", PINNED[variable[1]])


@every_service
def test_it_is_reached_from_this_machine_only_if_at_all(name):
    ports = SERVICES[name].get("ports", [])

    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert bool(ports) is (name in PUBLISHED)


@every_service
def test_it_says_whether_it_is_healthy_and_comes_back(name):
    service = SERVICES[name]
    if name.startswith("prepare"):
        assert service["restart"] == "no"
        return

    assert service["restart"] == "unless-stopped"
    # Images that are built here bring theirs.
    assert "build" in service or service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@every_service
def test_it_is_handed_secrets_as_files_that_it_cannot_change(name):
    service = SERVICES[name]
    environment = service.get("environment", {})
    secret = re.compile(r"(KEY|TOKEN|PASSWORD|BROKER_URL)$")

    assert [variable for variable in environment if secret.search(variable)] == []
    for source, is_read_only in mounts(name).values():
        assert is_read_only or not source.endswith("secrets") or name.startswith("prepare")


def test_every_reader_of_secrets_has_a_volume_of_its_own():
    handed = {name: mounts(name).get("/run/faultline", ("", True))[0] for name in SERVICES}

    assert {name: source for name, source in handed.items() if source} == {
        "prepare": "secrets",
        "prepare-monitoring": "secrets",
        "gateway": "gateway-secrets",
        "broker": "broker-secrets",
        "flower": "flower-secrets",
        **dict.fromkeys(("intake", "graph", "actions"), "worker-secrets"),
    }


@pytest.mark.parametrize("name", ["prepare", "prepare-monitoring"])
def test_each_is_handed_what_is_meant_for_it(name):
    told = [part.removeprefix("--for=") for part in SERVICES[name]["command"] if part.startswith("--for=")]

    for reader, folder in (part.split("=") for part in told):
        assert mounts(name)[folder] == (f"{reader}-secrets", False)
    assert len(told) == {"prepare": 4, "prepare-monitoring": 1}[name]


def test_programs_of_others_get_no_secret_but_those_handed_on():
    watching = {name for name in SERVICES if "observability" in SERVICES[name].get("profiles", [])}
    reach = {name: {source for source, _ in mounts(name).values()} for name in watching - {"prepare-monitoring"}}

    assert watching == {"prepare-monitoring", "prometheus", "alertmanager", "grafana"}
    assert [
        name for name, sources in reach.items() if sources & set(COMPOSE["volumes"]) - {"monitoring-secrets", name}
    ] == []


def test_no_volume_is_of_two_writers():
    writers: dict[str, set[str]] = {}
    for name in SERVICES:
        if not name.startswith("prepare"):
            for source, is_read_only in mounts(name).values():
                if not is_read_only:
                    writers.setdefault(source, set()).add(name)

    assert {source: names for source, names in writers.items() if len(names) > 1} == {}
    assert {source for source in COMPOSE["volumes"] if not source.endswith("secrets")} == set(writers)


def test_nobody_gets_into_grafana_without_the_password():
    environment = SERVICES["grafana"]["environment"]

    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_USERS_ALLOW_SIGN_UP"] == "false"
    assert environment["GF_METRICS_ENABLED"] == "false"
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/monitoring/grafana-password"
