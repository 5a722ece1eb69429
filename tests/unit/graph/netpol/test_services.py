"""Services and DNS asked of policies: ports are those of pods, and one way in is enough."""

from typing import Any

import pytest

from services.graph.domain.k8s.network import Service
from services.graph.domain.k8s.pods import Pod
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.netpol.book import PolicyBook
from services.graph.domain.netpol.edges import may_reach
from services.graph.domain.netpol.services import ServiceReach
from services.graph.domain.netpol.verdict import Direction, Verdict, VerdictState
from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import an_inventory, an_object

YES, NO, MAYBE = VerdictState.ALLOWED, VerdictState.DENIED, VerdictState.UNKNOWN
PORTS = [
    {"name": "web", "port": 80, "targetPort": "http"},
    {"name": "admin", "port": 81, "targetPort": 9000},
    {"name": "same", "port": 82},
]


def a_pod(name: str, labels: dict[str, str], http: int = 8080, namespace: str = "shop", **spec: Any) -> Pod:
    ports = [{"name": "http", "containerPort": http}]
    meta = {"labels": labels}
    whole = {"containers": [{"name": "app", "ports": ports}], **spec}
    pod = an_object("Pod", name, namespace, metadata=meta, spec=whole, status={"phase": "Running"})
    assert isinstance(pod, Pod)
    return pod


def a_service(name: str = "api", namespace: str = "shop", **spec: Any) -> Service:
    whole = {"selector": {"app": "api"}, "ports": PORTS, "clusterIP": "10.96.0.9", **spec}
    service = an_object("Service", name, namespace, spec=whole)
    assert isinstance(service, Service)
    return service


def a_policy(name: str = "p", **spec: Any) -> KubeObject:
    return an_object("NetworkPolicy", name, spec=spec)


def letting_in(*ports: int | str, **labels: str) -> KubeObject:
    rule = {"ports": [{"port": port} for port in ports]}
    return a_policy(podSelector={"matchLabels": labels or {"app": "api"}}, policyTypes=["Ingress"], ingress=[rule])


WEB, API, SECOND = (
    a_pod("web", {"app": "web"}),
    a_pod("api-1", {"app": "api", "v": "1"}),
    a_pod("api-2", {"app": "api", "v": "2"}, http=8081),
)


def asked(*objects: KubeObject, service: Service | None = None, port: int | str | None = 80, **more: Any) -> Verdict:
    service = service or a_service()
    return ServiceReach(an_inventory(WEB, service, *objects, **more)).reach_service(WEB, service, port)


@pytest.mark.parametrize(
    ("policy", "port", "expected"),
    [
        (letting_in(8080), 80, YES),
        (letting_in(80), 80, NO),
        (letting_in("http"), 80, YES),
        (letting_in("http"), "web", YES),
        (letting_in(9000), 81, YES),
        (letting_in(82), 82, YES),
        (letting_in(9000), 80, NO),
        (letting_in(9000), None, YES),
        (letting_in(7), None, NO),
        (letting_in(8080), 8080, MAYBE),
        (letting_in(8080), "grpc", MAYBE),
    ],
)
def test_a_port_of_a_service_is_judged_as_the_port_of_its_pods(
    policy: KubeObject, port: int | str | None, expected: VerdictState
) -> None:
    assert asked(API, policy, port=port).state is expected


def test_each_pod_has_its_own_number_for_a_name() -> None:
    assert asked(SECOND, letting_in(8081)).state is YES
    assert asked(SECOND, letting_in(8080)).state is NO


def test_one_pod_that_may_be_reached_is_enough_and_the_others_are_told() -> None:
    verdict = asked(API, SECOND, letting_in(1, v="2"))
    assert verdict.state is YES
    assert verdict.notes == ("1 of 2 ways to its pods are denied",)


def test_a_headless_service_is_called_at_the_ports_of_its_pods() -> None:
    headless = a_service(clusterIP="None")
    assert asked(API, letting_in(8080), service=headless, port=8080).state is YES
    assert asked(API, letting_in(8080), service=headless, port=80).state is NO


