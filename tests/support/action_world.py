"""A gateway whose clock and policy a test moves, with its API and its door over HTTP, and the actions worker's code.

The worker works in this process and only when it is told to: so the world can change between a message and its claim.
"""

import contextlib
import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import requests

from services.actions.adapters.clusters import Clusters
from services.actions.handlers.jobs import ActionJobs
from services.gateway.api.door import create_door_app
from services.gateway.domain.actions.policy import ApprovalPolicy
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Role
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.follow_job import follow_job
from services.gateway.handlers.give_order import give_order
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.manage_tokens import make_token, revoke_token, token_id_for
from services.gateway.handlers.note_places import note_places
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.write_question import write_question
from services.gateway.relay import Relay, RelayOptions
from services.gateway.server import AppServer
from shared.adapters.door_client import DoorClient
from shared.adapters.heartbeat import Heartbeat
from shared.contracts.messages import ActionJob
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION
from shared.ids import new_id
from tests.support.action_desk import CONTEXT, Desk
from tests.support.clock import FixedClock
from tests.support.fake_queue import FakeJobQueue
from tests.support.gateway import DOOR_KEY, GatewayUnderTest, a_gateway
from tests.support.kube_writes import WritableKube
from tests.support.memory_blobs import MemoryBlobs
from tests.support.product import ROOT

# Nobody is lost here: no lease runs out.
_LEASE_SECONDS = 3_600.0
PEOPLE = {"ann": Role.RESPONDER, "ben": Role.APPROVER, "cy": Role.APPROVER, "dee": Role.ADMIN}


@dataclass
class Ruling:
    """Which policy is in force."""

    policy: ApprovalPolicy = field(default_factory=ApprovalPolicy)


@dataclass
class World:
    """The gateway and the worker."""

    gw: GatewayUnderTest
    kube: WritableKube
    relay: Relay
    jobs: ActionJobs
    ruling: Ruling
    url: str = ""
    door_url: str = ""

    def desk(self, name: str) -> Desk:
        """Return a person at the API."""
        return Desk(self.url, _secret(name))

    def rule_by(self, policy: ApprovalPolicy) -> None:
        """Put another policy in force, as a restart with another file does."""
        self.ruling.policy = policy
        settings = dataclasses.replace(self.gw.gateway.settings, approvals=policy)
        self.gw.app.extensions["faultline"] = dataclasses.replace(self.gw.gateway, settings=settings)

    def revoke(self, name: str) -> None:
        """Revoke somebody's token."""
        self.gw.store.transact(lambda tx: revoke_token(tx, token_id_for(name), "test"))

    def work(self, task: str, job_id: str, attempt: int = 1) -> None:
        """Hand a job to the worker, as a message does, and return when it has let go of it."""
        door, beats = self._door(), self._door()
        try:
            message = ActionJob(message_id=new_id("msg"), job_id=job_id, attempt=attempt)
            self.jobs.do(task, message, door, partial(Heartbeat, beats.beat))
        finally:
            door.close()
            beats.close()

    def claim(self, job_id: str, attempt: int = 1) -> requests.Response:
        """Claim a job at the door as a worker does, and return the answer."""
        headers = {"Authorization": f"Bearer {DOOR_KEY}"}
        body = {"jobId": job_id, "attempt": attempt, "worker": "actions@tests"}
        return requests.post(f"{self.door_url}/door/claim", json=body, headers=headers, timeout=30)

    def propose(self, payload: dict[str, Any], *, by: str = "ann", **fields: Any) -> str:
        """Open an incident, propose a change for it, let the worker preview that, and return its path."""
        desk = self.desk(by)
        path = desk.propose(desk.open_incident(), payload, **fields)
        self.work(PREVIEW_ACTION, desk.get(path)["previewJobId"])
        return path

    def execute(self, path: str, *, by: str = "ann") -> str:
        """Ask for an execution and return its job, which nobody has begun."""
        return self.desk(by).execute(path)

    def finish(self, path: str) -> None:
        """Let the worker do what it was asked to execute."""
        self.work(EXECUTE_ACTION, self.desk("dee").get(path)["execution"]["jobId"])

    def command(self, *words: str, by: str = "ann") -> subprocess.CompletedProcess[str]:
        """Run ``faultline`` as somebody."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("FAULTLINE_", "COV_"))}
        ours = {"FAULTLINE_URL": self.url, "FAULTLINE_TOKEN": _secret(by)}
        return subprocess.run(
            [sys.executable, "-m", "services.cli", *words],
            cwd=ROOT, env=clean | ours, capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip

    def _door(self) -> DoorClient:
        return DoorClient(self.door_url, DOOR_KEY)


@contextlib.contextmanager
def running_world(folder: Path, kube: WritableKube) -> Iterator[World]:
    """Yield a world in which everybody of ``PEOPLE`` has a token and a worker said that it is there."""
    clock = FixedClock()
    blobs = MemoryBlobs(clock)
    gw = a_gateway(blobs=blobs, clock=clock, with_tokens=False)
    for name, role in PEOPLE.items():
        _give_token(gw, name, role)
    note_places(gw.store, (CONTEXT,), runs_commands=False)
    ruling = Ruling()
    world = World(gw, kube, _a_relay(gw, ruling), _a_worker(folder, kube), ruling)
    recorder = Recorder(Judge(GroupingPolicy()))
    door = create_door_app(
        door_key=DOOR_KEY,
        relay=world.relay,
        blobs=blobs,
        record_results=lambda results: record_results(gw.store, recorder, results, blobs),
    )
    servers = [AppServer(app, "127.0.0.1", 0, threads=4, max_body_bytes=1 << 20, name="w") for app in (gw.app, door)]
    world.relay.start()
    for server in servers:
        server.start(on_failure=lambda: None)
    world.url, world.door_url = (f"http://127.0.0.1:{server.port}" for server in servers)
    try:
        yield world
    finally:
        for server in servers:
            server.stop()
        world.relay.stop()


def _a_worker(folder: Path, kube: WritableKube) -> ActionJobs:
    return ActionJobs(Clusters(kube.write_kubeconfig(folder / "kubeconfig")), None, worker="actions@tests")


def _a_relay(gw: GatewayUnderTest, ruling: Ruling) -> Relay:
    return Relay(
        gw.store,
        FakeJobQueue(),
        gw.clock,
        on_timer=lambda job_id: run_timer(gw.store, Judge(GroupingPolicy()), job_id),
        dead_letter=dead_letter,
        write_question=write_question,
        on_moved=follow_job,
        give_order=lambda tx, job: give_order(tx, job, ruling.policy),
        options=RelayOptions(lease_seconds=_LEASE_SECONDS),
    )


def _give_token(gw: GatewayUnderTest, name: str, role: Role) -> None:
    gw.store.transact(lambda tx: make_token(tx, name=name, role=role, secret=_secret(name), created_by="test"))


def _secret(name: str) -> str:
    return f"flt_secret-of-{name}-in-the-world"
