import threading
from hashlib import sha256

import pytest

from services.gateway.adapters.staging import MAX_CHANGES
from services.gateway.domain.records import (
    Activity,
    ChainHead,
    Delivery,
    EntryDraft,
    EntryType,
    Group,
    Incident,
    TimelineEntry,
)
from services.gateway.errors import RecordNotFound, RecordTooLarge, StoreUnavailable, TransactionTooLarge
from tests.support.records import NOW, a_delivery, a_draft, an_incident


def put(store, *records):
    store.transact(lambda tx: [tx.put(record) for record in records])


def test_what_was_put_is_found(store):
    put(store, an_incident("inc_1", title="Checkout down"))

    assert store.get(Incident, "inc_1").title == "Checkout down"
    assert store.find(Incident, "inc_2") is None
    with pytest.raises(RecordNotFound):
        store.get(Incident, "inc_2")


def test_transact_returns_what_the_work_returned(store):
    assert store.transact(lambda tx: "done") == "done"


def test_a_transaction_without_puts_is_no_commit(store):
    before = store.last_seq

    store.transact(lambda tx: tx.find(Incident, "inc_1"))

    assert store.last_seq == before


def test_a_transaction_sees_its_own_puts_and_removes(store):
    put(store, an_incident("inc_1"))

    def work(tx):
        tx.put(an_incident("inc_2"))
        tx.remove(Incident, "inc_1")
        return tx.find(Incident, "inc_1"), tx.find(Incident, "inc_2")

    gone, there = store.transact(work)

    assert gone is None
    assert there is not None
    assert store.find(Incident, "inc_1") is None


def test_nothing_of_a_failed_transaction_is_written(store):
    def work(tx):
        tx.put(an_incident("inc_1"))
        tx.append("inc_1", a_draft())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.transact(work)

    assert store.find(Incident, "inc_1") is None
    assert store.list_timeline("inc_1") == []


def test_incidents_are_numbered_in_order_and_keep_their_number(store):
    put(store, an_incident("inc_1"), an_incident("inc_2"))
    put(store, an_incident("inc_3"))
    first = store.get(Incident, "inc_1")
    put(store, first)

    assert [store.get(Incident, f"inc_{n}").number for n in (1, 2, 3)] == [1, 2, 3]


def test_a_number_is_never_given_twice(store):
    put(store, an_incident("inc_1"))
    store.transact(lambda tx: tx.remove_incident("inc_1"))
    put(store, an_incident("inc_2"))

    assert store.get(Incident, "inc_2").number == 2


def test_a_delivery_learns_the_sequence_of_the_commit_that_accepted_it(store):
    put(store, an_incident("inc_1"))
    put(store, a_delivery("dlv_1"))

    accepted = store.get(Delivery, "dlv_1")

    assert accepted.accepted_seq == store.last_seq == 2


def test_a_read_that_changed_meanwhile_runs_the_work_again(store):
    put(store, an_incident("inc_1", title="one"))
    runs = []

    def work(tx):
        title = tx.get(Incident, "inc_1").title
        if not runs:
            # Another writer is faster, once.
            put(store, an_incident("inc_1", number=1, title="two"))
        runs.append(title)
        tx.put(an_incident("inc_1", number=1, title=title + "!"))

    store.transact(work)

    assert runs == ["one", "two"]
    assert store.get(Incident, "inc_1").title == "two!"


def test_absence_is_a_precondition_too(store):
    barrier = threading.Barrier(8, timeout=20)
    opened = []

    def work(tx, name):
        group = tx.find(Group, "alert:down")
        if group is not None:
            return group.incident_id
        tx.put(an_incident(name))
        tx.put(Group(dedup_key="alert:down", incident_id=name, opened_at=NOW))
        return name

    def run(number):
        barrier.wait()
        opened.append(store.transact(lambda tx: work(tx, f"inc_{number}")))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(opened) == 8
    assert len(set(opened)) == 1


def test_counting_from_many_threads_loses_nothing_and_refuses_nobody(store):
    put(store, Activity(incident_id="inc_1"))
    tries = []

    def run():
        for _ in range(40):
            mine = []
            tries.append(mine)

            def count(tx, mine=mine):
                mine.append(tx)
                activity = tx.get(Activity, "inc_1")
                tx.put(Activity(incident_id="inc_1", signal_count=activity.signal_count + 1))

            store.transact(count)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert store.get(Activity, "inc_1").signal_count == 320
    # Each is overdue after six; then those who were under way before may be faster, and no other.
    assert max(map(len, tries)) <= 6 + 8


def test_appending_from_many_threads_makes_one_chain_without_holes(store):
    put(store, an_incident("inc_1"))

    def run(number):
        for n in range(10):
            store.transact(lambda tx, n=n: tx.append("inc_1", a_draft(message=f"{number}.{n}")))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    entries = store.list_timeline("inc_1")

    assert [chained.entry.sequence for chained in entries] == list(range(1, 41))
    assert [chained.entry.previous_hash for chained in entries] == ["0" * 64, *(c.hash for c in entries[:-1])]
    assert store.get(ChainHead, "inc_1").hash == entries[-1].hash


