"""Whoever can write to a queue, or makes another worker report, neither begins an execution again nor ends it."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
import requests

from services.gateway.domain.records import Job, JobState
from shared.contracts.action import ExecutionOutcome, ExecutionState
from shared.contracts.messages import ActionDone, IncidentInvestigated, JobFailed, ResourceDiagnosed, Results, encode
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION
from tests.support.action_desk import patch_of
from tests.support.action_world import World, running_world
from tests.support.gateway import DOOR_KEY
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import a_cluster
from tests.support.kube_writes import serve_writable_kube

_MODES = map(str, count())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("forged")
    with serve_writable_kube(a_cluster(), all_rights()) as kube, running_world(folder, kube) as world:
        yield world


@pytest.fixture
def begun(world: World) -> tuple[str, str]:
    """An execution that a worker has begun and not reported: the action's path and the job's id."""
    path = world.propose(patch_of("settings", mode=next(_MODES)))
    world.desk("ben").approve(path)
    job_id = world.execute(path)
    assert world.claim(job_id).status_code == 200
    return path, job_id


def report(world: World, result: Any) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {DOOR_KEY}"}
    body = encode(Results(results=(result,)))
    answer = requests.post(f"{world.door_url}/door/results", data=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    counts: dict[str, Any] = answer.json()
    return counts


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_an_execution_is_begun_once_whatever_attempt_a_message_names(
    world: World, begun: tuple[str, str], attempt: int
) -> None:
    answer = world.claim(begun[1], attempt)

    assert (answer.status_code, answer.json()["code"]) == (409, "claim_refused")
    assert world.gw.store.get(Job, begun[1]).attempt == 1


def test_a_job_is_begun_under_its_own_task_only(world: World) -> None:
    path = world.propose(patch_of("settings", mode=next(_MODES)))
    world.desk("ben").approve(path)
    job_id = world.execute(path)
    written = len(world.kube.applied())
    world.work(PREVIEW_ACTION, job_id)

    assert world.gw.store.get(Job, job_id).state is JobState.PENDING
    world.work(EXECUTE_ACTION, job_id)
    assert len(world.kube.applied()) == written + 1


@pytest.mark.parametrize(
    "forged",
    [
        lambda job_id: JobFailed(job_id=job_id, attempt=1, error="blob_not_found", retryable=False),
        lambda job_id: JobFailed(job_id=job_id, attempt=1, error="blob_not_found", retryable=True),
        lambda job_id: ResourceDiagnosed(job_id=job_id, attempt=1, text="{}"),
        lambda job_id: IncidentInvestigated(job_id=job_id, attempt=1, snapshot="0" * 64, text="{}"),
        lambda job_id: ActionDone(
            job_id=job_id, attempt=2, change=ExecutionOutcome(state=ExecutionState.SUCCEEDED, words="done")
        ),
    ],
    ids=["failed", "failed for now", "diagnosed", "investigated", "another attempt"],
)
def test_what_another_worker_is_made_to_report_ends_no_execution(
    world: World, begun: tuple[str, str], forged: Any
) -> None:
    path, job_id = begun

    assert report(world, forged(job_id)) == {"recorded": 0, "ignored": 1}
    assert world.gw.store.get(Job, job_id).state is JobState.RUNNING
    assert world.desk("ann").get(path)["state"] == "executing"
    done = ExecutionOutcome(state=ExecutionState.SUCCEEDED, words="done, password=hunter2hunter2")
    assert report(world, ActionDone(job_id=job_id, attempt=1, change=done))["recorded"] == 1
    ended = world.desk("ann").get(path)
    assert (ended["state"], ended["execution"]["result"]) == ("executed", "done, password=[redacted]")


def test_nothing_is_done_before_it_was_claimed(world: World) -> None:
    path = world.propose(patch_of("settings", mode=next(_MODES)))
    world.desk("ben").approve(path)
    job_id = world.execute(path)
    done = ExecutionOutcome(state=ExecutionState.SUCCEEDED, words="done")

    assert report(world, ActionDone(job_id=job_id, attempt=1, change=done))["recorded"] == 0
    assert world.desk("ann").get(path)["state"] == "executing"
    world.finish(path)
    assert world.desk("ann").get(path)["state"] in {"executed", "verified"}
