"""The live source keeps the promises of every source, and those that only a server can put to the test."""

import gzip
import json
from contextlib import contextmanager
from dataclasses import replace

import pytest

from services.graph.adapters.kube_config import open_account
from services.graph.adapters.live_cluster import MOST_REQUESTS_AT_ONCE, LiveCluster, open_live_cluster
from services.graph.domain.access.question import Access, AccessQuestion
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import get_kind
from services.graph.ports import LogState, Lookup
from tests.contract.graph.cluster_source_suite import LIMITS, POD, ClusterSourceSuite, a_shop
from tests.support.kube_api import serve_kube_api
from tests.support.kube_faults import Fault, FaultKind
from tests.support.kube_rights import Rights, Rule, all_rights, no_rights, rights_in
from tests.support.kube_world import Place

PODS = "/api/v1/pods"
IMPATIENT = replace(LIMITS, seconds=0.4)


@contextmanager
def live(api, tmp_path, pauses=None):
    """Open a source that waits for nothing between its tries; ``pauses`` gets how long it would have."""
    name, account = open_account("test", api.write_kubeconfig(tmp_path / "kubeconfig"), MOST_REQUESTS_AT_ONCE)
    source = LiveCluster(name, account, pause=(pauses if pauses is not None else []).append)
    yield source
    source.close()


class TestTheSuite(ClusterSourceSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path):
        self.folder = tmp_path

    @contextmanager
    def opened(self, world, rights):
        with serve_kube_api(world, rights) as api:
            source = open_live_cluster("test", api.write_kubeconfig(self.folder / "kubeconfig"))
            yield source
            source.close()


@pytest.fixture
def api():
    with serve_kube_api(a_shop(), all_rights()) as api:
        yield api


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def source(api, tmp_path, pauses):
    with live(api, tmp_path, pauses) as source:
        yield source


def read_pods(source, **limits):
    return source.read_kind(POD, None, replace(LIMITS, **limits))


# --- paging ---


def test_each_page_is_asked_for_once_and_named_by_the_one_before(api, source):
    assert read_pods(source, page=3).coverage.pages == 3
    queries = [seen.query for seen in api.lists_of("pods")]
    assert queries == [{"limit": "3"}, {"limit": "3", "continue": "3"}, {"limit": "3", "continue": "6"}]


def test_no_more_is_asked_for_than_is_kept(api, source):
    read_pods(source, page=3, most_objects=4)
    assert [seen.query["limit"] for seen in api.lists_of("pods")] == ["3", "1"]


def test_a_place_that_expired_makes_the_list_be_read_once_more_in_one_piece(api, source):
    api.faults[PODS] = Fault(FaultKind.GONE)
    read = read_pods(source, page=3)
    assert (len(read.objects), read.coverage.state) == (8, CoverageState.OK)
    assert [seen.query for seen in api.lists_of("pods")] == [
        {"limit": "3"},
        {"limit": "3", "continue": "3"},
        {"resourceVersion": "0"},
    ]


def test_where_that_fails_too_the_pages_that_came_are_kept_as_a_part(api, source):
    api.faults[PODS] = Fault(FaultKind.GONE)
    whole = api.answer

    def answer(exchange):
        if "resourceVersion" in exchange.query:
            api.faults[PODS] = Fault(FaultKind.TEXT_503)
        whole(exchange)

    api.answer = answer
    read = read_pods(source, page=3)
    assert (len(read.objects), read.coverage.state) == (3, CoverageState.PARTIAL)
    assert "expired (410)" in read.coverage.reason


def test_a_page_that_fails_after_others_makes_the_list_partial(api, source):
    api.faults[PODS] = Fault(FaultKind.TEXT_503, after_pages=1)
    read = read_pods(source, page=3)
    assert (len(read.objects), read.coverage.state, read.coverage.pages) == (3, CoverageState.PARTIAL, 1)


def test_large_pages_come_compressed(api, source):
    for number in range(300):
        api.world.add("Pod", f"big-{number}", "bank", metadata={"labels": {"filler": "x" * 600}})
    assert (len(read_pods(source).objects)) == 308


