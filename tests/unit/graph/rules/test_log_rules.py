import pytest

from services.graph.domain.logs.log_patterns import SIGNATURES
from services.graph.domain.reading.coverage import CoverageState
from services.graph.domain.rules.logs import RULES as LOG_RULES
from tests.support.cluster import an_object
from tests.support.rule_cases import (
    a_container,
    a_pod,
    condition,
    deployed,
    ended,
    ready,
    ref,
    run_rule,
    running,
    waiting,
)

RULES = {rule.id: rule for rule in LOG_RULES}
WEB = ref("Deployment", "web")
LINES = {
    "kubernetes-forbidden": 'User "system:serviceaccount:shop:web" cannot list resource "pods" in API group ""',
    "dns": "lookup orders: no such host",
    "tls": "x509: certificate has expired",
    "authentication": 'password authentication failed for user "shop"',
    "port-in-use": "listen tcp :80: bind: address already in use",
    "connection-refused": "dial tcp orders:5432: connect: connection refused",
    "timeout": "dial tcp 10.96.0.7:80: i/o timeout",
    "disk-full": "write /data: no space left on device",
    "out-of-memory": "java.lang.OutOfMemoryError: Java heap space",
    "migration-conflict": 'relation "orders" already exists',
    "permission-denied": "open /data/x: permission denied",
    "program-missing": "exec format error",
    "config-missing": "KeyError: 'MODE'",
    "crash": "panic: oh no",
}


def logging(line, *more, env=None, unread=None):
    status = {**waiting("CrashLoopBackOff"), "lastState": ended(1)}
    spec = {"containers": [a_container(env=env or [])]}
    whole = {"conditions": [ready(yes=False)], "containerStatuses": [status]}
    return deployed(whole, spec, *more, logs={"web": ("INFO starting", line)}, unread=unread or {})


def test_every_signature_has_a_rule_and_a_line_here():
    assert set(LINES) == {signature.id for signature in SIGNATURES}
    assert set(RULES) == {f"log-{name}" for name in LINES}


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_line_of_a_crashing_container_is_evidence_against_its_workload(name):
    (hit,) = run_rule(RULES[f"log-{name}"], logging(LINES[name]))

    assert hit.culprit == WEB
    assert hit.seen[0].lines == (LINES[name],)


@pytest.mark.parametrize("name", sorted(LINES))
def test_a_healthy_container_may_write_what_it_likes(name):
    status = {"conditions": [ready()], "containerStatuses": [running()]}

    assert run_rule(RULES[f"log-{name}"], deployed(status, logs={"web": (LINES[name],)})) == []


@pytest.mark.parametrize("name", sorted(LINES))
def test_lines_of_everyday_life_are_no_finding(name):
    assert run_rule(RULES[f"log-{name}"], logging("INFO request complete")) == []


def test_a_host_that_is_no_service_is_named_with_what_comes_near_it():
    world = logging(
        "lookup orders-database: no such host",
        an_object("Service", "orders-db"),
        env=[{"name": "DATABASE_URL", "value": "postgres://shop:secret@orders-database:5432/orders"}],
    )

    (hit,) = run_rule(RULES["log-dns"], world)

    assert "There is no Service orders-database in namespace shop. There is orders-db." in hit.summary
    assert hit.culprit == WEB
    assert not any("secret" in mark.observation for mark in hit.seen)


def test_a_service_that_could_not_be_read_is_not_said_to_be_missing():
    world = logging(LINES["dns"], unread={"Service": CoverageState.FORBIDDEN})

    (hit,) = run_rule(RULES["log-dns"], world)

    assert "There is no" not in hit.summary


def test_a_name_outside_the_cluster_is_not_looked_for_among_services():
    (hit,) = run_rule(RULES["log-dns"], logging("lookup api.example.com: no such host"))

    assert "There is no" not in hit.summary


def orders(**spec):
    return an_object("Service", "orders", spec={"selector": {"app": "orders"}, "clusterIP": "10.96.0.7", **spec})


def orders_pod(*, is_ready):
    return a_pod("orders-1", metadata={"labels": {"app": "orders"}}, status={"conditions": [ready(yes=is_ready)]})


def test_who_is_called_and_not_ready_is_to_blame():
    (hit,) = run_rule(
        RULES["log-connection-refused"], logging(LINES["connection-refused"], orders(), orders_pod(is_ready=False))
    )

    assert hit.culprit == ref("Pod", "orders-1")
    assert WEB in hit.explains


def test_a_service_without_pods_is_to_blame_for_who_calls_it():
    (hit,) = run_rule(RULES["log-connection-refused"], logging(LINES["connection-refused"], orders()))

    assert hit.culprit == ref("Service", "orders")


def test_a_port_the_service_does_not_have_is_the_callers_fault():
    service = orders(ports=[{"port": 5433}])

    (hit,) = run_rule(
        RULES["log-connection-refused"], logging(LINES["connection-refused"], service, orders_pod(is_ready=True))
    )

    assert hit.culprit == WEB
    assert "has no port 5432; it has 5433" in hit.summary


def test_a_policy_that_lets_nobody_in_is_to_blame_for_a_timeout():
    policy = an_object("NetworkPolicy", "deny", spec={"podSelector": {}, "policyTypes": ["Ingress"]})

    (hit,) = run_rule(RULES["log-timeout"], logging(LINES["timeout"], orders(), orders_pod(is_ready=True), policy))

    assert hit.culprit == ref("NetworkPolicy", "deny")


