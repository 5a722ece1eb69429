from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.handlers.gather import Want, gather, wants_of_everything, wants_of_namespaces
from services.graph.ports import Limits
from tests.support.cluster import NOW, an_object
from tests.support.degraded import DegradedCluster
from tests.support.memory_cluster import MemoryCluster

POD = an_object("Pod", "p")


class Counted(DegradedCluster):
    """Counts what it was asked."""

    asked = 0

    def read_kind(self, kind, namespace, limits):
        self.asked += 1
        return super().read_kind(kind, namespace, limits)


def test_every_kind_is_wanted_for_a_namespace_and_for_a_cluster():
    for wants in (wants_of_namespaces(["shop"]), wants_of_everything()):
        assert [want.kind.name for want in wants] == [kind.name for kind in KINDS]


def test_a_list_of_the_cluster_that_is_cut_is_read_again_where_it_matters():
    source = DegradedCluster(MemoryCluster([POD]), CoverageState.TRUNCATED, only_cluster_wide=True)

    inventory = gather(source, [Want(get_kind("Pod"), None, ("shop",))], Limits(), NOW)

    assert inventory.coverage.state("Pod", "shop") is CoverageState.OK
    assert inventory.coverage.state("Pod", "other") is CoverageState.TRUNCATED
    assert len(inventory) == 1


def test_an_object_that_was_read_before_is_kept_once():
    inventory = gather(MemoryCluster([POD]), [Want(get_kind("Pod"))], Limits(), NOW, also=[POD])

    assert len(inventory) == 1


def test_events_of_one_name_are_all_kept():
    events = [an_object("Event", "e", reason=reason) for reason in ("A", "B")]

    assert len(gather(MemoryCluster(events), [Want(get_kind("Event"))], Limits(), NOW)) == 2


def test_a_server_that_answers_nothing_is_not_asked_for_everything():
    source = Counted(MemoryCluster([POD]), CoverageState.TIMEOUT)

    inventory = gather(source, wants_of_everything(), Limits(), NOW)

    assert source.asked < len(KINDS) / 2
    assert len(inventory.coverage.gaps()) == len(KINDS)


def test_a_server_that_refuses_everything_answers():
    source = Counted(MemoryCluster([POD]), CoverageState.FORBIDDEN)

    assert gather(source, wants_of_everything(), Limits(), NOW).coverage.state("Pod", None) is CoverageState.FORBIDDEN
    assert source.asked == len(KINDS)


def test_a_source_that_raises_costs_one_list():
    class Raises(MemoryCluster):
        def read_kind(self, kind, namespace, limits):
            if kind.name == "Node":
                raise OSError("gone")
            return super().read_kind(kind, namespace, limits)

    inventory = gather(Raises([POD]), wants_of_everything(), Limits(), NOW)

    assert [gap.kind for gap in inventory.coverage.gaps()] == ["Node"]
