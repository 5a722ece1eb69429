"""Merges on the real store: whole after it opens again, once among twins, and beside alerts that keep coming."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.domain.records import Activity, Group, Merge, Signal
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.ports import RecordQuery
from tests.support.gateway_core import Gateway, a_report
from tests.support.memory_store import MemoryStore
from tests.support.people import People


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """INC-1 by the signal a, INC-2 by fifty of another group."""
    gateway = Gateway()
    _open(gateway, tmp_path)
    gateway.clock.advance(3_600)
    gateway.deliver(a_report("a", name="Down"))
    gateway.deliver(*(a_report(f"p{number}", name="Slow") for number in range(50)))
    yield gateway
    gateway.store.close()


def _open(gateway: Gateway, folder: Path) -> None:
    # The support class says which store it has; any store does.
    gateway.store = cast("MemoryStore", open_json_store(folder, clock=gateway.clock))


def counts(people: People, number: int) -> tuple[int, int, int]:
    """Return how many signals are counted, fire, and are linked."""
    incident_id = people.id_of(number)
    activity = people.gateway.store.get(Activity, incident_id)
    linked = people.gateway.store.list_records(Signal, RecordQuery(parent=incident_id, limit=1))
    return activity.signal_count, activity.firing_count, linked.total or 0


def test_a_merge_and_its_split_are_whole_after_the_store_opens_again(gateway: Gateway, tmp_path: Path) -> None:
    people = People(gateway)
    gateway.deliver(*(a_report(f"q{number}", name="Slow") for number in range(2_950)))
    key = people.incident(2).dedup_key or ""

    assert people.merge(2, 1) is None
    gateway.store.close()
    _open(gateway, tmp_path)
    assert (counts(people, 1), counts(people, 2)) == ((3_001,) * 3, (0, 0, 0))
    assert gateway.store.get(Group, key).incident_id == people.id_of(1)

    assert people.split(2) is None
    gateway.store.close()
    _open(gateway, tmp_path)
    assert (counts(people, 1), counts(people, 2)) == ((1, 1, 1), (3_000,) * 3)
    assert gateway.store.get(Group, key).incident_id == people.id_of(2)
    assert not verify_chains(gateway.store, limit=100).problems


def test_of_twins_that_merge_one_incident_one_wins(gateway: Gateway) -> None:
    people = People(gateway)
    targets = [1, *(people.open().number for _ in range(3))]
    answers: list[str | None] = []
    barrier = threading.Barrier(len(targets))

    def merge(into: int) -> None:
        barrier.wait()
        answers.append(people.merge(2, into))

    threads = [threading.Thread(target=merge, args=(into,)) for into in targets]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers, key=str) == [None, *["incident_merged"] * 3]
    into = gateway.store.get(Merge, people.id_of(2)).into
    assert {gateway.signal(f"p{number}").incident_id for number in range(50)} == {into}


def test_no_signal_is_lost_between_alerts_and_merges(gateway: Gateway) -> None:
    people = People(gateway)
    done = threading.Event()

    def alert() -> None:
        count = 0
        while not done.is_set() or count < 20:
            count += 1
            gateway.deliver(a_report(f"r{count}", name="Slow"), a_report("p1", name="Slow"))

    storm = threading.Thread(target=alert)
    storm.start()
    refusals = []
    for _ in range(5):
        refusals += [people.merge(2, 1), people.split(2)]
    refusals.append(people.merge(2, 1))
    done.set()
    storm.join()

    assert set(refusals) == {None}
    (target, merged) = counts(people, 1), counts(people, 2)
    assert target == (target[2],) * 3
    assert merged == (0, 0, 0)
    everything = gateway.store.list_records(Signal, RecordQuery(limit=1)).total
    assert target[2] == everything
