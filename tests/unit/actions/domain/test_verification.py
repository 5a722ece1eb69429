"""One look: it holds, not yet, or it cannot any more."""

import pytest

from services.actions.domain.kinds import CRON_JOB, DAEMON_SET, DEPLOYMENT, NODE, POD, SERVICE, STATEFUL_SET
from services.actions.domain.objects import KubeObject
from services.actions.domain.verification import judge
from shared.contracts.action import Expectation, ExpectationCheck, VerdictState

C = ExpectationCheck
HOLDS, NOT_YET, CANNOT = VerdictState.HOLDS, VerdictState.NOT_YET, VerdictState.CANNOT_HOLD


def expectation(check, **fields):
    return Expectation(check=check, context="c", kind="K", name="n", uid="u", **fields)


def an_object(spec=None, status=None, **meta):
    return KubeObject({"metadata": {"name": "n", "uid": "u", **meta}, "spec": spec or {}, "status": status or {}})


def rolled(**changed):
    status = {"observedGeneration": 5, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3} | changed
    return an_object({"replicas": 3}, status, generation=5)


LATE = {"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]}


def stateful(spec=None, **status):
    given = {"observedGeneration": 5, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3}
    return an_object({"replicas": 3, **(spec or {})}, given | status, generation=5)


def daemon(spec=None, **status):
    given = {"observedGeneration": 5, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 2}
    return an_object(spec, given | status, generation=5)


ROLLOUTS = {
    "all is new": (DEPLOYMENT, rolled(), HOLDS),
    "not seen": (DEPLOYMENT, rolled(observedGeneration=4), NOT_YET),
    "not seen of an older look": (DEPLOYMENT, an_object({}, {"observedGeneration": 4}, generation=4), NOT_YET),
    "some old": (DEPLOYMENT, rolled(updatedReplicas=2), NOT_YET),
    "old ones end": (DEPLOYMENT, rolled(replicas=4), NOT_YET),
    "not available": (DEPLOYMENT, rolled(availableReplicas=2), NOT_YET),
    "late": (DEPLOYMENT, rolled(updatedReplicas=2, **LATE), CANNOT),
    "paused": (DEPLOYMENT, an_object({"paused": True}, {"observedGeneration": 5}), CANNOT),
    "scaled to nothing": (DEPLOYMENT, an_object({"replicas": 0}, {"observedGeneration": 5}), HOLDS),
    "stateful new": (STATEFUL_SET, stateful(), HOLDS),
    "stateful old": (STATEFUL_SET, stateful(updatedReplicas=1, updateRevision="b", currentRevision="a"), NOT_YET),
    "stateful all new and counted anew": (
        STATEFUL_SET,
        stateful(updatedReplicas=0, updateRevision="b", currentRevision="b"),
        HOLDS,
    ),
    "stateful not ready": (STATEFUL_SET, stateful(readyReplicas=2), NOT_YET),
    "stateful partition": (
        STATEFUL_SET,
        stateful(
            {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
            updatedReplicas=1,
            updateRevision="b",
            currentRevision="a",
        ),
        HOLDS,
    ),
    "stateful on delete": (STATEFUL_SET, stateful({"updateStrategy": {"type": "OnDelete"}}), CANNOT),
    "daemon new": (DAEMON_SET, daemon(), HOLDS),
    "daemon old": (DAEMON_SET, daemon(updatedNumberScheduled=1), NOT_YET),
    "daemon not available": (DAEMON_SET, daemon(numberAvailable=1), NOT_YET),
    "daemon on delete": (DAEMON_SET, daemon({"updateStrategy": {"type": "OnDelete"}}), CANNOT),
    "of no workload": (CRON_JOB, an_object({}, {"observedGeneration": 5}), CANNOT),
    "gone": (DEPLOYMENT, KubeObject(), CANNOT),
    "another": (DEPLOYMENT, KubeObject({**rolled().raw, "metadata": {"uid": "other"}}), CANNOT),
}


@pytest.mark.parametrize(("kind", "seen", "state"), ROLLOUTS.values(), ids=ROLLOUTS.keys())
def test_a_rollout(kind, seen, state):
    assert judge(expectation(C.ROLLOUT, generation=5), kind, seen).state is state


def scaled(spec, **status):
    return an_object({"replicas": spec}, {"observedGeneration": 5, "replicas": 6, "readyReplicas": 6} | status)


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        pytest.param(scaled(6), HOLDS, id="reached"),
        pytest.param(scaled(6, readyReplicas=5), NOT_YET, id="not-ready"),
        pytest.param(scaled(6, replicas=7), NOT_YET, id="too-many"),
        pytest.param(scaled(4), CANNOT, id="scaled-since"),
        pytest.param(an_object({"replicas": 6}, {"observedGeneration": 5}, generation=6), NOT_YET, id="not-seen"),
    ],
)
def test_replicas(seen, state):
    assert judge(expectation(C.REPLICAS, value=6), DEPLOYMENT, seen).state is state


