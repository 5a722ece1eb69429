"""What each remediation refuses, warns of, sends, undoes and expects."""

from copy import deepcopy

import msgspec
import pytest

from services.actions.domain.kinds import BUILT_IN
from services.actions.domain.objects import KubeObject
from services.actions.domain.remediations import REMEDIATIONS
from services.actions.domain.remediations.shape import Sight, general_objections
from services.actions.domain.requests import Media, Method, bind
from shared.contracts.action import KubernetesVerb
from shared.remediation_parameters import KINDS_OF, check_frozen, kind_word
from tests.support.kube_changes import CHANGES, a_payload
from tests.support.kube_sights import see
from tests.support.kube_small_cluster import SHOP, a_cluster, a_template, add_pod, add_revision, item_of

V = KubernetesVerb


def objections(payload, change=None):
    """Return what stands against a change of the small cluster, itself changed by ``change`` before."""
    world = a_cluster()
    if change:
        change(world)
    return REMEDIATIONS[payload.verb].objections(see(payload, world))


def change_object(kind, name, **spec):
    return lambda world: item_of(world, kind, name)["spec"].update(spec)


def test_every_verb_has_one():
    assert set(REMEDIATIONS) == set(V)
    assert all(REMEDIATIONS[verb].verb is verb for verb in V)
    assert {change.payload.verb for change in CHANGES.values()} == set(V)


@pytest.mark.parametrize("verb", V)
def test_it_takes_the_kinds_that_a_proposal_may_name(verb):
    kinds = frozenset(kind_word(kind) for kind in REMEDIATIONS[verb].kinds)

    assert kinds == KINDS_OF.get(verb, frozenset())
    assert REMEDIATIONS[verb].kinds <= {kind.name for kind in BUILT_IN}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_changes_of_these_tests_can_be_meant(change):
    assert list(check_frozen(change.payload)) == []
    assert objections(change.payload).refused == ()


def an_autoscaler(world):
    reference = {"kind": "Deployment", "name": "checkout", "apiVersion": "apps/v1"}
    world.add("HorizontalPodAutoscaler", "hpa", SHOP, spec={"scaleTargetRef": reference, "maxReplicas": 9})


def owned(kind, name, owner_kind):
    def change(world):
        owner = {"kind": owner_kind, "name": "boss", "uid": "u", "controller": True}
        item_of(world, kind, name)["metadata"]["ownerReferences"] = [owner]

    return change


SCALE = CHANGES["scale"].payload
RESTART = CHANGES["restart"].payload
POD = CHANGES["delete-pod"].payload
WARNINGS = {
    "an autoscaler scales it": (SCALE, an_autoscaler, "HorizontalPodAutoscaler hpa sets the replicas, from 1 to 9"),
    "an owner scales it": (SCALE, owned("Deployment", "checkout", "Rollout"), "Rollout boss owns it"),
    "it is so already": (a_payload(V.SCALE, "Deployment", "checkout", replicas=3), None, "already"),
    "nothing is left": (CHANGES["scale-to-0"].payload, None, "no pod will be left"),
    "on delete": (
        a_payload(V.RESTART, "StatefulSet", "orders", restartedAt="2026-03-01T12:00:00Z"),
        change_object("StatefulSet", "orders", updateStrategy={"type": "OnDelete"}),
        "OnDelete",
    ),
    "same revision": (a_payload(V.ROLLBACK, "Deployment", "checkout", revision=2), None, "already"),
    "paused already": (a_payload(V.PAUSE, "Deployment", "paused"), None, "already"),
    "not paused": (a_payload(V.RESUME, "Deployment", "checkout"), None, "not paused"),
    "rolls out": (CHANGES["resume"].payload, None, "will roll out now"),
    "job counts it": (POD, owned("Pod", "checkout-1", "Job"), "counts it as a failure"),
    "daemon": (POD, owned("Pod", "checkout-1", "DaemonSet"), "on the same node"),
    "alone": (
        POD,
        lambda world: item_of(world, "Pod", "checkout-1")["metadata"].pop("ownerReferences"),
        "will not come back",
    ),
    "data": (POD, change_object("Pod", "checkout-1", volumes=[{"name": "v", "emptyDir": {}}]), "emptyDir"),
    "no grace": (a_payload(V.DELETE_POD, "Pod", "checkout-1", gracePeriodSeconds=0), None, "no time to end"),
    "cordoned": (a_payload(V.CORDON, "Node", "n2"), None, "already"),
    "uncordoned": (a_payload(V.UNCORDON, "Node", "n1"), None, "not cordoned"),
    "suspended": (a_payload(V.SUSPEND, "CronJob", "held"), None, "already"),
    "missed runs": (CHANGES["unsuspend"].payload, None, "startingDeadlineSeconds"),
    "no tag": (a_payload(V.SET_IMAGE, "Deployment", "checkout", images={"app": "r:5000/a"}), None, "no fixed tag"),
    "paused set": (a_payload(V.SET_IMAGE, "Deployment", "paused", images={"app": "r/a:1"}), None, "once it is resumed"),
    "comes again": (
        a_payload(V.DELETE, "Pod", "checkout-1"),
        owned("Pod", "checkout-1", "ReplicaSet"),
        "may make it again",
    ),
    "orphans": (a_payload(V.DELETE, "Pod", "checkout-1", propagation="orphan"), None, "stays"),
}