# --- what fails, and how it is told ---


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (FaultKind.FORBIDDEN, CoverageState.FORBIDDEN),
        (FaultKind.MISSING, CoverageState.MISSING),
        (FaultKind.TRUNCATED, CoverageState.UNAVAILABLE),
        (FaultKind.RESET, CoverageState.UNAVAILABLE),
        (FaultKind.BROKEN_JSON, CoverageState.UNAVAILABLE),
        (FaultKind.HTML, CoverageState.UNAVAILABLE),
        (FaultKind.TEXT_503, CoverageState.UNAVAILABLE),
        (FaultKind.TOO_MANY, CoverageState.UNAVAILABLE),
    ],
)
def test_a_list_that_fails_says_how_and_claims_no_objects(api, source, fault, state):
    api.faults[PODS] = Fault(fault)
    read = read_pods(source)
    assert (list(read.objects), read.coverage.state) == ([], state)
    assert read.coverage.reason


@pytest.mark.parametrize("sent", [0, 40, 400])
def test_a_server_that_hangs_costs_no_more_than_the_deadline(api, source, sent):
    api.faults[PODS] = Fault(FaultKind.SLOW, bytes=sent)
    read = source.read_kind(POD, None, IMPATIENT)
    assert (list(read.objects), read.coverage.state) == ([], CoverageState.TIMEOUT)
    assert len(api.lists_of("pods")) == 1


def test_a_reset_before_any_answer_is_no_absence(api, source):
    api.faults[PODS] = Fault(FaultKind.RESET, bytes=0)
    assert read_pods(source).coverage.state is CoverageState.UNAVAILABLE


@pytest.mark.parametrize(
    "fault", [FaultKind.TEXT_503, FaultKind.RESET, FaultKind.TRUNCATED, FaultKind.TOO_MANY], ids=str
)
def test_a_failure_that_passes_is_not_seen(api, source, fault):
    api.faults[PODS] = Fault(fault, times=2)
    assert read_pods(source).coverage.state is CoverageState.OK
    assert len(api.lists_of("pods")) == 3


@pytest.mark.parametrize("fault", [FaultKind.TEXT_503, FaultKind.RESET, FaultKind.TOO_MANY], ids=str)
def test_a_server_that_fails_is_asked_three_times_and_no_more(api, source, fault):
    api.faults[PODS] = Fault(fault)
    read_pods(source)
    assert len(api.lists_of("pods")) == 3


@pytest.mark.parametrize(
    "fault", [FaultKind.FORBIDDEN, FaultKind.MISSING, FaultKind.BROKEN_JSON, FaultKind.HTML], ids=str
)
def test_what_would_not_change_is_asked_once(api, source, fault):
    api.faults[PODS] = Fault(fault)
    read_pods(source)
    assert len(api.lists_of("pods")) == 1


def test_the_server_says_how_long_to_wait(api, source, pauses):
    api.faults[PODS] = Fault(FaultKind.TOO_MANY, times=1, retry_after="3")
    assert read_pods(source).coverage.state is CoverageState.OK
    assert len(pauses) == 1
    assert pauses[0] > 3


def test_a_wait_beyond_the_deadline_is_not_begun(api, source, pauses):
    api.faults[PODS] = Fault(FaultKind.TOO_MANY, retry_after="3600")
    assert read_pods(source).coverage.reason == "the server has too much to do (429)"
    assert (len(api.lists_of("pods")), pauses) == (1, [])


def test_nulls_are_read_as_absent_fields(api, source):
    api.faults[PODS] = Fault(FaultKind.NULLS)
    read = read_pods(source)
    assert (len(read.objects), read.coverage.state) == (8, CoverageState.OK)


def test_an_object_that_cannot_be_understood_costs_only_itself(api, source):
    api.world.add("Pod", "odd", "shop", status={"phase": {"not": "text"}})
    read = read_pods(source)
    assert (len(read.objects), read.coverage.state) == (8, CoverageState.PARTIAL)
    assert "1 objects" in read.coverage.reason


