"""Namespaces, aggregated APIs, webhooks, quotas and classes: every rule finds its fault, and blames nothing healthy."""

import pytest

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import classes, namespaces, quotas, webhooks
from tests.support.cluster import an_object
from tests.support.cluster_parts import (
    AN_HOUR_AGO,
    a_condition,
    a_deployment,
    a_pod,
    a_service,
    a_slice,
    ago,
    an_event,
    owned_by,
)
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*namespaces.RULES, *webhooks.RULES, *quotas.RULES, *classes.RULES))
FORBIDDEN = CoverageState.FORBIDDEN
GUARD = {"app": "guard"}
WEB = {"app": "web"}


def a_namespace(name="old", phase="Terminating", *conditions, since=AN_HOUR_AGO):
    meta = {"deletionTimestamp": since} if phase == "Terminating" else {}
    spec = {"finalizers": ["kubernetes"]}
    return an_object(
        "Namespace", name, None, metadata=meta, spec=spec, status={"phase": phase, "conditions": conditions}
    )


def an_api(status="False", reason="ServiceNotFound", name="v1beta1.metrics.k8s.io", made=AN_HOUR_AGO):
    group = name.split(".", 1)[1]
    return an_object(
        "APIService",
        name,
        None,
        metadata={"creationTimestamp": made},
        spec={"group": group, "version": "v1beta1", "service": {"namespace": "shop", "name": "guard", "port": 443}},
        status={"conditions": [a_condition("Available", status, reason, "service is not present")]},
    )


def a_certificate(ready="False", reason="DoesNotExist", issuing=None, made=AN_HOUR_AGO):
    conditions = [a_condition("Ready", ready, reason)]
    conditions += [a_condition("Issuing", issuing)] if issuing else []
    return an_object("Certificate", "shop-tls", metadata={"creationTimestamp": made}, status={"conditions": conditions})


def a_hook(policy="Fail", *, port=None, url=None, kind="ValidatingWebhookConfiguration"):
    service = {"namespace": "shop", "name": "guard", "path": "/check", **({"port": port} if port else {})}
    client = {"url": url} if url else {"service": service}
    rule = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}
    hook = {"name": "pods.guard.example", "clientConfig": client, "failurePolicy": policy, "rules": [rule]}
    return an_object(kind, "guard", None, webhooks=[hook])


def a_replica_set(message="", *, have=0, want=2, owner=None):
    failed = [a_condition("ReplicaFailure", "True", "FailedCreate", message)] if message else []
    return an_object(
        "ReplicaSet",
        "web-6d4",
        metadata=owned_by(owner) if owner else {},
        spec={"replicas": want},
        status={"replicas": have, "conditions": failed},
    )


def a_quota(**used):
    hard = {"pods": "10", "requests.cpu": "4"}
    now = {"pods": "2", "requests.cpu": "1", **used}
    return an_object("ResourceQuota", "team", spec={"hard": hard}, status={"hard": hard, "used": now})


def a_range(**bounds):
    return an_object("LimitRange", "bounds", spec={"limits": [{"type": "Container", **bounds}]})


def refused_for(message):
    return a_replica_set(message, owner=deployment)


https = [{"name": "https", "port": 443, "targetPort": 8080, "protocol": "TCP"}]
guard = a_service("guard", GUARD, ports=https)
guard_pod = a_pod("guard-1", GUARD)
broken_guard = a_pod("guard-1", GUARD, ready=False)
deployment = a_deployment("web", WEB, replicas=2)
call_failed = (
    'Internal error occurred: failed calling webhook "pods.guard.example": failed to call webhook: '
    'Post "https://guard.shop.svc:443/check": tls: failed to verify certificate: x509: unknown authority'
)
over = (
    'pods "web-6d4-" is forbidden: exceeded quota: team, requested: requests.cpu=2, '
    "used: requests.cpu=4, limited: requests.cpu=4"
)
too_big = 'pods "web-6d4-x" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
discovery = a_condition("NamespaceDeletionDiscoveryFailure", "True", "DiscoveryFailed", "metrics.k8s.io/v1beta1: stale")
remaining = a_condition("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", "shop.example/x in 1 instance")
full = a_quota(**{"requests.cpu": "4"})
urgent = a_deployment("web", WEB, priorityClassName="urgent")
boxed = a_deployment("web", WEB, runtimeClassName="gvisor")
both = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
old_annotation = {"annotations": {"kubernetes.io/ingress.class": "nginx"}}

