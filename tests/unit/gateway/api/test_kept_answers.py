"""An answer is given again only while nothing it was made from has changed."""

import threading
from datetime import timedelta

import msgspec
import pytest

from services.gateway.api.kept_answers import KeptAnswers, Tagged
from services.gateway.domain.records import Activity, Hints, Incident, Signal
from services.gateway.ports import IncidentQuery, RecordQuery
from tests.support.builders import a_signal
from tests.support.clock import FixedClock
from tests.support.memory_store import MemoryStore
from tests.support.records import a_delivery, a_draft, an_incident


@pytest.fixture
def store():
    store = MemoryStore(FixedClock())
    put(store, an_incident("inc_1"), an_incident("inc_2"), a_signal(fingerprint="fp_1", incident_id="inc_1"))
    return store


def put(store, *records):
    store.transact(lambda tx: [tx.put(record) for record in records])


class Made:
    """Makes an answer of what a function reads, and counts how often."""

    def __init__(self, read, until=None):
        self.read = read
        self.until = until
        self.times = 0

    def __call__(self, store):
        self.times += 1
        return Tagged(msgspec.json.encode(self.read(store)), '"tag"', self.until)


READS = {
    "record": lambda store: store.find(Incident, "inc_1"),
    "absent": lambda store: store.find(Activity, "inc_1"),
    "timeline": lambda store: [one.hash for one in store.list_newest_entries("inc_1", 5)],
    "children": lambda store: store.list_records(Signal, RecordQuery(parent="inc_1", with_total=False)).records,
    "counted children": lambda store: store.list_records(Signal, RecordQuery(parent="inc_1")).total,
    "inbox": lambda store: store.list_incidents(IncidentQuery()).total,
    "facets": lambda store: store.count_facets(IncidentQuery()),
    "number": lambda store: store.find_incident_id(3),
}
TOUCHES = {
    "record": lambda tx: tx.put(msgspec.structs.replace(tx.get(Incident, "inc_1"), owner="ann")),
    "absent": lambda tx: tx.put(Activity(incident_id="inc_1", signal_count=1)),
    "timeline": lambda tx: tx.append("inc_1", a_draft()),
    "children": lambda tx: tx.put(a_signal(fingerprint="fp_2", incident_id="inc_1")),
    "counted children": lambda tx: tx.put(a_signal(fingerprint="fp_1", incident_id="inc_2")),
    "inbox": lambda tx: tx.remove_incident("inc_2"),
    "facets": lambda tx: tx.put(Hints(incident_id="inc_1", signal_names=("HighLatency",))),
    "number": lambda tx: tx.put(an_incident("inc_3")),
}


@pytest.mark.parametrize("what", READS)
def test_an_answer_is_made_anew_when_what_it_shows_has_changed(store, what):
    answers, made = KeptAnswers(store, FixedClock()), Made(READS[what])
    first = answers.get(("name",), made)
    assert answers.get(("name",), made) is first

    store.transact(TOUCHES[what])

    second = answers.get(("name",), made)
    assert made.times == 2
    assert second.body == made(store)[0]


def test_an_answer_is_made_anew_when_its_time_has_come(store):
    clock = FixedClock()
    answers, made = KeptAnswers(store, clock), Made(READS["record"], until=clock.now() + timedelta(seconds=10))
    for seconds in (0, 9, 1, 0):
        clock.advance(seconds=seconds)
        answers.get(("name",), made)

    assert made.times == 3, "once, and each time it was asked for at its end or after"


@pytest.mark.parametrize("what", READS)
def test_a_change_elsewhere_leaves_an_answer_alone(store, what):
    answers, made = KeptAnswers(store, FixedClock()), Made(READS[what])
    answers.get(("name",), made)

    put(store, a_delivery("dlv_1"))
    answers.get(("name",), made)

    assert made.times == 1


def test_a_child_that_leaves_for_another_parent_is_missed(store):
    answers, made = KeptAnswers(store, FixedClock()), Made(READS["children"])
    answers.get(("name",), made)

    put(store, a_signal(fingerprint="fp_1", incident_id="inc_2"))

    assert answers.get(("name",), made).body == b"[]"


def test_what_changes_while_an_answer_is_made_is_not_kept_as_the_newest(store):
    answers = KeptAnswers(store, FixedClock())

    def make_slowly(reads):
        read = reads.get(Incident, "inc_1")
        # Between the read and the answer somebody else changes the incident.
        put(store, msgspec.structs.replace(store.get(Incident, "inc_1"), title="Another"))
        return Tagged(read.title.encode(), '"old"')

    assert answers.get(("name",), make_slowly).body == b"Checkout is down"
    made = Made(lambda reads: reads.get(Incident, "inc_1").title)
    assert answers.get(("name",), made).body == b'"Another"'


def test_a_commit_that_is_durable_but_not_told_of_yet_counts(store):
    answers, made = KeptAnswers(store, FixedClock()), Made(READS["record"])
    answers.get(("name",), made)
    told = threading.Event()
    # A listener told before it: then the commit is durable, and has left no stamps yet.
    store._listeners.insert(0, lambda _: (answers.get(("name",), made), told.set()))

    store.transact(TOUCHES["record"])

    assert told.is_set()
    assert made.times == 2


def test_answers_take_no_more_room_than_they_may(store):
    answers, made = KeptAnswers(store, FixedClock(), most_bytes=10_000), Made(READS["record"])
    for n in range(100):
        answers.get(("name", str(n)), made)

    answers.get(("name", "99"), made)
    assert made.times == 100
    answers.get(("name", "0"), made)
    assert made.times == 101


def test_a_kept_incident_says_in_time_that_a_task_is_overdue(gw):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"
    due = (gw.clock.now() + timedelta(minutes=5)).isoformat()
    gw.post(f"{path}/tasks", json={"title": "Tell support", "dueAt": due})
    early = gw.get(path)
    assert [task["isOverdue"] for task in early.json["tasks"]] == [False]
    assert gw.get(path, headers={"If-None-Match": early.headers["ETag"]}).status_code == 304

    gw.clock.advance(301)

    late = gw.get(path, headers={"If-None-Match": early.headers["ETag"]})
    assert (late.status_code, [task["isOverdue"] for task in late.json["tasks"]]) == (200, [True])


def test_a_kept_incident_says_in_time_that_an_approval_ran_out(gw):
    made = gw.open_incident()
    path = f"/api/incidents/{made['id']}"
    action = {"type": "manual", "title": "Fail over", "risk": "low", "payload": {"instructions": "Do it."}}
    made = gw.post(f"{path}/actions", json=action).json
    gw.post(f"{path}/actions/{made['id']}/approve", json={"approved": True})
    assert [one["state"] for one in gw.get(path).json["actions"]] == ["approved"]

    gw.clock.advance(24 * 3600)

    assert [one["state"] for one in gw.get(path).json["actions"]] == ["expired"]


def test_what_a_client_makes_long_counts(store):
    answers, made = KeptAnswers(store, FixedClock(), most_bytes=100_000), Made(READS["record"])
    for n in range(10):
        answers.get(("name", f"{n}" + "x" * 30_000), made)

    answers.get(("name", "0" + "x" * 30_000), made)
    assert made.times == 11, "the first had to go"
