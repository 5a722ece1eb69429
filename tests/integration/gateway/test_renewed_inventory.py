"""The inventory that is taken by itself, on the real store: also after a restart, and whoever asks beside it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from services.gateway.adapters.blob_files import FileBlobs
from services.gateway.adapters.json_store import JsonStore, open_json_store
from services.gateway.domain.grouping import GroupingPolicy
from services.gateway.domain.records import CLUSTER_NAMES, Inventory, Job
from services.gateway.handlers.ask_quickdx import ask_inventory
from services.gateway.handlers.judge import Judge
from services.gateway.handlers.record_results import Recorder, record_results
from services.gateway.handlers.renew_inventory import renew_inventory
from services.gateway.ports import RecordQuery
from shared.contracts.messages import InventoryTaken, Results
from tests.support.builders import ANN
from tests.support.clock import FixedClock

PERIOD = timedelta(seconds=600)
TAKEN = '{"takenAt": "2026-11-01T12:00:00Z", "clusters": [], "kinds": []}'


def renew(store: JsonStore, clock: FixedClock) -> int:
    """Look whether it is old; return how many jobs there are."""
    renew_inventory(store, PERIOD, clock.now())
    return store.list_records(Job, RecordQuery(limit=1)).total or 0


def end(store: JsonStore, folder: Path) -> None:
    """Let a worker report the newest job."""
    taken = InventoryTaken(job_id=store.get(Inventory, CLUSTER_NAMES).job_id, attempt=1, text=TAKEN)
    record_results(store, Recorder(Judge(GroupingPolicy())), Results(results=(taken,)), FileBlobs(folder / "blobs"))


def test_a_gateway_that_starts_again_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    clock = FixedClock()
    store = open_json_store(tmp_path, clock=clock)
    assert renew(store, clock) == 1
    store.close()

    clock.advance(3_600)
    store = open_json_store(tmp_path, clock=clock)
    assert renew(store, clock) == 1
    end(store, tmp_path)
    store.close()

    clock.advance(599)
    store = open_json_store(tmp_path, clock=clock)
    assert renew(store, clock) == 1
    clock.advance(1)
    assert renew(store, clock) == 2
    store.close()


def test_people_who_ask_at_the_same_moment_share_its_job(tmp_path: Path) -> None:
    clock = FixedClock()
    store = open_json_store(tmp_path, clock=clock)

    def ask(_: int) -> None:
        store.transact(lambda tx: ask_inventory(tx, ANN.id))

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(renew, store, clock), *(pool.submit(ask, number) for number in range(7))]
    for one in asked:
        one.result()

    assert renew(store, clock) == 1
    store.close()
