"""What only some changes meet: what is new, what others own, what cannot be seen, and what makes no sense."""

import pytest

from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from shared.contracts.action import (
    ApprovedChange,
    ExecutionState,
    ExpectationCheck,
    KubernetesVerb,
    NoPreviewReason,
    VerdictState,
)
from tests.support.kube_changes import CHANGES, NEW, a_payload, copy_of
from tests.support.kube_rights import Rights, Rule, no_rights
from tests.support.kube_small_cluster import SHOP, WIDGETS, item_of

S = ExecutionState
V = KubernetesVerb


def test_autoscalers_that_may_not_be_read_cost_only_a_warning(kube, doing):
    rights = Rights((Rule(("get", "patch"), ("apps",), ("deployments", "deployments/scale"), SHOP),))
    for account in kube.accounts.values():
        account.rights = rights

    approved = doing.approve(CHANGES["scale"].payload)

    assert "could not be read" in preview(approved.payload, doing.client).warnings[0]
    assert doing.execute(approved).state is S.SUCCEEDED


def test_what_is_new_is_made_and_can_be_deleted_again(kube, doing):
    outcome = doing.execute(doing.approve(NEW.payload))

    assert outcome.state is S.SUCCEEDED
    assert NEW.effect(copy_of(kube.world, NEW)) == NEW.value
    assert doing.execute(doing.approve(outcome.rollback)).state is S.SUCCEEDED
    assert copy_of(kube.world, NEW) is None


def test_what_somebody_else_makes_meanwhile_is_not_merged_into(kube, doing):
    approved = doing.approve(NEW.payload)

    def make(seen):
        kube.before_write = None
        kube.world.add("ConfigMap", "fresh", "shop", data={"mode": "theirs"})

    kube.before_write = make

    assert doing.execute(approved).state is S.STALE
    assert copy_of(kube.world, NEW)["data"] == {"mode": "theirs"}


def test_fields_that_others_manage_are_not_taken_from_them(kube, doing):
    change = CHANGES["apply"]
    kube.foreign = {".data.mode"}

    shown = preview(change.payload, doing.client)

    assert shown.no_preview.reason is NoPreviewReason.CONFLICT
    assert ".data.mode" in shown.no_preview.words
    outcome = doing.execute(ApprovedChange(payload=change.payload, target_digest=shown.target_digest))
    assert (outcome.state, outcome.code) == (S.FAILED, "fields_owned")
    assert len(kube.sent()) == 1


def test_secrets_are_in_no_outcome(kube, doing):
    for change in CHANGES.values():
        shown = preview(change.payload, doing.client)
        assert "hunter2" not in repr(shown), change.payload.verb


@pytest.mark.parametrize("name", ["cordon", "suspend", "pause", "delete-pod", "delete"])
def test_what_should_come_true_is_seen_at_once(kube, doing, name):
    outcome = doing.execute(doing.approve(CHANGES[name].payload))

    assert verify(outcome.expectation, doing.client).state is VerdictState.HOLDS


def test_a_rollout_is_followed_to_its_end(kube, doing):
    outcome = doing.execute(doing.approve(CHANGES["restart"].payload))
    expectation = outcome.expectation
    assert expectation.check is ExpectationCheck.ROLLOUT
    assert verify(expectation, doing.client).state is VerdictState.NOT_YET

    kube.touch(
        item_of(kube.world, "Deployment", "checkout"),
        observedGeneration=5,
        replicas=3,
        updatedReplicas=3,
        availableReplicas=3,
    )

    assert verify(expectation, doing.client).state is VerdictState.HOLDS


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        pytest.param(a_payload(V.SCALE, "deployments.example.org", "x", replicas=1), "payload.kind", id="no-kind"),
        pytest.param(a_payload(V.DELETE, "ClusterRole", "x"), "payload.namespace", id="has-no-namespace"),
        pytest.param(
            a_payload(V.PATCH, "Widget.example.org", "w", patch={"a": 1}, patchType="strategic"),
            "payload.parameters.patchType",
            id="custom-strategic",
        ),
        pytest.param(a_payload(V.RESTART, "Deployment", "checkout"), "payload.parameters.restartedAt", id="not-frozen"),
    ],
)
def test_what_makes_no_sense_is_named_and_not_tried(kube, doing, payload, place):
    meta = {"name": "w", "namespace": SHOP, "uid": "u", "resourceVersion": "1"}
    kube.world.lists[WIDGETS].append({"metadata": meta})

    shown = preview(payload, doing.client)
    outcome = doing.execute(ApprovedChange(payload=payload, target_digest=shown.target_digest or ""))

    assert shown.no_preview.reason is NoPreviewReason.NOT_POSSIBLE
    assert list(shown.no_preview.problems) == [place]
    assert outcome.state is S.FAILED
    assert kube.writes == []


def test_a_custom_object_is_patched_as_a_merge(kube, doing):
    meta = {"name": "w", "namespace": SHOP, "uid": "u", "resourceVersion": "1"}
    kube.world.lists[WIDGETS].append({"metadata": meta, "spec": {"list": [{"name": "a"}]}})
    payload = a_payload(V.PATCH, "widgets.example.org", "w", patch={"spec": {"list": [{"name": "b"}]}})

    assert doing.execute(doing.approve(payload)).state is S.SUCCEEDED
    assert kube.world.lists[WIDGETS][0]["spec"] == {"list": [{"name": "b"}]}


def test_a_look_that_is_not_allowed_says_nothing_of_what_was_to_be_seen(kube, doing):
    outcome = doing.execute(doing.approve(CHANGES["pause"].payload))
    for account in kube.accounts.values():
        account.rights = no_rights()

    verdict = verify(outcome.expectation, doing.client)

    assert verdict.state is VerdictState.NOT_SEEN
    assert "may not get deployments.apps" in verdict.words


def test_long_fields_are_not_repeated_in_a_preview(kube, doing):
    item_of(kube.world, "ConfigMap", "settings")["data"]["mode"] = "x" * 5_000

    shown = preview(CHANGES["patch-merge"].payload, doing.client)

    assert "not shown" in shown.fields["data.mode"]
