"""What a stranger breaks is found first, asked directly and over the cluster, and nobody else is blamed for it."""

from collections.abc import Sequence
from itertools import chain

import pytest

from scripts.demo_objects import NOW
from services.graph.handlers.diagnose import diagnose_resource
from services.graph.handlers.diagnose_scope import diagnose_scope
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Finding, Verdict
from tests.support.clock import FixedClock
from tests.support.memory_cluster import MemoryCluster
from tests.support.stranger_containers import CONTAINERS
from tests.support.stranger_faults import Fault, Key
from tests.support.stranger_network import NETWORK
from tests.support.stranger_placement import PLACEMENT
from tests.support.stranger_platform import PLATFORM
from tests.support.stranger_shop import a_well_shop

CLOCK = FixedClock(NOW)
FAULTS = list(chain(CONTAINERS, PLACEMENT, NETWORK, PLATFORM))
CASES = [
    pytest.param(fault, events, id=f"{fault.id}{'' if events else '-without-events'}")
    for fault in FAULTS
    for events in (True, False)
    if events or not fault.needs_events
]


def culprit_of(finding: Finding) -> Key:
    culprit = finding.culprit
    assert isinstance(culprit, DiagnosedResource)
    return (culprit.kind, culprit.namespace, culprit.name)


def blamed(findings: Sequence[Finding]) -> list[Key]:
    """Return whom causes blame; what is told as following from another blames nobody."""
    return [culprit_of(one) for one in findings if not isinstance(one.follows_from, DiagnosedResource)]


def scope(source: MemoryCluster, *namespaces: str) -> Diagnosis:
    last = list(diagnose_scope(source, namespaces or None, clock=CLOCK))[-1]
    assert isinstance(last, Diagnosis)
    return last


def ask(source: MemoryCluster, key: Key) -> Diagnosis:
    kind, namespace, name = key
    return diagnose_resource(source, DiagnosedResource(namespace=namespace, kind=kind, name=name), clock=CLOCK)


def broken(fault: Fault, *, events: bool) -> MemoryCluster:
    shop = a_well_shop()
    fault.inject(shop)
    return shop.source(events=events)


@pytest.mark.parametrize("events", [True, False])
def test_what_only_looks_odd_is_not_blamed(events):
    source = a_well_shop().source(events=events)

    seen = scope(source)

    assert (seen.verdict, blamed(seen.hypotheses)) == (Verdict.HEALTHY, [])


@pytest.mark.parametrize(("fault", "events"), CASES)
def test_who_asks_about_the_symptom_is_told_the_culprit_first(fault, events):
    seen = ask(broken(fault, events=events), fault.asked)

    assert seen.verdict is Verdict.UNHEALTHY
    assert blamed(seen.hypotheses)[:1] == [fault.culprit]


@pytest.mark.parametrize(("fault", "events"), CASES)
def test_of_the_whole_cluster_only_the_culprit_is_blamed(fault, events):
    seen = scope(broken(fault, events=events))

    whom = blamed(seen.hypotheses)
    assert fault.culprit in whom[: 1 + len(fault.also)]
    assert set(whom) <= {fault.culprit, *fault.also}


@pytest.mark.parametrize(("fault", "events"), [case for case in CASES if case.values[0].asked[1]])
def test_of_the_namespace_that_suffers_the_culprit_is_blamed_first(fault, events):
    seen = scope(broken(fault, events=events), fault.asked[1])

    assert fault.culprit in blamed(seen.hypotheses)[: 1 + len(fault.also)]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.words], ids=lambda fault: fault.id)
def test_the_evidence_shows_what_is_wrong(fault):
    seen = scope(broken(fault, events=True))

    found = next(one for one in seen.hypotheses if culprit_of(one) == fault.culprit)
    told = " ".join((found.title, *(part for one in found.evidence for part in (one.observation, one.query or ""))))
    assert [word for word in fault.words if word not in told] == []
