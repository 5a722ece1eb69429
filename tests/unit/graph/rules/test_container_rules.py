import pytest

from services.graph.domain.rules import containers, memory, pods, probes
from tests.support.cluster import an_object
from tests.support.rule_cases import (
    Case,
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
    ready,
    ref,
    run_rule,
    running,
    waiting,
    waits,
    well,
)

MODULES = (containers, memory, pods, probes)
RULES = {rule.id: rule for module in MODULES for rule in module.RULES}
WEB, POD = ref("Deployment", "web"), ref("Pod", "web-1")
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=web"}}
RUNS = {"running": {"startedAt": ago(2)}}


def crashed(state=None, last=None, spec=None, *more, restarts=3, is_ready=False, **fields):
    status = {"name": "web", "ready": is_ready, "restartCount": restarts, "state": state or {}, "lastState": last or {}}
    conditions = [ready(yes=is_ready)]
    return deployed({"conditions": conditions, "containerStatuses": [status]}, spec or {}, *more, **fields)


def init_fails():
    init = {**waiting("CrashLoopBackOff", name="wait"), "lastState": ended(1)}
    status = {"phase": "Pending", "conditions": [ready(yes=False)], "initContainerStatuses": [init]}
    return deployed(
        {**status, "containerStatuses": [waiting("PodInitializing")]}, {"initContainers": [a_container("wait")]}
    )


def unready(*events, spec=None, minutes=30, restarts=0, is_ready=False, **fields):
    part = running(ready=is_ready, restartCount=restarts)
    status = {"conditions": [ready(yes=is_ready, minutes=minutes)], "containerStatuses": [part]}
    return deployed(status, spec or {}, *events, **fields)


def unhealthy(probe, said="HTTP probe failed with statuscode: 503", minutes=1):
    message = f"{probe} probe failed: {said}"
    return an_event(POD, "Unhealthy", message, minutes, field_path="spec.containers{web}", count=20)


def evicted(message, minutes=10):
    status = {"phase": "Failed", "reason": "Evicted", "message": message}
    status["conditions"] = [condition("DisruptionTarget", "True", "TerminationByKubelet", message, minutes)]
    return deployed(status, {}, a_node())


