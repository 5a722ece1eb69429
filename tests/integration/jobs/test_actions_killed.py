"""kill -9 of the actions worker and the gateway at every step: nothing is written twice, and what is told is true."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.action_desk import CONTEXT, Desk, patch_of
from tests.support.action_site import Site, running_site
from tests.support.held_door import HeldDoor, Moment, holding_door
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster
from tests.support.kube_writes import WritableKube, WriteSeen, serve_writable_kube
from tests.support.waiting import PATIENCE_SECONDS, wait_until

CLAIM, RESULTS = "/door/claim", "/door/results"
SCALE = {
    "verb": "scale",
    "context": CONTEXT,
    "namespace": SHOP,
    "kind": "Deployment",
    "name": "checkout",
    "parameters": {"replicas": 6},
}
DRAIN = {"verb": "drain", "context": CONTEXT, "kind": "Node", "name": "n1", "parameters": {}}


@dataclass
class Stage:
    """A gateway, a door that can be held, a worker behind it, and a cluster whose writes can be held."""

    site: Site
    kube: WritableKube
    door: HeldDoor
    desk: Desk

    def start_worker(self) -> Any:
        return self.site.start_worker(self.door.url)

    def written(self, name: str) -> int:
        """Return how many writes of an object were sent, done or not."""
        return sum(name in seen.path for seen in self.kube.sent())

    def prove_idle(self, incident: str) -> None:
        """Return once the workers did something that came after all else."""
        path = self.desk.approved(incident, patch_of("settings", mode=f"m-{len(self.kube.writes)}"))
        self.desk.execute(path)
        assert self.desk.ended(path)["state"] == "executed"


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with (
        serve_writable_kube(a_cluster(), all_rights()) as kube,
        running_site(tmp_path, kube) as site,
        holding_door(site.door_url) as door,
    ):
        yield Stage(site, kube, door, site.desk())


class HeldWrite:
    """Holds the first real write whose path has ``part`` in it, before it is done or before it is answered."""

    def __init__(self, kube: WritableKube, part: str, *, done: bool) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self._part = part
        if done:
            kube.before_answer = self._hold
        else:
            kube.before_write = self._hold

    def _hold(self, seen: WriteSeen) -> None:
        if not seen.is_dry and self._part in seen.path and not self.reached.is_set():
            self.reached.set()
            self.released.wait(PATIENCE_SECONDS * 2)

    def wait(self) -> None:
        assert self.reached.wait(PATIENCE_SECONDS), "no write came"

    def let_go(self) -> None:
        self.released.set()


@dataclass(frozen=True)
class Killed:
    """Where the worker is killed, and what must be so afterwards.

    ``hold`` returns what to wait for and how to let it go; ``writes`` are those that ever reach the server.
    """

    hold: Callable[[Stage], Any]
    lose: bool
    state: str
    writes: int


def hold_door(path: str, moment: Moment) -> Callable[[Stage], Any]:
    return lambda stage: stage.door.hold(path, moment)


def hold_write(*, done: bool) -> Callable[[Stage], Any]:
    return lambda stage: HeldWrite(stage.kube, "checkout", done=done)


KILLS = {
    # The message is gone with the worker, and nobody began: the next worker does it.
    "before the claim": Killed(hold_door(CLAIM, Moment.REQUEST), lose=True, state="done", writes=1),
    # The claim of a dead worker arrives late: somebody may be at it, for all that is known.
    "before the claim, which comes late": Killed(
        hold_door(CLAIM, Moment.REQUEST), lose=False, state="unknown", writes=0
    ),
    "after the claim, before any write": Killed(hold_door(CLAIM, Moment.ANSWER), lose=True, state="unknown", writes=0),
    "after the write was sent, before it is done": Killed(
        hold_write(done=False), lose=False, state="unknown", writes=1
    ),
    "after it is done, before the answer": Killed(hold_write(done=True), lose=False, state="unknown", writes=1),
    "after the answer, before the report": Killed(
        hold_door(RESULTS, Moment.REQUEST), lose=True, state="unknown", writes=1
    ),
    # The report of a worker that was given up is the truth all the same.
    "before the report, which comes late": Killed(
        hold_door(RESULTS, Moment.REQUEST), lose=False, state="done", writes=1
    ),
    "after the report": Killed(hold_door(RESULTS, Moment.ANSWER), lose=True, state="done", writes=1),
}


@pytest.mark.parametrize("name", KILLS)
def test_a_worker_that_is_killed_writes_nothing_twice_and_what_is_told_is_true(stage: Stage, name: str) -> None:
    killed, desk = KILLS[name], stage.desk
    worker = stage.start_worker()
    incident = desk.open_incident()
    path = desk.approved(incident, SCALE)
    held = killed.hold(stage)
    desk.execute(path)
    held.wait()
    stage.site.kill_worker(worker)
    if isinstance(held, HeldWrite):
        held.let_go()
    elif not killed.lose and "report" in name:
        desk.until(path, lambda one: one["state"] == "unknown", "that it is not known")
        held.let_go()
    else:
        held.let_go(lose=killed.lose)
    stage.start_worker()
    action = desk.until(path, lambda one: _is_at(one, killed.state), killed.state)
    stage.prove_idle(incident)

    assert _is_at(desk.get(path), killed.state)
    assert stage.written("checkout") == killed.writes
    told = desk.told_types(path)
    assert told.count("action_executed") == (1 if killed.state == "done" else 0)
    assert told.count("action_started") == 1
    if killed.state == "unknown":
        assert (action["execution"]["code"], action["execution"]["succeeded"]) == ("worker_lost", None)
        assert action["execution"]["look"].startswith(f"kubectl --context {CONTEXT} --namespace {SHOP} get Deployment")
        assert told.count("action_unknown") == 1


def _is_at(action: dict[str, Any], state: str) -> bool:
    return action["state"] in ({"executed", "verified", "ineffective"} if state == "done" else {state})


def test_of_a_drain_that_is_killed_in_the_middle_is_told_what_was_done_and_nothing_is_evicted_again(
    stage: Stage,
) -> None:
    desk = stage.desk
    worker = stage.start_worker()
    incident = desk.open_incident()
    path = desk.approved(incident, DRAIN)
    held = HeldWrite(stage.kube, "checkout-2/eviction", done=True)
    job = desk.execute(path)
    held.wait()
    wait_until(lambda: "checkout-2" in (desk.get(f"/api/jobs/{job}")["progress"] or {}).get("note", ""), "its step")
    stage.site.kill_worker(worker)
    held.let_go()
    stage.start_worker()
    action = desk.until(path, lambda one: one["state"] == "unknown", "that it is not known")
    stage.prove_idle(incident)

    ended = action["execution"]
    assert ended["done"] == ["cordon Node n1", "evict shop/checkout-1"]
    assert "evict shop/checkout-2" in ended["result"]
    assert ended["look"] == f"kubectl --context {CONTEXT} get Node n1 --output yaml"
    (told,) = [one for one in desk.told(path) if one["type"] == "action_unknown"]
    assert told["payload"]["done"] == ended["done"]
    assert [stage.written(name) for name in ("nodes/n1", "checkout-1/", "checkout-2/")] == [1, 1, 1]


@pytest.mark.parametrize("broker_is", ["gone", "deaf"])
def test_a_gateway_that_is_killed_between_the_commit_and_the_message_has_it_done_once(
    stage: Stage, broker_is: str
) -> None:
    desk, broker = stage.desk, stage.site.valkey
    stage.start_worker()
    incident = desk.open_incident()
    path = desk.approved(incident, SCALE)
    if broker_is == "gone":
        broker.kill()
    else:
        broker.pause()
    desk.execute(path)
    stage.site.kill_gateway()
    if broker_is == "gone":
        broker.start()
    else:
        # What was sent to it meanwhile is read now, beside the message of the next gateway.
        broker.resume()
    stage.site.start_gateway()
    stage.prove_idle(incident)
    action = desk.until(path, lambda one: _is_at(one, "done"), "that it is done")

    assert (action["execution"]["succeeded"], stage.written("checkout")) == (True, 1)
    assert desk.told_types(path).count("action_executed") == 1


def test_a_gateway_that_is_killed_while_a_write_is_under_way_is_told_of_it_once(stage: Stage) -> None:
    desk = stage.desk
    stage.start_worker()
    incident = desk.open_incident()
    path = desk.approved(incident, SCALE)
    held = HeldWrite(stage.kube, "checkout", done=True)
    desk.execute(path)
    held.wait()
    stage.site.kill_gateway()
    held.let_go()
    # Longer than the worker waits before it reports again.
    stage.site.gateway_settings["FAULTLINE_GATEWAY_LEASE_SECONDS"] = "30"
    stage.site.start_gateway()
    action = desk.until(path, lambda one: _is_at(one, "done"), "that it is done")
    stage.prove_idle(incident)

    assert (action["execution"]["succeeded"], stage.written("checkout")) == (True, 1)
    assert [desk.told_types(path).count(one) for one in ("action_executed", "action_unknown")] == [1, 0]


def test_a_gateway_that_is_killed_after_it_wrote_a_report_down_ignores_it_the_second_time(stage: Stage) -> None:
    desk = stage.desk
    stage.start_worker()
    incident = desk.open_incident()
    path = desk.approved(incident, SCALE)
    held = stage.door.hold(RESULTS, Moment.ANSWER)
    desk.execute(path)
    held.wait()
    stage.site.kill_gateway()
    stage.site.start_gateway()
    before = stage.door.answered.count((RESULTS, 200))
    # The worker never gets the answer, and reports again.
    held.let_go(lose=True)
    wait_until(lambda: stage.door.answered.count((RESULTS, 200)) > before, "the report again")
    stage.prove_idle(incident)

    assert _is_at(desk.get(path), "done")
    assert stage.written("checkout") == 1
    assert desk.told_types(path).count("action_executed") == 1
