"""Facets and figures: what they mean, and that every store counts as one would by hand."""

import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.adapters.json_store import open_json_store
from services.gateway.adapters.json_store.store import Options
from services.gateway.domain.inbox import MOST_VALUES, FacetValue
from services.gateway.domain.records import Activity, Incident, IncidentSource, IncidentStatus, Milestones
from services.gateway.ports import IncidentQuery
from shared.contracts.severity import Severity
from tests.contract.store.conftest import TickingClock
from tests.support.memory_store import MemoryStore
from tests.support.records import NOW, an_incident

DAYS = {"first_day": date(2026, 11, 20), "last_day": date(2026, 11, 26)}


def put(store, *records):
    store.transact(lambda tx: [tx.put(record) for record in records])


def counts(facet):
    return {one.value: one.count for one in facet if one.count}


def at(minutes):
    return NOW + timedelta(minutes=minutes)


@pytest.fixture
def inbox(store):
    put(
        store,
        an_incident("inc_a", severity=Severity.CRITICAL, services=("cart",), labels={"team": "shop", "zone": "1"}),
        an_incident("inc_b", severity=Severity.LOW, services=("cart", "db"), labels={"team": "data"}, owner="ann"),
        an_incident("inc_c", status=IncidentStatus.CLOSED, labels={"team": "shop"}, owner="bob", rule_id="rule-1"),
        an_incident("inc_d", title="Disk full", source=IncidentSource.WEBHOOK, owner="ann", created_at=at(60)),
    )
    return store


def test_facets_count_every_value_and_nobody_as_an_owner(inbox):
    facets = inbox.count_facets(IncidentQuery())

    assert facets.total == 4
    assert counts(facets.status) == {"new": 3, "closed": 1}
    assert counts(facets.severity) == {"critical": 1, "high": 2, "low": 1}
    assert counts(facets.source) == {"manual": 3, "webhook": 1}
    assert facets.owner == tuple(
        FacetValue(value=value, count=count) for value, count in (("ann", 2), (None, 1), ("bob", 1))
    )
    assert facets.service == (FacetValue(value="cart", count=2), FacetValue(value="db", count=1))
    assert facets.label_key == (FacetValue(value="team", count=3), FacetValue(value="zone", count=1))
    assert counts(facets.label) == {"team:shop": 2, "team:data": 1, "zone:1": 1}


def test_statuses_and_severities_are_all_there_in_their_order(inbox):
    facets = inbox.count_facets(IncidentQuery())

    assert [one.value for one in facets.status] == [str(status) for status in IncidentStatus]
    assert [one.value for one in facets.severity] == [str(severity) for severity in Severity]
    assert [one.value for one in facets.source] == [str(source) for source in IncidentSource]


def test_a_facet_is_counted_without_its_own_filter_and_with_all_others(inbox):
    facets = inbox.count_facets(IncidentQuery(owners=("ann",), statuses=(IncidentStatus.NEW,)))

    assert facets.total == 2
    assert counts(facets.owner) == {"ann": 2, None: 1}
    assert counts(facets.status) == {"new": 2}
    assert counts(facets.service) == {"cart": 1, "db": 1}


def test_the_labels_of_each_key_are_a_facet_of_their_own(inbox):
    facets = inbox.count_facets(IncidentQuery(labels=(("team", "shop"),)))

    assert facets.total == 2
    assert counts(facets.label) == {"team:shop": 2, "team:data": 1, "zone:1": 1}
    assert counts(facets.label_key) == {"team": 2, "zone": 1}


def test_nobody_is_an_owner_one_can_ask_for(inbox):
    assert inbox.list_incidents(IncidentQuery(owners=(None,))).total == 1
    assert inbox.list_incidents(IncidentQuery(owners=(None, "bob"))).total == 2


def test_incidents_are_found_by_rule_and_by_their_last_change(inbox):
    put(inbox, Activity(incident_id="inc_b", last_signal_at=at(90)))

    assert inbox.list_incidents(IncidentQuery(rule_ids=("rule-1", "rule-2"))).total == 1
    assert inbox.list_incidents(IncidentQuery(rule_ids=("rule-2",))).total == 0
    assert inbox.list_incidents(IncidentQuery(updated_since=at(90))).total == 1
    assert inbox.list_incidents(IncidentQuery(updated_since=at(91))).total == 0


