"""A whole cluster is read over HTTP: within the rights of the manifest, and however badly one API behaves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Semaphore

import pytest
import yaml

from services.graph.adapters.kube_config import open_account
from services.graph.adapters.live_cluster import MOST_REQUESTS_AT_ONCE, LiveCluster
from services.graph.domain.access.question import AccessQuestion
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS
from services.graph.handlers.read_cluster import ReadPlan, read_inventory
from services.graph.ports import Limits
from tests.support.kube_api import REVIEWS, serve_kube_api
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_rights import Rights, Rule, all_rights, rights_in
from tests.support.kube_world import a_world, every_place, place_of

MANIFEST = Path(__file__).parents[3] / "deploy" / "k8s" / "graph-reader.yaml"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LIMITS = Limits(seconds=20.0)


def a_full_world():
    """Return a world with one object of every kind, in the namespace ``shop`` where it stands in one."""
    world = a_world()
    for kind in every_place():
        meta = {"name": "one", "uid": kind.api} | ({"namespace": "shop"} if kind.is_namespaced else {})
        world.lists[place_of(kind)].append({"metadata": meta})
    world.add("Namespace", "shop")
    return world


@pytest.fixture
def opened(tmp_path):
    sources = []

    def open_one(api):
        name, account = open_account("test", api.write_kubeconfig(tmp_path / "kubeconfig"), MOST_REQUESTS_AT_ONCE)
        # Pauses between tries are not waited for.
        sources.append(LiveCluster(name, account, pause=lambda seconds: None))
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()


def read_all(source, previous=None, limits=LIMITS, namespaces=None):
    return read_inventory(source, ReadPlan(KINDS, namespaces), limits, lambda: NOW, previous)


def rules_of_the_manifest():
    role = yaml.safe_load(MANIFEST.read_text())
    assert role["kind"] == "ClusterRole"
    return [Rule(tuple(one["verbs"]), tuple(one["apiGroups"]), tuple(one["resources"])) for one in role["rules"]]


def rights_named(rules):
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule.verbs
        for group in rule.groups
        for resource in rule.resources
    }


def use_everything(source):
    """Read as the graph does: every list, an object of every kind by name, logs, a review."""
    read_all(source)
    for kind in every_place():
        source.read_object(kind, "shop" if kind.is_namespaced else None, "one", LIMITS)
    source.read_log("shop", "one", "app", previous=False, limits=LIMITS)
    source.read_log("shop", "one", "app", previous=True, limits=LIMITS)
    source.ask_access(AccessQuestion("list", "", "pods"), LIMITS)


# --- the manifest ---


def test_the_manifest_grants_each_kind_that_is_read_and_nothing_else():
    wanted = {(verb, kind.group, kind.plural) for kind in every_place() for verb in ("get", "list")}
    assert rights_named(rules_of_the_manifest()) == wanted | {("get", "", "pods/log")}


def test_the_manifest_grants_what_is_asked_of_a_server_and_nothing_else(opened):
    world = a_full_world()
    with serve_kube_api(world, all_rights()) as api:
        use_everything(opened(api))
        # So that the second place of events is listed too.
        api.faults["/api/v1/events"] = Fault(FaultKind.FORBIDDEN)
        read_all(opened(api))
    used = {(seen.verb, seen.target.place.group, seen.target.resource) for seen in api.seen if seen.target}
    review = ("create", "authorization.k8s.io", "selfsubjectaccessreviews")
    assert used - {review} == rights_named(rules_of_the_manifest())
    # It needs no rule: system:basic-user has it.
    assert {seen.path for seen in api.seen if seen.method != "GET"} == {REVIEWS}


def test_with_the_manifest_nothing_is_refused(opened):
    with serve_kube_api(a_full_world(), Rights(tuple(rules_of_the_manifest()))) as api:
        inventory = read_all(opened(api))
    assert {entry.state for entry in inventory.coverage.entries} == {CoverageState.OK}
    assert {entry.kind for entry in inventory.coverage.entries} == {kind.name for kind in KINDS}


# --- few rights ---


def test_an_account_of_one_namespace_sees_that_namespace_and_knows_of_no_other(opened):
    with serve_kube_api(a_full_world(), rights_in("shop")) as api:
        inventory = read_all(opened(api), namespaces=("shop",))
    for kind in KINDS:
        state = inventory.coverage.state(kind.name, "shop" if kind.is_namespaced else None)
        assert state is (CoverageState.OK if kind.is_namespaced else CoverageState.FORBIDDEN), kind.name
    assert [str(one.ref) for one in inventory.all(KINDS[0].kept)] == ["Pod shop/one"]


def test_every_refusal_names_the_rule_that_would_mend_it(opened):
    with serve_kube_api(a_full_world(), Rights()) as api:
        inventory = read_all(opened(api))
    granted = {
        (verb, group, resource)
        for entry in inventory.coverage.gaps()
        for verb in entry.grant.verbs
        for group in entry.grant.api_groups
        for resource in entry.grant.resources
    }
    assert granted == {("list", kind.group, kind.plural) for kind in KINDS}


# --- one API behaves badly ---

WRONG = {
    FaultKind.FORBIDDEN: CoverageState.FORBIDDEN,
    FaultKind.MISSING: CoverageState.MISSING,
    FaultKind.SLOW: CoverageState.TIMEOUT,
    FaultKind.TRUNCATED: CoverageState.UNAVAILABLE,
    FaultKind.RESET: CoverageState.UNAVAILABLE,
    FaultKind.BROKEN_JSON: CoverageState.UNAVAILABLE,
    FaultKind.HTML: CoverageState.UNAVAILABLE,
    FaultKind.TEXT_503: CoverageState.UNAVAILABLE,
    FaultKind.TOO_MANY: CoverageState.UNAVAILABLE,
}


@pytest.mark.parametrize("fault", WRONG, ids=str)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in {"Pod", "Secret", "PodMetrics", "Node"}])
def test_one_api_that_fails_costs_no_other_and_its_objects_are_kept(opened, kind, fault):
    with serve_kube_api(a_full_world(), all_rights()) as api:
        source = opened(api)
        before = read_all(source)
        seen = len(api.seen)
        api.faults[place_of(kind).path] = Fault(fault)
        limits = replace(LIMITS, seconds=0.5) if fault is FaultKind.SLOW else LIMITS
        after = read_all(source, before, limits)
    states = {entry.kind: entry for entry in after.coverage.entries if entry.namespace is None}
    assert states[kind.name].state is WRONG[fault]
    assert {entry.state for name, entry in states.items() if name != kind.name} == {CoverageState.OK}
    is_kept = fault is not FaultKind.MISSING
    assert (len(after.all(kind.kept)) == len(before.all(kind.kept))) is is_kept
    assert states[kind.name].stale is is_kept
    assert not after.coverage.proves_absence(kind.name, None)
    # Three tries of what fails, one of every other list, and one by namespace where it was refused.
    assert len(api.seen) - seen <= len(KINDS) + 2


def test_a_server_that_fails_throughout_is_asked_three_times_for_each_list_at_most(opened):
    with serve_kube_api(a_full_world(), all_rights()) as api:
        source = opened(api)
        source.discover()
        seen = len(api.seen)
        api.faults = {place_of(kind).path: Fault(FaultKind.TEXT_503) for kind in KINDS}
        inventory = read_all(source)
        assert len(api.seen) - seen == 3 * len(KINDS)
    assert len(inventory) == 0
    assert {entry.state for entry in inventory.coverage.entries} == {CoverageState.UNAVAILABLE}
    assert len(inventory.coverage.gaps()) == len(KINDS)


def test_no_more_requests_are_open_at_a_time_than_the_cap(opened):
    pods = KINDS[0]
    with serve_kube_api(a_full_world(), all_rights()) as api:
        source, answer = opened(api), api.answer
        source.discover()
        arrived, released = Semaphore(0), Event()

        def held(exchange):
            arrived.release()
            assert released.wait(20)
            answer(exchange)

        api.answer = held
        with ThreadPoolExecutor(MOST_REQUESTS_AT_ONCE) as pool:
            reads = [pool.submit(source.read_kind, pods, None, LIMITS) for _ in range(MOST_REQUESTS_AT_ONCE)]
            for _ in reads:
                assert arrived.acquire(timeout=20)
            late = source.read_kind(pods, None, replace(LIMITS, seconds=0.2))
            assert (late.coverage.state, late.coverage.reason) == (
                CoverageState.TIMEOUT,
                "no connection became free in time",
            )
            assert not arrived.acquire(blocking=False)
            released.set()
            assert {read.result().coverage.state for read in reads} == {CoverageState.OK}
