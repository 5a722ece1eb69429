import pytest

from services.graph.domain.rules import budgets, daemonsets, hygiene, jobs, rollouts, scaled_to_zero, scaling, sets
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
    ended,
    owned,
    ready,
    ref,
    run_rule,
    running,
    well,
)

MODULES = (budgets, daemonsets, hygiene, jobs, rollouts, scaled_to_zero, scaling, sets)
RULES = {rule.id: rule for module in MODULES for rule in module.RULES}
WEB, JOB, CRON = ref("Deployment", "web"), ref("Job", "load"), ref("CronJob", "nightly")
STATEFUL, DAEMON = ref("StatefulSet", "db"), ref("DaemonSet", "agent")
HPA, PDB = ref("HorizontalPodAutoscaler", "web"), ref("PodDisruptionBudget", "web")


def rolling(*conditions, spec=None, generation=1, pods=True, **status):
    deployment = a_deployment(
        spec=spec or {}, metadata={"generation": generation}, status={"conditions": list(conditions), **status}
    )
    replica_set = a_replica_set(deployment)
    sick = {"conditions": [ready(yes=False)], "containerStatuses": [running(ready=False)]}
    return World([deployment, replica_set, *([a_pod("web-1", replica_set, status=sick)] if pods else [])])


LATE = condition("Progressing", "False", "ProgressDeadlineExceeded")
MOVING = condition("Progressing", "True", "ReplicaSetUpdated")
ROLLED = condition("Progressing", "True", "NewReplicaSetAvailable")
UNAVAILABLE = condition("Available", "False", "MinimumReplicasUnavailable")


def at_zero(*backends):
    deployment = a_deployment(spec={"replicas": 0}, status={"replicas": 0})
    service = an_object("Service", "web", spec={"selector": {"app": "web"}})
    rules = [{"http": {"paths": [{"backend": {"service": {"name": name}}}]}} for name in backends]
    return World([deployment, service, an_object("Ingress", "shop", spec={"rules": rules})])


