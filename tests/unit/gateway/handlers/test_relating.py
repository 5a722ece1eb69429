"""Relations between incidents, what retention takes with them, and milestones that are corrected."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from services.gateway.domain.merging import MAX_RELATIONS
from services.gateway.domain.records import (
    Group,
    Incident,
    Merge,
    Relation,
    RelationType,
)
from services.gateway.handlers.apply_retention import Retention, apply_retention
from tests.support.gateway_core import Gateway
from tests.support.memory_blobs import MemoryBlobs
from tests.support.people import People, two_incidents


@pytest.fixture
def gateway() -> Gateway:
    return two_incidents()


@pytest.fixture
def people(gateway: Gateway) -> People:
    return People(gateway)


def relations(people: People, number: int) -> list[tuple[str, str]]:
    return [(one.type, one.incident_id) for one in people.incident(number).relations]


def test_a_relation_stands_on_both_and_is_taken_back_on_both(gateway: Gateway, people: People):
    assert people.relate(1, 2) is None
    assert people.relate(2, 1) is None

    assert relations(people, 1) == [("related", people.id_of(2))]
    assert relations(people, 2) == [("related", people.id_of(1))]
    assert (people.incident(1).version, people.incident(2).version) == (2, 2)
    assert people.unrelate(2, 1) is None
    assert people.unrelate(2, 1) == "not_found"
    assert (relations(people, 1), relations(people, 2)) == ([], [])
    assert gateway.timeline(people.incident(1))[-2:] == ["relation_added", "relation_removed"]


def test_an_incident_has_so_many_relations_and_no_more(gateway: Gateway, people: People):
    full = tuple(Relation(type=RelationType.RELATED, incident_id=f"inc_{n}") for n in range(MAX_RELATIONS))
    gateway.store.transact(lambda tx: tx.put(replace(people.incident(1), relations=full)))

    assert people.relate(1, 2) == "too_many_relations"
    assert people.relate(2, 1) == "too_many_relations"
    assert people.merge(2, 1) == "too_many_relations"
    assert relations(people, 2) == []


def test_retention_takes_a_target_with_the_groups_that_lead_to_it(gateway: Gateway, people: People):
    people.merge(2, 1)
    keys = [people.incident(number).dedup_key or "" for number in (1, 2)]
    two = people.id_of(2)
    for status in ("resolved", "closed"):
        people.move(1, status, "done", force=True)

    apply_retention(
        gateway.store,
        MemoryBlobs(gateway.clock),
        Retention(incident_days=1),
        gateway.clock.now() + timedelta(days=2),
    )

    assert [gateway.store.find(Group, key) for key in keys] == [None, None]
    assert gateway.store.find(Merge, two) is None
    assert gateway.store.find(Incident, two) is None


def test_a_split_whose_target_is_gone_gives_back_the_incident_alone(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.store.transact(lambda tx: tx.remove_incident(people.id_of(1)))

    assert people.split(2) is None

    two = people.incident(2)
    assert (two.status, two.relations) == ("new", ())
    assert gateway.store.get(Group, two.dedup_key or "").incident_id == two.id


def test_corrected_milestones_stand_on_the_timeline(gateway: Gateway, people: People):
    noticed = people.incident(1).milestones.detected_at
    earlier = noticed - timedelta(minutes=20)

    assert people.backdate(1, {"detected": earlier}, versions=(9,)) == "version_conflict"
    assert people.backdate(1, {"detected": earlier}, "") == "reason_required"
    assert people.backdate(1, {"detected": earlier}, "the first call") is None

    entry = gateway.store.list_newest_entries(people.id_of(1), 1)[0].entry
    assert (entry.type, entry.actor) == ("milestones_changed", "token:ann")
    assert entry.payload == {"changes": {"detectedAt": {"from": noticed, "to": earlier}}, "reason": "the first call"}
