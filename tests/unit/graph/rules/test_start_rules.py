from functools import partial

import pytest

from services.graph.domain.rules import (
    creation,
    images,
    references,
    scheduling,
    starting,
)
from tests.support.cluster import an_object
from tests.support.rule_cases import (
    Case,
    World,
    a_container,
    a_deployment,
    a_node,
    a_replica_set,
    ago,
    an_event,
    condition,
    deployed,
    ready,
    ref,
    run_rule,
    waiting,
    waits,
    well,
)

MODULES = (creation, images, references, scheduling, starting)
RULES = {rule.id: rule for module in MODULES for rule in module.RULES}
WEB, POD, NODE = ref("Deployment", "web"), ref("Pod", "web-1"), ref("Node", "node-1", None)


def unschedulable(message, spec=None, *more):
    status = {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", message)]}
    return deployed(status, {"nodeName": None, **(spec or {})}, *more)


def refused(message, *more, minutes=1, replicas=0):
    deployment = a_deployment(status={"replicas": 0})
    failed = [condition("ReplicaFailure", "True", "FailedCreate", message)] if message else []
    replica_set = a_replica_set(deployment, status={"replicas": replicas, "conditions": failed})
    return World([deployment, replica_set, *more])


def needs(env, *more, unread=None, reason="CreateContainerConfigError", message=""):
    spec = {"containers": [a_container(env=[env])]}
    return waits(reason, message, spec, *more, unread=unread or {})


def from_config(name, key):
    return {"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}


def mounting(reason, message, *more, volumes=None, minutes=30):
    status = {"phase": "Pending", "conditions": [condition("PodScheduled", "True", minutes=minutes)]}
    status["containerStatuses"] = [waiting("ContainerCreating")]
    events = [an_event(POD, reason, message)] if reason else []
    return deployed(status, {"volumes": volumes or []}, *events, *more)


def claim(name, phase="Pending", storage_class="fast"):
    return an_object("PersistentVolumeClaim", name, spec={"storageClassName": storage_class}, status={"phase": phase})


def volume(name):
    return {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}]}


def account_world(*accounts):
    template = {"spec": {"serviceAccountName": "shopper", "containers": [a_container()]}}
    deployment = a_deployment(spec={"template": template}, status={"replicas": 0})
    return World([deployment, *(an_object("ServiceAccount", name) for name in accounts)])


def template_world(*more):
    env = [from_config("settings", "mode")]
    return World([a_deployment(spec={"template": {"spec": {"containers": [a_container(env=env)]}}}), *more])


UNBOUND = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
SETTINGS = partial(an_object, "ConfigMap", "settings")
TAINT = [{"key": "team", "value": "ml", "effect": "NoSchedule"}]
SECRET_VOLUME = [{"name": "certs", "secret": {"secretName": "certs"}}]
NOT_FOUND = (
    'rpc error: code = NotFound desc = failed to resolve reference "r.example/web:9": r.example/web:9: not found'
)
UNAUTHORIZED = "pull access denied, repository does not exist or may require authorization: no basic auth credentials"