FOUND = {
    "namespace-stuck-terminating": Found([a_namespace("old", "Terminating", remaining)], says="shop.example/x"),
    "api-service-unavailable": Found([an_api()], says="service is not present"),
    "metrics-api-absent": Found(
        [a_namespace("kube-system", "Active")],
        subject=Ref("APIService", None, "v1beta1.metrics.k8s.io"),
        unread={"NodeMetrics": CoverageState.MISSING},
    ),
    "certificate-not-ready": Found([a_certificate()]),
    "webhook-blocks": Found([a_hook()], says="Service shop/guard does not exist"),
    "webhook-calls-fail": Found(
        [a_hook(), guard, a_slice(guard, guard_pod), guard_pod, refused_for(call_failed), deployment],
        says="x509: unknown authority",
    ),
    "webhook-skipped": Found([a_hook("Ignore")], says="skipped silently"),
    "quota-exceeded": Found([full, refused_for(over), deployment], says="Deployment shop/web cannot make pods"),
    "quota-nearly-full": Found([full], says="requests.cpu"),
    "limit-range-refuses": Found(
        [a_range(max={"memory": "1Gi"}), refused_for(too_big), deployment], deployment.ref, says="memory"
    ),
    "priority-class-missing": Found([urgent], says="PriorityClass urgent, which does not exist"),
    "runtime-class-missing": Found([boxed], says="RuntimeClass gvisor, which does not exist"),
    "ingress-class-defaults": Found(
        [an_object("IngressClass", "a", None, metadata=both), an_object("IngressClass", "b", None, metadata=both)]
    ),
    "priority-class-defaults": Found(
        [
            an_object("PriorityClass", "a", None, globalDefault=True),
            an_object("PriorityClass", "b", None, globalDefault=True),
        ]
    ),
    "deprecated-api": Found([an_object("Ingress", "shop", metadata=old_annotation)], says="spec.ingressClassName"),
}