def test_a_policy_that_lets_someone_in_is_not_accused_without_being_evaluated():
    policy = an_object("NetworkPolicy", "some", spec={"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]})

    (hit,) = run_rule(RULES["log-timeout"], logging(LINES["timeout"], orders(), orders_pod(is_ready=True), policy))

    assert hit.culprit == WEB


def test_an_unready_container_that_runs_is_read_too():
    status = {"conditions": [condition("Ready", "False")], "containerStatuses": [running(ready=False)]}

    assert run_rule(RULES["log-dns"], deployed(status, logs={"web": (LINES["dns"],)}))


def dns_service(*, is_ready):
    labels = {"k8s-app": "kube-dns"}
    meta = {"namespace": "kube-system", "labels": labels}
    pod = a_pod("coredns-1", metadata=meta, status={"conditions": [ready(yes=is_ready)]})
    return an_object("Service", "kube-dns", "kube-system", spec={"selector": labels}), pod


def test_cluster_dns_that_is_not_there_is_to_blame_where_the_name_is_right():
    (hit,) = run_rule(RULES["log-dns"], logging(LINES["dns"], orders(), *dns_service(is_ready=False)))

    assert hit.culprit == ref("Pod", "coredns-1", "kube-system")


def test_cluster_dns_that_works_is_not_blamed():
    (hit,) = run_rule(RULES["log-dns"], logging(LINES["dns"], orders(), *dns_service(is_ready=True)))

    assert hit.culprit == WEB


@pytest.mark.parametrize(
    ("egress", "is_blamed"),
    [
        ([], True),
        ([{"ports": [{"port": 443}]}], True),
        ([{"ports": [{"port": 443}, {"port": 53, "protocol": "UDP"}]}], False),
        ([{"ports": [{"port": 1, "endPort": 100}]}], False),
        ([{"ports": [{"port": "dns"}]}], False),
        ([{"to": [{"podSelector": {}}]}], False),
    ],
)
def test_a_policy_is_blamed_only_if_no_rule_could_allow_dns(egress, is_blamed):
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": egress}
    policy = an_object("NetworkPolicy", "tight", spec=spec)

    (hit,) = run_rule(RULES["log-dns"], logging(LINES["dns"], orders(), policy))

    assert (hit.culprit == ref("NetworkPolicy", "tight")) is is_blamed


@pytest.mark.parametrize("complaint", ["dns", "timeout"])
@pytest.mark.parametrize("state", [CoverageState.FORBIDDEN, CoverageState.TRUNCATED, CoverageState.TIMEOUT])
def test_no_policy_is_blamed_where_the_service_a_name_means_could_not_be_read(complaint, state):
    policy = an_object("NetworkPolicy", "tight", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    world = logging(LINES[complaint], policy, unread={"Service": state})

    (hit,) = run_rule(RULES[f"log-{complaint}"], world)

    assert hit.culprit == WEB


def test_policies_that_could_not_all_be_read_are_not_blamed():
    policy = an_object("NetworkPolicy", "tight", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    world = logging(LINES["dns"], orders(), policy, unread={"NetworkPolicy": CoverageState.PARTIAL})

    (hit,) = run_rule(RULES["log-dns"], world)

    assert hit.culprit == WEB


def test_a_policy_that_lets_nothing_out_is_to_blame_for_a_timeout():
    policy = an_object("NetworkPolicy", "shut", spec={"podSelector": {}, "policyTypes": ["Egress"]})

    (hit,) = run_rule(RULES["log-timeout"], logging("dial tcp 198.51.100.7:443: i/o timeout", policy))

    assert hit.culprit == ref("NetworkPolicy", "shut")


def test_a_headless_service_resolves_only_while_a_pod_of_it_is_ready():
    (hit,) = run_rule(RULES["log-dns"], logging(LINES["dns"], orders(clusterIP="None"), orders_pod(is_ready=False)))

    assert hit.culprit == ref("Pod", "orders-1")


def bound(*roles):
    subject = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
    role_ref = {"kind": "Role", "name": "reader"}
    return [an_object("RoleBinding", "web-reader", subjects=[subject], roleRef=role_ref), *roles]


def reader(*verbs):
    return an_object("Role", "reader", rules=[{"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}])


def test_a_binding_to_a_role_that_does_not_exist_is_to_blame_for_a_refusal():
    (hit,) = run_rule(RULES["log-kubernetes-forbidden"], logging(LINES["kubernetes-forbidden"], *bound()))

    assert hit.culprit == ref("RoleBinding", "web-reader")


def test_a_role_without_the_verb_is_to_blame_for_a_refusal():
    (hit,) = run_rule(RULES["log-kubernetes-forbidden"], logging(LINES["kubernetes-forbidden"], *bound(reader("get"))))

    assert hit.culprit == ref("Role", "reader")


def test_roles_that_could_not_be_read_are_not_said_to_be_missing():
    world = logging(LINES["kubernetes-forbidden"], *bound(), unread={"Role": CoverageState.FORBIDDEN})

    (hit,) = run_rule(RULES["log-kubernetes-forbidden"], world)

    assert hit.culprit == WEB


def test_a_config_map_that_names_a_wrong_host_is_what_is_to_be_mended():
    settings = an_object("ConfigMap", "settings", data={"app.yaml": "db: postgres://orders-database:5432/orders"})
    world = logging(
        "lookup orders-database: no such host",
        settings,
        env=[{"name": "APP", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "app.yaml"}}}],
    )

    (hit,) = run_rule(RULES["log-dns"], world)

    assert hit.culprit == ref("ConfigMap", "settings")
    assert WEB in hit.explains


def test_a_service_of_the_same_name_in_another_namespace_is_pointed_at():
    elsewhere = an_object("Service", "orders", "data")

    (hit,) = run_rule(RULES["log-dns"], logging(LINES["dns"], elsewhere))

    assert "There is one of this name in data." in hit.summary