CASES = [
    Case(
        "pod-unschedulable-claim",
        lambda: unschedulable(UNBOUND, volume("data"), claim("data")),
        ref("PersistentVolumeClaim", "data"),
        lambda: deployed({"conditions": [ready()]}, volume("data"), claim("data", "Bound")),
    ),
    Case(
        "pod-unschedulable-node",
        lambda: unschedulable(
            "0/1 nodes are available: 1 node(s) were unschedulable.", {}, a_node(spec={"unschedulable": True})
        ),
        NODE,
        lambda: unschedulable("0/1 nodes are available: 1 Insufficient cpu.", {}, a_node()),
    ),
    Case(
        "pod-unschedulable-selector",
        lambda: unschedulable(
            "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
            {"nodeSelector": {"gpu": "yes"}},
            a_node(),
        ),
        WEB,
        lambda: unschedulable(
            "0/1 nodes are available: 1 Insufficient cpu.",
            {"nodeSelector": {"gpu": "yes"}},
            a_node(labels={"gpu": "yes"}),
        ),
    ),
    Case(
        "pod-unschedulable-resources",
        lambda: unschedulable(
            "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: 1 No preemption victims",
            {"containers": [a_container(resources={"requests": {"cpu": "12"}})]},
            a_node(),
        ),
        WEB,
        well,
    ),
    Case(
        "pod-unschedulable-taint",
        lambda: unschedulable(
            "0/1 nodes are available: 1 node(s) had untolerated taint(s).", {}, a_node(spec={"taints": TAINT})
        ),
        WEB,
        lambda: unschedulable(
            "0/1 nodes are available: 1 node(s) had untolerated taint(s).", {}, a_node(is_ready=False)
        ),
    ),
    Case(
        "pod-unschedulable-neighbours",
        lambda: unschedulable("0/1 nodes are available: 1 node(s) didn't match pod anti-affinity rules.", {}, a_node()),
        WEB,
        well,
    ),
    Case(
        "pod-unschedulable-ports",
        lambda: unschedulable(
            "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", {}, a_node()
        ),
        WEB,
        well,
    ),
    Case(
        "pod-unschedulable-other",
        lambda: unschedulable("0/1 nodes are available: 1 node(s) are of the wrong colour.", {}, a_node()),
        WEB,
        lambda: unschedulable('running PreBind plugin "VolumeBinding": the object has been modified', {}, a_node()),
    ),
    Case(
        "pod-scheduling-gated",
        lambda: deployed(
            {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "SchedulingGated")]},
            {"nodeName": None, "schedulingGates": [{"name": "quota"}]},
        ),
        WEB,
        well,
    ),
    Case(
        "pod-without-scheduler",
        lambda: deployed({"phase": "Pending"}, {"nodeName": None, "schedulerName": "batch"}),
        WEB,
        lambda: deployed({"phase": "Pending"}, {"nodeName": None}, metadata={"creationTimestamp": ago(1)}),
    ),
    Case(
        "image-not-found",
        lambda: waits("ImagePullBackOff", NOT_FOUND),
        WEB,
        lambda: waits("ErrImagePull", UNAUTHORIZED),
    ),
    Case(
        "image-unauthorized", lambda: waits("ErrImagePull", UNAUTHORIZED), WEB, lambda: waits("ErrImagePull", NOT_FOUND)
    ),
    Case(
        "image-unreachable",
        lambda: waits(
            "ErrImagePull", 'failed to do request: Head "https://r.example/v2/": dial tcp 10.0.0.1:443: i/o timeout'
        ),
        WEB,
        well,
    ),
    Case("image-rate-limited", lambda: waits("ErrImagePull", "toomanyrequests: rate limit"), WEB, well),
    Case("image-invalid-name", lambda: waits("InvalidImageName", "couldn't parse image name"), WEB, well),
    Case("image-never-pulled", lambda: waits("ErrImageNeverPull", "policy Never"), WEB, well),
    Case("image-platform", lambda: waits("ErrImagePull", "no match for platform in manifest"), WEB, well),
    Case(
        "image-other",
        lambda: waits("ImagePullBackOff", "Back-off pulling image"),
        WEB,
        lambda: waits("ErrImagePull", NOT_FOUND),
    ),
    Case(
        "pods-refused-quota",
        lambda: refused(
            'pods "web-1-" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3',
            an_object("ResourceQuota", "small", status={"hard": {"pods": "3"}, "used": {"pods": "3"}}),
        ),
        ref("ResourceQuota", "small"),
        lambda: refused("", replicas=1),
    ),
    Case(
        "pods-refused-limit-range",
        lambda: refused("maximum memory usage per Container is 1Gi, but limit is 2Gi"),
        WEB,
        lambda: refused("exceeded quota: small"),
    ),
    Case("pods-refused-pod-security", lambda: refused('violates PodSecurity "restricted:latest"'), WEB, well),
    Case(
        "pods-refused-webhook-broken",
        lambda: refused(
            'Internal error occurred: failed calling webhook "check.example": no endpoints for service "check"',
            an_object("ValidatingWebhookConfiguration", "check", None, webhooks=[{"name": "check.example"}]),
        ),
        ref("ValidatingWebhookConfiguration", "check", None),
        well,
    ),
    Case(
        "pods-refused-webhook-denied",
        lambda: refused('admission webhook "check.example" denied the request: no'),
        WEB,
        well,
    ),
    Case(
        "pods-refused-account",
        lambda: refused('error looking up service account shop/x: serviceaccount "x" not found'),
        WEB,
        # The controller tried before the account was there, and then made the pod.
        lambda: World(
            [
                *refused("", replicas=1).objects,
                an_event(ref("ReplicaSet", "web-1"), "FailedCreate", 'serviceaccount "x" not found'),
            ]
        ),
    ),
    Case("pods-refused-priority", lambda: refused("no PriorityClass with name urgent was found"), WEB, well),
    Case("pods-refused-other", lambda: refused("spec.containers[0].name: Required value"), WEB, well),
    Case(
        "config-absent",
        lambda: needs(from_config("settings", "mode")),
        WEB,
        lambda: needs(from_config("settings", "mode"), SETTINGS(data={"mode": "x"})),
    ),
    Case(
        "config-key-absent",
        lambda: needs(from_config("settings", "mode"), SETTINGS(data={"mood": "x"})),
        WEB,
        lambda: needs(from_config("settings", "mode"), SETTINGS(data={"mode": "x"})),
    ),
    Case("config-absent-for-next-pod", template_world, WEB, lambda: template_world(SETTINGS(data={"mode": "x"}))),
    Case("account-absent", lambda: account_world("other"), WEB, lambda: account_world("shopper")),
    Case(
        "pull-secret-absent",
        lambda: waits("ErrImagePull", UNAUTHORIZED, {"imagePullSecrets": [{"name": "registry"}]}),
        WEB,
        lambda: waits(
            "ErrImagePull", UNAUTHORIZED, {"imagePullSecrets": [{"name": "registry"}]}, an_object("Secret", "registry")
        ),
    ),
    Case(
        "claim-absent",
        lambda: unschedulable('0/1 nodes are available: persistentvolumeclaim "data" not found.', volume("data")),
        WEB,
        lambda: unschedulable(UNBOUND, volume("data"), claim("data")),
    ),
    Case(
        "pod-volume-not-mounted",
        lambda: mounting(
            "FailedMount",
            'MountVolume.SetUp failed for volume "certs" : secret "certs" not found',
            volumes=SECRET_VOLUME,
        ),
        WEB,
        lambda: mounting("FailedMount", "not yet", minutes=1),
    ),
    Case(
        "pod-sandbox-failing",
        lambda: mounting("FailedCreatePodSandBox", "plugin type=calico failed: no IP addresses available", a_node()),
        NODE,
        lambda: mounting("", ""),
    ),
    Case("pod-stuck-creating", lambda: mounting("", ""), WEB, lambda: mounting("", "", minutes=1)),
    Case(
        "pod-on-absent-node",
        lambda: deployed({"phase": "Pending"}),
        WEB,
        lambda: deployed({"phase": "Pending"}, {}, a_node()),
    ),
]
MET = [pytest.param(case, id=case.rule_id) for case in CASES]


