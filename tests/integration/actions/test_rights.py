"""`deploy/k8s/actions-worker.yaml` grants what the worker needs for each verb, and nothing that it does not need."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from services.actions.adapters.kube_writes import KubeCluster, open_cluster
from services.actions.handlers.execute import execute
from services.actions.handlers.preview import preview
from services.actions.handlers.verify import verify
from services.actions.ports import Pace
from shared.contracts.action import ApprovedChange, ExecutionState, KubernetesPayload, KubernetesVerb
from tests.support.kube_api import Account
from tests.support.kube_changes import CHANGES, CONTEXT, NEW, a_payload
from tests.support.kube_rights import Rights, Rule, all_rights
from tests.support.kube_small_cluster import SHOP, a_cluster, a_template, item_of
from tests.support.kube_writes import WritableKube, WriteSeen, serve_writable_kube
from tests.support.rbac_manifest import GrantedRule, count_promises, documents_of, granted_by

V = KubernetesVerb
MANIFEST = Path(__file__).parents[3] / "deploy" / "k8s" / "actions-worker.yaml"
GRANTED = granted_by(MANIFEST)
RESTARTED_AT = "2026-03-01T12:00:00Z"
ACCOUNT = "system:serviceaccount:faultline:faultline-actions"


def a_manifest(api_version: str, kind: str, name: str, **content: object) -> dict[str, object]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, "namespace": SHOP}, **content}


SERVICE = {"spec": {"ports": [{"port": 8080}]}}
# Beside the changes that every test of the worker makes, one for each kind that the manifest names.
MORE = {
    "scale-replicaset": a_payload(V.SCALE, "ReplicaSet", "checkout-h1", replicas=2),
    "scale-replicationcontroller": a_payload(V.SCALE, "ReplicationController", "old", replicas=2),
    "restart-statefulset": a_payload(V.RESTART, "StatefulSet", "orders", restartedAt=RESTARTED_AT),
    "restart-daemonset": a_payload(V.RESTART, "DaemonSet", "agent", restartedAt=RESTARTED_AT),
    "set-resources-of-cronjob": a_payload(
        V.SET_RESOURCES, "CronJob", "report", container="app", limits={"memory": "1Gi"}
    ),
    "patch-cronjob": a_payload(V.PATCH, "CronJob", "report", patch={"spec": {"schedule": "0 * * * *"}}),
    "patch-service": a_payload(V.PATCH, "Service", "checkout", patch=SERVICE),
    "apply-deployment": a_payload(
        V.APPLY,
        "Deployment",
        "checkout",
        manifest=a_manifest("apps/v1", "Deployment", "checkout", spec={"minReadySeconds": 5}),
    ),
    "apply-cronjob": a_payload(
        V.APPLY, "CronJob", "report", manifest=a_manifest("batch/v1", "CronJob", "report", spec={"suspend": True})
    ),
    "apply-service": a_payload(
        V.APPLY, "Service", "checkout", manifest=a_manifest("v1", "Service", "checkout", **SERVICE)
    ),
    "apply-new": NEW.payload,
}
CASES: dict[str, KubernetesPayload] = {name: change.payload for name, change in CHANGES.items()} | MORE


class Trials:
    """Makes changes of fresh clusters, each with an account that has the rights it is given."""

    def __init__(self, kube: WritableKube, client: KubeCluster) -> None:
        self._kube, self._client = kube, client

    def make(self, payload: KubernetesPayload, rights: Iterable[Rule]) -> str:
        """Return the first complaint on the way from the preview to the look at the effect; empty where all is well."""
        kube = self._kube
        kube.world = a_cluster()
        kube.world.add("ReplicationController", "old", SHOP, spec={"replicas": 1, "template": a_template("old")})
        kube.accounts = {token: Account(ACCOUNT, Rights(tuple(rights))) for token in kube.accounts}
        kube.before_write = self._pods_change_at_their_eviction() if payload.verb is V.DRAIN else None
        shown = preview(payload, self._client)
        if shown.no_preview is not None:
            return f"preview: {shown.no_preview.words}"
        if said := [one for one in shown.warnings if "could not be read" in one]:
            return f"preview: {said[0]}"
        approved = ApprovedChange(payload=payload, target_digest=shown.target_digest or "")
        outcome = execute(approved, self._client, lambda _: None, lambda: False, Pace(lambda: 0.0, lambda _: None))
        if outcome.state is not ExecutionState.SUCCEEDED:
            return f"execution: {outcome.words}"
        verdict = verify(outcome.expectation, self._client) if outcome.expectation else None
        return f"verification: {verdict.words}" if verdict and "looked at" in verdict.words else ""

    def _pods_change_at_their_eviction(self) -> Callable[[WriteSeen], None]:
        """A pod's status changes all the time: once it does so right before the pod is evicted."""
        changed: set[str] = set()

        def change(seen: WriteSeen) -> None:
            name = seen.path.split("/")[-2]
            if seen.path.endswith("/eviction") and not seen.is_dry and name not in changed:
                changed.add(name)
                pod = item_of(self._kube.world, "Pod", name)
                assert pod is not None
                self._kube.touch(pod, churn=1)

        return change


