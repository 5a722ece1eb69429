import gc
from datetime import UTC, datetime
from threading import Barrier, Lock

import msgspec
import pytest

from services.graph.domain.k8s.cluster import Namespace, Node
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.domain.reading.inventory import Presence
from services.graph.domain.reading.kinds import KINDS, kinds_of
from services.graph.handlers.quiet_gc import quiet_gc
from services.graph.handlers.read_cluster import ReadPlan, read_inventory
from services.graph.ports import Discovery, KindRead, Limits, Lookup, ObjectRead
from tests.support.cluster import an_object

OK, FORBIDDEN, TIMEOUT, UNAVAILABLE = (
    CoverageState.OK,
    CoverageState.FORBIDDEN,
    CoverageState.TIMEOUT,
    CoverageState.UNAVAILABLE,
)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


class StandIn:
    """A source with objects, whose reads fail as ``failing`` says: by kind, and by namespace or None for all."""

    name = "stand-in"

    def __init__(self, *objects, failing=None):
        self.objects = list(objects)
        self.failing = failing or {}
        self.asked = []
        self.lock = Lock()

    def discover(self):
        return Discovery()

    def read_kind(self, kind, namespace, limits):
        with self.lock:
            self.asked.append((kind.name, namespace, limits.seconds))
        state = self.failing.get((kind.name, namespace), OK)
        found = [
            thing for thing in self.objects if kind.name == thing.KIND and namespace in {None, thing.metadata.namespace}
        ]
        kept = found if state in {OK, CoverageState.TRUNCATED} else found[:1] if state is CoverageState.PARTIAL else []
        entry = CoverageEntry(kind=kind.name, verb="list", state=state, namespace=namespace, count=len(kept))
        return KindRead(kept, entry)

    def read_object(self, kind, namespace, name, limits):
        with self.lock:
            self.asked.append((kind.name, namespace, name))
        entry = CoverageEntry(kind=kind.name, verb="get", state=OK, namespace=namespace, count=1)
        thing = next((one for one in self.objects if kind.name == one.KIND and one.metadata.name == name), None)
        return ObjectRead(Lookup.FOUND if thing else Lookup.NOT_FOUND, thing, entry)


SHOP, BANK = an_object("Namespace", "shop"), an_object("Namespace", "bank")
WEB, TELLER = an_object("Pod", "web", "shop"), an_object("Pod", "teller", "bank")
NODE = an_object("Node", "node-1")
EVERYTHING = (SHOP, BANK, WEB, TELLER, NODE)


def plan(*names, namespaces=None, **more):
    return ReadPlan(kinds_of(names), namespaces, **more)


def read(source, wanted, previous=None, **more):
    return read_inventory(source, wanted, Limits(), lambda: NOW, previous, **more)


def states(inventory):
    return {(entry.kind, entry.namespace): entry.state for entry in inventory.coverage.entries}


def names(inventory, kind=Pod):
    return {thing.metadata.name for thing in inventory.all(kind)}


def test_reads_every_kind_of_the_plan_once_in_the_whole_cluster():
    source = StandIn(*EVERYTHING)
    inventory = read(source, ReadPlan(KINDS))
    assert sorted(name for name, _, _ in source.asked) == sorted(kind.name for kind in KINDS)
    assert {namespace for _, namespace, _ in source.asked} == {None}
    assert (inventory.cluster, inventory.observed_at, len(inventory)) == ("stand-in", NOW, 5)


def test_reads_only_the_namespaces_of_the_plan_and_what_stands_in_none():
    source = StandIn(*EVERYTHING)
    inventory = read(source, plan("Pod", "Node", namespaces=("shop",)))
    assert names(inventory) == {"web"}
    assert states(inventory) == {("Pod", "shop"): OK, ("Node", None): OK}
    assert inventory.presence(Pod, "shop", "gone") is Presence.ABSENT
    assert inventory.presence(Pod, "bank", "teller") is Presence.UNKNOWN


def test_what_may_not_be_read_in_the_whole_cluster_is_read_in_each_namespace():
    source = StandIn(*EVERYTHING, failing={("Pod", None): FORBIDDEN, ("Pod", "bank"): FORBIDDEN})
    inventory = read(source, plan("Pod", "Namespace"))
    assert names(inventory) == {"web"}
    assert states(inventory) == {
        ("Namespace", None): OK,
        ("Pod", None): FORBIDDEN,
        ("Pod", "shop"): OK,
        ("Pod", "bank"): FORBIDDEN,
    }
    assert inventory.presence(Pod, "shop", "gone") is Presence.ABSENT
    assert inventory.presence(Pod, "bank", "teller") is Presence.UNKNOWN


def test_namespaces_that_may_not_be_listed_are_known_by_what_stands_in_them():
    config = an_object("ConfigMap", "settings", "bank")
    source = StandIn(TELLER, config, failing={("Pod", None): FORBIDDEN, ("Namespace", None): FORBIDDEN})
    assert names(read(source, plan("Pod", "Namespace", "ConfigMap"))) == {"teller"}


def test_the_namespaces_of_the_plan_are_asked_for_by_name_where_they_may_not_be_listed():
    source = StandIn(*EVERYTHING, failing={("Namespace", None): FORBIDDEN})
    inventory = read(source, plan("Pod", "Namespace", namespaces=("shop",)))
    assert names(inventory, Namespace) == {"shop"}
    assert inventory.presence(Namespace, None, "bank") is Presence.UNKNOWN


def test_a_namespace_that_the_plan_knows_is_tried_where_nothing_may_be_listed():
    source = StandIn(*EVERYTHING, failing={("Pod", None): FORBIDDEN, ("Namespace", None): FORBIDDEN})
    inventory = read(source, plan("Pod", "Namespace", known=("bank",)))
    assert (names(inventory), names(inventory, Namespace)) == ({"teller"}, {"bank"})


