from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.records import Activity, Delivery, Hints, Incident, IncidentStatus, Job, JobState
from services.gateway.errors import BadCursor
from services.gateway.ports import IncidentQuery, RecordQuery
from shared.contracts.severity import Severity
from tests.support.records import NOW, a_delivery, a_job, an_incident


def put(store, *records):
    store.transact(lambda tx: [tx.put(record) for record in records])


def ids(page):
    return [record.record_id for record in page.records]


def numbers(page):
    return [msgspec.json.decode(item)["number"] for item in page.items]


def all_pages(store, query):
    found = []
    while True:
        page = store.list_incidents(query)
        found += numbers(page)
        if page.next_cursor is None:
            return found
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


@pytest.fixture
def deliveries(store):
    put(
        store,
        *(
            a_delivery(
                f"dlv_{n}",
                source="alertmanager" if n % 2 else "webhook",
                received_at=NOW + timedelta(seconds=n),
            )
            for n in range(7)
        ),
    )
    return store


def test_records_are_listed_newest_first(deliveries):
    page = deliveries.list_records(Delivery, RecordQuery(limit=3))

    assert ids(page) == ["dlv_6", "dlv_5", "dlv_4"]
    assert page.total == 7


def test_pages_follow_one_another_without_gap_or_repeat(deliveries):
    query, found = RecordQuery(limit=2), []
    while True:
        page = deliveries.list_records(Delivery, query)
        found += ids(page)
        if page.next_cursor is None:
            break
        query = msgspec.structs.replace(query, cursor=page.next_cursor)

    assert found == [f"dlv_{n}" for n in reversed(range(7))]


def test_lists_can_be_read_oldest_first(deliveries):
    first = deliveries.list_records(Delivery, RecordQuery(limit=4, oldest_first=True))
    rest = deliveries.list_records(Delivery, RecordQuery(limit=4, oldest_first=True, cursor=first.next_cursor))

    assert ids(first) + ids(rest) == [f"dlv_{n}" for n in range(7)]


def test_records_are_narrowed_by_tag_state_parent_and_time(store):
    put(
        store,
        a_job("job_1", state=JobState.FAILED, incident_id="inc_1", created_at=NOW),
        a_job("job_2", state=JobState.PENDING, incident_id="inc_1", created_at=NOW + timedelta(seconds=1)),
        a_job("job_3", queue=None, incident_id="inc_2", created_at=NOW + timedelta(seconds=2)),
    )

    def found(**narrowed):
        return ids(store.list_records(Job, RecordQuery(oldest_first=True, **narrowed)))

    assert found(states=("failed",)) == ["job_1"]
    assert found(states=("failed", "pending"), parent="inc_1") == ["job_1", "job_2"]
    assert found(tags=("timer",)) == ["job_3"]
    assert found(since=NOW + timedelta(seconds=1)) == ["job_2", "job_3"]
    assert found(until=NOW + timedelta(seconds=1)) == ["job_1"]
    assert found(states=("running",)) == []


def test_a_changed_record_is_listed_by_what_it_is_now(store):
    put(store, a_job("job_1"))
    store.list_records(Job, RecordQuery())
    put(store, a_job("job_1", state=JobState.SUCCEEDED))

    assert store.list_records(Job, RecordQuery(states=("pending",))).total == 0
    assert store.list_records(Job, RecordQuery(states=("succeeded",))).total == 1


def test_a_list_holds_everything_committed_before_it_was_asked_for(store):
    for n in range(30):
        put(store, a_job(f"job_{n}"))
        assert store.list_records(Job, RecordQuery(limit=1)).total == n + 1


def test_the_total_is_left_out_when_nobody_wants_it(deliveries):
    assert deliveries.list_records(Delivery, RecordQuery(with_total=False)).total is None


@pytest.mark.parametrize("cursor", ["", "?", "AAAA", "x" * 2000, "eyJhIjoxfQ"])
def test_a_foreign_cursor_is_refused(deliveries, cursor):
    with pytest.raises(BadCursor):
        deliveries.list_records(Delivery, RecordQuery(cursor=cursor))
    with pytest.raises(BadCursor):
        deliveries.list_incidents(IncidentQuery(cursor=cursor))


