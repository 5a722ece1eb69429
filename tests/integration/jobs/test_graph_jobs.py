"""Graph jobs for real: broker, worker process, door, relay. What the worker reads are clusters of the tests."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from services.gateway.domain.records import (
    CLUSTER_NAMES,
    Inventory,
    Job,
    JobState,
    QuickDx,
    QuickDxContent,
    QuickDxState,
)
from services.gateway.handlers.ask_quickdx import ask_diagnosis, ask_inventory
from shared.contracts.cluster_names import decode_cluster_names
from shared.contracts.diagnosis import DiagnosedResource, decode_diagnosis
from tests.integration.jobs.rig import Rig, running_rig
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
    job_id = rig.store.transact(lambda tx: ask_inventory(tx, ANN))
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
