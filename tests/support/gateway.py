"""A gateway for tests: the real app over a store in memory, with a relay that only says what it is told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.test import TestResponse

from services.gateway.api.auth import Authenticator
from services.gateway.api.throttle import Throttle
from services.gateway.app import create_app
from services.gateway.domain.records import Role
from services.gateway.handlers.manage_tokens import make_token
from services.gateway.ports import Blobs, Store
from services.gateway.relay.progress import Progress
from services.gateway.relay.stats import QueueStats, RelayStats, Worker
from services.gateway.settings import Settings
from services.gateway.ui.assets import Assets
from services.gateway.wiring import Gateway
from shared.contracts.queues import Queue
from tests.support.clock import FixedClock, Ticks
from tests.support.compiled_paths import keep_compiled_paths
from tests.support.memory_blobs import MemoryBlobs
from tests.support.memory_store import MemoryStore

DOOR_KEY = "door-key-of-the-tests"

keep_compiled_paths()


@dataclass(slots=True)
class FakeRelay:
    """Says what the test sets."""

    waiting: int = 0
    problem: str | None = None
    progress_of_all: Progress | None = None
    workers: tuple[Worker, ...] = (
        Worker(service="intake", worker="intake@test", version="0.1.0", queues=("intake",), heard_seconds_ago=1.0),
        Worker(service="graph", worker="graph@test", version="0.1.0", queues=("graph",), heard_seconds_ago=1.0),
    )

    def backlog(self, queue: str) -> int:
        """Return what the test set, for every queue."""
        return self.waiting

    def progress(self, job_id: str) -> Progress | None:
        """Return what the test set, for every job."""
        return self.progress_of_all

    def health(self) -> str | None:
        """Return what the test set."""
        return self.problem

    def stats(self) -> RelayStats:
        """Return figures that agree with the rest."""
        one = QueueStats(
            waiting=self.waiting,
            delayed=0,
            handed=0,
            running=0,
            messages=0,
            oldest_age_seconds=0.0,
            republished_total=0,
            dead_lettered_total=0,
            finished_total=0,
        )
        queues = {str(queue): one for queue in Queue}
        return RelayStats(queues=queues, timers=0, workers=self.workers, broker_problem=self.problem)


def some_settings(data_dir: Path = Path("unused"), **changes: Any) -> Settings:
    """Return settings with the defaults."""
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 0,
        "door_port": 0,
        "data_dir": data_dir,
        "broker_url": "redis://127.0.0.1:1/0",
        "door_key": DOOR_KEY,
    }
    return Settings(**{**given, **changes})


class _CompiledTemplates(BytecodeCache):
    """Templates compiled once for all apps of a run."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand out what another app compiled."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what this app compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_TEMPLATES = _CompiledTemplates()


class NamedAssets(Assets):
    """Addresses without the files behind them: pages are made the same whether or not their scripts were built."""

    @property
    def are_built(self) -> bool:
        return True

    def address(self, entry: str) -> str:
        """Return an address that nothing answers."""
        return f"/assets/{entry}"

    def modules(self) -> dict[str, str]:
        """Return none."""
        return {}


@dataclass(slots=True)
class GatewayUnderTest:
    """The app, what stands behind it, and a client for every role."""

    clock: FixedClock
    relay: FakeRelay
    ticks: Ticks
    gateway: Gateway
    app: Flask
    secrets: dict[Role, str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The store behind the app."""
        return self.gateway.store

    def call(
        self, method: str, path: str, *, role: Role | None = Role.ADMIN, token: str | None = None, **options: Any
    ) -> TestResponse:
        """Make one request as ``role``, with ``token``, or with neither."""
        # A cookie is sent when the test says so, and never kept.
        client: FlaskClient = self.app.test_client(use_cookies=False)
        headers = dict(options.pop("headers", {}))
        secret = token or (self.secrets[role] if role else None)
        if secret:
            headers.setdefault("Authorization", f"Bearer {secret}")
        return client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        """Read as an admin."""
        return self.call("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        """Post as an admin."""
        return self.call("POST", path, **options)

    def patch(self, path: str, **options: Any) -> TestResponse:
        """Patch as an admin."""
        return self.call("PATCH", path, **options)

    def open_incident(self, **fields: Any) -> dict[str, Any]:
        """Open an incident through the API and return its body."""
        response = self.post("/api/incidents", json={"title": "Checkout is down", **fields})
        assert response.status_code == 201, response.text
        body: dict[str, Any] = response.json or {}
        return body


def a_gateway(
    *,
    store: Store | None = None,
    blobs: Blobs | None = None,
    clock: FixedClock | None = None,
    with_tokens: bool = True,
    **settings: Any,
) -> GatewayUnderTest:
    """Return a gateway with one token for every role, named as the role."""
    clock = clock or FixedClock()
    store = store or MemoryStore(clock)
    relay, ticks = FakeRelay(), Ticks()
    gateway = Gateway(
        settings=some_settings(**settings),
        store=store,
        blobs=blobs or MemoryBlobs(clock),
        clock=clock,
        relay=relay,
        version="0.1.0",
    )
    app = create_app(gateway, Authenticator(store, clock, Throttle(ticks)), assets=NamedAssets())
    app.jinja_env.bytecode_cache = _TEMPLATES
    found = GatewayUnderTest(clock=clock, relay=relay, ticks=ticks, gateway=gateway, app=app)
    for role in Role if with_tokens else ():
        found.secrets[role] = secret = f"flt_secret-of-the-{role}"
        store.transact(
            lambda tx, role=role, secret=secret: make_token(  # type: ignore[misc]
                tx, name=str(role), role=role, secret=secret, created_by="test"
            ),
        )
    return found
