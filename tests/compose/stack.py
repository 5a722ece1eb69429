"""The Compose stack under test: a project of its own, on free ports, built from this folder, and taken down whole."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import requests

from services.cli.supervisor.addresses import find_free_port
from tests.compose.engine import ROOT, compose_command, docker, inspect, run
from tests.compose.watch import Watch, watching
from tests.support.waiting import wait_until

PROJECT = "faultline-under-test"
TAG = "under-test"
REVISION = "0123456789abcdef0123456789abcdef01234567"
BUILT = ("gateway", "intake", "graph", "actions", "flower")
WORKERS = ("intake", "graph", "actions")
SERVICES = (*BUILT, "broker")
_BUILD_SECONDS, _UP_SECONDS, _SECONDS = 1_800, 300, 120


@dataclass(frozen=True, slots=True)
class Stack:
    """A running stack. ``kills`` counts what the tests killed: nothing else may end."""

    url: str
    flower_url: str
    env: dict[str, str]
    watch: Watch
    kills: Counter[str] = field(default_factory=Counter)

    def compose(self, *words: str, seconds: float = _SECONDS, check: bool = True) -> str:
        """Run Compose on this stack and return what it printed."""
        return run([*compose_command(), *words], env=self.env, seconds=seconds, check=check).stdout

    def with_settings(self, **settings: str) -> "Stack":
        """Return the same stack as Compose sees it with further variables."""
        return replace(self, env={**self.env, **settings})

    def up(self) -> None:
        """Start what is not there, and wait until all of it is healthy."""
        self.compose("up", "-d", "--wait", "--no-build", seconds=_UP_SECONDS)

    def down(self) -> None:
        """Take all of it away, its volumes and network too."""
        _timed("taking it down", lambda: self.compose("down", "-v", "--remove-orphans", seconds=_UP_SECONDS))

    def read(self, path: str) -> str:
        """Return a file of the gateway's, as an operator reads it: the admin token."""
        return self.inside("gateway", "cat", path).strip()

    def logs(self, *services: str) -> str:
        """Return the last that services said; without any, all of them."""
        return self.compose("logs", "--tail", "40", *services, check=False)

    def inside(self, service: str, *command: str) -> str:
        """Run a program inside the service's container, as its user, and return what it printed."""
        return self.compose("exec", "-T", service, *command).strip()

    def container(self, service: str) -> str:
        """Return the id of the service's container."""
        return self.compose("ps", "-a", "-q", service).split()[0]

    def inspect(self, service: str) -> dict[str, Any]:
        """Return what the engine says of the service's container."""
        return inspect(self.container(service))

    def kill(self, service: str) -> None:
        """Kill the service's first process as the kernel would; its restart policy brings it back."""
        # `docker kill` would not do: the engine takes it for a wish that the container stays away.
        shown = self.inspect(service)
        os.kill(shown["State"]["Pid"], 9)
        self.kills[service] += 1
        wait_until(lambda: self._began(service) != shown["State"]["StartedAt"], f"{service} to start again", _SECONDS)

    def _began(self, service: str) -> str:
        state = self.inspect(service)["State"]
        return str(state["StartedAt"])

    def await_healthy(self, service: str) -> None:
        """Wait until the engine calls the service healthy."""
        wait_until(lambda: self._is_healthy(service), f"{service} to be healthy", _SECONDS)

    def _is_healthy(self, service: str) -> bool:
        state = self.inspect(service)["State"]
        return bool(state["Running"] and state.get("Health", {}).get("Status") == "healthy")


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Build the images and run the stack until the block ends; then nothing of it is left."""
    port = find_free_port("127.0.0.1", frozenset())
    flower = find_free_port("127.0.0.1", frozenset({port}))
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FAULTLINE_")},
        "COMPOSE_PROJECT_NAME": PROJECT,
        "FAULTLINE_PORT": str(port),
        "FAULTLINE_FLOWER_PORT": str(flower),
        "FAULTLINE_VERSION": TAG,
        "FAULTLINE_REVISION": REVISION,
    }
    with watching(PROJECT) as watch:
        stack = Stack(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{flower}", env, watch)
        stack.compose("down", "-v", "--remove-orphans", check=False)
        try:
            _timed("building the images", lambda: stack.compose("build", seconds=_BUILD_SECONDS))
            _timed("until all of it was healthy", stack.up)
            yield stack
        except BaseException:
            print(stack.logs())
            raise
        finally:
            stack.compose("down", "-v", "--remove-orphans", seconds=_UP_SECONDS)


def _timed(what: str, do: Any) -> None:
    began = time.monotonic()
    do()
    print(f"\n{what}: {time.monotonic() - began:.0f} s")


def left_behind() -> list[str]:
    """Return the containers, volumes and networks of the stack that are still there."""
    label = f"label=com.docker.compose.project={PROJECT}"
    asks = (["ps", "-aq"], ["volume", "ls", "-q"], ["network", "ls", "-q"])
    return [one for ask in asks for one in docker(*ask, "--filter", label).split()]


def image_of(service: str) -> str:
    """Return the name of a service's image."""
    return f"faultline-{service}:{TAG}"


def base_image() -> str:
    """Return the name of the image that all of ours stand on."""
    lines = (ROOT / ".env").read_text("utf-8").splitlines()
    named = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return os.environ.get("PYTHON_IMAGE", named["PYTHON_IMAGE"])


class Caller:
    """Who asks the API of a stack with a token. While nobody answers, it asks again."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def answer(self, method: str, path: str, **options: Any) -> requests.Response:
        """Return the answer of the gateway, once there is one that is not a wish to try again."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        answers: list[requests.Response] = []

        def is_answered() -> bool:
            try:
                answers[:] = [requests.request(method, self.url + path, headers=headers, timeout=10, **options)]
            except (requests.ConnectionError, requests.Timeout):
                return False
            return answers[0].status_code not in {503, 507}

        wait_until(is_answered, f"an answer to {method} {path}", _SECONDS)
        return answers[0]

    def ok(self, method: str, path: str, **options: Any) -> Any:
        """Return the body of an answer that must be a success."""
        answer = self.answer(method, path, **options)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text[:1000]}"
        return answer.json()

    def get(self, path: str) -> Any:
        """Read."""
        return self.ok("GET", path)

    def items(self, path: str) -> list[dict[str, Any]]:
        """Return every item of a list, page by page."""
        found: list[dict[str, Any]] = []
        cursor: str | None = ""
        while cursor is not None:
            page = self.ok("GET", path, params={"limit": 200, **({"cursor": cursor} if cursor else {})})
            found += page["items"]
            cursor = page.get("nextCursor")
        return found

    def until(self, path: str, holds: Any, what: str, seconds: float = _SECONDS) -> Any:
        """Return what is at ``path`` once it is as said."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [self.get(path)]
            return bool(holds(found[0]))

        wait_until(look, f"{what} at {path}", seconds)
        return found[0]
