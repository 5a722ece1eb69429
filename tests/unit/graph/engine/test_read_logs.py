import pytest

from services.graph.domain.reading.coverage import CoverageState
from services.graph.handlers.read_logs import read_logs
from services.graph.ports import Limits, LogRead, LogState
from tests.support.cluster import an_inventory, an_object
from tests.support.memory_cluster import MemoryCluster

ENDED = {"terminated": {"exitCode": 1}}


class Asked(MemoryCluster):
    """Remembers which logs it was asked for, and answers each with ``state``."""

    def __init__(self, state=LogState.OK):
        super().__init__([])
        self.logs, self._state = [], state

    def read_log(self, namespace, pod, container, *, previous, limits):
        self.logs.append((pod, container, previous))
        return LogRead(self._state, ("a line",) if self._state is LogState.OK else (), "why")


def _pod(name, *statuses, owner=None, **status):
    meta = (
        {"ownerReferences": [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}]} if owner else {}
    )
    status = {"phase": "Running", "containerStatuses": list(statuses), **status}
    return an_object("Pod", name, metadata=meta, spec={"nodeName": "n1"}, status=status)


def _status(name="app", **fields):
    return {"name": name, "ready": False, **fields}


def _read(*pods, source=None, most=20):
    source = source or Asked()
    logs, entries = read_logs(source, an_inventory(*pods), pods, Limits(), most)
    return source.logs, logs, entries


def test_a_container_that_restarts_is_read_now_and_as_it_was_before():
    pod = _pod("p", _status(restartCount=3, state={"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ENDED))
    asked, logs, _ = _read(pod)

    assert sorted(asked) == [("p", "app", False), ("p", "app", True)]
    assert logs.lines(pod.ref, "app", previous=True) == ("a line",)
    assert len(logs) == 2


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ContainerCreating", "CreateContainerConfigError"])
def test_a_container_that_never_started_has_no_log_to_ask_for(reason):
    assert _read(_pod("p", _status(state={"waiting": {"reason": reason}})))[0] == []


@pytest.mark.parametrize(
    "pod",
    [
        _pod("fine", {"name": "app", "ready": True, "state": {"running": {}}}),
        _pod("done", _status(state={"terminated": {"exitCode": 0}}), phase="Succeeded"),
        _pod("ended well", _status(state={"terminated": {"exitCode": 0}})),
        _pod("evicted", _status(state=ENDED), phase="Failed", reason="Evicted"),
    ],
)
def test_what_runs_or_ended_well_is_not_read(pod):
    assert _read(pod)[0] == []


def test_two_pods_of_a_workload_are_enough_and_all_of_them_bounded():
    pods = [_pod(f"p{n}", _status(state=ENDED), owner="rs") for n in range(5)]
    assert len(_read(*pods)[0]) == 2

    alone = [_pod(f"p{n}", _status(state=ENDED)) for n in range(50)]
    assert len(_read(*alone, most=7)[0]) == 7


def test_who_may_not_read_logs_is_asked_once_a_namespace_and_told_the_right():
    pods = [_pod(f"p{n}", _status(state=ENDED)) for n in range(5)]
    asked, logs, entries = _read(*pods, source=Asked(LogState.FORBIDDEN))

    assert len(asked) == 1
    assert len(logs) == 0
    assert entries[0].state is CoverageState.FORBIDDEN
    assert entries[0].grant.resources == ("pods/log",)


def test_a_node_that_does_not_answer_is_a_gap_without_a_right_that_would_mend_it():
    _, _, entries = _read(_pod("p", _status(state=ENDED)), source=Asked(LogState.UNAVAILABLE))

    assert [(one.state, one.grant) for one in entries] == [(CoverageState.UNAVAILABLE, None)]


def test_a_source_that_raises_costs_its_log():
    class Raises(Asked):
        def read_log(self, *given, **named):
            raise OSError("gone")

    assert _read(_pod("p", _status(state=ENDED)), source=Raises())[2][0].state is CoverageState.UNAVAILABLE


def _caller(name, account="robot", owner=None, **spec):
    meta = (
        {"ownerReferences": [{"kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}]} if owner else {}
    )
    status = {"phase": "Running", "containerStatuses": [{"name": "app", "ready": True, "state": {"running": {}}}]}
    spec = {"nodeName": "n1", "serviceAccountName": account, **spec}
    return an_object("Pod", name, metadata=meta, spec=spec, status=status)


def test_what_runs_well_under_an_account_of_its_own_is_read_once_a_workload():
    pods = [_caller("a-1", owner="a"), _caller("a-2", owner="a"), _caller("b"), _pod("sick", _status(state=ENDED))]

    assert sorted(_read(*pods)[0]) == [("a-1", "app", False), ("b", "app", False), ("sick", "app", False)]


@pytest.mark.parametrize(
    "pod", [_caller("p", "default"), _caller("p", automountServiceAccountToken=False), _caller("p", nodeName=None)]
)
def test_what_cannot_be_refused_by_the_api_is_not_read(pod):
    assert _read(pod)[0] == []


def test_callers_are_few_and_take_no_place_of_what_fails():
    callers = [_caller(f"c{n}") for n in range(20)]
    sick = [_pod(f"s{n}", _status(state=ENDED)) for n in range(5)]

    assert len(_read(*callers)[0]) == 6
    assert sorted(pod for pod, *_ in _read(*callers, *sick, most=5)[0]) == ["s0", "s1", "s2", "s3", "s4"]


def test_that_a_callers_log_may_not_be_read_is_no_gap():
    assert _read(_caller("p"), source=Asked(LogState.FORBIDDEN))[2] == []
