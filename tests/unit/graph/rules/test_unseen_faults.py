"""Faults as a real API server of 1.36 shows them, beside healthy neighbours: every rule at once, and who is blamed."""

import pytest

from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import (
    budgets,
    containers,
    creation,
    daemonsets,
    hygiene,
    images,
    jobs,
    logs,
    memory,
    pods,
    probes,
    references,
    rollouts,
    scaled_to_zero,
    scaling,
    scheduling,
    sets,
    starting,
)
from services.graph.domain.rules.base import Rule
from tests.support.cluster import an_object
from tests.support.rule_cases import (
    World,
    a_container,
    a_deployment,
    a_node,
    a_pod,
    a_replica_set,
    ago,
    an_event,
    condition,
    deployed,
    ended,
    owned,
    ready,
    ref,
    run_rule,
    running,
    waiting,
)

MODULES = (
    budgets,
    containers,
    creation,
    daemonsets,
    hygiene,
    images,
    jobs,
    logs,
    memory,
    pods,
    probes,
    references,
    rollouts,
    scaled_to_zero,
    scaling,
    scheduling,
    sets,
    starting,
)
RULES: list[Rule] = [rule for module in MODULES for rule in module.RULES]
WEB, POD = ref("Deployment", "web"), ref("Pod", "web-1")
UNAVAILABLE = {
    "conditions": [condition("Available", "False", "MinimumReplicasUnavailable", minutes=25)],
    "unavailableReplicas": 1,
}
LATE = {
    "conditions": [
        *UNAVAILABLE["conditions"],
        condition("Progressing", "False", "ProgressDeadlineExceeded", minutes=20),
    ]
}


def neighbours():
    """Return what is well: a node, a Deployment with what it leaves behind, a finished Job, accounts."""
    deployment = a_deployment("shopfront", status={"readyReplicas": 1, "availableReplicas": 1})
    replica_set = a_replica_set(deployment, status={"readyReplicas": 1})
    old = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
    job = an_object("Job", "warm", status={"conditions": [condition("Complete", "True")], "succeeded": 1, "failed": 1})
    meta = {"labels": {"app": "shopfront"}}
    good = {"conditions": [ready()], "containerStatuses": [running(restartCount=9, lastState=ended(1, minutes=900))]}
    return [
        a_node(),
        deployment,
        replica_set,
        a_pod("shopfront-1", replica_set, metadata=meta, status=good),
        a_pod("shopfront-0", replica_set, status=old, metadata={"creationTimestamp": ago(900)}),
        job,
        a_pod("warm-1", job, status={"phase": "Failed", "containerStatuses": [{"name": "web", "state": ended(1)}]}),
        a_pod("warm-2", job, status={"phase": "Succeeded", "containerStatuses": [{"name": "web", "state": ended(0)}]}),
        an_event(replica_set.ref, "FailedCreate", 'serviceaccount "shopfront" not found', 600),
        an_object("ServiceAccount", "default"),
    ]


def blamed(world):
    """Return whom rules blame that do more than advise."""
    whole = World([*world.objects, *neighbours()], world.logs, world.unread)
    hits = [hit for rule in RULES if not rule.is_advice for hit in run_rule(rule, whole)]
    return {hit.culprit or hit.subject for hit in hits}


def sick(status, spec=None, *more, deployment=LATE, **fields):
    return deployed(status, spec or {}, *more, deployment={"status": deployment}, **fields)


def pending(part, *more, spec=None, init=None):
    conditions = [condition("PodReadyToStartContainers", "False"), ready(yes=False), condition("PodScheduled", "True")]
    status = {"phase": "Pending", "conditions": conditions, "containerStatuses": [part]}
    if init:
        status["initContainerStatuses"] = [init]
    return sick(status, spec, *more)


def looping(last, *more, spec=None, logs=None, name="web", beside=()):
    part = {
        **waiting("CrashLoopBackOff", "back-off 5m0s restarting failed container", name),
        "restartCount": 8,
        "lastState": last,
    }
    status = {"phase": "Running", "conditions": [ready(yes=False)], "containerStatuses": [part, *beside]}
    back_off = an_event(POD, "BackOff", f"Back-off restarting failed container {name} in pod web-1_shop", count=20)
    return sick(status, spec, back_off, *more, logs=logs or {})