@pytest.mark.parametrize(
    "document", [{}, {"error": "try later"}, {"kind": "Status", "status": "Failure"}, [], None], ids=repr
)
def test_json_of_another_sort_is_no_answer(api, source, document):
    source.discover()
    api.answer = lambda exchange: exchange.send(200, document)
    assert read_pods(source).coverage.state is CoverageState.UNAVAILABLE
    assert source.read_object(POD, "shop", "web-0", LIMITS).lookup is Lookup.UNKNOWN
    assert source.ask_access(AccessQuestion("list", "", "pods"), LIMITS) is Access.UNKNOWN


@pytest.mark.parametrize("cut", [100, 1])
def test_a_compressed_answer_that_breaks_off_is_no_answer(api, source, cut):
    packed = gzip.compress(b'{"kind": "PodList", "items": []}' + b" " * 5_000)

    def answer(exchange):
        if exchange.path != PODS:
            return whole(exchange)
        wire = exchange.wire
        wire.send_response(200)
        wire.send_header("Content-Encoding", "gzip")
        wire.send_header("Transfer-Encoding", "chunked")
        wire.end_headers()
        wire.wfile.write(b"%x\r\n%b" % (len(packed), packed[:-cut]))
        wire.close_connection = True
        return None

    whole, api.answer = api.answer, answer
    assert read_pods(source).coverage.state is CoverageState.UNAVAILABLE


def test_an_object_behind_a_failure_is_unknown(api, source):
    for fault in (FaultKind.TEXT_503, FaultKind.BROKEN_JSON, FaultKind.RESET, FaultKind.MISSING):
        api.faults[PODS] = Fault(fault)
        assert source.read_object(POD, "shop", "web-0", LIMITS).lookup is Lookup.UNKNOWN
        assert source.read_object(POD, "shop", "web-9", LIMITS).lookup is Lookup.UNKNOWN


def test_the_404_of_a_proxy_is_no_missing_api(api, source, monkeypatch):
    monkeypatch.setattr(api, "answer", lambda exchange: exchange.send_text(404, "default backend - 404"))
    assert read_pods(source).coverage.state is CoverageState.UNAVAILABLE
    assert source.read_object(POD, "shop", "web-0", LIMITS).lookup is Lookup.UNKNOWN


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    with serve_kube_api(a_shop()) as api:
        file = api.write_kubeconfig(tmp_path / "kubeconfig")
    source = open_live_cluster("test", file)
    assert source.discover().problem == "nobody listens at the server's address"
    assert read_pods(source).coverage.state is CoverageState.UNAVAILABLE
    assert source.read_log("shop", "web-0", "app", previous=False, limits=LIMITS).state is LogState.UNAVAILABLE
    assert source.ask_access(AccessQuestion("list", "", "pods"), LIMITS) is Access.UNKNOWN
    source.close()


# --- discovery ---


def test_everything_that_is_served_is_found_in_two_requests(api, source):
    source.discover()
    source.discover()
    read_pods(source)
    assert [seen.path for seen in api.seen] == ["/api", "/apis", PODS]


def test_a_server_of_yesterday_is_asked_group_by_group(api, source):
    api.has_aggregated_discovery = False
    discovery = source.discover()
    assert discovery.versions["Pod"] == discovery.versions["Deployment"] == "v1"
    assert "Certificate" not in discovery.versions
    assert len(api.seen) == len({seen.path for seen in api.seen})


def test_the_version_a_server_has_is_read(api, source):
    old = next(place for place in api.world.lists if place.plural == "cronjobs")
    api.world.lists[Place("batch", "v1beta1", "cronjobs")] = api.world.lists.pop(old)
    assert source.discover().versions["CronJob"] == "v1beta1"
    assert source.read_kind(get_kind("CronJob"), None, LIMITS).coverage.state is CoverageState.OK


def test_a_version_of_the_future_is_no_absence(api, source):
    old = next(place for place in api.world.lists if place.plural == "cronjobs")
    api.world.lists[Place("batch", "v7", "cronjobs")] = api.world.lists.pop(old)
    assert source.read_kind(get_kind("CronJob"), None, LIMITS).coverage.state is CoverageState.UNAVAILABLE