CASES = [
    Case(
        "container-config-error",
        lambda: waits("CreateContainerConfigError", 'configmap "settings" not found'),
        WEB,
        lambda: waits("ContainerCreating"),
    ),
    Case(
        "container-start-error",
        lambda: waits("CreateContainerError", 'exec: "serve": executable file not found in $PATH'),
        WEB,
        lambda: waits("ContainerCreating"),
    ),
    Case(
        "container-crash-loop",
        lambda: crashed(BACK_OFF, ended(1)),
        WEB,
        lambda: crashed(BACK_OFF, ended(137, "OOMKilled")),
    ),
    Case("init-container-failing", init_fails, WEB, well),
    Case(
        "container-failed",
        lambda: deployed({"conditions": [ready(yes=False)], "containerStatuses": [{"name": "web", "state": ended(2)}]}),
        WEB,
        lambda: deployed({"phase": "Succeeded", "containerStatuses": [{"name": "web", "state": ended(255)}]}),
    ),
    Case(
        "container-completes",
        lambda: crashed(BACK_OFF, ended(0, "Completed")),
        WEB,
        lambda: crashed(BACK_OFF, ended(1)),
    ),
    Case(
        "container-crashed-recently", lambda: crashed(RUNS, ended(1)), WEB, lambda: crashed(RUNS, ended(1, minutes=60))
    ),
    Case(
        "container-restarts-often",
        lambda: crashed(RUNS, ended(1, minutes=30), restarts=9, is_ready=True),
        WEB,
        lambda: crashed(RUNS, ended(1, minutes=600), restarts=9, is_ready=True),
    ),
    Case(
        "container-out-of-memory",
        lambda: crashed(BACK_OFF, ended(137, "OOMKilled")),
        WEB,
        lambda: crashed(RUNS, ended(137, "OOMKilled", minutes=600), is_ready=True),
    ),
    Case(
        "container-limit-too-small",
        lambda: crashed(BACK_OFF, {}, {"containers": [a_container(resources={"limits": {"memory": "64"}})]}),
        WEB,
        lambda: crashed(BACK_OFF, {}, {"containers": [a_container(resources={"limits": {"memory": "64Mi"}})]}),
    ),
    Case(
        "probe-readiness-failing",
        lambda: unready(unhealthy("Readiness")),
        WEB,
        lambda: unready(unhealthy("Readiness"), is_ready=True),
    ),
    Case(
        "probe-liveness-failing",
        lambda: unready(unhealthy("Liveness", "context deadline exceeded"), restarts=4, is_ready=True),
        WEB,
        lambda: unready(unhealthy("Liveness", minutes=60), restarts=4, is_ready=True),
    ),
    Case("pod-not-ready", unready, WEB, lambda: unready(minutes=1)),
    Case(
        "probe-unknown-port",
        lambda: unready(
            spec={
                "containers": [
                    a_container(
                        ports=[{"name": "http", "containerPort": 80}], readinessProbe={"httpGet": {"port": "web"}}
                    )
                ]
            }
        ),
        WEB,
        lambda: unready(
            spec={
                "containers": [
                    a_container(
                        ports=[{"name": "web", "containerPort": 80}], readinessProbe={"httpGet": {"port": "web"}}
                    )
                ]
            }
        ),
    ),
    Case(
        "pod-evicted",
        lambda: evicted(
            "The node was low on resource: ephemeral-storage. Container web was using 9Gi, request is 0, has larger"
            " consumption of ephemeral-storage."
        ),
        WEB,
        lambda: evicted("The node was low on resource: memory.", minutes=600),
    ),
    Case(
        "pod-stuck-terminating",
        lambda: World([a_pod(metadata={"deletionTimestamp": ago(30), "finalizers": ["example/hold"]})]),
        POD,
        lambda: World([a_pod(metadata={"deletionTimestamp": ago(1)})]),
    ),
    Case(
        "pod-disrupted",
        lambda: World([a_pod(status={"conditions": [condition("DisruptionTarget", "True", "PreemptionByScheduler")]})]),
        POD,
        lambda: World([a_pod(status={"conditions": [condition("DisruptionTarget", "True", "EvictionByEvictionAPI")]})]),
    ),
    Case(
        "pod-resize-pending",
        lambda: deployed(
            {"conditions": [ready(), condition("PodResizePending", "True", "Infeasible", "requested 99 cpu")]}
        ),
        WEB,
        lambda: deployed({"conditions": [ready(), condition("PodResizePending", "True", "Deferred", minutes=1)]}),
    ),
    Case(
        "pod-bad-phase",
        lambda: World(
            [a_pod(status={"phase": "Failed", "reason": "UnexpectedAdmissionError", "message": "no devices"})]
        ),
        POD,
        well,
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


def test_pods_of_an_older_revision_are_not_blamed():
    deployment = a_deployment()
    old, new = a_replica_set(deployment, 1), a_replica_set(deployment, 2)
    bad = {
        "conditions": [ready(yes=False)],
        "containerStatuses": [{**waiting("CrashLoopBackOff"), "lastState": ended(1)}],
    }
    good = {"conditions": [ready()], "containerStatuses": [running()]}

    assert (
        all_hits(World([deployment, old, new, a_pod("old", old, status=bad), a_pod("new", new, status=good), a_node()]))
        == {}
    )


def test_a_job_that_succeeded_after_failed_attempts_is_no_fault():
    job = an_object("Job", "load", status={"conditions": [condition("Complete", "True")]})
    status = {"phase": "Failed", "containerStatuses": [{"name": "web", "state": ended(1)}]}

    assert all_hits(World([job, a_pod("load-1", job, status=status), a_node()])) == {}


def test_a_workload_whose_owners_could_not_be_read_is_named_by_its_pod_and_less_sure():
    world = crashed(BACK_OFF, ended(1))
    pod = world.objects[-1]

    hit = run_rule(RULES["container-crash-loop"], World([pod]))[0]

    assert hit.culprit == WEB
    assert any(step < 0 for step, _ in hit.steps)


def test_the_last_rollout_is_evidence_where_it_changed_what_fails():
    deployment = a_deployment()
    limits = [
        {"template": {"spec": {"containers": [a_container(resources={"limits": {"memory": size}})]}}}
        for size in ("1Gi", "64Mi")
    ]
    sets = [a_replica_set(deployment, number + 1, spec=spec) for number, spec in enumerate(limits)]
    status = {"name": "web", "ready": False, "restartCount": 3, "state": BACK_OFF, "lastState": ended(137, "OOMKilled")}
    pod = a_pod("web-1", sets[1], status={"conditions": [ready(yes=False)], "containerStatuses": [status]})

    hit = run_rule(RULES["container-out-of-memory"], World([deployment, *sets, pod]))[0]

    assert any("limits memory of web: 1Gi → 64Mi" in mark.observation for mark in hit.seen)
    assert hit.remedies[0].command[:3] == ("kubectl", "rollout", "undo")
    assert hit.steps[0][0] > 0


def test_a_sidecar_that_crashes_is_found_beside_a_container_that_runs():
    envoy = {**waiting("CrashLoopBackOff", name="envoy"), "lastState": ended(1)}
    world = deployed({"conditions": [ready(yes=False)], "containerStatuses": [running(), envoy]})

    hits = run_rule(RULES["container-crash-loop"], world)

    assert [hit.culprit for hit in hits] == [WEB]
    assert "envoy" in hits[0].summary


def test_a_pod_that_a_replica_set_owns_by_a_name_alone_is_traced_to_it():
    world = crashed(BACK_OFF, ended(1), metadata={"labels": {}})
    hit = run_rule(RULES["container-crash-loop"], World([world.objects[-1]]))[0]

    assert hit.culprit == ref("ReplicaSet", "web-1")
