"""The Compose stack under test: a project of its own, on free ports, built from this folder, and taken down whole."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from services.cli.supervisor.addresses import find_free_port
from tests.support.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]
PROJECT = "faultline-under-test"
SERVICES = ("gateway", "intake", "graph", "actions", "broker", "flower")
_BUILD_SECONDS, _UP_SECONDS, _SECONDS = 1_200, 300, 120


def why_not() -> str | None:
    """Return why no stack can run here: no Compose, or no engine that answers; None where it can."""
    try:
        engine = _run(["docker", "version", "--format", "{{.Server.Version}}"], seconds=20, check=False)
        compose = _run([*_compose_command(), "version"], seconds=20, check=False)
    except FileNotFoundError as error:
        return f"there is no program {error.filename}"
    if engine.returncode != 0:
        return f"no container engine answers: {engine.stderr.strip() or engine.stdout.strip()}"
    return None if compose.returncode == 0 else "there is no Docker Compose"


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack."""

    url: str
    flower_url: str
    env: dict[str, str]

    def compose(self, *words: str, seconds: float = _SECONDS, check: bool = True) -> str:
        """Run Compose on this stack and return what it printed."""
        return _run([*_compose_command(), *words], env=self.env, seconds=seconds, check=check).stdout

    def token(self) -> str:
        """Return the admin token, as an operator reads it."""
        return self.compose("exec", "-T", "gateway", "cat", "/data/admin-token").strip()

    def secret(self, name: str) -> str:
        """Return a secret that `prepare` made."""
        return self.compose("exec", "-T", "gateway", "cat", f"/run/faultline/{name}").strip()

    def call(self, method: str, path: str, **options: Any) -> Any:
        """Ask the API as the admin, until the gateway answers at all; raises for a refusal."""
        headers = {"Authorization": f"Bearer {options.pop('token')}", **options.pop("headers", {})}
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                answers.append(requests.request(method, self.url + path, headers=headers, timeout=10, **options))
            except requests.ConnectionError:
                return False
            return True

        wait_until(is_answered, f"an answer to {method} {path}", _SECONDS)
        answers[0].raise_for_status()
        return answers[0].json()

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine says of the service's container."""
        found = self.compose("ps", "-a", "-q", service).split()
        shown: list[dict[str, Any]] = json.loads(_run(["docker", "inspect", found[0]], seconds=_SECONDS).stdout)
        return shown[0]

    def kill(self, service: str) -> None:
        """Kill the service's process as the kernel would; its restart policy brings it back."""
        pid = self.inspect(service)["State"]["Pid"]
        os.kill(pid, 9)

    def await_healthy(self, service: str) -> float:
        """Wait until the engine calls the service healthy; return the seconds it took."""
        began = time.monotonic()
        wait_until(lambda: self._is_healthy(service), f"{service} to be healthy", _SECONDS)
        return time.monotonic() - began

    def _is_healthy(self, service: str) -> bool:
        state = self.inspect(service)["State"]
        return bool(state["Running"] and state.get("Health", {}).get("Status") == "healthy")


@contextmanager
def running_stack(*, build: bool = True) -> Iterator[Stack]:
    """Build the images and run the stack until the block ends; then nothing of it is left."""
    port = find_free_port("127.0.0.1", frozenset())
    flower = find_free_port("127.0.0.1", frozenset({port}))
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FAULTLINE_")},
        "COMPOSE_PROJECT_NAME": PROJECT,
        "FAULTLINE_PORT": str(port),
        "FAULTLINE_FLOWER_PORT": str(flower),
        "FAULTLINE_VERSION": "under-test",
    }
    stack = Stack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{flower}", env)
    stack.compose("down", "-v", "--remove-orphans", check=False)
    try:
        if build:
            stack.compose("build", seconds=_BUILD_SECONDS)
        stack.compose("up", "-d", "--wait", "--no-build", seconds=_UP_SECONDS)
        yield stack
    except BaseException:
        print(stack.compose("logs", "--tail", "40", check=False))
        raise
    finally:
        stack.compose("down", "-v", "--remove-orphans", check=False)


def left_behind() -> list[str]:
    """Return the containers, volumes and networks of the stack that are still there."""
    label = f"label=com.docker.compose.project={PROJECT}"
    asks = (["ps", "-aq"], ["volume", "ls", "-q"], ["network", "ls", "-q"])
    return [one for ask in asks for one in _run(["docker", *ask, "--filter", label], seconds=_SECONDS).stdout.split()]


def image_sizes() -> dict[str, int]:
    """Return the bytes of each image beyond its base."""
    base = _size(_base_image())
    names = [name for name in SERVICES if name != "broker"]
    return {name: _size(f"faultline-{name}:under-test") - base for name in names}


def _base_image() -> str:
    lines = (ROOT / ".env").read_text("utf-8").splitlines()
    named = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return os.environ.get("PYTHON_IMAGE", named["PYTHON_IMAGE"])


def _size(image: str) -> int:
    return int(_run(["docker", "image", "inspect", "--format", "{{.Size}}", image], seconds=_SECONDS).stdout)


def _compose_command() -> list[str]:
    """Return Compose as this machine has it: the plugin, or the program of its own."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, timeout=20)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def _run(
    command: list[str], *, seconds: float, env: dict[str, str] | None = None, check: bool = True
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
    return done