@pytest.mark.parametrize("at_once", [True, False])
def test_an_api_whose_own_server_is_down_fails_alone(api, source, at_once):
    api.has_aggregated_discovery = at_once
    api.stale.add("metrics.k8s.io")
    discovery = source.discover()
    assert set(discovery.failed) == {"metrics.k8s.io"}
    assert source.read_kind(get_kind("PodMetrics"), None, LIMITS).coverage.state is CoverageState.UNAVAILABLE
    assert read_pods(source).coverage.state is CoverageState.OK
    metrics = [seen for seen in api.lists_of("pods") if seen.target.place.group == "metrics.k8s.io"]
    assert len(metrics) == 1


@pytest.mark.parametrize(
    "fault", [FaultKind.HTML, FaultKind.TEXT_503, FaultKind.BROKEN_JSON, FaultKind.FORBIDDEN], ids=str
)
def test_without_discovery_the_lists_themselves_tell(api, source, fault):
    api.faults = {"/api": Fault(fault), "/apis": Fault(fault)}
    assert source.discover().problem
    assert len(read_pods(source).objects) == 8
    assert source.read_kind(get_kind("Deployment"), None, LIMITS).coverage.state is CoverageState.OK
    assert source.read_kind(get_kind("Certificate"), None, LIMITS).coverage.state is CoverageState.MISSING


def test_discovery_that_hangs_leaves_time_for_the_list(api, source):
    api.faults = {"/apis": Fault(FaultKind.SLOW)}
    assert len(source.read_kind(POD, None, replace(LIMITS, seconds=1.0)).objects) == 8


# --- rights ---


def test_an_account_that_may_nothing_learns_nothing_of_what_exists(tmp_path):
    with serve_kube_api(a_shop(), no_rights()) as api, live(api, tmp_path) as source:
        assert read_pods(source).coverage.state is CoverageState.FORBIDDEN
        assert source.read_object(POD, "shop", "web-0", LIMITS).lookup is Lookup.FORBIDDEN
        assert source.read_log("shop", "web-0", "app", previous=False, limits=LIMITS).state is LogState.FORBIDDEN
        assert source.read_log("shop", "web-9", "app", previous=False, limits=LIMITS).state is LogState.FORBIDDEN


def test_events_are_read_in_their_second_place_where_the_first_is_forbidden(tmp_path):
    with serve_kube_api(a_shop(), all_rights().without("events")) as api, live(api, tmp_path) as source:
        assert source.read_kind(get_kind("Event"), None, LIMITS).coverage.state is CoverageState.OK
    both = all_rights().without("events", "events.events.k8s.io")
    with serve_kube_api(a_shop(), both) as api, live(api, tmp_path) as source:
        coverage = source.read_kind(get_kind("Event"), None, LIMITS).coverage
    assert (coverage.state, coverage.grant.api_groups) == (CoverageState.FORBIDDEN, ("",))


def test_the_server_is_asked_about_paths_too(tmp_path):
    rights = Rights((Rule(("get",), ("",), ("/metrics",)),))
    with serve_kube_api(a_shop(), rights) as api, live(api, tmp_path) as source:
        paths = "/metrics", "/healthz"
        answers = [source.ask_access(AccessQuestion("get", "", "", path=path), LIMITS) for path in paths]
    assert answers == [Access.ALLOWED, Access.DENIED]


def test_the_server_is_asked_what_the_account_may(tmp_path):
    rights = Rights((*rights_in("shop").rules, Rule(("get",), ("",), ("secrets",), "bank", ("keys",))))
    with serve_kube_api(a_shop(), rights) as api, live(api, tmp_path) as source:
        answers = [
            source.ask_access(question, LIMITS)
            for question in (
                AccessQuestion("list", "", "pods", "shop"),
                AccessQuestion("list", "", "pods", "bank"),
                AccessQuestion("list", "", "pods"),
                AccessQuestion("get", "", "secrets", "bank", "keys"),
                AccessQuestion("get", "", "secrets", "bank"),
                AccessQuestion("get", "", "pods", "shop", subresource="log"),
            )
        ]
        posts = {seen.path for seen in api.seen if seen.method != "GET"}
    allowed, denied = Access.ALLOWED, Access.DENIED
    assert answers == [allowed, denied, denied, allowed, denied, allowed]
    assert posts == {"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"}


