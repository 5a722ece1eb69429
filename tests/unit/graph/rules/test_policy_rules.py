"""Network policies: every rule finds its fault, and is silent about isolation that is meant and well made."""

from typing import Any

import pytest

from services.graph.domain.k8s.shape import KubeObject, Ref
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules import policies, policy_advice, policy_needs
from tests.support.cluster import an_object
from tests.support.cluster_parts import AN_HOUR_AGO, a_pod, a_service, owned_by
from tests.support.rule_trials import Clean, Found, by_id, confidence, expect, expect_humble, try_rule

RULES = by_id((*policies.RULES, *policy_needs.RULES, *policy_advice.RULES))
CUT, DNS, EDGE = (
    "network-policy-cuts-off-callers",
    "network-policy-blocks-dns",
    "network-policy-blocks-ingress-controller",
)
LEDGER, WEB = {"app": "ledger"}, {"app": "web"}
FORBIDDEN = CoverageState.FORBIDDEN


def a_namespace(name: str) -> KubeObject:
    return an_object("Namespace", name, metadata={"labels": {"kubernetes.io/metadata.name": name}})


def a_workload(name: str, namespace: str, *, calls: str | None = None, ready: bool = True) -> list[KubeObject]:
    """Return a Deployment with its ReplicaSet and pod; ``calls`` is in a variable of it."""
    env = [{"name": "BACKEND_URL", "value": calls}] if calls else []
    spec: dict[str, Any] = {
        "containers": [{"name": "app", "env": env, "ports": [{"name": "http", "containerPort": 8080}]}]
    }
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": spec}
    deployment = an_object(
        "Deployment",
        name,
        namespace,
        metadata={"creationTimestamp": AN_HOUR_AGO},
        spec={"selector": {"matchLabels": labels}, "template": template},
    )
    hashed = {**labels, "pod-template-hash": "6d4"}
    owned = {**owned_by(deployment), "labels": hashed}
    replicas = an_object("ReplicaSet", f"{name}-6d4", namespace, metadata=owned, spec={"template": template})
    meta = {"namespace": namespace}
    pod = a_pod(f"{name}-6d4-1", hashed, owner=replicas, ready=ready, metadata=meta, **spec)
    return [deployment, replicas, pod]


def a_policy(name: str, namespace: str = "money", **spec: object) -> KubeObject:
    return an_object("NetworkPolicy", name, namespace, spec=spec)


def lets(name: str, peer: object, port: int | str = 8080, **labels: str) -> KubeObject:
    """Return a policy that lets ``peer`` reach the pods with ``labels`` at a port."""
    rule = {"from": [peer], "ports": [{"port": port}]}
    return a_policy(name, podSelector={"matchLabels": labels or LEDGER}, policyTypes=["Ingress"], ingress=[rule])


def of_namespace(name: str, **labels: str) -> dict[str, object]:
    peer: dict[str, object] = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    return {**peer, "podSelector": {"matchLabels": labels}} if labels else peer


