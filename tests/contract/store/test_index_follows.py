"""The index follows the commits while lists make it hurry: nothing newer is ever taken for something older."""

import threading

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.check import check
from services.gateway.domain.records import Group
from services.gateway.ports import RecordQuery
from tests.support.records import NOW

KEYS, ROUNDS, WRITERS = 3, 60, 4


def test_records_that_change_while_they_are_indexed_end_as_they_were_last_put(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    done = threading.Event()

    def count(tx):
        for n in range(KEYS):
            group = tx.find(Group, f"key {n}")
            value = int(group.incident_id) + 1 if group else 1
            tx.put(Group(dedup_key=f"key {n}", incident_id=str(value), opened_at=NOW))

    def write():
        for _ in range(ROUNDS):
            store.transact(count)

    def hurry():
        while not done.is_set():
            store.list_records(Group, RecordQuery())

    writers = [threading.Thread(target=write) for _ in range(WRITERS)]
    reader = threading.Thread(target=hurry)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()

    listed = store.list_records(Group, RecordQuery()).records
    assert [group.incident_id for group in listed] == [str(ROUNDS * WRITERS)] * KEYS
    store.close()
    assert check(tmp_path).problems == []


def test_a_commit_waits_while_the_index_lets_go_of_an_older_state(tmp_path, clock, monkeypatch):
    store = open_json_store(tmp_path, clock=clock)
    state = store._state
    remember = state._remember
    overtakers = []

    def remember_slowly(key, *found):
        if key == (Group.KIND, "key") and not overtakers:
            thread = threading.Thread(target=store.transact, args=(put_second,))
            overtakers.append(thread)
            thread.start()
            # It cannot end before this does; without the lock it would, and its state would be forgotten.
            thread.join(timeout=0.3)
        remember(key, *found)

    def put_second(tx):
        tx.put(Group(dedup_key="key", incident_id="second", opened_at=NOW))

    monkeypatch.setattr(state, "_remember", remember_slowly)
    store.transact(lambda tx: tx.put(Group(dedup_key="key", incident_id="first", opened_at=NOW)))
    store.catch_up()
    overtakers[0].join()

    assert store.get(Group, "key").incident_id == "second"
    store.catch_up()
    assert store.get(Group, "key").incident_id == "second"
    assert store.list_records(Group, RecordQuery()).records[0].incident_id == "second"
    store.close()