@pytest.mark.parametrize(("payload", "change", "words"), WARNINGS.values(), ids=WARNINGS.keys())
def test_it_warns(payload, change, words):
    found = objections(payload, change)

    assert found.refused == ()
    assert any(words in warning for warning in found.warnings), found.warnings


def test_it_says_that_it_could_not_see_autoscalers():
    sight = see(SCALE)
    blind = Sight(target=sight.target, object=sight.object, others={"autoscalers": None})

    assert "could not be read" in REMEDIATIONS[V.SCALE].objections(blind).warnings[0]
    assert REMEDIATIONS[V.SCALE].objections(sight).warnings == ()


def stranger(world):
    """Return another Deployment that selects the same labels."""
    return world.add("Deployment", "checkout", "other", spec={})


def mirrored(world):
    item_of(world, "Pod", "checkout-1")["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}


REFUSALS = {
    "restart of what is paused": (
        a_payload(V.RESTART, "Deployment", "paused", restartedAt="2026-03-01T12:00:00Z"),
        None,
        "payload.name",
    ),
    "rollback of what is paused": (a_payload(V.ROLLBACK, "Deployment", "paused", revision=1), None, "payload.name"),
    "no such revision": (
        a_payload(V.ROLLBACK, "Deployment", "checkout", revision=9),
        None,
        "payload.parameters.revision",
    ),
    "another template": (
        a_payload(V.ROLLBACK, "Deployment", "checkout", revision=1, templateDigest="0" * 64),
        None,
        "payload.parameters.revision",
    ),
    "revision of another": (
        a_payload(V.ROLLBACK, "Deployment", "checkout", revision=7),
        lambda world: add_revision(world, "Deployment", stranger(world), 7, a_template("checkout")),
        "payload.parameters.revision",
    ),
    "static pod": (POD, mirrored, "payload.name"),
    "static pod evicted": (CHANGES["evict"].payload, mirrored, "payload.name"),
    "no such container": (
        a_payload(V.SET_IMAGE, "Deployment", "checkout", images={"other": "r/a:1"}),
        None,
        "payload.parameters.images",
    ),
    "no such container's resources": (
        a_payload(V.SET_RESOURCES, "Deployment", "checkout", container="other", limits={"cpu": "1"}),
        None,
        "payload.parameters.container",
    ),
    "drain of what nobody makes again": (
        CHANGES["drain"].payload,
        lambda world: add_pod(world, "lonely-1", None),
        "payload.parameters.force",
    ),
    "other api version": (
        a_payload(
            V.APPLY,
            "ConfigMap",
            "settings",
            manifest={
                "apiVersion": "v2",
                "kind": "ConfigMap",
                "metadata": {"name": "settings", "namespace": SHOP},
            },
        ),
        None,
        "payload.parameters.manifest.apiVersion",
    ),
}


@pytest.mark.parametrize(("payload", "change", "place"), REFUSALS.values(), ids=REFUSALS.keys())
def test_it_refuses(payload, change, place):
    assert [where for where, _ in objections(payload, change).refused] == [place]


def test_nothing_is_done_to_what_is_being_deleted():
    sight = see(SCALE)
    raw = deepcopy(dict(sight.object.raw))
    raw["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    going = Sight(target=sight.target, object=KubeObject(raw), others={})

    assert general_objections(going).refused
    assert not general_objections(sight).refused


BODIES = {
    "scale": (Method.PATCH, Media.MERGE, {"spec": {"replicas": 6}}),
    "cordon": (Method.PATCH, Media.STRATEGIC, {"spec": {"unschedulable": True}}),
    "pause": (Method.PATCH, Media.STRATEGIC, {"spec": {"paused": True}}),
    "suspend": (Method.PATCH, Media.STRATEGIC, {"spec": {"suspend": True}}),
    "patch-merge": (Method.PATCH, Media.MERGE, {"data": {"mode": "slow"}}),
    "delete": (
        Method.DELETE,
        Media.JSON,
        {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"},
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_is_sent_is_just_that(name):
    change = CHANGES[name]
    sent = REMEDIATIONS[change.payload.verb].write(see(change.payload))

    assert (sent.method, sent.media, sent.body) == BODIES[name]


def test_scaling_writes_the_subresource_and_needs_no_more():
    sight = see(SCALE)
    sent = REMEDIATIONS[V.SCALE].write(sight)

    assert sent.path == "/apis/apps/v1/namespaces/shop/deployments/checkout/scale"
    assert sent.rule.resource == "deployments/scale"
    assert not any(
        "patch" in rule.verbs and rule.resource == "deployments" for rule in REMEDIATIONS[V.SCALE].needs(sight)
    )


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_same_change_is_the_same_request_byte_for_byte(change):
    remediation = REMEDIATIONS[change.payload.verb]
    first, again = (
        msgspec.json.encode(bind(remediation.write(see(change.payload)), see(change.payload).object).body)
        for _ in range(2)
    )

    assert first == again
