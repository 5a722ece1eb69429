"""Services: every rule finds its fault, and is silent about what is healthy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import service_advice, service_by_hand, service_ports, services
from services.graph.domain.rules.likeness import _is_near
from tests.support.cluster import an_object
from tests.support.cluster_parts import (
    a_condition,
    a_deployment,
    a_node,
    a_pod,
    a_service,
    a_slice,
    ago,
    an_event,
    owned_by,
)
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*services.RULES, *service_by_hand.RULES, *service_ports.RULES, *service_advice.RULES))
FORBIDDEN = CoverageState.FORBIDDEN
WEB = {"app": "web"}
WEB_DEPLOYMENT = Ref("Deployment", "shop", "web")

deployment = a_deployment("web", WEB)
replicas = an_object("ReplicaSet", "web-6d4", metadata=owned_by(deployment), spec={"replicas": 1})
pod = a_pod("web-6d4-1", WEB, owner=replicas)
second = a_pod("web-6d4-2", WEB, owner=replicas, node="worker-2")
crashing = a_pod("web-6d4-1", WEB, owner=replicas, ready=False)
service = a_service("web", WEB)
dns = a_service("kube-dns", {"k8s-app": "kube-dns"}, namespace="kube-system")


def named(target):
    return a_service("web", WEB, ports=[{"name": "http", "port": 80, "targetPort": target, "protocol": "TCP"}])


def meshed(name):
    return a_service("web", WEB, ports=[{"name": name, "port": 80, "targetPort": 8080, "protocol": "TCP"}])


proxy = {"name": "istio-proxy", "restartPolicy": "Always", "ports": [{"name": "envoy", "containerPort": 15090}]}
meshed_pod = a_pod("web-6d4-1", WEB, owner=replicas, initContainers=[proxy])
balanced = a_service("web", WEB, type="LoadBalancer")
by_hand = a_service("erp", None)
local = a_service("web", WEB, internalTrafficPolicy="Local")

FOUND = {
    "service-selects-nothing": Found(
        [a_service("web", {"app": "web", "track": "canary"}), pod, deployment, replicas], says="matches no pod"
    ),
    "service-pods-not-ready": Found(
        [service, a_slice(service, crashing), crashing, replicas, deployment], WEB_DEPLOYMENT
    ),
    "service-no-endpoints": Found([service, a_slice(service)], unread={"Pod": FORBIDDEN}),
    "service-endpoints-stale": Found([service, a_slice(service), pod, replicas, deployment]),
    "cluster-dns-down": Found(
        [
            dns,
            an_object(
                "Deployment",
                "coredns",
                "kube-system",
                spec={"replicas": 0, "template": {"metadata": {"labels": {"k8s-app": "kube-dns"}}}},
            ),
        ],
        Ref("Deployment", "kube-system", "coredns"),
        says="scaled to zero",
    ),
    "service-load-balancer-pending": Found([balanced], says="waits for a load balancer"),
    "service-external-name": Found(
        [a_service("erp", None, type="ExternalName", externalName="erp-v2.back.svc.cluster.local", ports=None)],
        says="Service back/erp-v2, which does not exist",
    ),
    "service-without-selector-empty": Found([a_service("erp", None)]),
    "service-without-selector-port": Found([by_hand, a_slice(by_hand, pod, ports=[{"name": "web", "port": 8080}])]),
    "service-port-name-unknown": Found([named("web"), pod], says="named web, which no container has"),
    "service-port-undeclared": Found([named(9090), pod], says="9090"),
    "service-internal-traffic-local": Found(
        [local, a_slice(local, pod), pod, a_pod("caller", {"app": "caller"}, node="worker-2")], says="worker-2"
    ),
    "service-scaled-to-zero": Found(
        [service, a_slice(service), a_deployment("web", WEB, replicas=0)], WEB_DEPLOYMENT, says="scaled to zero"
    ),
    "service-partly-ready": Found([service, a_slice(service, second, crashing), second, crashing], says="1 of 2"),
    "service-single-endpoint": Found([service, a_slice(service, pod), pod, deployment, replicas]),
    "service-traffic-policy": Found([a_service("web", WEB, type="NodePort", externalTrafficPolicy="Local")]),
    "service-port-naming": Found([meshed("web"), meshed_pod], says="80"),
}

CLEAN = {
    "service-selects-nothing": [
        Clean("a pod matches", [service, pod]),
        Clean("its workload is scaled to zero", [service, a_deployment("web", WEB, replicas=0)]),
        Clean("it has no selector", [a_service("erp", None)]),
        Clean("pods could not be read", [service, a_slice(service)], {"Pod": FORBIDDEN}),
        Clean("it is being deleted", [a_service("web", WEB, metadata={"deletionTimestamp": ago(seconds=5)})]),
        Clean(
            "a CronJob makes its pods from time to time",
            [
                service,
                an_object(
                    "CronJob",
                    "web",
                    spec={"jobTemplate": {"spec": {"template": {"metadata": {"labels": WEB}}}}},
                ),
            ],
        ),
        Clean(
            "pods of a managed control plane are not shown",
            [
                an_object(
                    "Service",
                    "prometheus-kube-etcd",
                    "kube-system",
                    spec={"clusterIP": "None", "selector": {"component": "etcd"}},
                )
            ],
        ),
        Clean("workloads could not be read, and nothing is alike", [service], {"Deployment": FORBIDDEN}),
    ],
    "service-pods-not-ready": [
        Clean("one is ready", [service, a_slice(service, crashing, second), crashing, second]),
        Clean(
            "its pods were made a moment ago",
            [
                service,
                a_slice(service),
                a_pod("web-1", WEB, ready=False, metadata={"creationTimestamp": ago(seconds=9)}),
            ],
        ),
        Clean(
            "it publishes what is not ready",
            [service, a_slice(service, pod), a_pod("web-6d4-1", WEB, ready=False)],
        ),
        Clean(
            "it publishes what is not ready, and slices could not be read",
            [a_service("web", WEB, publishNotReadyAddresses=True), crashing],
            {"EndpointSlice": FORBIDDEN},
        ),
        Clean("neither pods nor slices could be read", [service], {"Pod": FORBIDDEN, "EndpointSlice": FORBIDDEN}),
    ],
    "service-no-endpoints": [
        Clean("an endpoint is ready", [service, a_slice(service, pod)], {"Pod": FORBIDDEN}),
        Clean("all was read, and tells why", [service, a_slice(service)]),
        Clean("slices could not be read either", [service], {"Pod": FORBIDDEN, "EndpointSlice": FORBIDDEN}),
        Clean(
            "its workload is scaled to zero",
            [service, a_slice(service), a_deployment("web", WEB, replicas=0)],
            {"Pod": FORBIDDEN},
        ),
    ],
    "service-endpoints-stale": [
        Clean("they are listed", [service, a_slice(service, pod), pod]),
        Clean("slices could not be read", [service, pod], {"EndpointSlice": FORBIDDEN}),
        Clean("the pod is not ready", [service, a_slice(service), crashing]),
    ],
    "cluster-dns-down": [
        Clean("it is another Service", [service]),
        Clean("pods and slices could not be read", [dns], {"Pod": FORBIDDEN, "EndpointSlice": FORBIDDEN}),
    ],
    "service-load-balancer-pending": [
        Clean("it is of another type", [service]),
        Clean(
            "it has an address",
            [
                an_object(
                    "Service",
                    "web",
                    spec={"type": "LoadBalancer"},
                    status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
                )
            ],
        ),
        Clean(
            "it is new", [a_service("web", WEB, type="LoadBalancer", metadata={"creationTimestamp": ago(seconds=30)})]
        ),
    ],
    "service-external-name": [
        Clean("the name is outside", [a_service("pay", None, type="ExternalName", externalName="api.pay.example")]),
        Clean(
            "services of that namespace could not be read",
            [a_service("erp", None, type="ExternalName", externalName="erp.back.svc.cluster.local")],
            {"Service": CoverageState.PARTIAL},
        ),
        Clean(
            "the other Service exists",
            [
                a_service("erp", None, type="ExternalName", externalName="web.shop.svc.cluster.local."),
                service,
            ],
        ),
    ],
    "service-without-selector-empty": [
        Clean("somebody keeps its slice", [(erp := a_service("erp", None)), a_slice(erp, pod)]),
        Clean("it is headless", [a_service("erp", None, clusterIP="None")]),
        Clean("slices could not be read", [a_service("erp", None)], {"EndpointSlice": FORBIDDEN}),
    ],
    "service-without-selector-port": [
        Clean("the names agree", [by_hand, a_slice(by_hand, pod)]),
        Clean("the slice is for every port", [by_hand, a_slice(by_hand, pod, ports=())]),
        Clean("a selector fills its slices", [service, a_slice(service, pod, ports=[{"name": "web", "port": 80}])]),
        Clean("slices could not be read", [by_hand], {"EndpointSlice": FORBIDDEN}),
    ],
    "service-port-name-unknown": [
        Clean("the container has the name", [named("http"), pod]),
        Clean("a native sidecar has the name", [named("envoy"), meshed_pod]),
        Clean("it is a number", [named(9090), pod]),
        Clean("pods could not be read", [named("web")], {"Pod": FORBIDDEN}),
    ],
    "service-port-undeclared": [
        Clean("the container declares it", [service, pod]),
        Clean(
            "a probe asks that port",
            [
                named(9090),
                a_pod(
                    "web-1",
                    WEB,
                    containers=[
                        {
                            "name": "app",
                            "ports": [{"containerPort": 8080}],
                            "readinessProbe": {"httpGet": {"port": 9090}},
                        }
                    ],
                ),
            ],
        ),
        Clean(
            "an argument names that port",
            [
                named(9090),
                a_pod(
                    "web-1",
                    WEB,
                    containers=[
                        {
                            "name": "app",
                            "ports": [{"containerPort": 8080}],
                            "args": ["--listen=:9090"],
                        }
                    ],
                ),
            ],
        ),
        Clean("it is headless", [a_service("web", WEB, clusterIP="None", ports=[{"port": 9090}]), pod]),
        Clean(
            "it is for metrics, beside one that fits",
            [
                a_service(
                    "web",
                    WEB,
                    ports=[
                        {"name": "http", "port": 80, "targetPort": 8080},
                        {"name": "metrics", "port": 9090},
                    ],
                ),
                pod,
            ],
        ),
        Clean("containers declare nothing", [named(9090), a_pod("web-1", WEB, ports=())]),
        Clean("only the mesh declares ports", [named(9090), a_pod("web-1", WEB, ports=(), initContainers=[proxy])]),
    ],
    "service-internal-traffic-local": [
        Clean("its policy is Cluster", [service, a_slice(service, pod), pod, second]),
        Clean("every node with pods has an endpoint", [local, a_slice(local, pod, second), pod, second]),
        Clean(
            "a DaemonSet is behind it",
            [
                local,
                a_slice(local, (agent := a_pod("web-x", WEB, owner=an_object("DaemonSet", "web")))),
                agent,
                a_pod("caller", {"app": "caller"}, node="worker-2"),
            ],
        ),
    ],
    "service-scaled-to-zero": [Clean("its workload is not", [service, deployment, pod, replicas])],
    "service-partly-ready": [Clean("all are ready", [service, a_slice(service, pod, second), pod, second])],
    "service-single-endpoint": [
        Clean("it has two", [service, a_slice(service, pod, second), a_deployment("web", WEB, replicas=2)]),
    ],
    "service-traffic-policy": [Clean("it is of type ClusterIP", [service])],
    "service-port-naming": [
        Clean("there is no mesh", [meshed("web"), pod]),
        Clean("the name begins with a protocol", [meshed("http-web"), meshed_pod]),
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


def test_a_selector_of_a_misspelt_value_shows_the_labels_it_was_meant_for():
    rule = RULES["service-selects-nothing"]
    (hit,) = try_rule(rule, [a_service("web", {"app": "checkuot"}), a_pod("checkout-1", {"app": "checkout"})])
    assert any("the selector wants app=checkuot, there it is app=checkout" in one.observation for one in hit.seen)
    assert confidence(rule, hit) > rule.base


def test_a_selector_nothing_resembles_is_said_with_less_confidence():
    rule = RULES["service-selects-nothing"]
    (hit,) = try_rule(rule, [service, a_pod("other-1", {"tier": "other"})])
    assert confidence(rule, hit) < rule.base


def test_a_role_an_operator_gives_out_is_hardly_a_fault():
    rule = RULES["service-selects-nothing"]
    replica = a_service("db-ro", {"app": "db", "role": "replica"})
    (hit,) = try_rule(rule, [replica, a_pod("db-0", {"app": "db", "role": "primary"})])
    assert confidence(rule, hit) < 0.5


def test_pods_all_on_a_dead_node_blame_the_node():
    node = a_node(ready="Unknown")
    stale = a_pod("web-6d4-1", WEB, owner=replicas, ready=False, containers_ready=True)
    (hit,) = try_rule(RULES["service-pods-not-ready"], [service, a_slice(service, stale), stale, replicas, node])
    assert hit.culprit == node.ref


def test_a_workload_that_makes_no_pods_is_blamed_for_its_service():
    (hit,) = try_rule(RULES["service-pods-not-ready"], [service, a_slice(service), deployment])
    assert hit.culprit == deployment.ref


def test_an_owner_that_could_not_be_read_is_named_by_its_reference():
    (hit,) = try_rule(
        RULES["service-pods-not-ready"], [service, a_slice(service, crashing), crashing], {"ReplicaSet": FORBIDDEN}
    )
    assert hit.culprit == Ref("ReplicaSet", "shop", "web-6d4")


def test_a_slice_with_endpoints_and_no_ports_tells_of_a_wrong_name_without_pods():
    wrong = named("web")
    rule = RULES["service-port-name-unknown"]
    (hit,) = try_rule(rule, [wrong, a_slice(wrong, pod, ports=())], {"Pod": FORBIDDEN})
    assert confidence(rule, hit) < rule.base


def test_the_reason_a_load_balancer_is_refused_is_told():
    event = an_event(balanced, "SyncLoadBalancerFailed", "Error syncing load balancer: quota exceeded")
    (hit,) = try_rule(RULES["service-load-balancer-pending"], [balanced, event])
    assert "quota exceeded" in hit.summary


def test_an_address_is_no_external_name():
    odd = a_service("erp", None, type="ExternalName", externalName="10.0.0.7")
    (hit,) = try_rule(RULES["service-external-name"], [odd])
    assert "names the address 10.0.0.7" in hit.summary


def test_pods_that_just_became_ready_are_not_missing_yet():
    fresh = an_object(
        "Pod",
        "web-1",
        metadata={"labels": WEB},
        status={"phase": "Running", "conditions": [a_condition("Ready", "True", lastTransitionTime=ago(seconds=3))]},
    )
    assert try_rule(RULES["service-endpoints-stale"], [service, a_slice(service), fresh]) == []


@given(
    st.text("abc-", min_size=5, max_size=9), st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abcx")), max_size=2)
)
def test_two_edits_never_hide_a_likeness(word, edits):
    other = word
    for place, letter in edits:
        at = place % (len(other) + 1)
        other = other[:at] + letter + other[at + 1 :]

    short, long = sorted((word, other), key=len)
    assert _is_near(short, long)