def refused(message):
    failure = condition("ReplicaFailure", "True", "FailedCreate", message)
    deployment = a_deployment(
        status={"replicas": 0, "updatedReplicas": 0, "conditions": [failure, *LATE["conditions"]]}
    )
    replica_set = a_replica_set(deployment, status={"replicas": 0, "conditions": [failure]})
    return [deployment, replica_set, an_event(replica_set.ref, "FailedCreate", f"Error creating: {message}", count=17)]


def missing_key():
    told = "couldn't find key signing-key in Secret shop/credentials"
    key = {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "credentials", "key": "signing-key"}}}
    event = an_event(POD, "Failed", f"Error: {told}", field_path="spec.containers{web}", count=168)
    secret = an_object("Secret", "credentials", data={"password": "eA=="})
    return pending(
        waiting("CreateContainerConfigError", told), event, secret, spec={"containers": [a_container(env=[key])]}
    )


def missing_config_map_of_an_account_without_rights():
    told = 'configmap "mailer-config" not found'
    world = pending(waiting("CreateContainerConfigError", told), spec={"containers": [a_container()]})
    return World([world.objects[-1]], unread={"ConfigMap": CoverageState.FORBIDDEN, "Event": CoverageState.FORBIDDEN})


def bad_command():
    said = (
        'failed to create containerd task: OCI runtime create failed: exec: "servr": executable file not found in $PATH'
    )
    last = {"terminated": {"exitCode": 128, "reason": "StartError", "message": said, "finishedAt": ago(2)}}
    return looping(last, spec={"containers": [a_container(command=["servr"])]})


def init_waits():
    init = {**waiting("CrashLoopBackOff", name="wait-for-schema"), "restartCount": 5, "lastState": ended(1)}
    spec = {"initContainers": [a_container("wait-for-schema")]}
    return pending(waiting("PodInitializing"), spec=spec, init=init)


def cron_fails():
    cron = an_object("CronJob", "sync", spec={"schedule": "*/1 * * * *"}, status={"lastScheduleTime": ago(1)})
    failed = condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
    objects = [cron]
    for minutes in (3, 2):
        meta = {"creationTimestamp": ago(minutes), **owned(cron)}
        job = an_object("Job", f"sync-2992350{minutes}", metadata=meta, status={"failed": 1, "conditions": [failed]})
        status = {"phase": "Failed", "containerStatuses": [{"name": "web", "ready": False, "state": ended(1)}]}
        objects += [job, a_pod(f"sync-2992350{minutes}-x", job, status=status)]
    return World(objects)


def external_metric():
    told = "unable to get external metric shop/queue_depth/nil: unable to fetch metrics from external metrics API"
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "shopfront"}, "maxReplicas": 4}
    status = {
        "conditions": [
            condition("AbleToScale", "True", "SucceededGetScale"),
            condition("ScalingActive", "False", "FailedGetExternalMetric", told),
        ]
    }
    return World([an_object("HorizontalPodAutoscaler", "shopfront", spec=spec, status=status)])


