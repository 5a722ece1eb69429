"""Each verb over HTTP: done exactly as previewed, at most once, and truly told whatever the server does."""

from copy import deepcopy

import pytest

from services.actions.domain.diff import make_diff
from services.actions.domain.fields import strip_noise
from services.actions.domain.objects import KubeObject
from services.actions.errors import TargetNotFound, Unreachable
from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from shared.contracts.action import (
    ApprovedChange,
    ExecutionState,
    ExpectationCheck,
    NoPreviewReason,
    VerdictState,
)
from tests.support.kube_changes import CHANGES, NEW, item_of
from tests.support.kube_rights import Rights, Rule
from tests.support.kube_write_faults import WriteFault, WriteFaultKind

F = WriteFaultKind
S = ExecutionState
EVERY = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


def item(kube, change):
    found = item_of(kube.world, change.payload.kind, change.payload.name)
    return deepcopy(found) if found else None


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


def assert_untouched(kube, change, before):
    assert kube.applied() == []
    assert item(kube, change) == before


@EVERY
def test_it_is_done_as_it_was_previewed(kube, doing, change):
    before = served(doing, change)
    shown = preview(change.payload, doing.client)
    assert kube.applied() == []
    assert served(doing, change) == before

    outcome = doing.execute(ApprovedChange(payload=change.payload, target_digest=shown.target_digest))

    assert outcome.state is S.SUCCEEDED, outcome
    assert len(kube.applied()) == len(kube.sent()) == change.writes
    after = item(kube, change)
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
    meta = item(kube, change)["metadata"]

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
def test_a_version_that_never_stops_changing_ends_it_with_nothing_done(kube, doing, change):
    approved = doing.approve(change.payload)
    before = item(kube, change)
    kube.write_faults = [WriteFault(F.CONFLICT, dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.FAILED, "conflict")
    assert len(kube.sent()) == 4
    assert_untouched(kube, change, before)


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


REFUSED = {
    F.NOT_FOUND: ("not_found", NoPreviewReason.NOT_FOUND),
    F.INVALID: ("invalid", NoPreviewReason.INVALID),
    F.BUSY: ("too_many_requests", NoPreviewReason.BUSY),
    F.DENIED: ("admission_refused", NoPreviewReason.ADMISSION_REFUSED),
    F.QUOTA: ("admission_refused", NoPreviewReason.ADMISSION_REFUSED),
    F.WEBHOOK_DOWN: ("admission_refused", NoPreviewReason.ADMISSION_REFUSED),
    F.NO_DRY_RUN: ("no_dry_run", NoPreviewReason.NO_DRY_RUN),
}


@EVERY
@pytest.mark.parametrize("fault", REFUSED)
def test_a_refusal_is_told_by_its_name_and_nothing_is_done(kube, doing, change, fault):
    approved = doing.approve(change.payload)
    before = item(kube, change)
    code, reason = REFUSED[fault]
    kube.write_faults = [WriteFault(fault)]

    shown = preview(change.payload, doing.client)
    outcome = doing.execute(approved)

    assert shown.no_preview.reason is reason
    assert shown.target_digest == approved.target_digest
    assert (outcome.state, outcome.code) == (S.FAILED, code)
    assert len(kube.sent()) == 1
    assert_untouched(kube, change, before)
    if fault is F.INVALID:
        assert outcome.problems == shown.no_preview.problems
        assert outcome.problems == {"spec.replicas": ["Invalid value: -1: must be >= 0"]}


@EVERY
def test_a_missing_right_to_write_names_the_rule_that_would_grant_it(kube, doing, change):
    approved = doing.approve(change.payload)
    before = item(kube, change)
    for account in kube.accounts.values():
        account.rights = Rights((Rule(("get", "list"), ("*",), ("*",)),))

    shown = preview(change.payload, doing.client)
    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.FAILED, "forbidden")
    assert shown.no_preview.reason is NoPreviewReason.FORBIDDEN
    assert outcome.needs == shown.no_preview.needs
    (rule,) = outcome.needs
    assert rule in shown.needs
    assert rule.namespace == change.payload.namespace
    assert "graph-reader" not in outcome.words
    assert_untouched(kube, change, before)


@EVERY
def test_the_rights_it_says_it_needs_are_enough(kube, doing, change):
    needs = preview(change.payload, doing.client).needs
    rules = tuple(Rule(one.verbs, (one.api_group,), (one.resource,), one.namespace) for one in needs)
    for account in kube.accounts.values():
        account.rights = Rights(rules)

    assert doing.execute(doing.approve(change.payload)).state is S.SUCCEEDED


