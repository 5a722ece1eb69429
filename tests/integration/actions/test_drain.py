"""A drain over HTTP: cordon first, pods one by one, budgets waited for, and the truth about what was done."""

import pytest

from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from shared.contracts.action import ExecutionState, KubernetesVerb, NoPreviewReason, VerdictState
from tests.support.kube_changes import a_payload
from tests.support.kube_rights import Rights, Rule
from tests.support.kube_small_cluster import SHOP, add_pod, item_of
from tests.support.kube_world import Place
from tests.support.kube_write_faults import WriteFault, WriteFaultKind

F = WriteFaultKind
S = ExecutionState
V = KubernetesVerb
OWNER = {"kind": "ReplicaSet", "name": "checkout-h2", "uid": "uid-rs", "controller": True}
POD = Place("", "v1", "pods")
DRAIN = a_payload(V.DRAIN, "Node", "n1")


def add_budget(kube, allowed):
    return kube.world.add(
        "PodDisruptionBudget",
        "checkout",
        SHOP,
        spec={"selector": {"matchLabels": {"app": "checkout"}}},
        status={"disruptionsAllowed": allowed},
    )


def pods_of(kube):
    return sorted(one["metadata"]["name"] for one in kube.world.lists[POD])


def evictions(kube):
    return [one.path.split("/")[-2] for one in kube.applied() if one.path.endswith("/eviction")]


def test_it_cordons_then_evicts_all_but_the_pods_of_daemon_sets(kube, doing):
    outcome = doing.execute(doing.approve(DRAIN))

    assert outcome.state is S.SUCCEEDED
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1", "evict shop/checkout-2")
    assert kube.applied()[0].path == "/api/v1/nodes/n1"
    assert evictions(kube) == ["checkout-1", "checkout-2"]
    assert pods_of(kube) == ["agent-1"]
    assert verify(outcome.expectation, doing.client).state is VerdictState.HOLDS


def test_the_preview_names_the_pods_and_what_a_budget_says_now(kube, doing):
    add_budget(kube, 0)

    shown = preview(DRAIN, doing.client)

    assert "evicts shop/checkout-1 of ReplicaSet checkout-h2" in shown.warnings
    assert "leaves 1 pods of DaemonSets, static pods and pods that have ended" in shown.warnings
    assert sum("PodDisruptionBudget" in one for one in shown.warnings) == 2
    assert "+  unschedulable: true" in shown.diff
    assert kube.applied() == []


def test_a_pod_that_changes_during_the_preview_does_not_spoil_it(kube, doing):
    def churn(seen):
        if "checkout-1" in seen.path:
            kube.touch(item_of(kube.world, "Pod", "checkout-1"), churn=len(kube.writes))

    kube.before_write = churn

    assert preview(DRAIN, doing.client).no_preview is None


@pytest.mark.parametrize(
    ("owner", "fields", "flag"),
    [
        pytest.param(None, {}, "force", id="unmanaged"),
        pytest.param(OWNER, {"volumes": [{"name": "v", "emptyDir": {}}]}, "deleteEmptyDirData", id="empty-dir"),
    ],
)
def test_what_would_be_lost_is_refused_unless_it_is_said(kube, doing, owner, fields, flag):
    add_pod(kube.world, "lonely-1", owner, **fields)

    shown = preview(DRAIN, doing.client)
    assert shown.no_preview.reason is NoPreviewReason.NOT_POSSIBLE
    assert list(shown.no_preview.problems) == [f"payload.parameters.{flag}"]

    outcome = doing.execute(doing.approve(a_payload(V.DRAIN, "Node", "n1", **{flag: True})))
    assert outcome.state is S.SUCCEEDED
    assert evictions(kube) == ["checkout-1", "checkout-2", "lonely-1"]