@pytest.mark.parametrize("spec", [{"type": "ExternalName"}, {"selector": None}, {"selector": {"app": "gone"}}])
def test_without_pods_nothing_is_said(spec: dict[str, Any]) -> None:
    assert asked(API, letting_in(1), service=a_service(**spec)).state is MAYBE


def test_pods_that_were_not_all_read_may_be_those_that_can_be_reached() -> None:
    cut = {"Pod": CoverageState.TRUNCATED}
    assert asked(API, letting_in(1), unread=cut).state is MAYBE
    assert asked(API, letting_in(8080), unread=cut).state is YES


DNS = a_service(
    "kube-dns",
    "kube-system",
    selector={"k8s-app": "kube-dns"},
    ports=[{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
)
COREDNS = a_pod("coredns", {"k8s-app": "kube-dns"}, namespace="kube-system")
LOCAL = a_pod("local", {"k8s-app": "node-local-dns"}, namespace="kube-system", hostNetwork=True)


def sending(*ports: dict[str, Any]) -> KubeObject:
    return a_policy(podSelector={}, policyTypes=["Egress"], egress=[{"ports": list(ports)}] if ports else [])


@pytest.mark.parametrize(
    ("objects", "pod", "expected"),
    [
        ([DNS, COREDNS], WEB, YES),
        ([DNS, COREDNS, sending()], WEB, NO),
        ([DNS, COREDNS, sending({"port": 53})], WEB, NO),
        ([DNS, COREDNS, sending({"port": 53, "protocol": "UDP"})], WEB, YES),
        ([DNS, COREDNS, LOCAL, sending()], WEB, MAYBE),
        ([COREDNS, sending()], WEB, MAYBE),
        ([DNS, sending()], WEB, MAYBE),
        ([DNS, COREDNS, sending()], a_pod("own", {}, dnsPolicy="None"), MAYBE),
        ([DNS, COREDNS, sending()], a_pod("node", {}, hostNetwork=True), YES),
    ],
)
def test_names_are_resolved_by_udp_with_the_dns_of_the_cluster(
    objects: list[KubeObject], pod: Pod, expected: VerdictState
) -> None:
    assert ServiceReach(an_inventory(*objects)).can_resolve_names(pod).state is expected


def test_isolation_names_the_policies() -> None:
    policy = letting_in(8080)
    book = PolicyBook(an_inventory(policy))
    assert book.isolation(API, Direction.INGRESS).policies == (policy,)
    assert book.isolation(API, Direction.EGRESS).state is False
    assert (
        PolicyBook(an_inventory(unread={"NetworkPolicy": CoverageState.TIMEOUT}))
        .isolation(API, Direction.INGRESS)
        .state
        is None
    )


def test_an_edge_says_which_field_decides_and_that_openness_is_no_edge() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}
    policy = a_policy(podSelector={"matchLabels": {"v": "1"}}, policyTypes=["Ingress"], ingress=[rule])
    edges = {(e.source.name, e.target.name): e for e in may_reach(PolicyBook(an_inventory(policy)), [WEB, API, SECOND])}
    assert set(edges) == {("web", "api-1"), ("api-2", "api-1")}
    allowed, denied = edges["web", "api-1"], edges["api-2", "api-1"]
    assert (allowed.state, denied.state) == ("present", "absent")
    assert allowed.provenance is not None
    assert denied.provenance is not None
    assert (allowed.provenance.field_path, denied.provenance.field_path) == ("spec.ingress[0]", "spec.ingress")
    assert allowed.provenance.ref == policy.ref


def test_pods_that_policies_cannot_tell_apart_are_judged_once() -> None:
    book = PolicyBook(an_inventory(letting_in(8080)))
    twins = [a_pod(f"twin-{number}", {"app": "api", "pod-name": f"twin-{number}"}) for number in range(50)]
    assert len({book.party(twin) for twin in twins}) == 1
    verdicts = [book.verdict(WEB, twin) for twin in twins]
    assert all(one is verdicts[0] for one in verdicts)
