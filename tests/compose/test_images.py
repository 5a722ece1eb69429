"""What the images hold: one service each, what its extra asks for, and nothing to build with."""

import json
import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.compose.engine import ROOT, docker, inspect_image, run, run_in
from tests.compose.stack import BUILT, REVISION, SERVICES, Stack, base_image, image_of

pytestmark = pytest.mark.timeout(2_400)
MEGABYTE = 1_000_000
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
TOOLS = ("uv", "uvx", "gcc", "cc", "c++", "make", "cargo", "node", "npm", "git")
# What markers of requirements ask about, said by the image's own Python.
ENVIRONMENT = """
import json, os, platform, sys
print(json.dumps({
    "implementation_name": sys.implementation.name, "implementation_version": platform.python_version(),
    "os_name": os.name, "platform_machine": platform.machine(), "platform_release": platform.release(),
    "platform_system": platform.system(), "platform_version": platform.version(),
    "python_full_version": platform.python_version(), "python_version": "%d.%d" % sys.version_info[:2],
    "platform_python_implementation": platform.python_implementation(), "sys_platform": sys.platform}))
"""
INSTALLED = """
import importlib.metadata, json, sys
folders = [folder for folder in sys.path if folder.startswith("/app")]
print(json.dumps({one.name: one.version for one in importlib.metadata.distributions(path=folders)}))
"""
# One module that imports all the rest of its service, and a part of a package it needs only now and then.
IMPORTS = {
    "gateway": "services.gateway.main",
    "intake": "services.intake.worker",
    "graph": "services.graph.worker, kubernetes.client.rest, kubernetes.config.kube_config",
    "actions": "services.actions.worker, kubernetes.client.rest, kubernetes.config.kube_config",
    "flower": "services.flower.main",
}
SETTINGS = [
    "FAULTLINE_BROKER_URL=redis://127.0.0.1",
    "FAULTLINE_DOOR_KEY=the-key-of-the-door",
    "FAULTLINE_FLOWER_PASSWORD=word",
]


def test_every_image_is_small(stack: Stack) -> None:
    base = inspect_image(base_image())["Size"]
    beyond = {service: inspect_image(image_of(service))["Size"] - base for service in BUILT}
    print(f"\nmegabytes beyond {base_image()} ({base / MEGABYTE:.0f}):")
    for service, size in beyond.items():
        print(f"  {service:10}{size / MEGABYTE:6.0f}")

    assert all(size < 200 * MEGABYTE for size in beyond.values()), beyond


@pytest.mark.parametrize("service", BUILT)
def test_an_image_holds_one_service_and_what_its_extra_asks_for(stack: Stack, service: str) -> None:
    image = image_of(service)
    lies_there = run_in(image, "sh", "-c", "ls -A /app; echo; ls -A /app/services").split("\n\n")
    installed = json.loads(run_in(image, "python", "-c", INSTALLED))

    assert set(lies_there[0].split()) == {".venv", "LICENSE", "healthy.py", "services", "shared", "start.py"}
    assert set(lies_there[1].split()) - {"__pycache__"} == {"__init__.py", service}
    environment = json.loads(run_in(image, "python", "-c", ENVIRONMENT))
    assert named(installed) == named(asked_for(service, environment)) | {"faultline": PROJECT["version"]}


def asked_for(service: str, environment: dict[str, Any]) -> dict[str, str]:
    """Return name and version of everything the lock file gives the extra of a service, on that machine."""
    words = ["--frozen", "--no-dev", "--no-emit-project", "--no-hashes", "--no-header", "--no-annotate"]
    lines = run([".venv/bin/uv", "export", *words, "--extra", service]).stdout.splitlines()
    wanted = [Requirement(line) for line in lines if line.strip()]
    chosen = [one for one in wanted if one.marker is None or one.marker.evaluate({**environment, "extra": service})]
    return {one.name: str(one.specifier).removeprefix("==") for one in chosen}


def named(versions: dict[str, str]) -> dict[str, str]:
    """Return the versions under the names the index knows."""
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in versions.items()}


@pytest.mark.parametrize("service", BUILT)
def test_an_image_has_nothing_to_build_with_that_its_base_has_not(stack: Stack, service: str) -> None:
    look = f"command -v {' '.join(TOOLS)}; true"
    ours = set(run_in(image_of(service), "sh", "-c", look).split())
    base = set(docker("run", "--rm", "--entrypoint", "sh", base_image(), "-c", look).split())
    programs = set(run_in(image_of(service), "ls", "/app/.venv/bin").split())

    assert ours <= base
    assert not {name for name in programs if re.match(r"(pip|uv|uvx)[0-9.]*$", name)}


@pytest.mark.parametrize("service", BUILT)
def test_an_image_says_what_it_is(stack: Stack, service: str) -> None:
    config = inspect_image(image_of(service))["Config"]

    assert config["Labels"]["org.opencontainers.image.version"] == PROJECT["version"]
    assert config["Labels"]["org.opencontainers.image.revision"] == REVISION
    assert config["User"] == "10001:10001"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "/app/healthy.py"]


@pytest.mark.parametrize("service", BUILT)
def test_nothing_is_compiled_when_a_container_starts(stack: Stack, service: str) -> None:
    """Python says of every module whether its code was read compiled or made from the source."""
    settings = [word for setting in SETTINGS for word in ("--env", setting)]
    command = ["docker", "run", "--rm", "--read-only", "--network", "none", *settings, "--entrypoint", "python"]
    told = run([*command, image_of(service), "-v", "-c", f"import {IMPORTS[service]}"]).stderr

    assert "# code object from '/app/.venv/" in told
    assert re.findall(r"# code object from '?(/app/\S+\.py)'?$", told, re.MULTILINE) == []


def test_what_is_sent_to_the_engine_holds_no_secret_and_nothing_that_is_not_needed(stack: Stack) -> None:
    recipe = f"FROM {base_image()}\nCOPY . /context\n"
    image = run(["docker", "build", "-q", "-f", "-", "."], stdin=recipe, seconds=300).stdout.split()[-1]
    try:
        found = run_in(image, "find", "/context", "-type", "f").replace("/context/", "").splitlines()
    finally:
        docker("image", "rm", image)

    kept = run(["git", "ls-files", "--cached", "--others", "--exclude-standard"]).stdout.splitlines()
    assert {path.partition("/")[0] for path in found} == {
        "LICENSE", "README.md", "deploy", "pyproject.toml", "scripts", "services", "shared", "uv.lock",
    }  # fmt: skip
    assert set(found) <= set(kept), "what git ignores: secrets, caches, environments"


def test_all_of_it_is_named(stack: Stack) -> None:
    assert set(stack.compose("config", "--services").split()) == {*SERVICES, "prepare"}
