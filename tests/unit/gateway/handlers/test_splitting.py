"""Whose group it is after merges and splits in a row."""

import pytest

from services.gateway.domain.grouping import OPEN_STATUSES
from services.gateway.domain.records import Group
from tests.support.gateway_core import Gateway, a_report
from tests.support.people import People


@pytest.fixture
def gateway() -> Gateway:
    """INC-1 by the signal a, INC-2 by the signal b of another group, INC-3 by hand."""
    gateway = Gateway()
    gateway.clock.advance(3_600)
    gateway.deliver(a_report("a", name="Down"))
    gateway.deliver(a_report("b", name="Slow"))
    People(gateway).open()
    return gateway


@pytest.fixture
def people(gateway: Gateway) -> People:
    return People(gateway)


def leader(gateway: Gateway, key: str) -> str:
    return gateway.store.get(Group, key).incident_id


def test_an_incident_that_was_split_off_keeps_its_group_when_one_that_had_it_is(gateway: Gateway, people: People):
    people.merge(2, 1)
    people.merge(1, 3)
    people.split(2)
    people.merge(3, 2)

    assert people.split(1) is None

    one, two = people.incident(1), people.incident(2)
    assert (leader(gateway, one.dedup_key or ""), leader(gateway, two.dedup_key or "")) == (one.id, two.id)
    (joined,) = gateway.deliver(a_report("c", name="Slow")).signals
    assert joined.incident_id == two.id


def merge_into_a_newer_one(gateway: Gateway, people: People) -> None:
    """INC-2 goes into INC-1, that into INC-3, which ends; INC-4 opens of the group of INC-2, and takes INC-3."""
    people.merge(2, 1)
    people.merge(1, 3)
    people.move(3, "resolved", "by force", force=True)
    gateway.pass_time(minutes=31)
    gateway.deliver(a_report("c", name="Slow"))
    people.move(3, "investigating")
    people.merge(3, 4)


@pytest.mark.parametrize("number", [1, 2], ids=["of-one-that-took-it-over", "of-one-that-bore-its-key"])
def test_a_newer_open_incident_keeps_its_group_from_a_split(gateway: Gateway, people: People, number: int):
    merge_into_a_newer_one(gateway, people)
    own, other = people.incident(4).dedup_key or "", people.incident(1).dedup_key or ""

    assert people.split(number) is None

    assert (people.incident(4).dedup_key, leader(gateway, own)) == (own, people.id_of(4))
    assert leader(gateway, other) == people.id_of(1 if number == 1 else 4)
    bearers = [one.number for one in gateway.incidents() if one.status in OPEN_STATUSES and one.dedup_key == own]
    assert bearers == [4]


def test_a_newer_incident_that_ended_gives_its_group_back_at_a_split(gateway: Gateway, people: People):
    merge_into_a_newer_one(gateway, people)
    people.move(4, "resolved", "by force", force=True)

    assert people.split(1) is None

    assert leader(gateway, people.incident(2).dedup_key or "") == people.id_of(1)