spaces = [a_namespace("shop"), a_namespace("money"), a_namespace("kube-system"), a_namespace("edge")]
ledger = a_service("ledger", LEDGER, namespace="money")
ledger_pods = a_workload("ledger", "money")
web_pods = a_workload("web", "shop", calls="http://ledger.money:80")
deny = a_policy("default-deny", podSelector={}, policyTypes=["Ingress", "Egress"])
deny_in = a_policy("default-deny", podSelector={}, policyTypes=["Ingress"])
base = [ledger, *spaces, *ledger_pods, *web_pods]
mute = [ledger, *spaces, *ledger_pods, *a_workload("web", "shop")]
good = lets("ledger-from-web", of_namespace("shop", app="web"))
wrong_port = lets("ledger-from-web", of_namespace("shop"), 80)
wrong_pods = lets("ledger-from-web", of_namespace("shop"), app="legder")
wrong_peer = lets("ledger-from-web", of_namespace("shop", app="wbe"))
other_peer = lets("ledger-from-ops", {"podSelector": {"matchLabels": LEDGER}})
shut_web = a_policy("shut", "shop", podSelector={"matchLabels": WEB}, policyTypes=["Egress"])
open_web = a_policy("web", "shop", podSelector={"matchLabels": WEB}, policyTypes=["Egress"], egress=[{}])
dns_ports = [{"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"}]
dns = a_service("kube-dns", {"k8s-app": "kube-dns"}, namespace="kube-system", ports=dns_ports)
dns_pod = a_pod("coredns-1", {"k8s-app": "kube-dns"}, metadata={"namespace": "kube-system"})
to_money = {"to": [of_namespace("money")]}
no_dns = a_policy("web", "shop", podSelector={"matchLabels": WEB}, policyTypes=["Egress"], egress=[to_money])
tcp_dns = a_policy(
    "web",
    "shop",
    podSelector={"matchLabels": WEB},
    policyTypes=["Egress"],
    egress=[to_money, {"to": [of_namespace("kube-system")], "ports": [{"port": 53}]}],
)
both_dns = a_policy(
    "web",
    "shop",
    podSelector={"matchLabels": WEB},
    policyTypes=["Egress"],
    egress=[to_money, {"ports": [{"port": 53}, {"port": 53, "protocol": "UDP"}]}],
)
asking = [web_pods[0], web_pods[1], web_pods[2], *spaces, ledger, *ledger_pods, dns, dns_pod]
guessing = [*a_workload("web", "shop", calls="http://ledgers.money:80"), *spaces, ledger, *ledger_pods, dns, dns_pod]
controller = a_pod(
    "nginx-1",
    {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/component": "controller"},
    metadata={"namespace": "edge"},
)
nginx = an_object("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
backend = {"service": {"name": "ledger", "port": {"number": 80}}}
ingress = an_object(
    "Ingress",
    "ledger",
    "money",
    spec={"ingressClassName": "nginx", "rules": [{"http": {"paths": [{"path": "/", "backend": backend}]}}]},
)
edge = [ingress, nginx, controller, ledger, *spaces, *ledger_pods]
on_node = a_pod(
    "nginx-1", {"app.kubernetes.io/name": "ingress-nginx"}, metadata={"namespace": "edge"}, hostNetwork=True
)


def the(kind: str, name: str, namespace: str | None = "money") -> Ref:
    return Ref(kind, namespace, name)


LEDGER_APP, WEB_APP = the("Deployment", "ledger"), the("Deployment", "web", "shop")
DENY, COMPANION = the("NetworkPolicy", "default-deny"), the("NetworkPolicy", "ledger-from-web")
SHOP_WEB = the("NetworkPolicy", "web", "shop")

FOUND = {
    "a default deny without companions cuts off a caller": (CUT, Found([*base, deny], DENY, LEDGER_APP, "web")),
    "a default deny lets nobody reach a Service": (CUT, Found([*mute, deny], DENY, LEDGER_APP, "nobody")),
    "a companion with the port of the Service": (CUT, Found([*base, deny_in, wrong_port], COMPANION, LEDGER_APP)),
    "a companion that selects nothing": (CUT, Found([*base, deny_in, wrong_pods], COMPANION, LEDGER_APP)),
    "a companion with a peer that is nobody": (CUT, Found([*base, deny_in, wrong_peer], COMPANION, LEDGER_APP)),
    "a companion for others only": (
        CUT,
        Found([*base, deny_in, other_peer], the("NetworkPolicy", "ledger-from-ops"), LEDGER_APP),
    ),
    "the caller's own egress": (CUT, Found([*base, shut_web], the("NetworkPolicy", "shut", "shop"), WEB_APP, "call")),
    "egress without DNS": (DNS, Found([*asking, no_dns], SHOP_WEB, WEB_APP)),
    "egress with DNS by TCP only": (DNS, Found([*asking, tcp_dns], SHOP_WEB, WEB_APP)),
    "a controller is not let in": (EDGE, Found([*edge, deny_in], DENY)),
    "a controller is let in at the wrong port": (
        EDGE,
        Found([*edge, lets("ledger-from-web", of_namespace("edge"), 80)], COMPANION),
    ),
    "a policy that selects nothing": ("network-policy-selects-nothing", Found([wrong_pods, *ledger_pods])),
    "a policy that denies all": ("network-policy-for-every-pod", Found([deny_in], says="denies all ingress")),
    "a policy that allows all": (
        "network-policy-for-every-pod",
        Found([a_policy("open", podSelector={}, ingress=[{}])], says="allows all ingress"),
    ),
    "a peer that is nobody": (
        "network-policy-peer-matches-nothing",
        Found([wrong_peer, *spaces, *ledger_pods, *web_pods], says="spec.ingress[0].from[0]"),
    ),
    "pods without policy": (
        "namespace-without-network-policy",
        Found([spaces[1], *ledger_pods], says="1 of 1"),
    ),
}
CLEAN = {
    CUT: [
        Clean("a default deny with the companion it needs", [*base, deny_in, good]),
        Clean("both directions with their companions", [*base, deny_in, good, open_web]),
        Clean("no policy", base),
        Clean("a policy for others", [*base, lets("other", of_namespace("edge"), app="other")]),
        Clean("nobody calls it and others are let in", [*mute, deny_in, other_peer]),
        Clean(
            "what is not ready has another fault", [ledger, *spaces, *a_workload("ledger", "money", ready=False), deny]
        ),
        Clean("policies were not read", [*base, deny], {"NetworkPolicy": FORBIDDEN}),
        Clean("policies were not all read", [*base, deny], {"NetworkPolicy": CoverageState.TRUNCATED}),
        Clean(
            "labels of namespaces were not read",
            [*base, deny_in, lets("x", {"namespaceSelector": {"matchLabels": {"team": "web"}}})],
            {"Namespace": FORBIDDEN},
        ),
    ],
    DNS: [
        Clean("DNS by UDP and TCP is allowed", [*asking, both_dns]),
        Clean("egress is open", [*asking, open_web]),
        Clean("it calls nobody", [*a_workload("web", "shop"), *spaces, dns, dns_pod, no_dns]),
        Clean("what it calls is no Service", [*guessing, no_dns]),
        Clean("where DNS runs could not be read", [*asking, no_dns], {"Pod": FORBIDDEN}),
    ],
    EDGE: [
        Clean("the controller is let in", [*edge, deny_in, lets("edge", of_namespace("edge"))]),
        Clean(
            "the controller is on the network of its node",
            [ingress, nginx, on_node, *base, lets("edge", of_namespace("edge"))],
        ),
        Clean("the controller is not known", [ingress, *base, deny_in]),
    ],
    "network-policy-selects-nothing": [
        Clean("it selects a pod", [good, *ledger_pods]),
        Clean("pods were not read", [wrong_pods], {"Pod": FORBIDDEN}),
        Clean("a workload of that label is scaled to zero", [good, ledger_pods[0]]),
    ],
    "network-policy-for-every-pod": [Clean("it is for some pods", [good])],
    "network-policy-peer-matches-nothing": [
        Clean("its peers are there", [good, *spaces, *ledger_pods, *web_pods]),
        Clean("namespaces were not read", [wrong_peer, *ledger_pods, *web_pods], {"Namespace": FORBIDDEN}),
        Clean("pods were not read", [wrong_peer, *spaces], {"Pod": FORBIDDEN}),
    ],
    "namespace-without-network-policy": [
        Clean("a policy selects them", [spaces[1], *ledger_pods, deny_in]),
        Clean("policies were not read", [spaces[1], *ledger_pods], {"NetworkPolicy": FORBIDDEN}),
        Clean("the namespace is the cluster's", [spaces[2], dns_pod]),
    ],
}


@pytest.mark.parametrize(("rule_id", "trial"), FOUND.values(), ids=FOUND)
def test_the_policy_to_mend_is_found_with_evidence(rule_id: str, trial: Found) -> None:
    expect(RULES[rule_id], trial)


@pytest.mark.parametrize(("rule_id", "trial"), FOUND.values(), ids=FOUND)
def test_what_cannot_be_read_makes_no_rule_surer(rule_id: str, trial: Found) -> None:
    expect_humble(RULES[rule_id], trial)


@pytest.mark.parametrize(
    ("rule_id", "trial"),
    [(rule_id, trial) for rule_id, trials in CLEAN.items() for trial in trials],
    ids=[f"{rule_id}: {trial.why}" for rule_id, trials in CLEAN.items() for trial in trials],
)
def test_isolation_that_is_meant_or_not_known_is_left_alone(rule_id: str, trial: Clean) -> None:
    assert try_rule(RULES[rule_id], trial.objects, trial.unread) == []


def test_every_rule_has_a_case_for_and_against() -> None:
    assert {rule_id for rule_id, _ in FOUND.values()} == set(RULES) == set(CLEAN)


def test_who_is_named_by_nobody_makes_less_sure_where_others_are_let_in() -> None:
    rule = RULES[CUT]
    other = lets("other", of_namespace("edge"), app="other")
    (alone,) = try_rule(rule, [*mute, deny])
    (beside,) = try_rule(rule, [*mute, deny, other])
    (called,) = try_rule(rule, [*base, deny])
    assert confidence(rule, beside) < confidence(rule, alone) < confidence(rule, called)
