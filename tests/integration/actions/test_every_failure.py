"""Each verb over HTTP, and whatever the server does to it: what was done is truly told, and nothing is done twice."""

import pytest

from services.actions.errors import Unreachable
from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from shared.contracts.action import ExecutionState, NoPreviewReason, RbacRule, VerdictState
from tests.support.kube_changes import CHANGES, copy_of
from tests.support.kube_rights import Rights, Rule, no_rights
from tests.support.kube_write_faults import WriteFault, WriteFaultKind

F = WriteFaultKind
S = ExecutionState
EVERY = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


def assert_untouched(kube, change, before):
    assert kube.applied() == []
    assert copy_of(kube.world, change) == before


@EVERY
def test_a_version_that_never_stops_changing_ends_it_with_nothing_done(kube, doing, change):
    approved = doing.approve(change.payload)
    before = copy_of(kube.world, change)
    kube.write_faults = [WriteFault(F.CONFLICT, dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.FAILED, "conflict")
    assert len(kube.sent()) == 4
    assert_untouched(kube, change, before)


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
    before = copy_of(kube.world, change)
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
    before = copy_of(kube.world, change)
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
    before = copy_of(kube.world, change)
    kube.write_faults = [WriteFault(fault, dry_run=False)]

    outcome = doing.execute(approved)

    assert (outcome.state, outcome.code) == (S.UNKNOWN, "cut_off")
    assert len(kube.sent()) == 1
    assert len(kube.applied()) == (fault is F.CUT_AFTER)
    assert (copy_of(kube.world, change) == before) is (fault is not F.CUT_AFTER)
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
    before = copy_of(kube.world, change)
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
def test_a_missing_right_to_read_is_told_before_anything_is_tried(kube, doing, change):
    approved = doing.approve(change.payload)
    kube.writes.clear()
    for account in kube.accounts.values():
        account.rights = no_rights()

    shown = preview(change.payload, doing.client)
    outcome = doing.execute(approved)

    assert shown.no_preview.reason is NoPreviewReason.FORBIDDEN
    assert (outcome.state, outcome.code) == (S.FAILED, "forbidden")
    kind = doing.client.find_kind(change.payload.kind)
    rule = RbacRule(api_group=kind.group, resource=kind.plural, verbs=("get",), namespace=change.payload.namespace)
    assert outcome.needs == shown.no_preview.needs == (rule,)
    assert kube.writes == []
