"""Each verb over HTTP: done exactly as previewed and approved, and at most once."""

import pytest

from services.actions.domain.diff import make_diff
from services.actions.domain.fields import strip_noise
from services.actions.domain.objects import KubeObject
from services.actions.errors import TargetNotFound
from services.actions.handlers.preview import preview
from shared.contracts.action import (
    ApprovedChange,
    ExecutionState,
    KubernetesVerb,
)
from tests.support.kube_changes import CHANGES, copy_of
from tests.support.kube_small_cluster import item_of

S = ExecutionState
V = KubernetesVerb
EVERY = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


def served(doing, change):
    """Return the object as the server answers with it."""
    kind = doing.client.find_kind(change.payload.kind)
    try:
        return doing.client.read(kind, change.payload.namespace, change.payload.name)
    except TargetNotFound:
        return KubeObject()


def lean(value):
    """Return an object without what is empty: who undoes a change may leave `{}` where nothing was."""
    if isinstance(value, list):
        return [lean(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {key: inner for key, one in value.items() if (inner := lean(one)) not in ({}, None)}


@EVERY
def test_it_is_done_as_it_was_previewed(kube, doing, change):
    before = served(doing, change)
    shown = preview(change.payload, doing.client)
    assert kube.applied() == []
    assert served(doing, change) == before

    outcome = doing.execute(ApprovedChange(payload=change.payload, target_digest=shown.target_digest))

    assert outcome.state is S.SUCCEEDED, outcome
    assert len(kube.applied()) == len(kube.sent()) == change.writes
    after = copy_of(kube.world, change)
    if change.effect is None:
        assert after is None
    else:
        assert change.effect(after) == change.value
    actual, _ = make_diff(before, served(doing, change))
    assert shown.diff == outcome.diff == actual
    assert actual
    assert shown.rollback == outcome.rollback


@EVERY
def test_it_names_our_field_manager_and_what_it_read(kube, doing, change):
    meta = copy_of(kube.world, change)["metadata"]

    doing.execute(doing.approve(change.payload))

    first = kube.sent()[0]
    if first.method == "PATCH":
        assert first.query["fieldManager"] == "faultline"
        version = {"op": "replace", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]}
        is_list = isinstance(first.body, list)
        assert first.body[0] == version if is_list else first.body["metadata"]["resourceVersion"] == version["value"]
    else:
        options = first.body.get("deleteOptions", first.body)
        assert options["preconditions"] == {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}


@EVERY
def test_a_field_that_it_hangs_on_makes_it_stale(kube, doing, change):
    approved = doing.approve(change.payload)
    change.drift(item_of(kube.world, change.payload.kind, change.payload.name))

    outcome = doing.execute(approved)

    assert outcome.state is S.STALE
    assert kube.sent() == []
    assert outcome.preview.target_digest not in {None, approved.target_digest}
    # What is shown now may be approved, and is then done.
    again = ApprovedChange(payload=change.payload, target_digest=outcome.preview.target_digest)
    assert doing.execute(again).state is S.SUCCEEDED


@EVERY
def test_churn_of_status_labels_and_versions_never_makes_it_stale(kube, doing, change):
    approved = doing.approve(change.payload)
    churned = item_of(kube.world, change.payload.kind, change.payload.name)
    churned["metadata"].setdefault("labels", {})["seen"] = "yes"
    churned["metadata"]["managedFields"] = [{"manager": "hpa"}]
    kube.touch(churned, observedGeneration=99)

    assert doing.execute(approved).state is S.SUCCEEDED


@EVERY
@pytest.mark.parametrize("times", [1, 3])
def test_a_version_that_changed_meanwhile_is_read_again(kube, doing, change, times):
    approved = doing.approve(change.payload)
    left = [times]

    def churn(seen):
        if not seen.is_dry and left[0]:
            left[0] -= 1
            kube.touch(item_of(kube.world, change.payload.kind, change.payload.name), churn=left[0])

    kube.before_write = churn

    assert doing.execute(approved).state is S.SUCCEEDED
    assert len(kube.applied()) == change.writes
    assert len(kube.sent()) == change.writes + times


@EVERY
def test_a_field_that_changes_between_reading_and_writing_makes_it_stale(kube, doing, change):
    approved = doing.approve(change.payload)

    def drift(seen):
        if not seen.is_dry:
            kube.before_write = None
            found = item_of(kube.world, change.payload.kind, change.payload.name)
            change.drift(found)
            kube.touch(found)

    kube.before_write = drift

    assert doing.execute(approved).state is S.STALE
    assert kube.applied() == []


@EVERY
def test_cancelling_before_it_is_sent_does_nothing(kube, doing, change):
    approved = doing.approve(change.payload)
    doing.is_cancelled = lambda: True

    assert doing.execute(approved).state is S.CANCELLED
    assert kube.sent() == []


@EVERY
def test_what_would_undo_it_brings_the_fields_back(kube, doing, change):
    before = served(doing, change)
    outcome = doing.execute(doing.approve(change.payload))
    if outcome.rollback is None:
        assert outcome.rollback_words
        return

    undone = doing.execute(doing.approve(outcome.rollback))

    assert undone.state is S.SUCCEEDED
    assert lean(strip_noise(served(doing, change).raw)) == lean(strip_noise(before.raw))


@EVERY
def test_the_worker_is_told_of_each_step_before_it_begins(kube, doing, change):
    at = []
    kube.before_write = lambda seen: None if seen.is_dry else at.append(doing.told[-1].doing)

    outcome = doing.execute(doing.approve(change.payload))

    assert at == list(outcome.done)
    assert len(at) == change.writes


@EVERY
def test_a_status_that_changes_during_the_preview_is_read_again(kube, doing, change):
    def churn(seen):
        kube.before_write = None
        kube.touch(item_of(kube.world, change.payload.kind, change.payload.name), churn=1)

    kube.before_write = churn

    assert preview(change.payload, doing.client).no_preview is None
