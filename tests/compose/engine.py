"""The container engine of this machine: its programs, and what it says of containers and images."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 120


def why_not() -> str | None:
    """Return why no stack can run here, in words for whoever reads the end of the run; None where it can."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return "they build images and kill containers, and run by themselves: make compose-test"
    if shutil.which("docker") is None:
        return "they need a container engine: there is no program docker"
    engine = run(["docker", "version", "--format", "{{.Server.Version}}"], seconds=20, check=False)
    if engine.returncode != 0:
        return f"they need a container engine: {' '.join((engine.stderr or engine.stdout).split())}"
    if compose_command() == ["docker-compose"] and shutil.which("docker-compose") is None:
        return "they need Docker Compose"
    return None


def compose_command() -> list[str]:
    """Return Compose as this machine has it: the plugin, or the program of its own."""
    plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False, timeout=20)
    return ["docker", "compose"] if plugin.returncode == 0 else ["docker-compose"]


def run(
    command: list[str],
    *,
    seconds: float = _SECONDS,
    env: dict[str, str] | None = None,
    check: bool = True,
    stdin: str | None = None,
) -> "subprocess.CompletedProcess[str]":
    """Run a program in the repository; raise ``AssertionError`` with what it said if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds, check=False, input=stdin or ""
    )
    if check and done.returncode != 0:
        raise AssertionError(
            f"{' '.join(command)} ended with {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        )
    return done


def docker(*words: str, seconds: float = _SECONDS) -> str:
    """Run a command of the engine's client and return what it printed."""
    return run(["docker", *words], seconds=seconds).stdout.strip()


def inspect(container: str) -> dict[str, Any]:
    """Return what the engine says of a container."""
    shown: list[dict[str, Any]] = json.loads(docker("inspect", container))
    return shown[0]


def inspect_image(image: str) -> dict[str, Any]:
    """Return what the engine says of an image."""
    shown: list[dict[str, Any]] = json.loads(docker("image", "inspect", image))
    return shown[0]


def run_in(image: str, *command: str) -> str:
    """Run a program in a fresh container of an image, as it would run, and return what it printed."""
    program, *words = command
    return docker("run", "--rm", "--read-only", "--network", "none", "--entrypoint", program, image, *words)
