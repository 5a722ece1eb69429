"""Whatever cluster it is: what was approved is done, once and as shown; what changed meanwhile is left alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from services.actions.adapters.kube_writes import KubeCluster
from services.actions.domain.fields import strip_noise
from services.actions.domain.kinds import NODE
from services.actions.domain.objects import KubeObject
from shared.contracts.action import ExecutionState, KubernetesPayload, KubernetesVerb, VerdictState
from tests.cluster_actions.conftest import CONTEXT
from tests.cluster_actions.doing import Doing
from tests.cluster_actions.stage import Stage, somebody_patches_node

V, S = KubernetesVerb, ExecutionState
RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


@dataclass(frozen=True)
class Case:
    """A change of the Deployment, and what somebody else does to the same field after it was approved."""

    verb: KubernetesVerb
    parameters: Callable[[KubeObject], dict[str, Any]]
    drift: Callable[[KubeObject], Mapping[str, Any]]


def _restart_of_another(_: KubeObject) -> Mapping[str, Any]:
    notes = {RESTARTED_AT: datetime.now(UTC).isoformat()}
    return {"spec": {"template": {"metadata": {"annotations": notes}}}}


CASES = {
    "restart": Case(
        V.RESTART,
        lambda _: {"restartedAt": datetime.now(UTC).isoformat()},
        _restart_of_another,
    ),
    "scale": Case(
        V.SCALE,
        lambda seen: {"replicas": 3 - min(2, seen.number("spec", "replicas"))},
        lambda _: {"spec": {"replicas": 0}},
    ),
}
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def proposed(doing: Doing, stage: Stage, case: Case) -> KubernetesPayload:
    return doing.change(stage, case.verb, **case.parameters(stage.read()))


@EACH
def test_a_change_is_done_as_it_was_shown_and_its_effect_is_seen(
    doing: Doing, stage: Stage, why_no_pods: str, case: Case
):
    payload = proposed(doing, stage, case)
    before = stage.read()
    approved = doing.approve(payload)
    assert stage.read().generation == before.generation, "a preview changed something"
    shown = doing.preview(payload)

    outcome = doing.execute(approved)

    assert outcome.state is S.SUCCEEDED, outcome
    assert outcome.diff == shown.diff
    assert stage.read().generation == before.generation + 1
    if not why_no_pods:
        verdict = doing.settle(outcome.expectation)
        assert verdict.state is VerdictState.HOLDS, verdict


@EACH
def test_what_somebody_changed_after_the_approval_is_left_alone(doing: Doing, stage: Stage, case: Case):
    approved = doing.approve(proposed(doing, stage, case))
    stage.somebody_patches(case.drift(stage.read()))
    drifted = stage.read()

    outcome = doing.execute(approved)

    assert outcome.state is S.STALE, outcome
    assert spec_of(stage.read()) == spec_of(drifted)
    assert stage.read().generation == drifted.generation
    # What is there now may be approved, and is done then.
    assert outcome.preview is not None
    assert outcome.preview.target_digest not in {None, approved.target_digest}
    assert doing.execute(doing.approve(approved.payload)).state is S.SUCCEEDED


@EACH
def test_a_label_that_somebody_adds_stands_in_the_way_of_nothing(doing: Doing, stage: Stage, case: Case):
    approved = doing.approve(proposed(doing, stage, case))
    stage.somebody_patches({"metadata": {"labels": {"seen": case.verb.value}}})

    assert doing.execute(approved).state is S.SUCCEEDED


def test_pods_start_here_so_that_effects_can_be_seen(why_no_pods: str):
    if why_no_pods:
        pytest.skip(f"what comes of changes was not looked at: {why_no_pods}")


def test_a_node_is_cordoned_and_takes_pods_again(doing: Doing, client: KubeCluster, node: str):
    for verb, cordoned in ((V.CORDON, True), (V.UNCORDON, False)):
        payload = KubernetesPayload(verb=verb, context=CONTEXT, kind="Node", name=node)
        approved = doing.approve(payload)
        somebody_patches_node(client, node, cordoned=cordoned)
        stale = doing.execute(approved)
        somebody_patches_node(client, node, cordoned=not cordoned)
        assert stale.state is S.STALE, stale

        outcome = doing.execute(doing.approve(payload))

        assert outcome.state is S.SUCCEEDED, outcome
        assert (client.read(NODE, None, node).at("spec", "unschedulable") is True) is cordoned
        assert doing.settle(outcome.expectation).state is VerdictState.HOLDS


def spec_of(seen: KubeObject) -> Any:
    return strip_noise(seen.raw)["spec"]
