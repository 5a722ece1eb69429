"""What is listed of each cluster, and how little is asked of one that does not answer."""

from datetime import timedelta

import pytest

from services.graph.domain.reading.coverage import CoverageEntry, CoverageState
from services.graph.handlers.take_inventory import ASKED_ABOUT, MOST_CLUSTERS, take_inventory
from services.graph.ports import Discovery, KindRead
from shared.errors import AppError
from tests.support.clock import FixedClock
from tests.support.cluster import an_object
from tests.support.memory_cluster import MemoryCluster

FORBIDDEN, TIMEOUT, UNAVAILABLE = CoverageState.FORBIDDEN, CoverageState.TIMEOUT, CoverageState.UNAVAILABLE
_SHOP = (an_object("Namespace", "shop"), an_object("Deployment", "checkout", "shop"))


class Failing(MemoryCluster):
    """Fails each list with ``state``, but those of ``well``; each takes ``seconds`` of the clock."""

    def __init__(self, state, *, well=(), problem="", clock=None, seconds=0.0):
        super().__init__(_SHOP)
        self._state, self._well, self._problem = state, well, problem
        self._clock, self._seconds = clock, seconds

    def discover(self):
        return Discovery(problem=self._problem)

    def read_kind(self, kind, namespace, limits):
        if self._clock is not None:
            self._clock.advance(self._seconds)
        whole = super().read_kind(kind, namespace, limits)
        if kind.name in self._well:
            return whole
        return KindRead(
            (), CoverageEntry(kind=kind.name, verb="list", state=self._state, reason=f"it is {self._state}")
        )


class Book:
    """Clusters by name; ``problem``: not all names can be known."""

    def __init__(self, problem="", **clusters):
        self._problem, self._clusters = problem, clusters

    def names(self):
        if self._problem:
            raise AppError(self._problem)
        return sorted(self._clusters)

    def snapshots(self):
        return sorted(self._clusters)

    def open(self, name):
        if self._clusters[name] is None:
            raise AppError("it cannot be opened")
        return self._clusters[name]


class Told:
    """Keeps nothing of what it is told."""

    def tell(self, share, note):
        """Nobody asks."""


def taken(clock=None, **clusters):
    """Return what is listed of ``clusters``, by context."""
    return {one.context: one for one in take_inventory(Book(**clusters), clock or FixedClock(), Told()).clusters}


def test_what_there_is_stands_by_namespace_and_kind():
    prod = taken(prod=MemoryCluster(_SHOP))["prod"]

    assert (prod.problem, prod.unread, prod.namespaces) == ("", {}, ("shop",))
    assert [(one.kind, one.namespace, one.names) for one in prod.objects] == [("Deployment", "shop", ("checkout",))]


def test_a_cluster_that_cannot_be_opened_says_why_and_the_others_are_listed():
    found = taken(lab=None, prod=MemoryCluster(_SHOP))

    assert (found["lab"].problem, found["prod"].problem) == ("it cannot be opened", "")


@pytest.mark.parametrize("state", [TIMEOUT, UNAVAILABLE])
def test_a_cluster_that_does_not_even_say_what_it_serves_is_asked_for_one_list(state):
    lab = Failing(state, problem="nobody listens")

    assert taken(lab=lab)["lab"].problem == f"it is {state}"
    assert len(lab.asked) == 1


def test_a_cluster_whose_lists_all_fail_is_asked_for_a_few():
    lab = Failing(UNAVAILABLE)

    assert taken(lab=lab)["lab"].problem == "it is unavailable"
    assert len(lab.asked) == 3


@pytest.mark.parametrize("problem", ["", "the account may not ask what the server serves"])
def test_a_cluster_that_forbids_its_lists_answers(problem):
    lab = taken(lab=Failing(FORBIDDEN, problem=problem))["lab"]

    assert lab.problem == ""
    assert lab.unread.keys() == {*ASKED_ABOUT, "Namespace"}


def test_one_list_that_works_is_enough_for_a_cluster_to_be_listed():
    lab = taken(lab=Failing(TIMEOUT, well=("Deployment",)))["lab"]

    assert lab.problem == ""
    assert lab.unread.keys() == {*ASKED_ABOUT, "Namespace"} - {"Deployment"}
    assert [one.kind for one in lab.objects] == ["Deployment"]


def test_what_comes_after_slow_ones_is_skipped_and_not_said_to_fail():
    clock = FixedClock()
    slow = {f"slow{index}": Failing(TIMEOUT, problem="late", clock=clock, seconds=21.0) for index in range(3)}
    last = MemoryCluster(_SHOP)
    found = taken(clock, **slow, world=last)

    assert [found[name].problem for name in slow] == ["it is timeout"] * 3
    assert [one.context for one in found.values() if one.is_skipped] == ["world"]
    assert (bool(found["world"].problem), last.asked) == (True, [])


def test_contexts_beyond_the_most_are_named_and_skipped():
    found = taken(**{f"c{index:02}": MemoryCluster(()) for index in range(MOST_CLUSTERS + 1)})

    assert [one.context for one in found.values() if one.is_skipped] == [f"c{MOST_CLUSTERS}"]


def test_contexts_that_cannot_be_known_leave_those_that_need_nothing():
    names = take_inventory(Book("the kubeconfig cannot be read", demo=MemoryCluster(_SHOP)), FixedClock(), Told())

    assert names.problem == "the kubeconfig cannot be read"
    assert [one.context for one in names.clusters] == ["demo"]


def test_a_cluster_that_answers_one_list_and_hangs_at_the_others_leaves_time_to_report_the_rest():
    clock = FixedClock()
    began = clock.now()
    slow = Failing(TIMEOUT, well=("Pod",), clock=clock, seconds=10.0)
    found = taken(clock, lab=slow, prod=MemoryCluster(_SHOP))

    assert clock.now() - began < timedelta(seconds=80)
    assert (found["lab"].problem, found["lab"].unread.keys()) == ("", {*ASKED_ABOUT, "Namespace"} - {"Pod"})
    assert found["prod"].is_skipped


def test_a_silent_cluster_that_is_begun_late_is_asked_for_no_more_than_there_is_time_for():
    clock = FixedClock()
    slow = {f"a{index}": Failing(TIMEOUT, problem="late", clock=clock, seconds=29.0) for index in range(2)}
    last = Failing(TIMEOUT, clock=clock, seconds=10.0)

    assert taken(clock, **slow, b=last)["b"].problem == "it is timeout"
    assert len(last.asked) == 1