def test_a_review_that_is_refused_says_nothing(tmp_path):
    with serve_kube_api(a_shop(), replace(all_rights(), may_review=False)) as api, live(api, tmp_path) as source:
        assert source.ask_access(AccessQuestion("list", "", "pods"), LIMITS) is Access.UNKNOWN


def test_neither_the_account_nor_its_token_stands_in_any_reason(tmp_path):
    with serve_kube_api(a_shop(), no_rights()) as api, live(api, tmp_path) as source:
        read = source.read_kind(POD, "shop", LIMITS)
        log = source.read_log("shop", "web-0", "app", previous=False, limits=LIMITS)
    assert read.coverage.reason == "the account may not list pods in the namespace shop"
    assert json.dumps([read.coverage.reason, log.reason]).count("system:") == 0


# --- logs ---


LOG = "/api/v1/pods/log"


@pytest.mark.parametrize(
    ("code", "text", "state"),
    [
        (500, 'Get "https://10.0.0.7:10250/containerLogs/x": dial tcp 10.0.0.7:10250: connect: connection refused',
         LogState.UNAVAILABLE),
        (400, "container ghost is not valid for pod web-1", LogState.NOT_FOUND),
        (400, 'container "app" in pod "web-1" is waiting to start: PodInitializing', LogState.WAITING),
        (400, 'container "app" in pod "web-1" is waiting to start: trying and failing to pull image', LogState.WAITING),
        (403, "Forbidden (user=kubelet-client, verb=get, resource=nodes, subresource=proxy)", LogState.UNAVAILABLE),
        (504, "timeout", LogState.TIMEOUT),
        (200, "unable to retrieve container logs for containerd://abc", LogState.UNAVAILABLE),
        (200, "", LogState.OK),
    ],
)  # fmt: skip
def test_each_way_in_which_a_log_cannot_be_read_has_its_name(api, source, code, text, state):
    api.world.logs["shop", "web-1", "app", False] = (code, text)
    log = source.read_log("shop", "web-1", "app", previous=False, limits=LIMITS)
    assert (log.state, log.lines) == (state, ())


def test_a_node_that_does_not_answer_is_asked_once(api, source):
    api.world.logs["shop", "web-1", "app", False] = (500, "connection refused")
    source.read_log("shop", "web-1", "app", previous=False, limits=LIMITS)
    assert len([seen for seen in api.seen if seen.path.endswith("/log")]) == 1


def test_a_log_that_hangs_ends_with_the_deadline(api, source):
    api.faults[LOG] = Fault(FaultKind.SLOW, bytes=0)
    log = source.read_log("shop", "web-0", "app", previous=False, limits=IMPATIENT)
    assert log.state is LogState.TIMEOUT


def test_a_log_that_breaks_off_keeps_what_came(api, source):
    api.faults[LOG] = Fault(FaultKind.TRUNCATED, bytes=14)
    log = source.read_log("shop", "web-0", "app", previous=False, limits=replace(LIMITS, log_lines=10))
    assert log.state is LogState.UNAVAILABLE
    assert log.lines[0] == "line 490"


def test_the_right_to_logs_is_its_own(tmp_path):
    with serve_kube_api(a_shop(), all_rights().without("pods/log")) as api, live(api, tmp_path) as source:
        assert source.read_object(POD, "shop", "web-0", LIMITS).lookup is Lookup.FOUND
        log = source.read_log("shop", "web-0", "app", previous=False, limits=LIMITS)
    assert log.state is LogState.FORBIDDEN


def test_long_lines_do_not_push_the_end_out_of_the_log(api, source):
    lines = [f"{number} {'x' * 100}" for number in range(100)]
    api.world.logs["shop", "web-1", "app", False] = (200, "\n".join(lines) + "\n")
    limits = replace(LIMITS, log_lines=100, log_bytes=2_000)
    log = source.read_log("shop", "web-1", "app", previous=False, limits=limits)
    assert log.lines[-1] == lines[-1]