def test_what_stands_in_no_namespace_has_no_second_way():
    source = StandIn(*EVERYTHING, failing={("Node", None): FORBIDDEN})
    assert states(read(source, plan("Node", "Namespace"))) == {("Node", None): FORBIDDEN, ("Namespace", None): OK}


def test_a_server_that_fails_is_not_asked_by_namespace():
    source = StandIn(*EVERYTHING, failing={("Pod", None): UNAVAILABLE})
    read(source, plan("Pod", "Namespace"))
    assert len(source.asked) == 2


def test_very_many_namespaces_are_not_all_tried_and_that_is_said():
    many = [an_object("Namespace", f"team-{number}") for number in range(700)]
    source = StandIn(*many, failing={("Pod", None): FORBIDDEN})
    inventory = read(source, plan("Pod", "Namespace"))
    assert len(source.asked) == 602
    (cut,) = [entry for entry in inventory.coverage.entries if entry.state is CoverageState.TRUNCATED]
    assert cut.reason == "100 namespaces were not tried: too many reads"
    assert inventory.presence(Pod, "team-699", "gone") is Presence.UNKNOWN


# --- time ---


def test_no_read_gets_more_time_than_is_left_in_all():
    times = iter([0.0, 15.0])
    source = StandIn(*EVERYTHING)
    read(source, plan("Pod", seconds=20.0), clock=lambda: next(times))
    assert source.asked == [("Pod", None, 5.0)]


def test_when_no_time_is_left_the_rest_is_not_asked_for_and_is_unknown():
    times = iter([0.0, 25.0])
    source = StandIn(*EVERYTHING)
    inventory = read(source, plan("Pod", seconds=20.0), clock=lambda: next(times))
    assert source.asked == []
    assert states(inventory) == {("Pod", None): TIMEOUT}
    assert inventory.presence(Pod, "shop", "web") is Presence.UNKNOWN


# --- keep last good ---


@pytest.mark.parametrize("state", [FORBIDDEN, TIMEOUT, UNAVAILABLE])
def test_what_could_not_be_read_again_is_kept_and_marked(state):
    before = read(StandIn(*EVERYTHING), plan("Pod", "Node"))
    now = read(StandIn(*EVERYTHING, failing={("Pod", None): state}), plan("Pod", "Node"), before)
    assert names(now) == {"web", "teller"}
    assert {entry.kind: entry.stale for entry in now.coverage.entries} == {"Pod": True, "Node": False}
    assert now.presence(Pod, "shop", "web") is Presence.PRESENT
    assert now.presence(Pod, "shop", "gone") is Presence.UNKNOWN


def test_what_was_read_well_replaces_what_was_known():
    before = read(StandIn(*EVERYTHING), plan("Pod"))
    now = read(StandIn(WEB), plan("Pod"), before)
    assert names(now) == {"web"}
    assert not now.coverage.entries[0].stale


def test_an_api_that_is_gone_takes_its_objects_with_it():
    before = read(StandIn(*EVERYTHING), plan("Pod"))
    now = read(StandIn(failing={("Pod", None): CoverageState.MISSING}), plan("Pod"), before)
    assert names(now) == set()


def test_a_part_is_completed_by_what_was_known_and_the_newer_object_counts():
    before = read(StandIn(WEB, TELLER), plan("Pod"))
    newer = msgspec.structs.replace(WEB, metadata=msgspec.structs.replace(WEB.metadata, resource_version="99"))
    now = read(StandIn(newer, failing={("Pod", None): CoverageState.PARTIAL}), plan("Pod"), before)
    assert names(now) == {"web", "teller"}
    assert now.find(Pod, "shop", "web").metadata.resource_version == "99"


def test_a_namespace_that_was_read_well_is_not_filled_from_the_past():
    before = read(StandIn(*EVERYTHING), plan("Pod", "Namespace"))
    failing = {("Pod", None): FORBIDDEN, ("Pod", "bank"): TIMEOUT}
    now = read(StandIn(SHOP, BANK, failing=failing), plan("Pod", "Namespace"), before)
    assert names(now) == {"teller"}
    stale = {entry.namespace for entry in now.coverage.entries if entry.stale}
    assert stale == {None, "bank"}


def test_without_earlier_objects_nothing_is_stale():
    before = read(StandIn(), plan("Node"))
    now = read(StandIn(NODE, failing={("Node", None): TIMEOUT}), plan("Node"), before)
    assert names(now, Node) == set()
    assert not now.coverage.entries[0].stale


# --- the collector ---


def test_the_collector_rests_while_it_reads_and_runs_again_after():
    seen = []

    class Watching(StandIn):
        def read_kind(self, kind, namespace, limits):
            seen.append(gc.isenabled())
            return super().read_kind(kind, namespace, limits)

    read(Watching(), plan("Pod"))
    assert seen == [False]
    assert gc.isenabled()


def test_the_collector_runs_again_after_an_error():
    with pytest.raises(KeyError), quiet_gc():
        raise KeyError
    assert gc.isenabled()


def test_blocks_may_overlap_in_any_order():
    first, second = quiet_gc(), quiet_gc()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    second.__exit__(None, None, None)
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with quiet_gc():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_several_kinds_are_read_at_a_time():
    together = Barrier(2, timeout=10)

    class Meeting(StandIn):
        def read_kind(self, kind, namespace, limits):
            together.wait()
            return super().read_kind(kind, namespace, limits)

    assert len(read(Meeting(*EVERYTHING), plan("Pod", "Node"))) == 3