@pytest.mark.parametrize(
    ("wanted", "spec", "state"),
    [
        (True, {"unschedulable": True}, HOLDS),
        (True, {}, CANNOT),
        (None, {}, HOLDS),
        (None, {"unschedulable": False}, HOLDS),
        (None, {"unschedulable": True}, CANNOT),
        (False, {}, HOLDS),
    ],
)
def test_a_field(wanted, spec, state):
    found = judge(expectation(C.FIELD, field="spec.unschedulable", value=wanted, words="w"), NODE, an_object(spec))

    assert found.state is state


@pytest.mark.parametrize(
    ("seen", "state", "words"),
    [
        pytest.param(KubeObject(), HOLDS, "gone", id="gone"),
        pytest.param(KubeObject({"metadata": {"uid": "other"}}), HOLDS, "gone", id="another"),
        pytest.param(an_object(), NOT_YET, "not ending", id="there"),
        pytest.param(an_object(deletionTimestamp="t"), NOT_YET, "ending", id="ending"),
        pytest.param(an_object(deletionTimestamp="t", finalizers=["x/y"]), NOT_YET, "x/y", id="finalizers"),
    ],
)
def test_gone(seen, state, words):
    found = judge(expectation(C.GONE), POD, seen)

    assert found.state is state
    assert words in found.words


def a_pod(name, owner="ReplicaSet", phase="Running", **meta):
    owners = [{"kind": owner, "name": "o", "uid": "x", "controller": True}] if owner else []
    meta |= {"name": name, "namespace": "shop", "uid": name, "ownerReferences": owners}
    return KubeObject({"metadata": meta, "spec": {}, "status": {"phase": phase}})


@pytest.mark.parametrize(
    ("spec", "pods", "state"),
    [
        pytest.param({"unschedulable": True}, [], HOLDS, id="empty"),
        pytest.param({"unschedulable": True}, [a_pod("a", "DaemonSet"), a_pod("b", phase="Failed")], HOLDS, id="stay"),
        pytest.param({"unschedulable": True}, [a_pod("a")], NOT_YET, id="left"),
        pytest.param({"unschedulable": True}, [a_pod("a", deletionTimestamp="t")], NOT_YET, id="ending"),
        pytest.param({"unschedulable": True}, [a_pod("a", None)], NOT_YET, id="unmanaged"),
        pytest.param({}, [], CANNOT, id="uncordoned"),
    ],
)
def test_drained(spec, pods, state):
    assert judge(expectation(C.DRAINED), NODE, an_object(spec), pods).state is state


@pytest.mark.parametrize(
    ("endpoints", "state"),
    [
        pytest.param([], NOT_YET, id="none"),
        pytest.param([{"conditions": {"ready": False}}], NOT_YET, id="not-ready"),
        pytest.param([{"conditions": {"ready": False}}, {"conditions": {"ready": True}}], HOLDS, id="one-ready"),
        pytest.param([{}], HOLDS, id="not-said"),
    ],
)
def test_endpoints(endpoints, state):
    seen = an_object({"selector": {"app": "a"}})

    assert judge(expectation(C.ENDPOINTS), SERVICE, seen, [KubeObject({"endpoints": endpoints})]).state is state