def test_static_pods_and_pods_that_have_ended_stay(kube, doing):
    add_pod(kube.world, "static-1", None)["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    add_pod(kube.world, "ended-1", OWNER)["status"]["phase"] = "Succeeded"

    assert doing.execute(doing.approve(DRAIN)).state is S.SUCCEEDED
    assert pods_of(kube) == ["agent-1", "ended-1", "static-1"]


def test_a_budget_is_waited_for_and_others_go_on_meanwhile(kube, doing, time):
    budget = add_budget(kube, 1)
    add_pod(kube.world, "zebra-1", OWNER)

    def heal():
        # Another pod has become ready elsewhere.
        if time.now > 5:
            budget["status"]["disruptionsAllowed"] = 1

    time.on_pause = heal

    outcome = doing.execute(doing.approve(DRAIN))

    assert outcome.state is S.SUCCEEDED
    assert evictions(kube) == ["checkout-1", "zebra-1", "checkout-2"]
    assert 5 < time.now < 30


def test_a_budget_that_never_allows_it_ends_at_the_deadline_with_what_was_done(kube, doing, time):
    add_budget(kube, 1)

    outcome = doing.execute(doing.approve(a_payload(V.DRAIN, "Node", "n1", timeoutSeconds=60)))

    assert (outcome.state, outcome.code) == (S.PARTIAL, "drain_timeout")
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1")
    assert "not evicted: shop/checkout-2" in outcome.words
    assert "disruption budget" in outcome.words
    assert time.now == 60
    # With back-off, not in a row.
    assert len([one for one in kube.sent() if "checkout-2" in one.path]) < 12
    assert outcome.rollback.verb is V.UNCORDON
    assert verify(outcome.expectation, doing.client).state is VerdictState.NOT_YET


def test_cancelling_stops_before_the_next_pod_and_says_how_far_it_got(kube, doing):
    doing.is_cancelled = lambda: len(kube.applied()) == 2

    outcome = doing.execute(doing.approve(DRAIN))

    assert outcome.state is S.CANCELLED
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1")
    assert "1 of 2 pods evicted" in outcome.words
    assert pods_of(kube) == ["agent-1", "checkout-2"]


def test_cancelling_is_heard_while_a_budget_is_waited_for(kube, doing, time):
    add_budget(kube, 0)
    doing.is_cancelled = lambda: time.now > 20

    assert doing.execute(doing.approve(DRAIN)).state is S.CANCELLED
    assert time.now < 23


def test_a_worker_that_is_told_to_stop_says_how_far_it_got(kube, doing, time):
    add_budget(kube, 1)
    time.is_ending = lambda: time.now > 20

    outcome = doing.execute(doing.approve(DRAIN))

    assert (outcome.state, outcome.code) == (S.PARTIAL, "worker_stopped")
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1")
    assert "the worker was stopped: cordoned, and 1 of 2 pods evicted; not evicted: shop/checkout-2" in outcome.words
    assert outcome.rollback.verb is V.UNCORDON
    assert time.now < 23


def test_a_worker_that_dies_leaves_what_was_done_and_which_pod_is_in_doubt(kube, doing):
    approved = doing.approve(DRAIN)

    class Died(BaseException):
        """The worker's process ends here."""

    told = doing.told
    original = doing.client.write

    def write(request, *, dry_run):
        answer = original(request, dry_run=dry_run)
        if "checkout-2" in request.path:
            raise Died
        return answer

    doing.client.write = write
    with pytest.raises(Died):
        doing.execute(approved)

    assert told[-1].done == ("cordon Node n1", "evict shop/checkout-1")
    assert told[-1].doing == "evict shop/checkout-2"
    assert told[-1].total == 3


@pytest.mark.parametrize("fault", [F.CUT_BEFORE, F.CUT_AFTER, F.ERROR])
def test_an_eviction_that_is_cut_off_ends_it_as_unknown(kube, doing, fault):
    approved = doing.approve(DRAIN)
    kube.write_faults = [WriteFault(fault, path="checkout-2/eviction", dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.UNKNOWN, "cut_off")
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1")
    assert outcome.look == "kubectl --context test -n shop get pods checkout-2 -o yaml --ignore-not-found"
    assert len([one for one in kube.sent() if "checkout-2" in one.path]) == 1


@pytest.mark.parametrize(("fault", "code"), [(F.DENIED, "admission_refused"), (F.INVALID, "invalid")])
def test_an_eviction_that_is_refused_for_good_ends_it_as_partial(kube, doing, fault, code):
    approved = doing.approve(DRAIN)
    kube.write_faults = [WriteFault(fault, path="checkout-2/eviction", dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.PARTIAL, code)
    assert outcome.done == ("cordon Node n1", "evict shop/checkout-1")


def test_a_missing_right_to_evict_shows_in_the_preview(kube, doing):
    for account in kube.accounts.values():
        account.rights = Rights((Rule(("get", "list"), ("*",), ("*",)), Rule(("patch",), ("",), ("nodes",))))

    shown = preview(DRAIN, doing.client)

    assert shown.no_preview.reason is NoPreviewReason.FORBIDDEN
    assert [one.resource for one in shown.no_preview.needs] == ["pods/eviction"]


def test_a_pod_whose_status_changes_is_read_again_and_evicted(kube, doing):
    approved = doing.approve(DRAIN)
    left = [2]

    def churn(seen):
        if "checkout-1" in seen.path and left[0]:
            left[0] -= 1
            kube.touch(item_of(kube.world, "Pod", "checkout-1"), churn=left[0])

    kube.before_write = churn

    assert doing.execute(approved).state is S.SUCCEEDED
    assert evictions(kube) == ["checkout-1", "checkout-2"]


def test_another_pod_of_the_same_name_is_left_alone(kube, doing):
    approved = doing.approve(DRAIN)

    def replace(seen):
        if "checkout-1" in seen.path:
            kube.before_write = None
            found = item_of(kube.world, "Pod", "checkout-1")
            kube.world.lists[POD].remove(found)
            add_pod(kube.world, "checkout-1", OWNER, nodeName="n2")

    kube.before_write = replace

    assert doing.execute(approved).state is S.SUCCEEDED
    assert evictions(kube) == ["checkout-2"]
    assert "checkout-1" in pods_of(kube)


def test_a_pod_that_ends_by_itself_is_done(kube, doing):
    approved = doing.approve(DRAIN)

    def end(seen):
        if "checkout-1" in seen.path:
            kube.world.lists[POD].remove(item_of(kube.world, "Pod", "checkout-1"))

    kube.before_write = end

    assert doing.execute(approved).state is S.SUCCEEDED


def test_a_pod_that_came_before_the_cordon_and_must_not_be_evicted_stops_it(kube, doing):
    approved = doing.approve(DRAIN)

    def arrive(seen):
        if seen.method == "PATCH":
            add_pod(kube.world, "lonely-1", None)

    kube.before_write = arrive

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.PARTIAL, "not_possible")
    assert "shop/lonely-1" in outcome.words
    assert outcome.done == ("cordon Node n1",)


def test_pods_of_the_same_workloads_may_come_and_go_before_it(kube, doing):
    approved = doing.approve(DRAIN)
    kube.world.lists[POD].remove(item_of(kube.world, "Pod", "checkout-1"))
    add_pod(kube.world, "checkout-9", OWNER)

    assert doing.execute(approved).state is S.SUCCEEDED
    assert evictions(kube) == ["checkout-2", "checkout-9"]


def test_a_workload_that_was_not_there_when_it_was_approved_makes_it_stale(kube, doing):
    approved = doing.approve(DRAIN)
    add_pod(kube.world, "orders-1", {"kind": "StatefulSet", "name": "orders", "uid": "u", "controller": True})

    outcome = doing.execute(approved)

    assert outcome.state is S.STALE
    assert kube.sent() == []


def test_pods_that_end_slowly_are_waited_for_by_verification(kube, doing):
    kube.ends_slowly = True

    outcome = doing.execute(doing.approve(DRAIN))

    assert outcome.state is S.SUCCEEDED
    verdict = verify(outcome.expectation, doing.client)
    assert verdict.state is VerdictState.NOT_YET
    assert "2 pods are left" in verdict.words
