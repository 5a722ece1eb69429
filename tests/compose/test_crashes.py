"""Containers that die while work goes through them: what was acknowledged is neither lost nor doubled."""

import pytest

from tests.compose.engine import docker
from tests.compose.load import Load, assert_chains
from tests.compose.stack import PROJECT, SERVICES, Caller, Stack

pytestmark = pytest.mark.timeout(2_400)
CHECKOUT = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
ENDS = {"done", "failed"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_that_is_killed_loses_and_doubles_nothing(stack: Stack, admin: Caller, service: str) -> None:
    with Load(admin, f"Kill{service.title()}") as load:
        for _ in range(2):
            load.wait_for(50)
            stack.kill(service)
            load.wait_for(50)
        stack.await_healthy(service)

    load.reckon()


def test_a_broker_that_lost_its_volume_loses_nothing(stack: Stack, admin: Caller) -> None:
    volume = f"{PROJECT}_broker"
    with Load(admin, "Volume") as load:
        load.wait_for(50)
        # `prepare` has ended long ago and holds the volume all the same.
        stack.compose("rm", "-sfv", "broker", "prepare")
        docker("volume", "rm", volume)
        assert volume not in docker("volume", "ls", "-q").split()
        load.wait_for(50)
        stack.up()
        load.wait_for(50)

    load.reckon()


def test_a_gateway_killed_between_its_word_and_the_work_keeps_its_word(stack: Stack, admin: Caller) -> None:
    """Neither the broker nor a worker has seen anything of it."""
    load = Load(admin, "Word")
    stack.compose("stop", "intake", "broker")
    load.send(30)
    stack.kill("gateway")
    waiting = {one["id"] for one in admin.items("/api/deliveries?state=accepted")}
    stack.up()

    assert waiting >= set(load.acknowledged)
    load.reckon()


def test_a_gateway_killed_while_the_broker_holds_the_work_does_it_once(stack: Stack, admin: Caller) -> None:
    load = Load(admin, "Held")
    stack.compose("stop", "intake")
    load.send(30)
    stack.kill("gateway")
    stack.up()

    load.reckon()


@pytest.mark.parametrize("service", ["graph", "gateway", "broker"])
def test_diagnoses_in_hand_come_to_their_end(stack: Stack, admin: Caller, service: str) -> None:
    asked = [admin.ok("POST", "/api/quickdx", json=CHECKOUT)["id"] for _ in range(6)]
    stack.kill(service)
    ends = [admin.until(f"/api/quickdx/{one}", lambda it: it["state"] in ENDS, "an end", 180) for one in asked]

    assert {one["state"] for one in ends} == {"done"}, [one.get("error") for one in ends]
    assert_chains(admin)
