"""What every cluster source promises. An implementation subclasses the suite and says how it opens a world."""

from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from services.graph.domain.k8s.config import ConfigMap, Secret
from services.graph.domain.reading.coverage import CoverageState, Grant
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.ports import ClusterSource, Limits, LogState, Lookup
from tests.support.kube_rights import Rights, all_rights
from tests.support.kube_world import KubeWorld, a_world

LIMITS = Limits(seconds=10.0)
POD = get_kind("Pod")


def a_shop() -> KubeWorld:
    """Return a small cluster: two namespaces, pods with and without logs, a config, a secret, events, metrics."""
    world = a_world()
    world.drop("Certificate")
    for name in ("shop", "bank"):
        world.add("Namespace", name)
    for number in range(7):
        world.add("Pod", f"web-{number}", "shop", status={"phase": "Running"})
    world.add("Pod", "teller", "bank", status={"phase": "Pending"})
    world.add("ConfigMap", "settings", "shop", data={"url": "http://cart:80"})
    world.add("Secret", "keys", "shop", type="Opaque", data={"password": "c2VjcmV0LXZhbHVl"})
    world.add("Node", "node-1")
    about = {"kind": "Pod", "namespace": "shop", "name": "web-0"}
    world.add("Event", "web-0.1", "shop", reason="BackOff", type="Warning", involvedObject=about)
    world.logs["shop", "web-0", "app", False] = (200, "".join(f"line {number}\n" for number in range(500)))
    world.logs["shop", "web-0", "app", True] = (200, "panic: no config\n")
    waiting = 'container "app" in pod "teller" is waiting to start: ContainerCreating'
    world.logs["bank", "teller", "app", False] = (400, waiting)
    return world


