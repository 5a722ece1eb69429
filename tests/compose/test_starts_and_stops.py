"""How containers start, how they stop when they are told to, and that there is one gateway."""

import time
from datetime import datetime

import pytest

from tests.compose.engine import compose_command, docker, run
from tests.compose.load import Load
from tests.compose.stack import SERVICES, WORKERS, Caller, Stack
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(2_400)
CHECKOUT = {"context": "demo", "namespace": "shop", "kind": "Deployment", "name": "checkout"}
# The word of sysexits.h that docs/operations.md gives for a data folder that has an owner.
LOCKED = 75


def test_every_service_stops_by_itself_when_it_is_told_to(stack: Stack, admin: Caller) -> None:
    with Load(admin, "Stop") as load:
        load.wait_for(50)
        for service in ("flower", *WORKERS, "broker", "gateway"):
            stack.compose("stop", service)
            shown = stack.inspect(service)["State"]
            assert (shown["Running"], shown["ExitCode"]) == (False, 0), stack.logs(service)
            stack.compose("start", service)
        load.wait_for(50)
    stack.up()

    load.reckon()


def test_a_worker_that_is_stopped_finishes_or_hands_back_what_it_has_in_hand(stack: Stack, admin: Caller) -> None:
    asked = [admin.ok("POST", "/api/quickdx", json=CHECKOUT) for _ in range(12)]
    jobs = [f"/api/jobs/{one['jobId']}" for one in asked]

    def states() -> list[str]:
        return [admin.get(job)["state"] for job in jobs]

    wait_until(lambda: "running" in states(), "one of them to be in hand")
    stack.compose("stop", "graph")
    halfway = states()
    assert stack.inspect("graph")["State"]["ExitCode"] == 0, stack.logs("graph")
    stack.up()
    ends = [admin.until(job, lambda one: one["finishedAt"], "the end of a job") for job in jobs]

    assert {*halfway} == {"succeeded", "pending"}, "in the middle, and nothing left half done"
    assert [(one["state"], one["attempt"]) for one in ends] == [("succeeded", 1)] * len(jobs)


def test_a_second_gateway_on_one_store_says_so_and_ends(stack: Stack, admin: Caller) -> None:
    words = ["run", "--rm", "--no-deps", "-T", "gateway"]
    second = run([*compose_command(), *words], env=stack.env, check=False)

    assert second.returncode == LOCKED
    assert "Another gateway owns the data folder" in second.stderr + second.stdout
    assert admin.get("/healthz")["status"] == "alive"


def test_how_long_each_takes_until_it_does_its_work(stack: Stack) -> None:
    """Not a promise about a duration: the figures are for people."""
    took = {service: seconds_to_health(stack, service) for service in SERVICES}

    print("\nseconds from start to health:")
    for service, seconds in took.items():
        print(f"  {service:10}{seconds:6.1f}")
    stack.up()


def seconds_to_health(stack: Stack, service: str) -> float:
    """Start the service anew and ask what its health check asks, over and over, until it is content."""
    container = stack.container(service)
    docker("restart", container)
    shown = stack.inspect(service)
    kind, *words = shown["Config"]["Healthcheck"]["Test"]
    command = words if kind == "CMD" else ["sh", "-c", *words]
    wait_until(
        lambda: run(["docker", "exec", container, *command], check=False).returncode == 0, f"{service} to be healthy"
    )
    return time.time() - datetime.fromisoformat(shown["State"]["StartedAt"]).timestamp()
