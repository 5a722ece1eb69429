"""The demo cluster is what its script writes, hangs together as a real one does, and holds the faults it tells of."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scripts.demo_shop import write
from services.graph.adapters.snapshot import open_snapshot
from services.graph.domain.k8s.cluster import Namespace
from services.graph.domain.k8s.config import ConfigMap
from services.graph.domain.k8s.network import EndpointSlice, NetworkPolicy, Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.rbac import ServiceAccount
from services.graph.domain.k8s.workloads import Deployment, ReplicaSet
from services.graph.domain.reading.coverage import Coverage, CoverageState
from services.graph.domain.reading.inventory import Inventory, Presence
from services.graph.domain.reading.kinds import KINDS
from services.graph.ports import Limits, LogState

SHOP = Path(__file__).resolve().parents[3] / "data/demo/shop"
LIMITS = Limits()


def files(folder):
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def source():
    return open_snapshot(SHOP)


@pytest.fixture(scope="module")
def shop(source):
    reads = [source.read_kind(kind, None, LIMITS) for kind in KINDS]
    coverage = Coverage(tuple(read.coverage for read in reads))
    objects = [thing for read in reads for thing in read.objects]
    return Inventory("demo", datetime(2026, 11, 23, 12, tzinfo=UTC), objects, coverage)


def test_it_is_what_the_script_writes(tmp_path):
    write(tmp_path)
    assert files(tmp_path) == files(SHOP)


def test_every_list_is_read_whole_or_not_served(shop):
    assert {entry.state for entry in shop.coverage.entries} == {CoverageState.OK, CoverageState.MISSING}
    assert len(shop) > 60


def test_every_owner_is_there(shop):
    named = [
        (thing.ref, one)
        for kind in KINDS
        for thing in shop.all(kind.kept)
        for one in thing.metadata.owner_references or ()
    ]
    assert named
    assert not [(ref, one.name) for ref, one in named if shop.find_uid(one.uid) is None]


def test_endpoints_are_the_pods_their_service_selects(shop):
    for part in shop.all(EndpointSlice):
        service = shop.find(Service, part.metadata.namespace, part.labels["kubernetes.io/service-name"])
        pods = {pod.metadata.uid: pod for pod in shop.pods_matching(part.metadata.namespace, service.spec.selector)}
        assert {one.target_ref.uid for one in part.endpoints or ()} == set(pods)
        for endpoint in part.endpoints or ():
            pod = pods[endpoint.target_ref.uid]
            assert endpoint.addresses == [pod.status.pod_ip]
            assert endpoint.is_ready is pod.status.container_statuses[0].ready


def test_pods_of_a_deployment_are_counted_right(shop):
    for deployment in shop.all(Deployment):
        pods = [pod for one in shop.owned_by(deployment) for pod in shop.owned_by(one)]
        assert deployment.status.replicas == len(pods)
        ready = [pod for pod in pods if isinstance(pod, Pod) and pod.status.container_statuses[0].ready]
        assert (deployment.status.ready_replicas or 0) == len(ready)


def test_names_and_addresses_are_given_once(shop):
    addresses = [pod.status.pod_ip for pod in shop.all(Pod)]
    assert len(set(addresses)) == len(addresses)
    accounts = [(pod.metadata.namespace, pod.spec.service_account_name) for pod in shop.all(Pod)]
    assert not [one for one in accounts if shop.find(ServiceAccount, *one) is None]


def test_checkout_crashes_for_a_host_in_a_namespace_that_does_not_exist(shop, source):
    config = shop.find(ConfigMap, "shop", "checkout-config")
    assert ".dta." in config.values["ORDERS_DB_HOST"]
    assert shop.presence(Namespace, None, "dta") is Presence.ABSENT
    assert shop.presence(Service, "data", "orders-db") is Presence.PRESENT
    old, new = sorted(
        (one for one in shop.owned_by(shop.find(Deployment, "shop", "checkout")) if isinstance(one, ReplicaSet)),
        key=lambda one: int(one.annotations["deployment.kubernetes.io/revision"]),
    )
    assert all(pod.status.container_statuses[0].ready for pod in shop.owned_by(old))
    (broken,) = shop.owned_by(new)
    assert broken.status.container_statuses[0].state.waiting.reason == "CrashLoopBackOff"
    for previous in (False, True):
        log = source.read_log("shop", broken.metadata.name, "checkout", previous=previous, limits=LIMITS)
        assert log.state is LogState.OK
        assert "could not translate host name" in log.lines[-1]
    changed = config.metadata.managed_fields[0].time
    assert changed < broken.metadata.creation_timestamp


def test_the_other_faults_are_there(shop):
    service = shop.find(Service, "shop", "recommendations")
    assert shop.pods_matching("shop", service.spec.selector) == []
    waiting = [pod.status.container_statuses[0].state.waiting for pod in shop.pods_matching("shop", {"app": "cart"})]
    assert "ImagePullBackOff" in {one.reason for one in waiting if one}
    policy = shop.find(NetworkPolicy, "payments", "default-deny")
    assert policy.spec.pod_selector.is_empty
    assert not policy.spec.ingress