@pytest.mark.parametrize("case", MET)
def test_a_rule_finds_its_condition_and_blames_what_is_to_be_mended(case):
    hits = run_rule(RULES[case.rule_id], case.met())

    assert {hit.culprit or hit.subject for hit in hits} == {case.culprit}
    assert all(hit.summary and hit.seen for hit in hits)


@pytest.mark.parametrize("case", MET)
def test_a_rule_is_silent_where_its_condition_is_not_met(case):
    assert run_rule(RULES[case.rule_id], case.unmet()) == []


def test_every_rule_has_a_case_of_both_kinds():
    assert {case.rule_id for case in CASES} == set(RULES)


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_no_rule_says_anything_of_a_healthy_deployment(rule_id):
    healthy = well()
    assert run_rule(RULES[rule_id], World([*healthy.objects, a_node()])) == []


def all_hits(world, *, skip=()):
    return {rule.id: hits for rule in RULES.values() if rule.id not in skip and (hits := run_rule(rule, world))}


def test_what_could_not_be_read_is_never_said_not_to_exist():
    from services.graph.domain.reading.coverage import CoverageState  # noqa: PLC0415

    world = needs(from_config("settings", "mode"), unread={"ConfigMap": CoverageState.FORBIDDEN})

    assert "config-absent" not in all_hits(world)


def test_a_node_that_is_down_is_to_blame_for_its_pods():
    node = a_node(labels={"role": "printer"}, is_ready=False)
    message = "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated"
    world = unschedulable(f"{message} taint(s).", {"nodeSelector": {"role": "printer"}}, node, a_node("node-2"))

    assert {hit.culprit for hits in all_hits(world).values() for hit in hits} == {NODE}


def test_events_of_a_failed_pull_tell_what_an_older_kubelet_leaves_out():
    message = f'Failed to pull image "r.example/web:9": {NOT_FOUND}'
    event = an_event(POD, "Failed", message, field_path="spec.containers{web}")
    world = waits("ImagePullBackOff", 'Back-off pulling image "r.example/web:9"', {}, event)

    assert {rule_id for rule_id in all_hits(world) if rule_id.startswith("image-")} == {"image-not-found"}


def test_missing_pods_of_a_stateful_set_are_refused_by_a_quota_named_in_its_event():
    owner = an_object("StatefulSet", "db", spec={"replicas": 2}, status={"replicas": 1})
    event = an_event(
        owner.ref, "FailedCreate", "create Pod db-1 in StatefulSet db failed: exceeded quota: small, requested: pods=1"
    )

    hits = run_rule(RULES["pods-refused-quota"], World([owner, event]))

    assert [hit.culprit for hit in hits] == [ref("ResourceQuota", "small")]


def test_a_quota_that_asks_for_limits_is_not_what_is_to_be_mended():
    hits = run_rule(RULES["pods-refused-quota"], refused("failed quota: compute: must specify limits.cpu for: web"))

    assert [hit.culprit for hit in hits] == [WEB]