@EVERY
def test_an_object_that_is_gone_is_not_found(kube, doing, change):
    approved = doing.approve(change.payload)
    for items in kube.world.lists.values():
        items[:] = [one for one in items if one["metadata"]["name"] != change.payload.name]

    outcome = doing.execute(approved)

    # An apply would make it anew, which nobody approved.
    wanted = S.STALE if change.payload.verb == "apply" else S.FAILED
    assert outcome.state is wanted
    assert outcome.code == ("target_changed" if wanted is S.STALE else "not_found")
    assert kube.sent() == []


@EVERY
@pytest.mark.parametrize("fault", [F.CUT_BEFORE, F.CUT_AFTER, F.ERROR, F.PROXY_502])
def test_what_was_cut_off_is_unknown_and_never_sent_again(kube, doing, change, fault):
    approved = doing.approve(change.payload)
    before = item(kube, change)
    kube.write_faults = [WriteFault(fault, dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.UNKNOWN, "cut_off")
    assert len(kube.sent()) == 1
    assert len(kube.applied()) == (fault is F.CUT_AFTER)
    assert (item(kube, change) == before) is (fault is not F.CUT_AFTER)
    assert outcome.look.startswith("kubectl --context test ")
    assert change.payload.name in outcome.look
    if outcome.expectation and fault is not F.CUT_AFTER:
        # What was there before is not taken for what should have come.
        assert verify(outcome.expectation, doing.client).state is not VerdictState.HOLDS


@EVERY
@pytest.mark.parametrize("fault", [F.SLOW_BEFORE, F.SLOW_AFTER])
def test_silence_is_unknown_and_never_asked_again(kube, doing, open_client, change, fault):
    approved = doing.approve(change.payload)
    kube.write_faults = [WriteFault(fault, dry_run=False)]

    outcome = doing.execute(approved, open_client(0.4))

    assert (outcome.state, outcome.code) == (S.UNKNOWN, "cut_off")
    assert len(kube.sent()) == 1
    assert len(kube.applied()) == (fault is F.SLOW_AFTER)


@EVERY
def test_a_dry_run_that_is_cut_off_is_no_preview_and_harmless(kube, doing, change):
    before = item(kube, change)
    kube.write_faults = [WriteFault(F.CUT_AFTER)]

    shown = preview(change.payload, doing.client)

    assert shown.no_preview.reason is NoPreviewReason.UNAVAILABLE
    assert_untouched(kube, change, before)


@EVERY
def test_an_answer_that_breaks_off_is_unknown_unless_none_is_needed(kube, doing, change):
    approved = doing.approve(change.payload)
    kube.write_faults = [WriteFault(F.TRUNCATED_AFTER, dry_run=False)]

    outcome = doing.execute(approved)

    assert outcome.state is S.UNKNOWN
    assert "answered 20" in outcome.words
    assert len(kube.applied()) == 1


@EVERY
def test_a_server_that_nobody_listens_at_has_done_nothing(kube, doing, change):
    approved = doing.approve(change.payload)

    class Gone:
        """The server goes away after everything was read."""

        find_kind, read, list = doing.client.find_kind, doing.client.read, doing.client.list

        def write(self, write, *, dry_run):
            raise Unreachable("nobody listens at the server's address; nothing was sent")

    outcome = doing.execute(approved, Gone())

    assert (outcome.state, outcome.code) == (S.FAILED, "unreachable")
    assert kube.sent() == []


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


def test_what_is_new_is_made_and_can_be_deleted_again(kube, doing):
    outcome = doing.execute(doing.approve(NEW.payload))

    assert outcome.state is S.SUCCEEDED
    assert NEW.effect(item(kube, NEW)) == NEW.value
    assert doing.execute(doing.approve(outcome.rollback)).state is S.SUCCEEDED
    assert item(kube, NEW) is None


def test_what_somebody_else_makes_meanwhile_is_not_merged_into(kube, doing):
    approved = doing.approve(NEW.payload)

    def make(seen):
        kube.before_write = None
        kube.world.add("ConfigMap", "fresh", "shop", data={"mode": "theirs"})

    kube.before_write = make

    assert doing.execute(approved).state is S.STALE
    assert item(kube, NEW)["data"] == {"mode": "theirs"}


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