def test_a_label_with_an_equals_sign_is_not_taken_for_another(store):
    put(store, an_incident("inc_a", labels={"a=b": "c"}), an_incident("inc_b", labels={"a": "b=c"}))

    assert store.list_incidents(IncidentQuery(labels=(("a", "b=c"),))).total == 1


def test_of_many_values_those_that_most_incidents_have_are_given(store):
    put(store, *(an_incident(f"inc_{n}", services=(f"s{n:03}",), labels={"pod": f"p{n:03}"}) for n in range(80)))
    put(store, an_incident("inc_more", services=("s070",), owner="ann"))

    facets = store.count_facets(IncidentQuery())

    assert facets.service[0] == FacetValue(value="s070", count=2)
    assert [one.value for one in facets.service[1:]] == [f"s{n:03}" for n in range(MOST_VALUES - 1)]
    assert [one.value for one in facets.label] == [f"pod:p{n:03}" for n in range(MOST_VALUES)]


def test_facets_follow_changes_and_removals(inbox):
    inbox.count_facets(IncidentQuery())
    head = inbox.get(Incident, "inc_b")
    put(inbox, msgspec.structs.replace(head, services=("search",), labels={}))
    inbox.transact(lambda tx: tx.remove_incident("inc_a"))

    facets = inbox.count_facets(IncidentQuery())

    assert facets.total == 3
    assert counts(facets.service) == {"search": 1}
    assert counts(facets.label) == {"team:shop": 1}


def test_an_incident_is_found_by_its_number_as_soon_as_it_is_there(store):
    for n in range(1, 30):
        put(store, an_incident(f"inc_{n}"))
        assert store.find_incident_id(n) == f"inc_{n}"
    assert store.find_incident_id(30) is None


def test_a_removed_incident_has_no_number(inbox):
    assert inbox.find_incident_id(1) == "inc_a"
    inbox.transact(lambda tx: tx.remove_incident("inc_a"))

    assert inbox.find_incident_id(1) is None


def milestones(acknowledged=None, resolved=None):
    return Milestones(
        detected_at=NOW,
        acknowledged_at=None if acknowledged is None else at(acknowledged),
        resolved_at=None if resolved is None else at(resolved),
    )


def test_times_run_from_detection_and_leave_out_what_is_cancelled_or_merged(store):
    put(
        store,
        an_incident("inc_a", services=("cart",), milestones=milestones(1, 10), status=IncidentStatus.RESOLVED),
        an_incident("inc_b", services=("cart",), milestones=milestones(2), severity=Severity.LOW),
        an_incident("inc_c", milestones=milestones(9), severity=Severity.LOW),
        an_incident("inc_d", milestones=milestones(500, 500), status=IncidentStatus.CANCELLED),
        an_incident("inc_e", milestones=milestones(500), status=IncidentStatus.MERGED),
        an_incident("inc_f", milestones=milestones()),
    )

    figures = store.measure_incidents(IncidentQuery(), **DAYS)

    assert figures.total == 6
    acknowledged = figures.times.time_to_acknowledge
    assert (acknowledged.count, acknowledged.mean_seconds, acknowledged.median_seconds) == (3, 240, 120)
    assert figures.times.time_to_resolve.mean_seconds == 600
    assert figures.times_by_severity["low"].time_to_acknowledge.median_seconds == 330
    assert figures.times_by_severity["info"].time_to_acknowledge.mean_seconds is None
    assert figures.times_by_service["cart"].incidents == 2
    assert figures.times_by_service["cart"].time_to_acknowledge.mean_seconds == 90


def test_what_was_acknowledged_before_it_was_detected_took_no_time(store):
    put(store, an_incident("inc_a", milestones=milestones(-5)))

    figures = store.measure_incidents(IncidentQuery(), **DAYS)
    assert figures.times.time_to_acknowledge.mean_seconds == 0