CLEAN = {
    "namespace-stuck-terminating": [
        Clean("it is active", [a_namespace("shop", "Active")]),
        Clean("it was deleted a moment ago", [a_namespace(since=ago(seconds=9))]),
    ],
    "api-service-unavailable": [
        Clean("it is available", [an_api("True", "Passed")]),
        Clean("it is new", [an_api(made=ago(seconds=9))]),
        Clean("nothing is said of it", [an_object("APIService", "v1.apps", None)]),
    ],
    "metrics-api-absent": [
        Clean("it is there", [a_namespace("kube-system", "Active")]),
        Clean("it could not be read", [a_namespace("kube-system", "Active")], {"NodeMetrics": FORBIDDEN}),
        Clean("it does not answer", [a_namespace("kube-system", "Active")], {"NodeMetrics": CoverageState.UNAVAILABLE}),
    ],
    "certificate-not-ready": [
        Clean("it is ready", [a_certificate("True", "Ready")]),
        Clean("it is being issued for the first time", [a_certificate(issuing="True", made=ago(seconds=20))]),
    ],
    "webhook-blocks": [
        Clean("its backend is ready", [a_hook(), guard, a_slice(guard, guard_pod), guard_pod]),
        Clean("Services could not be read", [a_hook()], {"Service": FORBIDDEN}),
        Clean("failures are ignored", [a_hook("Ignore")]),
        Clean("it is outside of the cluster", [a_hook(url="https://guard.example/check")]),
        Clean(
            "what is behind the Service could not be read",
            [a_hook(), guard],
            {
                "Pod": FORBIDDEN,
                "EndpointSlice": FORBIDDEN,
            },
        ),
    ],
    "webhook-calls-fail": [
        Clean("nobody was refused", [a_hook(), guard, a_slice(guard, guard_pod), guard_pod]),
        Clean(
            "who was refused has its pods by now",
            [
                a_hook(url="https://guard.example"),
                (done := a_replica_set(have=2)),
                an_event(done, "FailedCreate", call_failed),
            ],
        ),
        Clean(
            "who was refused is gone",
            [
                a_hook(url="https://guard.example"),
                an_event(a_replica_set(), "FailedCreate", call_failed),
            ],
        ),
    ],
    "webhook-skipped": [
        Clean("its backend is ready", [a_hook("Ignore"), guard, a_slice(guard, guard_pod), guard_pod]),
        Clean("Services could not be read", [a_hook("Ignore")], {"Service": FORBIDDEN}),
    ],
    "quota-exceeded": [
        Clean("it is full, and nobody wants more", [full, a_replica_set(have=2)]),
        Clean(
            "the refused one has its pods by now",
            [
                a_quota(),
                (whole := a_replica_set(have=2)),
                an_event(whole, "FailedCreate", over),
            ],
        ),
        Clean("another quota refused", [full, refused_for(over.replace("team", "team-b"))]),
    ],
    "quota-nearly-full": [
        Clean("there is room", [a_quota()]),
        Clean(
            "nothing of that kind is wanted",
            [an_object("ResourceQuota", "none", status={"hard": {"pods": "0"}, "used": {"pods": "0"}})],
        ),
    ],
    "limit-range-refuses": [
        Clean("nobody was refused", [a_range(max={"memory": "1Gi"})]),
        Clean("it bounds something else", [a_range(max={"cpu": "1"}), refused_for(too_big)]),
    ],
    "priority-class-missing": [
        Clean("it exists", [urgent, an_object("PriorityClass", "urgent", None, value=10)]),
        Clean("classes could not be read", [urgent], {"PriorityClass": FORBIDDEN}),
        Clean("it names none", [deployment]),
        Clean("it is scaled to zero", [a_deployment("web", WEB, replicas=0, priorityClassName="urgent")]),
    ],
    "runtime-class-missing": [
        Clean("it exists", [boxed, an_object("RuntimeClass", "gvisor", None, handler="runsc")]),
        Clean("classes could not be read", [boxed], {"RuntimeClass": FORBIDDEN}),
    ],
    "ingress-class-defaults": [
        Clean("one is", [an_object("IngressClass", "a", None, metadata=both), an_object("IngressClass", "b", None)]),
    ],
    "priority-class-defaults": [Clean("one is", [an_object("PriorityClass", "a", None, globalDefault=True)])],
    "deprecated-api": [
        Clean("it uses the field", [an_object("Ingress", "shop", spec={"ingressClassName": "nginx"})]),
        Clean(
            "it refers by a current version",
            [
                an_object(
                    "HorizontalPodAutoscaler",
                    "web",
                    spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
                )
            ],
        ),
    ],
}


def test_every_rule_has_a_fault_it_finds_and_a_cluster_it_is_silent_about():
    assert set(FOUND) == set(CLEAN) == set(RULES)


