"""When the inventory is taken anew by itself, and that it never piles up."""

from datetime import timedelta

import pytest

from services.gateway.domain.records import CLUSTER_NAMES, Inventory, Job, JobState
from services.gateway.handlers.ask_quickdx import ask_inventory
from services.gateway.handlers.record_results import record_results
from services.gateway.handlers.renew_inventory import renew_inventory
from services.gateway.handlers.write_audit import SYSTEM
from services.gateway.ports import RecordQuery
from shared.contracts.messages import InventoryTaken, JobFailed, Results
from tests.support.builders import ANN
from tests.support.gateway_core import Gateway
from tests.support.memory_blobs import MemoryBlobs

PERIOD = timedelta(seconds=600)
TAKEN = '{"takenAt": "2026-11-01T12:00:00Z", "clusters": [], "kinds": []}'


class Renewed(Gateway):
    """A gateway that looks whether the inventory is old, when told to."""

    def look(self, seconds: float = 0) -> list[Job]:
        """Let time pass and look; return all jobs, the newest first."""
        self.clock.advance(seconds)
        renew_inventory(self.store, PERIOD, self.clock.now())
        return self.jobs()

    def jobs(self) -> list[Job]:
        found = self.store.list_records(Job, RecordQuery(tags=("graph",))).records
        return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)

    def end(self, *, well: bool = True) -> None:
        """Let a worker report what became of the newest job."""
        job_id = self.store.get(Inventory, CLUSTER_NAMES).job_id
        taken = InventoryTaken(job_id=job_id, attempt=1, text=TAKEN)
        failed = JobFailed(job_id=job_id, attempt=1, error="it broke", retryable=False)
        results = Results(results=(taken if well else failed,))
        record_results(self.store, self.recorder, results, MemoryBlobs(self.clock))


@pytest.fixture
def gateway() -> Renewed:
    return Renewed()


def test_it_is_taken_at_once_where_it_never_was_in_the_name_of_the_system(gateway: Renewed):
    (job,) = gateway.look()

    assert (job.kind, job.created_by) == ("graph.take_inventory", SYSTEM)


def test_while_one_is_under_way_no_other_is_asked_for_however_long_it_takes(gateway: Renewed):
    gateway.look()

    assert len(gateway.look(86_400)) == 1


@pytest.mark.parametrize("well", [True, False])
def test_the_next_comes_a_period_after_the_last_ended_however_that_was(gateway: Renewed, well):
    gateway.look()
    gateway.end(well=well)

    assert len(gateway.look(PERIOD.total_seconds() - 1)) == 1
    newest, before = gateway.look(1)
    assert before.state is (JobState.SUCCEEDED if well else JobState.FAILED)
    assert (newest.state, gateway.store.get(Inventory, CLUSTER_NAMES).job_id) == (JobState.PENDING, newest.id)


def test_one_that_people_asked_for_counts(gateway: Renewed):
    gateway.store.transact(lambda tx: ask_inventory(tx, ANN.id))
    assert len(gateway.look(3_600)) == 1
    gateway.end()

    assert len(gateway.look(599)) == 1


def test_nothing_is_written_while_it_is_fresh(gateway: Renewed):
    gateway.look()
    gateway.end()
    written = gateway.store.last_seq
    gateway.look(60)

    assert gateway.store.last_seq == written


def test_where_the_job_is_past_its_retention_the_age_of_what_was_taken_counts(gateway: Renewed):
    gateway.look()
    gateway.end()
    gateway.store.transact(lambda tx: tx.remove(Job, gateway.jobs()[0].id))

    assert gateway.look(599) == []
    assert len(gateway.look(1)) == 1


def test_a_clock_that_was_ahead_and_is_right_again_holds_nothing_up(gateway: Renewed):
    gateway.look()
    gateway.end()

    assert len(gateway.look(-86_400)) == 2
