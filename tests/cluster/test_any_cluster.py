"""Whatever cluster it is and however little the account may do: what is said is true, and gaps are named.

Assumes no kubelet, no metrics server and no right at all. Reads only: lists, gets, logs, and access reviews.
"""

import os
from pathlib import Path

import pytest

from services.graph.adapters.live_cluster import open_live_cluster
from services.graph.adapters.snapshot import open_snapshot
from services.graph.adapters.snapshot_writer import SnapshotOrder, write_snapshot
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.k8s.workloads import DaemonSet, Deployment, Job, StatefulSet
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.domain.relations import build_graph
from services.graph.domain.topology.graph import EdgeState, Graph
from services.graph.domain.topology.neighbourhood import find_neighbourhood
from services.graph.handlers.diagnose import diagnose_resource
from services.graph.handlers.diagnose_scope import diagnose_scope
from services.graph.ports import ClusterSource, Limits, Lookup
from shared.adapters.clock import SystemClock
from shared.contracts.diagnosis import DiagnosedResource, Diagnosis, Verdict, decode_diagnosis, encode_diagnosis
from tests.cluster.conftest import CONTEXT, KUBECONFIG

MOST_ASKED_AGAIN, MOST_DIAGNOSED = 40, 12
NO_SUCH_NAME = "faultline-test-no-such-name"
_HAS_OBJECTS = {CoverageState.OK, CoverageState.PARTIAL, CoverageState.TRUNCATED}
_KNOWN_KINDS = {kind.name for kind in KINDS}


@pytest.fixture(scope="module")
def graph(inventory: Inventory) -> Graph:
    return build_graph(inventory)


def test_every_kind_is_read_or_its_gap_is_named(inventory: Inventory):
    tried = {entry.kind for entry in inventory.coverage.entries}
    assert tried >= _KNOWN_KINDS
    for entry in inventory.coverage.entries:
        assert entry.state is CoverageState.OK or entry.reason, entry
        assert entry.state is not CoverageState.FORBIDDEN or entry.grant, entry
        assert entry.state in _HAS_OBJECTS or entry.count == 0 or entry.stale, entry


def test_what_was_read_is_whole_enough_to_be_joined(inventory: Inventory):
    for kind in KINDS:
        for thing in inventory.all(kind.kept):
            assert thing.metadata.name, thing
            # Usage has no identity: it is made anew at every request.
            assert thing.metadata.uid or kind.group == "metrics.k8s.io", thing.ref
            assert bool(thing.metadata.namespace) is kind.is_namespaced, thing.ref


def test_edges_say_present_only_of_what_was_seen_and_absent_only_where_it_is_proven(inventory: Inventory, graph: Graph):
    for edge in graph.edges:
        assert edge.source in graph.entities, edge
        assert edge.target in graph.entities, edge
        assert 0 < edge.confidence <= 1, edge
        assert edge.rationale, edge
    for entity in graph.entities.values():
        seen = inventory.find_ref(entity.ref) is not None
        if entity.state is EdgeState.ABSENT and entity.ref.kind in _KNOWN_KINDS:
            assert not seen
            assert inventory.coverage.proves_absence(entity.ref.kind, entity.ref.namespace), entity


def test_what_is_called_absent_is_not_found_when_it_is_asked_for(source: ClusterSource, graph: Graph):
    absent = [
        one.ref for one in graph.entities.values() if one.state is EdgeState.ABSENT and one.ref.kind in _KNOWN_KINDS
    ]
    for ref in absent[:MOST_ASKED_AGAIN]:
        asked = source.read_object(get_kind(ref.kind), ref.namespace, ref.name, Limits())
        assert asked.lookup is not Lookup.FOUND, ref


def test_a_neighbourhood_stays_within_its_bounds(inventory: Inventory, graph: Graph):
    for deployment in inventory.all(Deployment)[:MOST_DIAGNOSED]:
        near = find_neighbourhood(graph, [deployment.ref], most=50)
        assert deployment.ref in near.refs
        assert len(near.neighbours) <= 50


def test_workloads_are_diagnosed_with_evidence(source: ClusterSource, inventory: Inventory):
    for ref in _workloads(inventory)[:MOST_DIAGNOSED]:
        check(_diagnose(source, ref))


def test_the_home_namespace_is_diagnosed_as_a_whole(source: ClusterSource, home: str):
    steps = list(diagnose_scope(source, [home], clock=SystemClock()))
    last = steps[-1]
    assert isinstance(last, Diagnosis)
    check(last)


def test_a_name_nobody_has_is_never_called_healthy(source: ClusterSource, home: str):
    diagnosis = _diagnose(source, Ref("Deployment", home, NO_SUCH_NAME))
    assert diagnosis.verdict in {Verdict.NOT_FOUND, Verdict.NOT_ALLOWED, Verdict.CANNOT_TELL}
    asked = source.read_object(get_kind("Deployment"), home, NO_SUCH_NAME, Limits())
    assert (diagnosis.verdict is Verdict.NOT_FOUND) is (asked.lookup is Lookup.NOT_FOUND)


def test_a_snapshot_of_the_home_namespace_tells_the_same(home: str, tmp_path: Path):
    live = open_live_cluster(os.environ.get(CONTEXT) or None, Path(os.environ[KUBECONFIG]))
    try:
        order = SnapshotOrder(namespaces=(home,), most_logs=20)
        write_snapshot(live, tmp_path / "snapshot", order, SystemClock().now, lambda *_: None)
    finally:
        live.close()
    kept = open_snapshot(tmp_path / "snapshot")
    diagnosis = _diagnose(kept, Ref("Deployment", home, NO_SUCH_NAME))
    assert diagnosis.verdict in {Verdict.NOT_FOUND, Verdict.NOT_ALLOWED, Verdict.CANNOT_TELL}


def check(diagnosis: Diagnosis) -> None:
    """Hold a diagnosis to what every one promises."""
    assert decode_diagnosis(encode_diagnosis(diagnosis)) == diagnosis
    assert diagnosis.summary
    for finding in (*diagnosis.findings, *diagnosis.hypotheses):
        assert 0 < finding.confidence < 1, finding
        assert finding.evidence, finding
    assert (diagnosis.verdict is Verdict.UNHEALTHY) is bool(diagnosis.hypotheses)


def _diagnose(source: ClusterSource, ref: Ref) -> Diagnosis:
    resource = DiagnosedResource(kind=ref.kind, namespace=ref.namespace, name=ref.name)
    return diagnose_resource(source, resource, clock=SystemClock())


def _workloads(inventory: Inventory) -> list[Ref]:
    return [thing.ref for kind in (Deployment, StatefulSet, DaemonSet, Job) for thing in inventory.all(kind)]