@pytest.fixture
def inbox(store):
    def at(minutes):
        return NOW + timedelta(minutes=minutes)

    put(
        store,
        an_incident("inc_a", title="Checkout is down", severity=Severity.CRITICAL, services=("checkout",)),
        an_incident("inc_b", title="Cart is slow", severity=Severity.LOW, services=("cart", "db"), created_at=at(1)),
        an_incident("inc_c", title="Disk full", description="on NODE-7", owner="ann", created_at=at(2)),
        an_incident(
            "inc_d", title="Disk full", status=IncidentStatus.RESOLVED, labels={"team": "db"}, created_at=at(3)
        ),
        Activity(incident_id="inc_b", signal_count=2, last_signal_at=at(90)),
        Hints(incident_id="inc_b", signal_names=("HighLatency",)),
    )
    return store


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [4, 3, 2, 1]),
        ({"statuses": (IncidentStatus.RESOLVED,)}, [4]),
        ({"severities": (Severity.CRITICAL, Severity.LOW)}, [2, 1]),
        ({"owners": ("ann",)}, [3]),
        ({"owners": ("nobody",)}, []),
        ({"services": ("db",)}, [2]),
        ({"services": ("db", "checkout")}, [2, 1]),
        ({"labels": (("team", "db"),)}, [4]),
        ({"labels": (("team", "db"), ("team", "pay"))}, []),
        ({"text": "disk"}, [4, 3]),
        ({"text": "DISK node-7"}, [3]),
        ({"text": "highlat"}, [2]),
        ({"text": "is"}, [4, 3, 2, 1]),
        ({"text": "inc-3"}, [3]),
        ({"text": 'di"sk'}, []),
        ({"text": "a*b AND (c"}, []),
        ({"text": "disk", "statuses": (IncidentStatus.NEW,)}, [3]),
        ({"since": NOW + timedelta(minutes=1), "until": NOW + timedelta(minutes=3)}, [3, 2]),
        ({"sort": "number"}, [1, 2, 3, 4]),
        ({"sort": "-severity"}, [1, 4, 3, 2]),
        ({"sort": "-updatedAt"}, [2, 4, 3, 1]),
        ({"sort": "createdAt"}, [1, 2, 3, 4]),
    ],
)
def test_the_inbox_is_filtered_and_sorted(inbox, query, expected):
    page = inbox.list_incidents(IncidentQuery(**query))

    assert numbers(page) == expected
    assert page.total == len(expected)


@pytest.mark.parametrize("sort", ["-createdAt", "severity", "-severity", "updatedAt", "-number"])
def test_pages_of_the_inbox_make_the_whole(inbox, sort):
    whole = numbers(inbox.list_incidents(IncidentQuery(sort=sort)))

    assert all_pages(inbox, IncidentQuery(sort=sort, limit=1)) == whole
    assert all_pages(inbox, IncidentQuery(sort=sort, limit=3)) == whole


def test_a_summary_shows_head_and_activity(inbox):
    item = msgspec.json.decode(inbox.list_incidents(IncidentQuery(text="cart")).items[0])

    assert (item["id"], item["signalCount"], item["services"]) == ("inc_b", 2, ["cart", "db"])
    assert item["updatedAt"] == item["lastSignalAt"]


def test_a_changed_incident_is_found_by_its_new_words_only(inbox):
    head = inbox.get(Incident, "inc_c")
    put(inbox, msgspec.structs.replace(head, title="Volume full", description=""))

    assert numbers(inbox.list_incidents(IncidentQuery(text="node-7"))) == []
    assert numbers(inbox.list_incidents(IncidentQuery(text="volume"))) == [3]


def test_a_removed_incident_is_in_no_list(inbox):
    inbox.list_incidents(IncidentQuery())
    inbox.transact(lambda tx: tx.remove_incident("inc_a"))

    assert numbers(inbox.list_incidents(IncidentQuery())) == [4, 3, 2]
    assert numbers(inbox.list_incidents(IncidentQuery(text="checkout"))) == []


def test_many_incidents_are_paged_whole(store):
    put(store, *(an_incident(f"inc_{n}", severity=list(Severity)[n % 5]) for n in range(500)))

    assert sorted(all_pages(store, IncidentQuery(sort="-severity", limit=37))) == list(range(1, 501))