def budget_blocks():
    status = {"expectedPods": 1, "currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0}
    spec = {"selector": {"matchLabels": {"app": "shopfront"}}, "minAvailable": 1}
    return World(
        [
            an_object(
                "PodDisruptionBudget", "shopfront", metadata={"creationTimestamp": ago(99)}, spec=spec, status=status
            )
        ]
    )


def wrong_probe_port():
    said = (
        'Readiness probe failed: Get "http://10.244.0.9:8081/": dial tcp 10.244.0.9:8081: connect: connection refused'
    )
    event = an_event(POD, "Unhealthy", said, field_path="spec.containers{web}", count=99)
    part = running(ready=False, started=True)
    return sick({"conditions": [ready(yes=False)], "containerStatuses": [part]}, {}, event)


def liveness_kills():
    said = 'Liveness probe failed: Get "http://10.244.0.9:8080/live": context deadline exceeded'
    event = an_event(POD, "Unhealthy", said, field_path="spec.containers{web}", count=33)
    return looping(ended(137, "Error"), event)


def private_image():
    told = 'Back-off pulling image "ghcr.io/acme/web:1": ErrImagePull: pull access denied, may require authorization'
    return pending(waiting("ImagePullBackOff", told))


def secret_volume():
    told = 'MountVolume.SetUp failed for volume "certs" : secret "certs" not found'
    spec = {"volumes": [{"name": "certs", "secret": {"secretName": "certs"}}]}
    return pending(waiting("ContainerCreating"), an_event(POD, "FailedMount", told, count=101), spec=spec)


def eats_the_disk():
    said = "The node was low on resource: ephemeral-storage. Container web was using 9420Mi, request is 0"
    said += ", has larger consumption of ephemeral-storage. "
    gone = {"phase": "Failed", "reason": "Evicted", "message": said}
    gone["conditions"] = [condition("DisruptionTarget", "True", "TerminationByKubelet", said, minutes=4)]
    deployment = a_deployment(status={"readyReplicas": 1})
    replica_set = a_replica_set(deployment)
    good = {"conditions": [ready()], "containerStatuses": [running()]}
    return World(
        [deployment, replica_set, a_pod("web-1", replica_set, status=gone), a_pod("web-2", replica_set, status=good)]
    )


def node_lost():
    message = (
        "0/2 nodes are available: 1 node(s) didn't match Pod's node affinity/selector, 1 node(s) had untolerated taint."
    )
    taints = [{"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}]
    node = a_node("node-9", labels={"printer": "yes"}, is_ready=False, spec={"taints": taints})
    status = {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", message)]}
    return sick(status, {"nodeName": None, "nodeSelector": {"printer": "yes"}}, node)


def on_a_lost_node():
    node = a_node("node-9", is_ready=False)
    status = {"conditions": [ready(yes=False)], "containerStatuses": [running()]}
    return sick(
        status, {"nodeName": "node-9"}, node, an_event(POD, "NodeNotReady", "Node is not ready"), deployment=UNAVAILABLE
    )


def quota_is_used_up():
    told = 'pods "web-1-" is forbidden: exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=4'
    quota = an_object("ResourceQuota", "compute", status={"hard": {"requests.cpu": "4"}, "used": {"requests.cpu": "4"}})
    return World([*refused(told), quota])


def stateful_pod_is_refused():
    meta = {"creationTimestamp": ago(60), "generation": 1}
    owner = an_object(
        "StatefulSet", "db", metadata=meta, spec={"replicas": 1}, status={"observedGeneration": 1, "replicas": 0}
    )
    told = (
        'create Pod db-0 in StatefulSet db failed: pods "db-0" is forbidden: violates PodSecurity "restricted:latest"'
    )
    return World([owner, an_event(owner.ref, "FailedCreate", told, count=15)])


def scaled_away():
    deployment = a_deployment(spec={"replicas": 0}, status={"replicas": 0, "updatedReplicas": 0})
    service = an_object("Service", "web", spec={"selector": {"app": "web"}})
    ingress = an_object("Ingress", "web", spec={"defaultBackend": {"service": {"name": "web"}}})
    return World([deployment, service, ingress])


def sidecar_crashes():
    return looping(
        ended(1), name="envoy", beside=[running()], spec={"containers": [a_container(), a_container("envoy")]}
    )


FAULTS = {
    "a key its Secret does not have": (missing_key, WEB),
    "a ConfigMap that is missing, seen with few rights": (missing_config_map_of_an_account_without_rights, WEB),
    "a command that is not in the image": (bad_command, WEB),
    "an init container that fails": (init_waits, WEB),
    "a sidecar that crashes": (sidecar_crashes, WEB),
    "a CronJob whose Jobs fail": (cron_fails, ref("CronJob", "sync")),
    "an autoscaler without its metric": (external_metric, ref("HorizontalPodAutoscaler", "shopfront")),
    "a budget that allows nothing": (budget_blocks, ref("PodDisruptionBudget", "shopfront")),
    "a readiness probe on the wrong port": (wrong_probe_port, WEB),
    "a liveness probe that kills": (liveness_kills, WEB),
    "an image that may not be pulled": (private_image, WEB),
    "a Secret volume that is missing": (secret_volume, WEB),
    "a container that fills the disk": (eats_the_disk, WEB),
    "a pod whose only node is lost": (node_lost, ref("Node", "node-9", None)),
    "a pod on a node that is lost": (on_a_lost_node, ref("Node", "node-9", None)),
    "a quota that is used up": (quota_is_used_up, ref("ResourceQuota", "compute")),
    "pod security that refuses a StatefulSet": (stateful_pod_is_refused, ref("StatefulSet", "db")),
    "a Deployment scaled away under its Ingress": (scaled_away, WEB),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_only_what_is_to_be_mended_is_blamed_for(fault):
    build, culprit = FAULTS[fault]

    assert blamed(build()) == {culprit}


def young_rollout():
    moving = {
        "conditions": [condition("Progressing", "True", "ReplicaSetUpdated", minutes=1)],
        "unavailableReplicas": 1,
    }
    status = {"phase": "Pending", "containerStatuses": [waiting("ContainerCreating")]}
    return sick(status, deployment=moving, metadata={"creationTimestamp": ago(1)})


def drained():
    leaving = condition("DisruptionTarget", "True", "EvictionByEvictionAPI", minutes=1)
    status = {"conditions": [leaving, ready()], "containerStatuses": [running()]}
    return sick(status, deployment={"readyReplicas": 1}, metadata={"deletionTimestamp": ago(0)})


def optional_config():
    env = [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "extra", "key": "mode", "optional": True}}}]
    spec = {"containers": [a_container(env=env)]}
    return sick({"conditions": [ready()], "containerStatuses": [running()]}, spec, deployment={"readyReplicas": 1})


def waiting_volume():
    claim = an_object("PersistentVolumeClaim", "spare", spec={"storageClassName": "slow"}, status={"phase": "Pending"})
    return World([claim, an_event(claim.ref, "WaitForFirstConsumer", kind="Normal")])


def scale_races():
    meta = {"creationTimestamp": ago(600), "generation": 1}
    spec = {"replicas": 3}
    owner = an_object(
        "StatefulSet",
        "db",
        metadata=meta,
        spec=spec,
        status={"observedGeneration": 1, "replicas": 1, "readyReplicas": 1},
    )
    young = a_pod("db-1", owner, metadata={"creationTimestamp": ago(1)}, status={"phase": "Pending"})
    return World([owner, a_pod("db-0", owner, status={"conditions": [ready()]}), young])


@pytest.mark.parametrize(
    "build", [lambda: World([]), young_rollout, drained, optional_config, waiting_volume, scale_races]
)
def test_what_is_well_or_on_its_way_is_not_blamed(build):
    assert blamed(build()) == set()


def test_a_job_that_could_not_be_read_is_not_blamed_while_a_pod_of_it_succeeded():
    world = World([], unread={"Job": CoverageState.FORBIDDEN})

    assert blamed(world) == set()


def first_attempt_failed():
    job = an_object("Job", "load", status={"active": 1, "failed": 1})
    status = {"phase": "Failed", "containerStatuses": [{"name": "web", "ready": False, "state": ended(1)}]}
    return World([job, a_pod("load-1", job, status=status)])


def test_a_job_at_its_second_attempt_is_given_time():
    assert blamed(first_attempt_failed()) == set()


@pytest.mark.parametrize(
    "kind", sorted({kind.KIND for rule in RULES for kind in rule.needs} | {"Event", "Pod", "Node", "Job"})
)
@pytest.mark.parametrize("state", [CoverageState.FORBIDDEN, CoverageState.TIMEOUT, CoverageState.MISSING])
def test_what_could_not_be_read_makes_no_fault_of_what_is_well(kind, state):
    assert blamed(World([], unread={kind: state})) == set()


def confidence(world):
    """Return the highest confidence with which rules blame each object."""
    whole = World([*world.objects, *neighbours()], world.logs, world.unread)
    found = {}
    for rule in RULES:
        for hit in run_rule(rule, whole) if not rule.is_advice else ():
            culprit = hit.culprit or hit.subject
            value = rule.base + sum(step for step, _ in hit.steps)
            found[culprit] = max(value, found.get(culprit, 0))
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    "kind", ["Event", "Node", "ReplicaSet", "Deployment", "ServiceAccount", "ResourceQuota", "Secret"]
)
def test_what_could_not_be_read_never_raises_confidence(fault, kind):
    build, culprit = FAULTS[fault]
    world = build()
    unread = {**world.unread, kind: CoverageState.FORBIDDEN}

    assert confidence(World(world.objects, world.logs, unread)).get(culprit, 0) <= confidence(world)[culprit]