def test_timelines_are_read_by_page_and_from_their_end(store):
    store.transact(lambda tx: [tx.append("inc_1", a_draft(message=str(n))) for n in range(1, 8)])

    assert [c.entry.message for c in store.list_timeline("inc_1", after=2, limit=3)] == ["3", "4", "5"]
    assert [c.entry.message for c in store.list_newest_entries("inc_1", 2)] == ["6", "7"]
    assert store.list_timeline("inc_1", after=7) == []


def test_timelines_can_only_be_appended_to(store):
    store.transact(lambda tx: tx.append("inc_1", a_draft()))
    entry = store.list_timeline("inc_1")[0].entry

    with pytest.raises(TypeError):
        put(store, entry)
    with pytest.raises(TypeError):
        store.transact(lambda tx: tx.remove(TimelineEntry, entry.record_id))


def test_an_incident_is_removed_with_its_activity_and_timeline(store):
    put(store, an_incident("inc_1"), Activity(incident_id="inc_1"))
    store.transact(lambda tx: [tx.append("inc_1", a_draft()) for _ in range(3)])

    store.transact(lambda tx: tx.remove_incident("inc_1"))

    assert store.find(Incident, "inc_1") is None
    assert store.find(Activity, "inc_1") is None
    assert store.find(ChainHead, "inc_1") is None
    assert store.list_timeline("inc_1") == []


def test_listeners_hear_every_commit_in_order(store):
    heard = []
    store.subscribe(heard.append)

    put(store, an_incident("inc_1"))
    store.transact(lambda tx: tx.append("inc_1", a_draft()))
    store.transact(lambda tx: tx.remove(Incident, "inc_1"))
    # A listener is called after the writer was answered; the next commit cannot be told of before it.
    put(store, an_incident("inc_2"))

    assert [committed.seq for committed in heard[:3]] == [1, 2, 3]
    assert [type(record) for record in heard[1].puts] == [TimelineEntry, ChainHead]
    assert heard[2].removes == (("incident", "inc_1"),)


def test_how_long_each_writer_waited_is_told_once(store):
    heard = []
    store.subscribe_waits(heard.extend)

    put(store, an_incident("inc_1"))
    store.transact(lambda tx: tx.find(Incident, "inc_1"))
    with pytest.raises(RecordNotFound):
        store.transact(lambda tx: [tx.put(an_incident("inc_2")), tx.get(Incident, "inc_9")])
    put(store, an_incident("inc_2"))
    # A listener is called after the writer was answered; the next commit cannot be told of before it.
    put(store, an_incident("inc_3"))

    assert len(heard[:2]) == 2
    assert all(seconds >= 0 for seconds in heard)
    assert len(heard) <= 3


def test_ids_may_hold_any_character(store):
    keys = ["a\tb", "a\nb", "100%", "%09", "ключ", "a:b", " "]
    put(store, *(Group(dedup_key=key, incident_id=f"inc_{n}", opened_at=NOW) for n, key in enumerate(keys)))

    assert [store.get(Group, key).incident_id for key in keys] == [f"inc_{n}" for n in range(len(keys))]


def test_a_record_too_large_is_refused_and_nothing_written(store):
    with pytest.raises(RecordTooLarge):
        put(store, an_incident("inc_1"), an_incident("inc_2", description="x" * (9 << 20)))

    assert store.find(Incident, "inc_1") is None


def test_a_transaction_too_large_is_refused_and_nothing_written(store):
    with pytest.raises(TransactionTooLarge):
        store.transact(lambda tx: [tx.put(an_incident(f"inc_{n}")) for n in range(MAX_CHANGES + 1)])

    assert store.find(Incident, "inc_0") is None


def test_a_closed_store_refuses_writes(store):
    store.close()
    store.close()

    with pytest.raises(StoreUnavailable):
        put(store, an_incident("inc_1"))
    assert store.health() is not None


def test_an_entry_says_who_when_and_what(store):
    draft = EntryDraft(
        type=EntryType.NOTE_ADDED,
        actor="token:ann",
        source="manual",
        occurred_at=NOW,
        message="Rolled back",
        payload={"version": "1.2"},
    )
    store.transact(lambda tx: tx.append("inc_1", draft))

    entry = store.list_timeline("inc_1")[0].entry

    assert (entry.actor, entry.occurred_at, entry.message, entry.payload) == (
        "token:ann",
        NOW,
        "Rolled back",
        {"version": "1.2"},
    )
    assert entry.recorded_at > NOW


def test_the_stored_bytes_of_entries_are_what_their_hashes_are_of(store):
    store.transact(lambda tx: [tx.append("inc_1", a_draft(message=f"line one\nline {n}")) for n in range(1, 8)])

    stored = store.list_entry_bytes("inc_1", after=2, limit=3)

    assert [sha256(body).hexdigest() for body in stored] == [c.hash for c in store.list_timeline("inc_1")[2:5]]
    assert not any(b"\n" in body for body in stored)
    assert store.list_entry_bytes("inc_1", after=7) == []
    assert store.list_entry_bytes("inc_none") == []
