"""Merges and splits, with the signals and timers they move."""

import pytest
from msgspec.structs import replace

from services.gateway.domain.records import (
    Activity,
    Group,
    Hints,
    IncidentStatus,
    Job,
    Merge,
    Relation,
    RelationType,
    Signal,
)
from services.gateway.handlers.move_signals import MAX_MOVED
from services.gateway.ports import RecordQuery
from tests.support.clock import START
from tests.support.gateway_core import Gateway, a_report
from tests.support.people import People, two_incidents


@pytest.fixture
def gateway() -> Gateway:
    return two_incidents()


@pytest.fixture
def people(gateway: Gateway) -> People:
    return People(gateway)


def counts(people: People, number: int) -> tuple[int, int]:
    activity = people.gateway.store.get(Activity, people.id_of(number))
    return activity.signal_count, activity.firing_count


def has_timer(people: People, number: int) -> bool:
    pending = RecordQuery(parent=people.id_of(number), states=("pending",), tags=("timer",))
    return bool(people.gateway.store.list_records(Job, pending).records)


def relations(people: People, number: int) -> list[tuple[str, str]]:
    return [(one.type, one.incident_id) for one in people.incident(number).relations]


def resolved(pod: str, **fields: object) -> object:
    return a_report(pod, "resolved", **fields)


def test_a_merge_moves_signals_hints_and_group(gateway: Gateway, people: People):
    assert people.merge(2, 1) is None

    one, two = people.incident(1), people.incident(2)
    assert (two.status, two.relations) == ("merged", (Relation(type=RelationType.MERGED_INTO, incident_id=one.id),))
    assert relations(people, 1) == [("merged_from", two.id)]
    assert (counts(people, 1), counts(people, 2)) == ((3, 3), (0, 0))
    assert {gateway.signal(pod).incident_id for pod in "abc"} == {one.id}
    assert gateway.store.get(Group, two.dedup_key or "").incident_id == one.id
    hints = gateway.store.get(Hints, one.id)
    assert (hints.signal_names, [entity.name for entity in hints.entities]) == (("Down", "Slow"), ["a", "b", "c"])
    assert gateway.timeline(one)[-1] == "merged_from"
    assert gateway.timeline(two)[-1] == "status_changed"


def test_what_fires_later_for_the_merged_group_joins_the_target(gateway: Gateway, people: People):
    people.merge(2, 1)

    (joined,) = gateway.deliver(a_report("d", name="Slow")).signals
    gateway.deliver(resolved("b", name="Slow"))
    (again,) = gateway.deliver(a_report("b", name="Slow", starts=60)).signals

    assert (joined.outcome, joined.incident_id) == ("joined", people.id_of(1))
    assert (again.outcome, again.incident_id) == ("joined", people.id_of(1))
    assert counts(people, 1) == (4, 4)


