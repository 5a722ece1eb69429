"""Two workers race for two hundred executions, whose messages come twice: each is done at most once."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from services.gateway.adapters.celery_queue import CeleryJobQueue
from shared.contracts.messages import ActionJob, encode
from shared.contracts.queues import EXECUTE_ACTION, PREVIEW_ACTION, VERIFY_ACTION, Queue
from shared.ids import new_id
from tests.support.action_desk import patch_of
from tests.support.action_site import Site, running_site
from tests.support.kube_rights import all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster
from tests.support.kube_writes import WritableKube, serve_writable_kube
from tests.support.waiting import wait_until

MANY = 200
# How many of them a message names under another task than theirs.
MISLED = 3
QUEUE = "actions"


@pytest.fixture(scope="module")
def kube() -> Iterator[WritableKube]:
    world = a_cluster()
    for number in range(MANY):
        world.add("ConfigMap", f"c-{number}", SHOP, data={"mode": "fast"})
    with serve_writable_kube(world, all_rights()) as kube:
        yield kube


@pytest.fixture(scope="module")
def site(kube: WritableKube, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("race")
    # All messages lie in the broker at once; the lease is as in production: nothing is lost here.
    settings = {"FAULTLINE_GATEWAY_WINDOW": "1000", "FAULTLINE_GATEWAY_LEASE_SECONDS": "30"}
    with running_site(folder, kube, **settings) as site:
        yield site


def at_once(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    """Do ``work`` for each item, eight at a time."""
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, items))


def approve_all(site: Site, incident: str) -> list[str]:
    """Propose a change of every ConfigMap, have workers preview them, and approve each."""
    desk = site.desk()
    desk.preview(desk.propose(incident, patch_of("settings", mode="slow")))
    paths = at_once(lambda number: site.desk().propose(incident, patch_of(f"c-{number}", mode="slow")), range(MANY))
    done = f"{incident}/jobs?limit=1&state=succeeded"
    wait_until(lambda: desk.get(done)["total"] == MANY + 1, "all previews")
    at_once(lambda path: site.desk().approve(path), paths)
    return paths


def publish(queue: CeleryJobQueue, task: str, job_id: str, attempt: int = 1) -> None:
    """Put a message into the queue as anybody could who reaches the broker."""
    message = ActionJob(message_id=new_id("msg"), job_id=job_id, attempt=attempt)
    queue.publish(task, encode(message), queue=Queue.ACTIONS)


def publish_hostile(site: Site, jobs: list[str]) -> None:
    """Put in messages of jobs there are, under other tasks or attempts, and of none there is."""
    queue = CeleryJobQueue(site.valkey.url)
    try:
        for job_id, task in zip(jobs, (PREVIEW_ACTION, VERIFY_ACTION, PREVIEW_ACTION), strict=True):
            publish(queue, task, job_id)
        publish(queue, EXECUTE_ACTION, new_id("job"))
        publish(queue, EXECUTE_ACTION, jobs[0], attempt=7)
        publish(queue, EXECUTE_ACTION, jobs[2], attempt=2)
        publish(queue, EXECUTE_ACTION, jobs[1], attempt=0)
        queue.publish(EXECUTE_ACTION, b'{"jobId": 7', queue=Queue.ACTIONS)
    finally:
        queue.close()


def double_all(broker: redis.Redis, *, first: int) -> None:
    """Put every message twice, one beside the other, so that both workers take the same one at once.

    The ``first`` newest come to the front. What is pushed last is taken last, from the other end.
    """
    newest_first = broker.lrange(QUEUE, 0, -1)
    broker.delete(QUEUE)
    for message in [*newest_first[:first], *reversed(newest_first[first:])]:
        for copy in range(2):
            envelope = json.loads(message)
            envelope["properties"]["delivery_tag"] += f"-{copy}"
            broker.lpush(QUEUE, json.dumps(envelope))


@pytest.fixture(scope="module")
def paths(site: Site) -> list[str]:
    """Return all actions, approved; no worker is there any more."""
    workers = [site.start_worker(), site.start_worker()]
    approved = approve_all(site, site.desk().open_incident())
    for worker in workers:
        site.kill_worker(worker)
    return approved


def test_two_workers_do_each_of_two_hundred_once_though_every_message_comes_twice_and_some_lie(
    site: Site, kube: WritableKube, paths: list[str]
) -> None:
    desk, broker = site.desk(), site.valkey.client
    jobs = at_once(lambda path: site.desk().execute(path), paths)
    wait_until(lambda: broker.llen(QUEUE) == MANY, "all messages")
    publish_hostile(site, jobs[:MISLED])
    double_all(broker, first=broker.llen(QUEUE) - MANY)
    site.start_worker()
    site.start_worker()
    actions = at_once(lambda path: site.desk().ended(path), paths)
    wait_until(lambda: broker.llen(QUEUE) == 0, "an empty queue")

    # A job is begun under its own task only: a lie undoes nothing, and what was approved is done all the same.
    told = Counter((one["payload"].get("actionId"), one["type"]) for one in desk.timeline(paths[0].partition("/ac")[0]))
    ids = [path.rpartition("/")[2] for path in paths]
    assert [told[one, "action_refused"] for one in ids] == [0] * MANY
    assert [told[one, "action_executed"] for one in ids] == [1] * MANY
    assert Counter(one["state"] for one in actions) == {"executed": MANY}
    assert written_by_name(kube) == {f"c-{number}": 1 for number in range(MANY)}


def written_by_name(kube: WritableKube) -> Counter[str]:
    """Return how often each ConfigMap was written, or was tried to be."""
    names = (seen.path.rpartition("/")[2] for seen in kube.sent())
    return Counter(name for name in names if name.startswith("c-"))