class ClusterSourceSuite:
    """Subclass it; implement ``opened``."""

    def opened(self, world: KubeWorld, rights: Rights) -> AbstractContextManager[ClusterSource]:
        """Return a source over the world as an account with ``rights`` sees it, open until the block ends."""
        raise NotImplementedError

    @pytest.fixture
    def source(self):
        with self.opened(a_shop(), all_rights()) as source:
            yield source

    def test_has_a_name(self, source):
        assert source.name

    def test_tells_what_is_served_and_in_which_version(self, source):
        discovery = source.discover()
        assert discovery.problem == ""
        assert discovery.failed == {}
        assert discovery.versions["HorizontalPodAutoscaler"] == "v2"
        assert set(discovery.versions) == {kind.name for kind in KINDS} - {"Certificate"}

    def test_lists_every_object_of_a_kind(self, source):
        read = source.read_kind(POD, None, LIMITS)
        assert {thing.ref.name for thing in read.objects} == {*(f"web-{number}" for number in range(7)), "teller"}
        assert (read.coverage.state, read.coverage.count, read.coverage.namespace) == (CoverageState.OK, 8, None)
        assert (read.coverage.kind, read.coverage.verb) == ("Pod", "list")

    def test_lists_one_namespace(self, source):
        read = source.read_kind(POD, "bank", LIMITS)
        assert [str(thing.ref) for thing in read.objects] == ["Pod bank/teller"]
        assert (read.coverage.state, read.coverage.namespace) == (CoverageState.OK, "bank")

    def test_a_namespace_without_objects_is_read_well(self, source):
        read = source.read_kind(POD, "empty", LIMITS)
        assert (list(read.objects), read.coverage.state) == ([], CoverageState.OK)

    def test_every_kind_is_read_or_missing(self, source):
        states = {kind.name: source.read_kind(kind, None, LIMITS).coverage.state for kind in KINDS}
        assert states.pop("Certificate") is CoverageState.MISSING
        assert set(states.values()) == {CoverageState.OK}

    def test_pages_make_no_difference(self, source):
        whole = source.read_kind(POD, None, LIMITS)
        paged = source.read_kind(POD, None, replace(LIMITS, page=3))
        assert [thing.ref for thing in paged.objects] == [thing.ref for thing in whole.objects]
        assert paged.coverage.state is CoverageState.OK

    def test_more_objects_than_allowed_are_truncated(self, source):
        read = source.read_kind(POD, None, replace(LIMITS, most_objects=5, page=2))
        assert (len(read.objects), read.coverage.state, read.coverage.count) == (5, CoverageState.TRUNCATED, 5)

    def test_exactly_as_many_objects_as_allowed_are_all(self, source):
        read = source.read_kind(POD, None, replace(LIMITS, most_objects=8, page=4))
        assert (len(read.objects), read.coverage.state) == (8, CoverageState.OK)

    def test_values_of_secrets_are_not_kept(self, source):
        (secret,) = source.read_kind(get_kind("Secret"), None, LIMITS).objects
        assert isinstance(secret, Secret)
        assert secret.key_names == ["password"]
        assert "c2VjcmV0" not in repr(secret)

    def test_values_of_configuration_are_kept(self, source):
        (config,) = source.read_kind(get_kind("ConfigMap"), None, LIMITS).objects
        assert isinstance(config, ConfigMap)
        assert config.values == {"url": "http://cart:80"}

    def test_an_object_is_found_by_name(self, source):
        read = source.read_object(POD, "shop", "web-3", LIMITS)
        assert read.lookup is Lookup.FOUND
        assert str(read.thing.ref) == "Pod shop/web-3"
        assert (read.coverage.verb, read.coverage.state, read.coverage.count) == ("get", CoverageState.OK, 1)

    def test_an_object_of_the_cluster_is_found_by_name(self, source):
        assert source.read_object(get_kind("Node"), None, "node-1", LIMITS).lookup is Lookup.FOUND

    def test_an_object_that_does_not_exist_is_not_found(self, source):
        read = source.read_object(POD, "shop", "web-9", LIMITS)
        assert (read.lookup, read.thing, read.coverage.state) == (Lookup.NOT_FOUND, None, CoverageState.OK)

    def test_an_object_of_an_api_that_is_not_served_is_unknown(self, source):
        read = source.read_object(get_kind("Certificate"), "shop", "tls", LIMITS)
        assert (read.lookup, read.coverage.state) == (Lookup.UNKNOWN, CoverageState.MISSING)

    @pytest.mark.parametrize("name", ["", ".", "..", "../../secrets", "a/b", "%2e%2e"])
    def test_what_is_no_name_is_not_found(self, source, name):
        assert source.read_object(POD, "shop", name, LIMITS).lookup is Lookup.NOT_FOUND

    def test_a_log_ends_with_its_newest_line(self, source):
        log = source.read_log("shop", "web-0", "app", previous=False, limits=replace(LIMITS, log_lines=3))
        assert (log.state, log.lines) == (LogState.OK, ("line 497", "line 498", "line 499"))

    def test_the_log_of_the_instance_before_is_its_own(self, source):
        log = source.read_log("shop", "web-0", "app", previous=True, limits=LIMITS)
        assert (log.state, log.lines) == (LogState.OK, ("panic: no config",))

    def test_a_container_without_an_instance_before_says_so(self, source):
        log = source.read_log("bank", "teller", "app", previous=True, limits=LIMITS)
        assert (log.state, log.lines) == (LogState.NO_PREVIOUS, ())

    def test_a_container_that_waits_says_so(self, source):
        log = source.read_log("bank", "teller", "app", previous=False, limits=LIMITS)
        assert (log.state, log.lines) == (LogState.WAITING, ())
        assert "ContainerCreating" in log.reason

    def test_the_log_of_a_pod_that_does_not_exist_is_not_found(self, source):
        assert source.read_log("shop", "web-9", "app", previous=False, limits=LIMITS).state is LogState.NOT_FOUND

    def test_what_may_not_be_listed_is_forbidden_with_the_right_that_lacks(self):
        with self.opened(a_shop(), all_rights().without("pods", "deployments.apps")) as source:
            pods = source.read_kind(POD, None, LIMITS)
            deployments = source.read_kind(get_kind("Deployment"), None, LIMITS)
        assert (list(pods.objects), pods.coverage.state) == ([], CoverageState.FORBIDDEN)
        assert pods.coverage.grant == Grant(("",), ("pods",), ("list",), None)
        assert deployments.coverage.grant == Grant(("apps",), ("deployments",), ("list",), None)

    def test_an_object_that_may_not_be_read_may_exist(self):
        with self.opened(a_shop(), all_rights().without("pods")) as source:
            there = source.read_object(POD, "shop", "web-0", LIMITS)
            absent = source.read_object(POD, "shop", "web-9", LIMITS)
        assert there.lookup is absent.lookup is Lookup.FORBIDDEN
        assert there.coverage.grant == Grant(("",), ("pods",), ("get",), "shop")

    def test_the_second_place_of_events_is_read_where_the_first_is_not_served(self):
        world = a_shop()
        place = next(place for place in world.lists if (place.group, place.plural) == ("", "events"))
        del world.lists[place]
        second = next(place for place in world.lists if place.plural == "events")
        world.lists[second].append({"metadata": {"name": "e", "namespace": "shop"}, "eventTime": None, "note": "Late"})
        with self.opened(world, all_rights()) as source:
            read = source.read_kind(get_kind("Event"), None, LIMITS)
        assert ([event.message for event in read.objects], read.coverage.state) == (["Late"], CoverageState.OK)

    def test_closing_twice_changes_nothing(self, source):
        source.close()
        source.close()