@pytest.mark.parametrize("rule_id", RULES)
def test_the_rule_finds_its_fault(rule_id):
    expect(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize("rule_id", RULES)
def test_what_cannot_be_read_is_never_called_absent_and_makes_nothing_surer(rule_id):
    expect_humble(RULES[rule_id], FOUND[rule_id])


@pytest.mark.parametrize(("rule_id", "trial"), [(one, trial) for one in CLEAN for trial in CLEAN[one]])
def test_the_rule_is_silent(rule_id, trial):
    assert try_rule(RULES[rule_id], trial.objects, trial.unread) == [], trial.why


def test_a_dead_api_is_to_blame_for_namespaces_that_stay():
    (hit,) = try_rule(RULES["namespace-stuck-terminating"], [a_namespace("old", "Terminating", discovery), an_api()])
    assert hit.culprit == Ref("APIService", None, "v1beta1.metrics.k8s.io")
    (of_api,) = try_rule(RULES["api-service-unavailable"], [an_api(), a_namespace("old", "Terminating", discovery)])
    assert Ref("Namespace", None, "old") in of_api.explains


def test_a_webhook_whose_pods_crash_blames_their_workload():
    (hit,) = try_rule(RULES["webhook-blocks"], [a_hook(), guard, a_slice(guard, broken_guard), broken_guard])
    assert hit.culprit == broken_guard.ref


def test_a_webhook_scaled_to_zero_blocks_all_the_same():
    idle = a_deployment("guard", GUARD, replicas=0)
    (hit,) = try_rule(RULES["webhook-blocks"], [a_hook(), guard, a_slice(guard), idle])
    assert hit.culprit == idle.ref


def test_a_webhook_without_policy_fails_closed():
    (hit,) = try_rule(RULES["webhook-blocks"], [a_hook(None, kind="MutatingWebhookConfiguration")])
    assert hit.subject == Ref("MutatingWebhookConfiguration", None, "guard")


def test_a_port_the_backend_of_a_webhook_lacks_is_told():
    (hit,) = try_rule(RULES["webhook-blocks"], [a_hook(port=9443), guard, a_slice(guard, guard_pod), guard_pod])
    assert "has no port 9443" in hit.summary


def test_those_a_webhook_refuses_are_explained_by_it():
    rule = RULES["webhook-blocks"]
    (hit,) = try_rule(rule, [a_hook(), refused_for(call_failed), deployment])
    assert {deployment.ref, Ref("ReplicaSet", "shop", "web-6d4")} <= set(hit.explains)
    assert confidence(rule, hit) > rule.base


def test_an_event_alone_tells_of_a_refusal_where_workloads_could_not_be_read():
    event = an_event(a_replica_set(), "FailedCreate", over)
    (hit,) = try_rule(RULES["quota-exceeded"], [full, event], {"ReplicaSet": FORBIDDEN})
    assert Ref("ReplicaSet", "shop", "web-6d4") in hit.explains


def test_what_a_quota_counts_is_shown_beside_the_refusal():
    rule = RULES["quota-exceeded"]
    (hit,) = try_rule(rule, [full, refused_for(over), deployment])
    assert "requests.cpu: 4 of 4 used" in {one.observation for one in hit.seen}
    assert confidence(rule, hit) > rule.base


def test_an_autoscaler_that_refers_by_a_version_that_is_gone_is_told():
    scaler = an_object(
        "HorizontalPodAutoscaler",
        "web",
        spec={"scaleTargetRef": {"apiVersion": "extensions/v1beta1", "kind": "Deployment", "name": "web"}},
    )
    (hit,) = try_rule(RULES["deprecated-api"], [scaler])
    assert "extensions/v1beta1" in hit.summary


def test_limits_that_came_after_a_workload_are_to_blame_themselves():
    old = an_object(
        "ReplicaSet",
        "web-6d4",
        metadata={"creationTimestamp": AN_HOUR_AGO},
        spec={"replicas": 2},
        status={"replicas": 1, "conditions": [a_condition("ReplicaFailure", "True", "FailedCreate", too_big)]},
    )
    new = an_object(
        "LimitRange",
        "bounds",
        metadata={"creationTimestamp": ago(minutes=5)},
        spec={"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]},
    )
    (hit,) = try_rule(RULES["limit-range-refuses"], [new, old])
    assert (hit.culprit or hit.subject) == new.ref
