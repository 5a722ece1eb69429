"""Actions over a real store: what was approved before a restart is approved after it, and expires on time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import open_json_store
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import Action, Job
from services.gateway.handlers.finish_job import dead_letter
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.run_timers import run_timer
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.handlers.write_question import write_question
from services.gateway.ports import RecordQuery
from services.gateway.relay import Relay, RelayOptions
from tests.support.action_calls import DONE, another_approver, approve, at_once, propose, read
from tests.support.builders import a_job
from tests.support.clock import START, FixedClock
from tests.support.fake_queue import FakeJobQueue
from tests.support.gateway import GatewayUnderTest, a_gateway
from tests.support.waiting import wait_until


@contextmanager
def running(data_dir: Path, clock: FixedClock, *, is_first: bool = False) -> Iterator[GatewayUnderTest]:
    store = open_json_store(data_dir, clock=clock)
    relay = Relay(
        store,
        FakeJobQueue(),
        clock,
        on_timer=lambda job_id: run_timer(store, Judge(GroupingPolicy()), job_id),
        dead_letter=dead_letter,
        write_question=write_question,
        options=RelayOptions(window=3, batch_limit=4, linger_seconds=0.01, lease_seconds=5),
    )
    relay.start()
    try:
        gw = a_gateway(store=store, blobs=FileBlobs(data_dir / "blobs"), clock=clock, with_tokens=is_first)
        if is_first:
            gw.open_incident()
        yield gw
    finally:
        relay.stop()
        store.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


def test_an_approval_outlives_a_restart_and_is_spent_once(tmp_path: Path, clock: FixedClock):
    with running(tmp_path, clock, is_first=True) as gw:
        action = propose(gw, risk="high")
        output = "line\n" * 20_000
        gw.post(f"{action['href']}/previews", json={"output": output})
        before = approve(gw, read(gw, action)).json
        secrets = gw.secrets

    with running(tmp_path, clock) as gw:
        gw.secrets = secrets
        assert read(gw, action) == before
        assert gw.get(before["previews"][0]["href"]).json["output"] == output
        assert gw.post(f"{action['href']}/execute", json=DONE).json["state"] == "executed"
        assert gw.post(f"{action['href']}/execute", json=DONE).json["code"] == "action_not_approved"


@pytest.mark.parametrize("hours_away", [0, 24])
def test_its_timer_outlives_a_restart_also_when_it_fell_due_meanwhile(
    tmp_path: Path, clock: FixedClock, hours_away: int
):
    with running(tmp_path, clock, is_first=True) as gw:
        action, secrets = propose(gw), gw.secrets
    clock.advance(hours_away * 3_600)

    with running(tmp_path, clock) as gw:
        gw.secrets = secrets
        if not hours_away:
            assert gw.store.get(Action, action["id"]).state == "pending"
            clock.advance(24 * 3_600)
            # A timer that is due makes the thread look at the clock again.
            gw.store.transact(lambda tx: tx.put(a_job(kind="none", queue=None, not_before=START)))
        wait_until(lambda: gw.store.get(Action, action["id"]).state == "expired", "the action to expire")
        assert read(gw, action)["end"]["by"] == "system"
        jobs = gw.store.list_records(Job, RecordQuery(parent=action["incidentId"], states=("succeeded",))).records
        assert [job.payload["actionId"] for job in jobs] == [action["id"]]


def test_approvers_at_the_same_time_over_the_real_store(tmp_path: Path, clock: FixedClock):
    with running(tmp_path, clock, is_first=True) as gw:
        action = propose(gw, risk="critical")
        secrets = [another_approver(gw, f"approver-{number}") for number in range(8)]
        answers = at_once(*(lambda secret=secret: approve(gw, action, token=secret) for secret in secrets))

        shown = read(gw, action)
        assert (shown["state"], len(shown["approvals"])) == ("approved", 2)
        assert sorted(answer.status_code for answer in answers) == [200, 200, *[409] * 6]
        assert verify_chains(gw.store, limit=10, cursor=None).problems == []
