"""Whoever turns pages while others write sees every incident that does not move, once and in its place."""

import threading
from datetime import timedelta

import msgspec
import pytest

from services.gateway.domain.records import Activity, Incident
from services.gateway.ports import IncidentQuery
from shared.contracts.severity import Severity
from tests.support.records import NOW, an_incident

STILL, MOVING, WRITERS, WALKS = 60, 40, 3, 6
SEVERITIES = list(Severity)


def still(n):
    return an_incident(
        f"inc_still_{n}",
        title="still",
        severity=SEVERITIES[n % 5],
        created_at=NOW + timedelta(seconds=n // 3),
        updated_at=NOW + timedelta(seconds=n % 7),
    )


def walk(store, sort):
    """Return the titles and ids met from the first page to the last."""
    query, met = IncidentQuery(sort=sort, limit=7), []
    while True:
        page = store.list_incidents(query)
        met += [msgspec.json.decode(item) for item in page.items]
        if page.next_cursor is None:
            return met
        query = msgspec.structs.replace(query, cursor=page.next_cursor)


def keep_writing(store, seed, done):
    """Open incidents, and move others about in every order there is."""
    n = seed
    while not done.is_set():
        n += WRITERS

        def move(tx, n=n):
            incident = tx.find(Incident, f"inc_moving_{n % MOVING}")
            if incident is None:
                return
            at = NOW + timedelta(seconds=n % 13)
            tx.put(msgspec.structs.replace(incident, severity=SEVERITIES[n % 5], created_at=at, updated_at=at))
            tx.put(Activity(incident_id=incident.id, last_signal_at=at, signal_count=n))

        store.transact(move)
        if n % 4 == 0 and n < STILL * 20:
            store.transact(lambda tx, n=n: tx.put(an_incident(f"inc_new_{n}", severity=SEVERITIES[n % 5])))
        if n % 9 == 0:
            store.transact(lambda tx, n=n: tx.remove_incident(f"inc_new_{n - 4 * WRITERS}"))


@pytest.mark.parametrize("sort", ["-createdAt", "updatedAt", "-severity", "number"])
def test_no_page_skips_or_repeats_an_incident_that_does_not_move(store, sort):
    store.transact(lambda tx: [tx.put(still(n)) for n in range(STILL)])
    store.transact(lambda tx: [tx.put(an_incident(f"inc_moving_{n}")) for n in range(MOVING)])
    expected = [one["id"] for one in walk(store, sort) if one["title"] == "still"]
    done = threading.Event()
    writers = [threading.Thread(target=keep_writing, args=(store, n, done)) for n in range(WRITERS)]
    for thread in writers:
        thread.start()
    try:
        walks = [walk(store, sort) for _ in range(WALKS)]
    finally:
        done.set()
        for thread in writers:
            thread.join()

    assert len(expected) == STILL
    for met in walks:
        assert [one["id"] for one in met if one["title"] == "still"] == expected