@pytest.fixture(scope="module")
def trials(tmp_path_factory):
    with serve_writable_kube(a_cluster(), all_rights()) as kube:
        config = kube.write_kubeconfig(tmp_path_factory.mktemp("rights") / "kubeconfig")
        client = open_cluster(CONTEXT, config, 20)
        yield Trials(kube, client)
        client.close()


def rights_of(rules: Iterable[GrantedRule]) -> list[Rule]:
    return [right for rule in rules for right in rule.rights()]


def beside(rule: GrantedRule) -> list[GrantedRule]:
    """Return the rules of the same part: what the cluster's grant must not stand in for what a namespace's does."""
    return [one for one in GRANTED if one.namespace == rule.namespace]


def cases_beside(rule: GrantedRule) -> dict[str, KubernetesPayload]:
    return {name: case for name, case in CASES.items() if case.namespace == rule.namespace}


def named(rule: GrantedRule) -> str:
    return f"{rule.role.removeprefix('faultline-actions-')}: {','.join(rule.verbs)} {','.join(rule.resources)}"


EACH_RULE = pytest.mark.parametrize("rule", GRANTED, ids=named)


def test_there_is_a_case_of_every_verb():
    assert {payload.verb for payload in CASES.values()} == set(KubernetesVerb)


def test_every_rule_says_which_verbs_it_is_for_and_every_verb_has_one():
    roles = [one for one in documents_of(MANIFEST) if one["kind"] == "ClusterRole"]

    assert count_promises(MANIFEST) == sum(len(role["rules"]) for role in roles)
    assert frozenset().union(*(one.verbs_served for one in GRANTED)) == set(KubernetesVerb)


@pytest.mark.parametrize("name", CASES)
def test_what_is_granted_is_enough(trials, name):
    assert trials.make(CASES[name], rights_of(GRANTED)) == ""


@pytest.mark.parametrize("name", CASES)
def test_an_account_without_rights_can_do_nothing(trials, name):
    assert trials.make(CASES[name], []).startswith("preview: the account may not")


@EACH_RULE
def test_the_verbs_a_rule_names_are_those_that_miss_it(trials, rule):
    left = rights_of(one for one in beside(rule) if one != rule)

    missed = {case.verb for case in cases_beside(rule).values() if trials.make(case, left)}

    assert missed == rule.verbs_served


@EACH_RULE
def test_each_right_of_a_rule_is_missed_by_somebody(trials, rule):
    """One verb of one resource at a time, so that none hides behind the others of its rule."""
    unused = []
    for gone in rule.rights():
        left = [one for one in rights_of(beside(rule)) if one != gone]
        if not any(trials.make(case, left) for case in cases_beside(rule).values()):
            unused.append((gone.verbs, gone.resources))

    assert unused == []
