"""Graph jobs for real: broker, worker process, door, relay. What the worker reads are clusters of the tests."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.gateway.domain.records import (
    CLUSTER_NAMES,
    EntryType,
    Inventory,
    InvestigationContent,
    InvestigationSnapshot,
    InvestigationState,
    Job,
    JobState,
    KeptInvestigation,
    QuickDx,
    QuickDxContent,
    QuickDxState,
)
from services.gateway.handlers.ask_investigation import ask_investigation
from services.gateway.handlers.ask_quickdx import ask_diagnosis, ask_inventory
from services.gateway.handlers.note_clusters import note_clusters
from services.gateway.handlers.open_incident import open_incident
from shared.contracts.cluster_names import decode_cluster_names
from shared.contracts.diagnosis import DiagnosedResource, decode_diagnosis
from shared.contracts.investigation import Investigation, decode_investigation
from tests.integration.jobs.rig import Rig, end, running_rig
from tests.support.builders import ANN

WORKER = "tests.support.graph_worker"


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with running_rig(tmp_path) as rig:
        yield rig


def ask(rig: Rig, cluster: str = "memory", kind: str = "Deployment") -> str:
    resource = DiagnosedResource(cluster=cluster, namespace="shop", kind=kind, name="checkout")
    return rig.store.transact(lambda tx: ask_diagnosis(tx, ANN, resource))


def wait(rig: Rig, *ids: str) -> list[QuickDx]:
    ended = {QuickDxState.DONE, QuickDxState.FAILED}
    rig.wait_for(lambda: all(rig.store.get(QuickDx, one).state in ended for one in ids), "diagnoses")
    return [rig.store.get(QuickDx, one) for one in ids]


def test_a_diagnosis_that_is_asked_for_is_made_and_kept(rig: Rig) -> None:
    with rig.worker("graph", WORKER):
        (done,) = wait(rig, ask(rig))

    assert (done.state, done.error) == (QuickDxState.DONE, None)
    job = rig.store.get(Job, done.job_id)
    assert (job.state, job.attempt) == (JobState.SUCCEEDED, 1)
    content = rig.store.get(QuickDxContent, done.id)
    found = decode_diagnosis(content.text.encode() if content.text else rig.blobs.get(content.digest))
    assert (found.id, found.resource.name) == (done.diagnosis_id, "checkout")


def test_a_cluster_that_cannot_be_opened_fails_the_job_with_the_reason_and_the_worker_goes_on(rig: Rig) -> None:
    with rig.worker("graph", FAULTLINE_GRAPH_KUBECONFIG="/nowhere/kubeconfig"):
        first, second = wait(rig, ask(rig, "prod"), ask(rig, "staging"))

    for failed in (first, second):
        assert failed.state is QuickDxState.FAILED
        assert "cluster_unusable" in (failed.error or "")


def test_an_unknown_kind_fails_the_job_with_the_reason(rig: Rig) -> None:
    with rig.worker("graph", WORKER):
        (failed,) = wait(rig, ask(rig, kind="Teapot"))

    assert "Teapot" in (failed.error or "")


def test_the_inventory_names_what_there_is(rig: Rig) -> None:
    job_id = rig.store.transact(lambda tx: ask_inventory(tx, ANN.id))
    with rig.worker("graph", WORKER):
        rig.wait_for(lambda: rig.store.get(Job, job_id).state.is_final, "the inventory")

    known = rig.store.get(Inventory, CLUSTER_NAMES)
    names = decode_cluster_names((known.text or "").encode())
    assert [cluster.context for cluster in names.clusters] == ["memory"]
    assert ("shop", "Deployment", ("checkout",)) in [
        (one.namespace, one.kind, one.names) for one in names.clusters[0].objects
    ]


def test_both_queues_move_side_by_side(rig: Rig) -> None:
    with rig.worker("graph", WORKER), rig.worker():
        asked = [ask(rig) for _ in range(5)]
        delivery = rig.accept(msgspec.json.encode({"title": "disk"}), source="webhook")
        done = wait(rig, *asked)
        rig.wait_until_done([delivery])

    assert {one.state for one in done} == {QuickDxState.DONE}


def investigate(rig: Rig) -> tuple[str, str]:
    """Open an incident about checkout, ask for its investigation; return the ids of both."""
    note_clusters(rig.store, ["memory"], is_automatic=False)
    fields = {"title": "Checkout is down", "services": ("checkout",), "labels": {"namespace": "shop"}}
    incident = rig.store.transact(lambda tx: open_incident(tx, ANN, fields))
    return incident, rig.store.transact(lambda tx: ask_investigation(tx, incident, ANN, {}))


def investigated(rig: Rig, investigation: str) -> Investigation:
    ended = {InvestigationState.DONE, InvestigationState.FAILED}
    rig.wait_for(lambda: rig.store.get(KeptInvestigation, investigation).state in ended, "the investigation")
    record = rig.store.get(KeptInvestigation, investigation)
    assert (record.state, record.error) == (InvestigationState.DONE, None)
    content = rig.store.get(InvestigationContent, investigation)
    return decode_investigation(content.text.encode() if content.text else rig.blobs.get(content.digest))


def told(rig: Rig, incident: str) -> list[EntryType]:
    return [chained.entry.type for chained in rig.store.list_timeline(incident)]


def test_an_incident_is_investigated_and_what_was_looked_at_is_kept(rig: Rig) -> None:
    incident, asked = investigate(rig)
    with rig.worker("graph", WORKER):
        found = investigated(rig, asked)

    assert [seed.entity for seed in found.seeds if seed.entity] == ["Deployment/shop/checkout"]
    assert (found.incident_id, found.cluster) == (incident, "memory")
    assert rig.blobs.get(rig.store.get(InvestigationSnapshot, asked).digest)
    assert EntryType.INVESTIGATED in told(rig, incident)


def test_a_worker_that_is_killed_at_it_costs_a_lease_and_tells_nothing_twice(rig: Rig) -> None:
    incident, asked = investigate(rig)
    stuck = rig.start_worker("graph", WORKER, TESTS_STUCK_CLUSTER="1")
    try:
        job_id = rig.store.get(KeptInvestigation, asked).job_id
        rig.wait_for(lambda: rig.store.get(Job, job_id).state is JobState.RUNNING, "the claim")
    finally:
        end(stuck)
    with rig.worker("graph", WORKER):
        investigated(rig, asked)

    assert rig.store.get(Job, job_id).attempt == 2
    assert told(rig, incident).count(EntryType.INVESTIGATED) == 1


def test_the_second_is_compared_with_what_the_first_kept(rig: Rig) -> None:
    incident, first = investigate(rig)
    with rig.worker("graph", WORKER):
        before = investigated(rig, first)
        second = rig.store.transact(lambda tx: ask_investigation(tx, incident, ANN, {}))
        after = investigated(rig, second)

    assert second != first
    assert {one.id for one in after.entities} == {one.id for one in before.entities}
    assert after.changes == ()