def test_days_count_what_was_opened_and_resolved_whenever_the_rest_was(store):
    put(
        store,
        an_incident("inc_a", created_at=NOW - timedelta(days=9), milestones=milestones(0, 24 * 60)),
        an_incident("inc_b", created_at=NOW),
        an_incident("inc_c", created_at=datetime(2026, 11, 27, tzinfo=UTC)),
    )

    figures = store.measure_incidents(IncidentQuery(since=NOW - timedelta(days=1)), **DAYS)

    assert [(one.day, one.opened, one.resolved) for one in figures.per_day if one.opened or one.resolved] == [
        (date(2026, 11, 23), 1, 0),
        (date(2026, 11, 24), 0, 1),
    ]
    assert len(figures.per_day) == 7


# --- by hand -----------------------------------------------------------------------------------------

OWNERS = [None, "ann", "bob"]
SERVICES = ["cart", "db", "search"]
KEYS, VALUES = ["team", "a=b", "a"], ["shop", "data", "b=c", ""]
RULES = [None, "rule-1", "rule-2"]
MOMENTS = st.integers(-3 * 24 * 60, 3 * 24 * 60).map(at)
LABELS = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES))
SOME = st.integers(0, 11).map(lambda n: f"inc_{n}")


@st.composite
def incidents(draw):
    created = draw(MOMENTS)
    return an_incident(
        draw(SOME),
        title=draw(st.sampled_from(["Disk full", "Cart is slow", "db-7 fails"])),
        status=draw(st.sampled_from(IncidentStatus)),
        severity=draw(st.sampled_from(Severity)),
        source=draw(st.sampled_from(IncidentSource)),
        owner=draw(st.sampled_from(OWNERS)),
        rule_id=draw(st.sampled_from(RULES)),
        services=tuple(draw(st.lists(st.sampled_from(SERVICES), max_size=3))),
        labels=draw(LABELS),
        created_at=created,
        updated_at=draw(MOMENTS),
        milestones=Milestones(
            detected_at=draw(MOMENTS),
            acknowledged_at=draw(st.none() | MOMENTS),
            resolved_at=draw(st.none() | MOMENTS),
        ),
    )


def several(words):
    return st.lists(st.sampled_from(words), max_size=2).map(tuple)


QUERIES = st.builds(
    IncidentQuery,
    statuses=several(list(IncidentStatus)[:4]),
    severities=several(list(Severity)),
    sources=several(list(IncidentSource)),
    owners=several([*OWNERS, "nobody"]),
    rule_ids=several(["rule-1", "rule-2", "rule-3"]),
    services=several([*SERVICES, "none"]),
    labels=LABELS.map(lambda labels: tuple(labels.items())[:1]),
    text=st.sampled_from(["", "", "cart", "db", "7", "full disk"]),
    since=st.none() | MOMENTS,
    until=st.none() | MOMENTS,
    updated_since=st.none() | MOMENTS,
    resolved_since=st.none() | MOMENTS,
    sort=st.sampled_from(["createdAt", "-updatedAt", "severity", "-number"]),
)
STEPS = st.lists(incidents() | SOME, max_size=12)


def apply(store, step, gone):
    def work(tx):
        if isinstance(step, str):
            tx.remove_incident(step)
        elif step.id not in gone:  # No id is given twice.
            known = tx.find(Incident, step.id)
            tx.put(msgspec.structs.replace(step, number=known.number) if known else step)

    store.transact(work)


@settings(max_examples=30, deadline=None)
@given(first=STEPS, then=STEPS, queries=st.lists(QUERIES, min_size=1, max_size=6))
def test_stores_count_as_one_would_by_hand(first, then, queries):
    queries = [IncidentQuery(), *queries]
    with tempfile.TemporaryDirectory() as folder:
        by_hand, gone = MemoryStore(TickingClock()), set()
        for steps in (first, then):
            # The second time it is opened, it has read what the first has left.
            store = open_json_store(Path(folder), clock=TickingClock(), options=Options(views=False))
            try:
                for step in steps:
                    apply(store, step, gone)
                    apply(by_hand, step, gone)
                    gone |= {step} if isinstance(step, str) else set()
                hold_against(store, by_hand, queries)
            finally:
                store.close()


def hold_against(store, by_hand, queries):
    for query in queries:
        assert store.count_facets(query) == by_hand.count_facets(query)
        assert store.measure_incidents(query, **DAYS) == by_hand.measure_incidents(query, **DAYS)
        assert store.list_incidents(query) == by_hand.list_incidents(query)
    for number in range(1, 14):
        assert store.find_incident_id(number) == by_hand.find_incident_id(number)
