"""A snapshot keeps the promises of every source; and it never claims more than was read when it was taken."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import msgspec
import pytest

from services.graph.adapters.live_cluster import open_live_cluster
from services.graph.adapters.snapshot import open_snapshot
from services.graph.adapters.snapshot_files import NoSnapshot, SnapshotExists, read_manifest
from services.graph.adapters.snapshot_writer import SnapshotOrder, write_snapshot
from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import get_kind
from services.graph.ports import LogState, Lookup
from tests.contract.graph.cluster_source_suite import LIMITS, POD, ClusterSourceSuite, a_shop
from tests.support.kube_api import serve_kube_api
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_rights import all_rights, rights_in

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDER = SnapshotOrder(limits=LIMITS)


def _quiet(step, done, total):
    pass


@contextmanager
def opened_api(world, rights, folder):
    with serve_kube_api(world, rights) as api:
        source = open_live_cluster("test", api.write_kubeconfig(folder / "kubeconfig"))
        yield api, source
        source.close()


def take(world, rights, folder, order=ORDER):
    """Take a snapshot of a world as an account with ``rights`` sees it."""
    with opened_api(world, rights, folder) as (_, source):
        write_snapshot(source, folder / "snapshot", order, lambda: NOW, _quiet)
    return folder / "snapshot"


def with_containers(world):
    """Give the pods that have logs the containers these are of."""
    for place, items in world.lists.items():
        for item in items if place.plural == "pods" and not place.group else ():
            if item["metadata"]["name"] in {"web-0", "teller"}:
                item["spec"] = {"containers": [{"name": "app"}]}
                status = {"name": "app", "restartCount": 1, "state": {"waiting": {"reason": "ContainerCreating"}}}
                item.setdefault("status", {})["containerStatuses"] = [status]
    return world


class TestTheSuite(ClusterSourceSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    @contextmanager
    def opened(self, world, rights):
        source = open_snapshot(take(with_containers(world), rights, self.folder))
        yield source
        source.close()


@pytest.fixture
def shop(tmp_path):
    return take(with_containers(a_shop()), all_rights(), tmp_path)


def edit_manifest(folder, **fields):
    text = msgspec.json.decode((folder / "snapshot.json").read_bytes())
    (folder / "snapshot.json").write_bytes(msgspec.json.encode({**text, **fields}))


def test_it_says_of_what_and_when_it_was_taken(shop):
    manifest = read_manifest(shop)
    assert (manifest.format_version, manifest.cluster, manifest.taken_at) == (1, "test", NOW)
    assert manifest.namespaces is None


def test_lists_lie_where_their_path_says(shop):
    body = msgspec.json.decode((shop / "lists/api/v1/pods.json").read_bytes())
    assert (body["kind"], body["apiVersion"], len(body["items"])) == ("PodList", "v1", 8)
    assert (shop / "lists/apis/apps/v1/deployments.json").exists()
    assert (shop / "logs/shop/web-0/app.previous.log").read_text() == "panic: no config\n"


def test_no_value_of_a_secret_is_in_any_file(shop):
    assert not [file for file in shop.rglob("*") if file.is_file() and b"c2VjcmV0" in file.read_bytes()]


def test_only_its_owner_may_read_it(shop):
    assert {file.stat().st_mode & 0o077 for file in shop.rglob("*") if file.is_file()} == {0}


def test_a_list_whose_file_is_gone_is_unavailable_and_not_empty(shop):
    (shop / "lists/api/v1/pods.json").unlink()
    source = open_snapshot(shop)
    read = source.read_kind(POD, None, LIMITS)
    assert (list(read.objects), read.coverage.state) == ([], CoverageState.UNAVAILABLE)
    assert source.read_object(POD, "shop", "web-9", LIMITS).lookup is Lookup.UNKNOWN
    assert source.read_log("shop", "web-9", "app", previous=False, limits=LIMITS).state is LogState.UNAVAILABLE


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"items":[{"metadata":{"na', b"<html>"])
def test_a_damaged_list_is_unavailable_with_its_reason(shop, body):
    (shop / "lists/api/v1/pods.json").write_bytes(body)
    read = open_snapshot(shop).read_kind(POD, None, LIMITS)
    assert read.coverage.state is CoverageState.UNAVAILABLE
    assert "pods.json" in read.coverage.reason


def test_a_list_with_an_odd_object_is_partial(shop):
    path = shop / "lists/api/v1/pods.json"
    path.write_bytes(path.read_bytes().replace(b'"Pending"', b'{"a":1}'))
    read = open_snapshot(shop).read_kind(POD, None, LIMITS)
    assert (len(read.objects), read.coverage.state) == (7, CoverageState.PARTIAL)


def test_a_list_that_goes_on_elsewhere_is_partial(shop):
    path = shop / "lists/api/v1/pods.json"
    path.write_bytes(path.read_bytes().replace(b'"metadata":{},', b'"metadata":{"continue":"x"},', 1))
    assert open_snapshot(shop).read_kind(POD, None, LIMITS).coverage.state is CoverageState.PARTIAL


def test_a_list_nobody_says_anything_of_is_partial_at_best(shop):
    edit_manifest(shop, coverage=[])
    assert open_snapshot(shop).read_kind(POD, None, LIMITS).coverage.state is CoverageState.PARTIAL
    assert open_snapshot(shop).read_object(POD, "shop", "web-9", LIMITS).lookup is Lookup.UNKNOWN


def test_a_list_that_is_not_there_is_missing_only_where_discovery_knew(shop):
    certificates = get_kind("Certificate")
    edit_manifest(shop, coverage=[])
    assert open_snapshot(shop).read_kind(certificates, None, LIMITS).coverage.state is CoverageState.MISSING
    edit_manifest(shop, coverage=[], failedGroups={"cert-manager.io": "503"})
    assert open_snapshot(shop).read_kind(certificates, None, LIMITS).coverage.state is CoverageState.UNAVAILABLE
    edit_manifest(shop, coverage=[], versions={}, failedGroups={})
    assert open_snapshot(shop).read_kind(certificates, None, LIMITS).coverage.state is CoverageState.UNAVAILABLE


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"formatVersion":2}', b'{"formatVersion":1,"coverage":3}'])
def test_a_folder_that_is_no_snapshot_is_refused_with_a_word(tmp_path, body):
    (tmp_path / "snapshot.json").write_bytes(body)
    with pytest.raises(NoSnapshot):
        open_snapshot(tmp_path)


def test_a_folder_without_a_snapshot_is_refused(tmp_path):
    with pytest.raises(NoSnapshot, match="faultline snapshot"):
        open_snapshot(tmp_path)


def test_no_name_leads_out_of_the_folder(shop, tmp_path):
    (tmp_path / "outside.log").write_text("secret\n")
    source = open_snapshot(shop)
    for place in [("..", "..", "outside"), ("shop", "../..", "outside"), ("shop", "web-0", "../../../../outside")]:
        log = source.read_log(*place, previous=False, limits=LIMITS)
        assert (log.state, log.lines) == (LogState.NOT_FOUND, ())


def test_no_link_leads_out_of_the_folder(shop, tmp_path):
    (tmp_path / "outside.log").write_text("secret\n")
    (shop / "logs/shop/web-0/link.log").symlink_to(tmp_path / "outside.log")
    log = open_snapshot(shop).read_log("shop", "web-0", "link", previous=False, limits=LIMITS)
    assert (log.state, log.lines) == (LogState.UNAVAILABLE, ())


def test_of_a_long_log_the_end_is_read(shop):
    log = open_snapshot(shop).read_log("shop", "web-0", "app", previous=False, limits=replace(LIMITS, log_bytes=20))
    assert log.lines[-1] == "line 499"


def test_damaged_notes_on_logs_claim_nothing(shop):
    (shop / "logs.json").write_bytes(b"{")
    log = open_snapshot(shop).read_log("bank", "teller", "app", previous=False, limits=LIMITS)
    assert log.state is LogState.UNAVAILABLE


def test_it_answers_of_rights_what_it_saw(tmp_path):
    source = open_snapshot(take(a_shop(), all_rights().without("pods"), tmp_path))
    assert source.ask_access(AccessQuestion("list", "", "pods"), LIMITS) is Access.DENIED
    assert source.ask_access(AccessQuestion("list", "", "services", "shop"), LIMITS) is Access.ALLOWED
    assert source.ask_access(AccessQuestion("delete", "", "services"), LIMITS) is Access.UNKNOWN


def test_one_namespace_says_nothing_of_the_others(tmp_path):
    order = replace(ORDER, namespaces=("shop",))
    source = open_snapshot(take(a_shop(), all_rights(), tmp_path, order))
    assert source.read_kind(POD, "shop", LIMITS).coverage.state is CoverageState.OK
    everywhere = source.read_kind(POD, None, LIMITS)
    assert (len(everywhere.objects), everywhere.coverage.state) == (7, CoverageState.PARTIAL)
    assert source.read_object(POD, "bank", "teller", LIMITS).lookup is Lookup.UNKNOWN
    assert source.read_object(POD, "shop", "web-9", LIMITS).lookup is Lookup.NOT_FOUND


def test_what_may_be_read_in_namespaces_only_is_read_there(tmp_path):
    world = a_shop()
    source = open_snapshot(take(world, rights_in("shop"), tmp_path, replace(ORDER, namespaces=("shop", "bank"))))
    assert source.read_kind(POD, "shop", LIMITS).coverage.state is CoverageState.OK
    assert source.read_kind(POD, "bank", LIMITS).coverage.state is CoverageState.FORBIDDEN
    assert source.read_kind(get_kind("Node"), None, LIMITS).coverage.state is CoverageState.FORBIDDEN


def test_a_place_in_a_list_that_expired_costs_and_doubles_nothing(tmp_path):
    with opened_api(a_shop(), all_rights(), tmp_path) as (api, source):
        api.faults["/api/v1/pods"] = Fault(FaultKind.GONE)
        pages = list(source.read_pages(POD, None, replace(LIMITS, page=3)))
    assert [len(page.items) for page in pages] == [3, 8]
    assert [page.starts_anew for page in pages] == [False, True]
    assert (pages[-1].coverage.state, pages[-1].coverage.count) == (CoverageState.OK, 8)


def test_a_snapshot_goes_on_where_it_stopped(tmp_path):
    folder = take(a_shop(), all_rights().without("pods"), tmp_path)
    kept = (folder / "lists/api/v1/services.json").stat().st_mtime_ns
    take(with_containers(a_shop()), all_rights(), tmp_path, replace(ORDER, resume=True))
    assert (folder / "lists/api/v1/services.json").stat().st_mtime_ns == kept
    assert len(open_snapshot(folder).read_kind(POD, None, LIMITS).objects) == 8
    assert len([one for one in read_manifest(folder).coverage if one.kind == "Pod"]) == 1


def test_a_folder_that_holds_something_is_left_as_it_is(shop, tmp_path):
    with pytest.raises(SnapshotExists):
        take(a_shop(), all_rights(), tmp_path)
    with pytest.raises(SnapshotExists):
        take(a_shop(), all_rights(), tmp_path, replace(ORDER, resume=True, namespaces=("shop",)))


def test_a_list_that_broke_off_is_partial_in_the_snapshot_too(tmp_path):
    with opened_api(a_shop(), all_rights(), tmp_path) as (api, source):
        pages = source.read_pages(POD, None, replace(LIMITS, page=3))
        first = next(pages)
        api.faults["/api/v1/pods"] = Fault(FaultKind.FORBIDDEN)
        last = list(pages)[-1]
    assert len(first.items) == 3
    assert (last.coverage.state, last.coverage.count) == (CoverageState.PARTIAL, 3)