def test_a_target_with_signals_of_two_groups_resolves_once_all_are_resolved(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.deliver(resolved("a", name="Down"), resolved("b", name="Slow"))
    gateway.pass_time(minutes=5)
    assert people.incident(1).status == "new"

    gateway.deliver(resolved("c", name="Slow"))
    gateway.pass_time(minutes=2)

    assert people.incident(1).status == "resolved"


def test_what_fires_stops_the_timer_of_the_target(gateway: Gateway, people: People):
    gateway.deliver(resolved("a", name="Down"))
    assert has_timer(people, 1)

    people.merge(2, 1)
    gateway.pass_time(minutes=5)

    assert people.incident(1).status == "new"


@pytest.mark.parametrize("waits", ["a", "bc"])
def test_where_all_are_resolved_the_stable_period_begins_anew(gateway: Gateway, people: People, waits: str):
    first = "bc" if waits == "a" else "a"
    gateway.deliver(*(resolved(pod, name="Down" if pod == "a" else "Slow") for pod in first))
    gateway.pass_time(seconds=50)
    gateway.deliver(*(resolved(pod, name="Down" if pod == "a" else "Slow") for pod in waits))

    people.merge(2, 1)
    gateway.pass_time(seconds=55)
    assert people.incident(1).status == "new"
    gateway.pass_time(seconds=10)

    assert people.incident(1).status == "resolved"
    assert not has_timer(people, 2)


def test_merging_acknowledges_and_a_split_takes_that_back(gateway: Gateway, people: People):
    before = people.incident(2)
    people.merge(2, 1)
    assert people.incident(2).milestones.acknowledged_at == gateway.clock.now()

    people.split(2)

    after = people.incident(2)
    assert (after.status, after.milestones, after.relations) == ("new", before.milestones, ())
    assert after.version == before.version + 2


def test_a_split_gives_back_signals_group_and_counts(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.deliver(a_report("d", name="Slow"))

    assert people.split(2) is None

    one, two = people.incident(1), people.incident(2)
    assert [gateway.signal(pod).incident_id for pod in "abcd"] == [one.id, two.id, two.id, one.id]
    assert (counts(people, 1), counts(people, 2)) == ((2, 2), (2, 2))
    assert gateway.store.get(Group, two.dedup_key or "").incident_id == two.id
    assert gateway.store.find(Merge, two.id) is None
    assert relations(people, 1) == []
    assert gateway.timeline(one)[-1] == "split_off"
    (joined,) = gateway.deliver(a_report("e", name="Slow")).signals
    assert joined.incident_id == two.id


def test_a_split_leaves_what_went_elsewhere_meanwhile(gateway: Gateway, people: People):
    people.merge(2, 1)
    people.move(1, "resolved", "by force", force=True)
    gateway.pass_time(minutes=31)
    gateway.deliver(a_report("b", name="Slow"))

    people.split(2)

    newer = people.incident(3)
    assert gateway.signal("b").incident_id == newer.id
    assert gateway.signal("c").incident_id == people.id_of(2)
    # The newer incident leads the group, and the other comes back without its key.
    assert (newer.status, people.incident(2).dedup_key) == ("new", None)
    assert (counts(people, 1), counts(people, 2), counts(people, 3)) == ((1, 1), (1, 1), (1, 1))


def test_what_is_left_by_a_split_resolves_by_itself(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.deliver(resolved("a", name="Down"))
    people.split(2)

    gateway.pass_time(minutes=2)

    assert (people.incident(1).status, people.incident(2).status) == ("resolved", "new")


def test_what_comes_back_resolved_resolves_by_itself(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.deliver(resolved("b", name="Slow"), resolved("c", name="Slow"))
    people.split(2)

    gateway.pass_time(minutes=2)

    assert (people.incident(1).status, people.incident(2).status) == ("new", "resolved")


def test_an_incident_that_took_everything_from_a_split_has_no_timer_left(gateway: Gateway, people: People):
    by_hand = people.open().number
    people.merge(1, by_hand)
    gateway.deliver(resolved("a", name="Down"))
    assert has_timer(people, by_hand)

    people.split(1)
    gateway.pass_time(minutes=2)

    assert (people.incident(by_hand).status, people.incident(1).status) == ("new", "resolved")


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_merges_in_a_row_are_split_in_any_order(gateway: Gateway, people: People, order: tuple[int, int]):
    by_hand = people.open().number
    people.merge(2, 1)
    people.merge(1, by_hand)
    assert (counts(people, 1), counts(people, by_hand)) == ((0, 0), (3, 3))
    assert people.move(2, "triage") == "incident_merged"

    for number in order:
        assert people.split(number) is None

    assert (counts(people, 1), counts(people, 2), counts(people, by_hand)) == ((1, 1), (2, 2), (0, 0))
    assert all(relations(people, number) == [] for number in (1, 2, by_hand))
    for number in (1, 2):
        incident = people.incident(number)
        assert gateway.store.get(Group, incident.dedup_key or "").incident_id == incident.id


def test_a_target_that_cannot_be_one_is_refused(gateway: Gateway, people: People):
    by_hand = people.open().number

    assert people.merge(1, 1) == "merge_into_itself"
    people.merge(1, by_hand)
    assert people.merge(2, 1) == "merge_target_merged"
    assert people.merge(by_hand, 1) == "merge_cycle"
    assert people.merge(1, 2) == "incident_merged"
    people.move(by_hand, "cancelled", "a drill")
    assert people.merge(2, by_hand) == "merge_target_ended"
    assert people.merge(2, 2, "") == "merge_into_itself"
    assert people.split(2) == "incident_not_merged"


@pytest.mark.parametrize("status", ["mitigated", "monitoring", "resolved", "postmortem", "closed", "cancelled"])
def test_only_what_the_table_says_may_be_merged(gateway: Gateway, people: People, status: str):
    way = {"mitigated": "triage mitigated", "monitoring": "triage mitigated monitoring", "cancelled": "cancelled"}
    for step in way.get(status, f"resolved {status if status != 'resolved' else ''}").split():
        assert people.move(2, step, "because", force=True) is None

    assert people.merge(2, 1) == "transition_not_allowed"


def test_a_refused_merge_changes_nothing(gateway: Gateway, people: People):
    seq = gateway.store.last_seq

    assert people.merge(2, 1, "") == "reason_required"
    assert people.merge(2, 1, versions=(7,)) == "version_conflict"

    assert gateway.store.last_seq == seq


def test_every_write_to_a_merged_incident_is_refused_but_a_split(gateway: Gateway, people: People):
    people.merge(2, 1)
    seq = gateway.store.last_seq

    refusals = {
        people.note(2),
        people.change(2, {"owner": "ann"}, None),
        people.merge(2, 1),
        people.relate(2, 1),
        people.relate(1, 2),
        people.backdate(2, {"detected": START}),
        *(people.move(2, status, "because") for status in IncidentStatus if status != "merged"),
    }

    assert refusals == {"incident_merged"}
    assert people.move(2, "merged") is None
    assert gateway.store.last_seq == seq


def test_too_many_signals_are_refused(gateway: Gateway, people: People):
    activity = gateway.store.get(Activity, people.id_of(2))
    gateway.store.transact(lambda tx: tx.put(replace(activity, signal_count=MAX_MOVED + 1)))

    assert people.merge(2, 1) == "change_too_large"


def test_thousands_of_signals_move_in_one_commit(gateway: Gateway, people: People):
    gateway.deliver(*(a_report(f"p{n}", name="Slow") for n in range(3_000)))
    seq = gateway.store.last_seq

    people.merge(2, 1)
    assert (counts(people, 1), gateway.store.last_seq) == ((3_003, 3_003), seq + 1)
    people.split(2)

    assert (counts(people, 1), counts(people, 2), gateway.store.last_seq) == ((1, 1), (3_002, 3_002), seq + 2)


def test_a_signal_that_joins_while_a_merge_is_under_way_moves_too(gateway: Gateway, people: People):
    store, meanwhile = gateway.store, [lambda: gateway.deliver(a_report("d", name="Slow"))]
    list_records = store.list_records

    class Raced:
        """Another delivery is recorded right after the signals were listed."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def list_records(self, kind: type, query: RecordQuery) -> object:
            page = list_records(kind, query)
            if kind is Signal and meanwhile:
                meanwhile.pop()()
            return page

    gateway.store = Raced()  # type: ignore[assignment]
    assert people.merge(2, 1) is None
    gateway.store = store

    assert gateway.signal("d").incident_id == people.id_of(1)
    assert (counts(people, 1), counts(people, 2)) == ((4, 4), (0, 0))


def test_a_target_keeps_its_own_key_when_a_merged_group_moves_on(gateway: Gateway, people: People):
    people.merge(2, 1)
    gateway.deliver(resolved("a", name="Down"), resolved("b", name="Slow"), resolved("c", name="Slow"))
    gateway.pass_time(minutes=2)
    people.move(1, "investigating")
    gateway.pass_time(hours=5)

    gateway.deliver(a_report("d", name="Slow"))

    one, newer = people.incident(1), people.incident(3)
    assert one.dedup_key is not None
    assert gateway.store.get(Group, one.dedup_key).incident_id == one.id
    assert ("related", newer.id) in relations(people, 1)
    assert relations(people, 3) == [("related", one.id)]


def test_a_target_comes_back_without_a_key_that_another_bears(gateway: Gateway, people: People):
    """It is reopened by the group it took over, while its own group has a newer open incident."""
    people.merge(2, 1)
    gateway.deliver(resolved("a", name="Down"), resolved("b", name="Slow"), resolved("c", name="Slow"))
    gateway.pass_time(minutes=2)
    now = gateway.clock.now()
    # The time it was resolved is corrected, and then the correction: in between its group moves on.
    gateway.pass_time(minutes=40)
    gateway.deliver(a_report("d", name="Down"))
    people.backdate(1, {"resolved": gateway.clock.now()})

    gateway.deliver(a_report("e", name="Slow"))

    one, newer = people.incident(1), people.incident(3)
    assert now < gateway.clock.now()
    assert (one.status, one.dedup_key) == ("investigating", None)
    assert newer.dedup_key is not None
    assert gateway.store.get(Group, newer.dedup_key).incident_id == newer.id


def test_a_person_who_brings_an_incident_back_is_not_overruled_by_an_old_timer(gateway: Gateway, people: People):
    gateway.deliver(resolved("a", name="Down"))
    people.move(1, "resolved")
    people.move(1, "investigating")

    gateway.pass_time(minutes=5)

    assert people.incident(1).status == "investigating"


def test_an_incident_that_comes_back_takes_its_group_over_from_one_that_ended(gateway: Gateway, people: People):
    people.move(1, "cancelled", "a drill")
    gateway.deliver(a_report("d", name="Down"))
    people.move(3, "resolved", "done", force=True)
    people.move(1, "triage", "no drill")

    (joined,) = gateway.deliver(a_report("e", name="Down")).signals

    assert joined.incident_id == people.id_of(1)