def stateful(*more, spec=None, **status):
    meta = {"creationTimestamp": ago(600), "generation": 1}
    body = {"replicas": 2, "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [a_container()]}}}
    status = {"observedGeneration": 1, "replicas": 2, **status}
    return World([an_object("StatefulSet", "db", metadata=meta, spec={**body, **(spec or {})}, status=status), *more])


CLAIMS = {"volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {"storageClassName": "fast"}}]}


def pending_claim():
    return an_object(
        "PersistentVolumeClaim", "data-db-0", spec={"storageClassName": "fast"}, status={"phase": "Pending"}
    )


def daemon(*more, selector=None, **status):
    template = {"spec": {"nodeSelector": selector or {}, "containers": [a_container()]}}
    meta = {"creationTimestamp": ago(600), "generation": 1}
    status = {"observedGeneration": 1, "desiredNumberScheduled": 2, "currentNumberScheduled": 2, **status}
    return World([an_object("DaemonSet", "agent", metadata=meta, spec={"template": template}, status=status), *more])


def a_job(name="load", *conditions, owner=None, minutes=30, spec=None, **status):
    meta = {"creationTimestamp": ago(minutes), **(owned(owner) if owner else {})}
    return an_object("Job", name, metadata=meta, spec=spec or {}, status={"conditions": list(conditions), **status})


FAILED = condition("Failed", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit")
DONE = condition("Complete", "True", "CompletionsReached")


def a_cron(**fields):
    spec = {"schedule": "*/5 * * * *", **fields.pop("spec", {})}
    meta = {"creationTimestamp": ago(60 * 24 * 30)}
    return an_object("CronJob", "nightly", metadata=meta, spec=spec, status=fields.pop("status", {}))


def cron_jobs(*outcomes):
    cron = a_cron()
    found = [a_job(f"nightly-{n}", one, owner=cron, minutes=30 - n) for n, one in enumerate(outcomes)]
    return World([cron, *found])


def hpa(*conditions, target="web", spec=None, more=None):
    body = {
        "scaleTargetRef": {"kind": "Deployment", "name": target},
        "minReplicas": 1,
        "maxReplicas": 5,
        **(spec or {}),
    }
    scaler = an_object("HorizontalPodAutoscaler", "web", spec=body, status={"conditions": list(conditions)})
    return World([scaler, *(more if more is not None else [a_deployment(status={"readyReplicas": 1})])])


UTILISATION = {
    "metrics": [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
    ]
}
NO_METRIC = condition("ScalingActive", "False", "FailedGetResourceMetric", "unable to get metrics for resource cpu")


def sized(cpu):
    template = {"spec": {"containers": [a_container(resources={"requests": {"cpu": cpu}})]}}
    return [a_deployment(spec={"template": template}), a_node()]


def pdb(*more, name="web", app="web", **fields):
    spec = {"selector": {"matchLabels": {"app": app}}, "minAvailable": 1}
    meta = {"creationTimestamp": ago(600)}
    return World([an_object("PodDisruptionBudget", name, metadata=meta, spec=spec, status=fields), *more])


def labelled_pod(*, is_ready=True):
    return a_pod("web-1", metadata={"labels": {"app": "web"}}, status={"conditions": [ready(yes=is_ready)]})


def template(**fields):
    pod = {key: fields.pop(key) for key in ("serviceAccountName", "automountServiceAccountToken") if key in fields}
    labels = {"labels": {"app": "web"}}
    spec = {
        "replicas": fields.pop("replicas", 2),
        "template": {"metadata": labels, "spec": {**pod, "containers": [a_container(**fields)]}},
    }
    return World([a_deployment(spec=spec)])


PORTS, PROBE = [{"containerPort": 80}], {"httpGet": {"port": 80}}
SIZES = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}}

CASES = [
    Case("deployment-deadline-exceeded", lambda: rolling(LATE), WEB, lambda: rolling(MOVING)),
    Case(
        "deployment-replicas-missing", lambda: rolling(ROLLED, UNAVAILABLE), WEB, lambda: rolling(MOVING, UNAVAILABLE)
    ),
    Case(
        "deployment-rollout-slow",
        lambda: rolling(MOVING),
        WEB,
        lambda: rolling(condition("Progressing", "True", "ReplicaSetUpdated", minutes=1)),
    ),
    Case(
        "deployment-paused",
        lambda: rolling(spec={"paused": True}, updatedReplicas=0),
        WEB,
        lambda: rolling(spec={"paused": True}, updatedReplicas=1),
    ),
    Case(
        "workload-not-observed", lambda: rolling(generation=3, observedGeneration=2), WEB, lambda: rolling(generation=3)
    ),
    Case("deployment-without-replicaset", lambda: World([a_deployment(status={"replicas": 0})]), WEB, well),
    Case(
        "deployment-strategy-drops-all",
        lambda: rolling(spec={"strategy": {"rollingUpdate": {"maxUnavailable": "100%"}}}),
        WEB,
        lambda: rolling(spec={"strategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}),
    ),
    Case("workload-scaled-to-zero", at_zero, WEB, lambda: at_zero("web")),
    Case("workload-zero-in-demand", lambda: at_zero("web"), WEB, lambda: at_zero("other")),
    Case(
        "statefulset-replicas-missing", lambda: stateful(readyReplicas=1), STATEFUL, lambda: stateful(readyReplicas=2)
    ),
    Case(
        "statefulset-half-rolled",
        lambda: stateful(
            spec={"updateStrategy": {"rollingUpdate": {"partition": 1}}}, currentRevision="a", updateRevision="b"
        ),
        STATEFUL,
        lambda: stateful(currentRevision="a", updateRevision="b"),
    ),
    Case(
        "statefulset-service-absent",
        lambda: stateful(spec={"serviceName": "db"}, readyReplicas=0),
        STATEFUL,
        lambda: stateful(an_object("Service", "db"), spec={"serviceName": "db"}, readyReplicas=0),
    ),
    Case(
        "statefulset-without-service",
        lambda: stateful(spec={"serviceName": "db"}, readyReplicas=2),
        STATEFUL,
        lambda: stateful(an_object("Service", "db"), spec={"serviceName": "db"}, readyReplicas=2),
    ),
    Case(
        "statefulset-class-absent",
        lambda: stateful(pending_claim(), spec=CLAIMS, readyReplicas=0),
        ref("PersistentVolumeClaim", "data-db-0"),
        lambda: stateful(an_object("StorageClass", "fast", None), spec=CLAIMS, readyReplicas=0),
    ),
    Case(
        "replicaset-replicas-missing",
        lambda: World([an_object("ReplicaSet", "lone", spec={"replicas": 2}, status={"replicas": 0})]),
        ref("ReplicaSet", "lone"),
        lambda: rolling(MOVING),
    ),
    Case("daemonset-pods-missing", lambda: daemon(numberReady=1), DAEMON, lambda: daemon(numberReady=2)),
    Case("daemonset-misplaced", lambda: daemon(numberMisscheduled=1), DAEMON, lambda: daemon(numberMisscheduled=0)),
    Case(
        "daemonset-selects-no-node",
        lambda: daemon(a_node(labels={"pool": "general"}), selector={"pool": "genral"}, desiredNumberScheduled=0),
        DAEMON,
        lambda: daemon(a_node(), selector={"gpu": "yes"}, desiredNumberScheduled=0),
    ),
    Case(
        "daemonset-on-no-node",
        lambda: daemon(a_node(), selector={"gpu": "yes"}, desiredNumberScheduled=0),
        DAEMON,
        lambda: daemon(a_node(), numberReady=2),
    ),
    Case(
        "job-failed",
        lambda: World([a_job("load", FAILED, failed=3)]),
        JOB,
        lambda: World([a_job("load", DONE, failed=2)]),
    ),
    Case(
        "job-attempts-failing",
        lambda: World([a_job(failed=3, active=1)]),
        JOB,
        lambda: World([a_job(failed=1, active=1)]),
    ),
    Case("job-suspended", lambda: World([a_cron(spec={"suspend": True})]), CRON, lambda: World([a_cron()])),
    Case("cronjob-failing", lambda: cron_jobs(DONE, FAILED, FAILED), CRON, lambda: cron_jobs(FAILED, FAILED, DONE)),
    Case(
        "cronjob-not-succeeding",
        lambda: World([a_cron(status={"lastScheduleTime": ago(90), "lastSuccessfulTime": ago(9000)})]),
        CRON,
        lambda: World([a_cron(status={"lastScheduleTime": ago(90), "lastSuccessfulTime": ago(89)})]),
    ),
    Case(
        "cronjob-schedule-invalid",
        lambda: World([a_cron(spec={"schedule": "every day"})]),
        CRON,
        lambda: World([a_cron(spec={"schedule": "TZ=Europe/Rome 0 4 1,15 * MON-FRI"})]),
    ),
    Case(
        "cronjob-missing-starts",
        lambda: World([a_cron(), an_event(CRON, "MissSchedule", "Missed scheduled time to start a job")]),
        CRON,
        lambda: World([a_cron(spec={"startingDeadlineSeconds": 60})]),
    ),
    Case("hpa-target-absent", lambda: hpa(more=[]), HPA, hpa),
    Case(
        "hpa-cannot-scale",
        lambda: hpa(condition("AbleToScale", "False", "FailedGetScale", "deployments.apps web not found")),
        HPA,
        lambda: hpa(condition("AbleToScale", "True", "ReadyForNewScale")),
    ),
    Case(
        "hpa-without-metrics",
        lambda: hpa(NO_METRIC),
        HPA,
        lambda: hpa(condition("ScalingActive", "False", "ScalingDisabled")),
    ),
    Case(
        "hpa-capped",
        lambda: hpa(condition("ScalingLimited", "True", "TooManyReplicas")),
        HPA,
        lambda: hpa(condition("ScalingLimited", "True", "TooFewReplicas")),
    ),
    Case(
        "hpa-target-without-requests",
        lambda: hpa(NO_METRIC, spec=UTILISATION),
        HPA,
        lambda: hpa(NO_METRIC, spec=UTILISATION, more=sized("1")),
    ),
    Case("hpa-larger-than-cluster", lambda: hpa(more=sized("2")), HPA, lambda: hpa(more=sized("100m"))),
    Case(
        "pdb-blocks-all",
        lambda: pdb(expectedPods=1, currentHealthy=1, desiredHealthy=1, disruptionsAllowed=0),
        PDB,
        lambda: pdb(expectedPods=2, currentHealthy=2, desiredHealthy=1, disruptionsAllowed=1),
    ),
    Case("pdb-selects-nothing", pdb, PDB, lambda: pdb(a_deployment())),
    Case(
        "pdb-not-computed",
        lambda: pdb(conditions=[condition("DisruptionAllowed", "False", "SyncFailed", "no controller")]),
        PDB,
        lambda: pdb(conditions=[condition("DisruptionAllowed", "False", "InsufficientPods")]),
    ),
    Case(
        "pdb-overlaps",
        lambda: pdb(labelled_pod(), *pdb(name="all").objects, expectedPods=1),
        PDB,
        lambda: pdb(labelled_pod(), *pdb(name="all", app="other").objects, expectedPods=1),
    ),
    Case(
        "pdb-short-of-pods",
        lambda: pdb(labelled_pod(is_ready=False), expectedPods=1, currentHealthy=0, desiredHealthy=1),
        ref("Pod", "web-1"),
        lambda: pdb(labelled_pod(), expectedPods=1, currentHealthy=1, desiredHealthy=1),
    ),
    Case(
        "advice-readiness-probe",
        lambda: template(ports=PORTS),
        WEB,
        lambda: template(ports=PORTS, readinessProbe=PROBE),
    ),
    Case(
        "advice-liveness-probe", lambda: template(ports=PORTS), WEB, lambda: template(ports=PORTS, livenessProbe=PROBE)
    ),
    Case("advice-requests", template, WEB, lambda: template(resources=SIZES)),
    Case("advice-memory-limit", template, WEB, lambda: template(resources=SIZES)),
    Case(
        "advice-image-tag",
        lambda: template(image="r.example:5000/web"),
        WEB,
        lambda: template(image="r.example:5000/web:1"),
    ),
    Case("advice-root", template, WEB, lambda: template(securityContext={"runAsNonRoot": True})),
    Case("advice-privileged", lambda: template(securityContext={"privileged": True}), WEB, template),
    Case("advice-default-account", template, WEB, lambda: template(serviceAccountName="web")),
    Case("advice-single-replica", lambda: template(replicas=1), WEB, template),
    Case("advice-no-budget", template, WEB, lambda: World([*template().objects, *pdb().objects])),
    Case("advice-unmanaged-pod", lambda: World([a_pod()]), ref("Pod", "web-1"), well),
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


def test_only_advice_is_given_about_a_healthy_deployment():
    world = World([*well().objects, a_node()])

    assert {rule.id for rule in RULES.values() if not rule.is_advice and run_rule(rule, world)} == set()


def test_what_only_could_be_better_is_marked_as_advice():
    assert {rule.id for rule in hygiene.RULES if not rule.is_advice} == set()


def test_replicas_that_wait_for_a_claim_are_not_blamed_on_their_stateful_set():
    meta = {"creationTimestamp": ago(600), "generation": 1}
    owner = an_object("StatefulSet", "db", metadata=meta, spec={"replicas": 1, **CLAIMS}, status={"replicas": 1})
    message = "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."
    status = {"phase": "Pending", "conditions": [condition("PodScheduled", "False", "Unschedulable", message)]}
    volumes = {"nodeName": None, "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]}
    pod = a_pod("db-0", owner, status=status, spec=volumes)

    hits = run_rule(RULES["statefulset-replicas-missing"], World([owner, pod, pending_claim()]))

    assert [hit.culprit for hit in hits] == [ref("PersistentVolumeClaim", "data-db-0")]
    assert hits[0].explains == (STATEFUL,)


def test_pods_on_a_node_that_is_down_are_not_blamed_on_their_daemon_set():
    world = daemon(a_node(is_ready=False), numberReady=1)
    pod = a_pod(
        "agent-1", world.objects[0], status={"conditions": [ready(yes=False)], "containerStatuses": [running()]}
    )

    hits = run_rule(RULES["daemonset-pods-missing"], World([*world.objects, pod]))

    assert [hit.culprit for hit in hits] == [ref("Node", "node-1", None)]


def test_a_failing_job_of_a_cron_job_is_blamed_on_the_cron_job():
    world = cron_jobs(FAILED)

    assert [hit.culprit for hit in run_rule(RULES["job-failed"], world)] == [CRON]


def test_a_failed_job_whose_successor_succeeded_is_history():
    assert run_rule(RULES["job-failed"], cron_jobs(FAILED, DONE)) == []


def test_a_failed_job_shows_the_exit_code_of_its_attempts():
    job = a_job("load", FAILED, failed=1)
    pod = a_pod("load-1", job, status={"phase": "Failed", "containerStatuses": [{"name": "web", "state": ended(127)}]})

    hit = run_rule(RULES["job-failed"], World([job, pod]))[0]

    assert any("exit code 127" in mark.observation for mark in hit.seen)


def test_a_deployment_whose_pods_could_not_be_read_is_blamed_with_less_confidence():
    from services.graph.domain.reading.coverage import CoverageState  # noqa: PLC0415

    world = rolling(LATE, pods=False)
    hit = run_rule(
        RULES["deployment-deadline-exceeded"], World(world.objects, unread={"Pod": CoverageState.FORBIDDEN})
    )[0]

    assert hit.culprit == WEB
    assert sum(step for step, _ in hit.steps) < 0
