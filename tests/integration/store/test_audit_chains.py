"""Chains of the audit log in the real store: they are no incident's, and nothing takes them for one."""

import json
from datetime import timedelta

import pytest

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.archive import export, import_
from services.gateway.adapters.json_store.check import check, rebuild_index
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.records import ChainHead, EntryType, Incident, TimelineEntry, audit_chain
from services.gateway.domain.records.timeline import entry_id
from services.gateway.handlers.read_audit import find_audit_head, list_audit
from services.gateway.handlers.verify_chains import verify_chains
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import IncidentQuery, RecordQuery
from tests.support.clock import START, FixedClock
from tests.support.records import a_draft, an_incident


@pytest.fixture
def clock():
    return FixedClock(START)


def fill(store, clock):
    """An incident, and an entry a day for fifty days, in two months or three."""
    store.transact(lambda tx: (tx.put(an_incident("inc_1")), tx.append("inc_1", a_draft())))
    for day in range(50):
        actor = "token:ann" if day % 2 else "token:bob"
        store.transact(lambda tx, actor=actor: write_audit(tx, EntryType.RULES_CHANGED, actor, "Rules changed"))
        clock.advance(86_400)


def months():
    return sorted({audit_chain(START + timedelta(days=day)) for day in range(50)})


def assert_whole(store):
    assert [head.incident_id for head in heads(store)] == months()
    page = list_audit(store, RecordQuery(limit=200))
    assert page.total == len(page.entries) == 50
    assert list_audit(store, RecordQuery(limit=7, parent="token:ann", tags=("rules_changed",))).total == 25
    newest = find_audit_head(store)
    assert newest is not None
    assert (newest.incident_id, newest.hash) == (months()[-1], page.entries[0].hash)
    found = verify_chains(store, limit=10)
    assert (found.incidents, found.entries, found.audit_entries, found.problems) == (1, 1, 50, [])


def heads(store):
    return store.list_records(ChainHead, RecordQuery(states=("audit",), oldest_first=True)).records


def test_they_are_listed_verified_and_rebuilt(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store, clock)
    assert_whole(store)
    store.close()
    assert check(tmp_path).problems == []
    rebuild_index(tmp_path)

    store = open_json_store(tmp_path, clock=clock)
    assert_whole(store)
    store.close()


def test_they_are_no_incident_and_have_no_view(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store, clock)

    assert store.list_incidents(IncidentQuery()).total == 1
    assert store.find(Incident, months()[0]) is None
    store.close()
    (tmp_path / "store" / "VIEWS").unlink()
    open_json_store(tmp_path, clock=clock).close()
    assert {path.name for path in (tmp_path / "incidents").iterdir()} == {
        "inc_1.json",
        "inc_1.timeline.jsonl",
        "index.json",
    }
    assert len(json.loads((tmp_path / "incidents" / "index.json").read_text())) == 1


def test_they_travel_with_an_archive(tmp_path, clock):
    store = open_json_store(tmp_path / "a", clock=clock)
    fill(store, clock)
    store.close()
    export(tmp_path / "a", tmp_path / "a.tar.gz")
    assert import_(tmp_path / "a.tar.gz", tmp_path / "b").problems == []

    store = open_json_store(tmp_path / "b", clock=clock)
    assert_whole(store)
    store.close()


def test_a_month_that_is_dropped_stays_dropped_and_is_compacted_away(tmp_path, clock):
    options = Options(segment_bytes=4_096, compact_bytes=1)
    store = open_json_store(tmp_path, clock=clock, options=options)
    fill(store, clock)
    store.transact(lambda tx: tx.remove_chain(months()[0]))
    store.catch_up()
    for _ in range(200):
        store.transact(lambda tx: tx.put(an_incident("inc_1")))
    store.compact()
    store.close()

    assert check(tmp_path).problems == []
    store = open_json_store(tmp_path, clock=clock, options=options)
    assert [head.incident_id for head in heads(store)] == months()[1:]
    assert verify_chains(store, limit=10).problems == []
    # A chain that is begun again after its end begins anew.
    store.transact(lambda tx: tx.append(months()[0], a_draft()))
    assert store.list_timeline(months()[0])[0].entry.sequence == 1
    store.close()


def test_damage_to_them_is_named(tmp_path, clock):
    store = open_json_store(tmp_path, clock=clock)
    fill(store, clock)
    chain = months()[0]
    head = store.get(ChainHead, chain)
    store.close()
    # What somebody may do who can rewrite the folder: an entry less, with every checksum right.
    _drop_last_entry(tmp_path, clock, chain, head.sequence)

    (problem,) = check(tmp_path).problems
    assert problem.startswith(f"audit log of {chain.removeprefix('audit-')}: it ends at entry {head.sequence - 1}")


def _drop_last_entry(data_dir, clock, chain, sequence):
    store = open_json_store(data_dir, clock=clock)
    store.transact(lambda tx: tx.puts.update({(TimelineEntry.KIND, entry_id(chain, sequence)): None}))
    store.close()
