"""NetworkPolicy by its specification: one row for each sentence of networking/v1 and what follows from it."""

from typing import Any, NamedTuple

import msgspec
import pytest

from services.graph.domain.k8s.pods import Pod, PodStatus
from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.netpol.book import PolicyBook
from services.graph.domain.netpol.verdict import Outside, PortQuestion, VerdictState
from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import an_inventory, an_object

YES, NO, MAYBE = VerdictState.ALLOWED, VerdictState.DENIED, VerdictState.UNKNOWN
FORBIDDEN, TRUNCATED = CoverageState.FORBIDDEN, CoverageState.TRUNCATED
EVERY: dict[str, Any] = {}
ANY_PORT = PortQuestion(None)
HTTP, HTTPS = PortQuestion(8080), PortQuestion(8443)
DNS = PortQuestion(53, "UDP")


def a_pod(name: str, labels: dict[str, str], namespace: str = "shop", ip: str = "10.244.0.9", **spec: Any) -> Pod:
    ports = [
        {"name": "http", "containerPort": 8080},
        {"name": "dns", "containerPort": 53, "protocol": "UDP"},
    ]
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "admin", "containerPort": 9901}]}
    setup = {"name": "setup", "ports": [{"name": "early", "containerPort": 7000}]}
    pod = an_object(
        "Pod",
        name,
        namespace,
        metadata={"labels": labels},
        spec={
            "nodeName": "node-1",
            "containers": [{"name": "app", "ports": ports}],
            "initContainers": [sidecar, setup],
            **spec,
        },
        status={"phase": "Running", "podIP": ip, "hostIP": "192.168.0.1"},
    )
    assert isinstance(pod, Pod)
    return pod


WEB = a_pod("web", {"app": "web", "tier": "front"}, ip="10.244.0.1")
API = a_pod("api", {"app": "api", "tier": "back"}, ip="10.244.0.2")
FAR = a_pod("far", {"app": "web"}, "far", ip="10.244.1.1")
BARE = a_pod("bare", {}, "far", ip="")
NODE = a_pod("agent", {"app": "web"}, ip="192.168.0.2", hostNetwork=True, nodeName="node-2")
OWN_NODE = a_pod("kubelet", {"app": "web"}, ip="192.168.0.1", hostNetwork=True)
ENDED = msgspec.structs.replace(WEB, status=PodStatus(phase="Succeeded"))
INTERNET = Outside("203.0.113.7")
SOMEWHERE = Outside()
NAMESPACES = [
    an_object("Namespace", "shop", metadata={"labels": {"kubernetes.io/metadata.name": "shop", "team": "a"}}),
    an_object("Namespace", "far", metadata={"labels": {"kubernetes.io/metadata.name": "far", "team": "b"}}),
]


def app(name: str) -> dict[str, Any]:
    return {"podSelector": {"matchLabels": {"app": name}}}


def team(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"team": name}}}


def block(cidr: str, *excluded: str) -> dict[str, Any]:
    return {"ipBlock": {"cidr": cidr, **({"except": list(excluded)} if excluded else {})}}


def expression(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"podSelector": {"matchExpressions": [{"key": key, "operator": operator, "values": list(values) or None}]}}


def to_api(*peers: dict[str, Any], ports: Any = None, **more: Any) -> dict[str, Any]:
    """Return a policy for ingress of the API with one rule."""
    return {**app("api"), "policyTypes": ["Ingress"], "ingress": [{"from": list(peers), "ports": ports}], **more}


def from_web(*peers: dict[str, Any], ports: Any = None, **more: Any) -> dict[str, Any]:
    """Return a policy for egress of the web with one rule."""
    return {**app("web"), "policyTypes": ["Egress"], "egress": [{"to": list(peers), "ports": ports}], **more}


def at(*ports: Any) -> list[dict[str, Any]]:
    return [{"port": port} for port in ports]


DENY_IN = {"podSelector": EVERY, "policyTypes": ["Ingress"]}
DENY_OUT = {"podSelector": EVERY, "policyTypes": ["Egress"]}
DENY_ALL = {"podSelector": EVERY, "policyTypes": ["Ingress", "Egress"]}
IN_FAR = {"namespace": "far"}


class Row(NamedTuple):
    """``policies``: specs; one with ``namespace`` is of that, else of shop."""

    says: str
    policies: list[dict[str, Any]]
    expected: VerdictState
    source: Pod | Outside = WEB
    target: Pod | Outside = API
    port: PortQuestion | None = HTTP
    unread: dict[str, CoverageState] | None = None


ISOLATION = [
    Row("without policies all is allowed", [], YES),
    Row("ingress is denied by a policy without rules", [DENY_IN], NO),
    Row("egress is denied by a policy without rules", [DENY_OUT], NO),
    Row("a policy for ingress leaves egress open", [DENY_IN | app("web")], YES),
    Row("a policy for egress leaves ingress open", [DENY_OUT | app("api")], YES),
    Row("a policy of another namespace says nothing", [DENY_ALL | IN_FAR], YES),
    Row("a policy that selects another pod says nothing", [DENY_ALL | app("db")], YES),
    Row("an absent pod selector selects all", [{"policyTypes": ["Ingress"]}], NO),
    Row("expressions select too", [DENY_IN | expression("tier", "In", "back", "middle")], NO),
    Row("NotIn leaves out", [DENY_IN | expression("tier", "NotIn", "back")], YES),
    Row("NotIn selects what lacks the key", [DENY_IN | expression("nothing", "NotIn", "back")], NO),
    Row("Exists selects", [DENY_IN | expression("tier", "Exists")], NO),
    Row("DoesNotExist leaves out", [DENY_IN | expression("tier", "DoesNotExist")], YES),
    Row("types left out mean ingress", [{"podSelector": EVERY}], NO),
    Row("types left out leave egress open without egress rules", [app("web")], YES),
    Row("an empty egress list is no egress rule", [{**app("web"), "egress": []}], YES),
    Row("types left out mean egress with egress rules", [{**app("web"), "egress": [{"to": [app("db")]}]}], NO),
    Row("empty types are types left out", [{"podSelector": EVERY, "policyTypes": []}], NO),
    Row("rules of a direction that is no type are ignored", [from_web(policyTypes=["Ingress"]), DENY_OUT], NO),
    Row("an empty rule allows all", [DENY_IN | {"ingress": [{}]}], YES),
    Row("rules are a union", [to_api(app("db")), to_api(app("web"))], YES),
    Row("a companion opens what a deny-all closes", [DENY_IN, to_api(app("web"), ports=at(8080))], YES),
    Row("both ends must allow: ingress missing", [DENY_ALL, from_web(app("api"))], NO),
    Row("both ends must allow: egress missing", [DENY_ALL, to_api(app("web"))], NO),
    Row("both ends allow", [DENY_ALL, to_api(app("web")), from_web(app("api"))], YES),
    Row("a pod always reaches itself", [DENY_ALL], YES, API, API),
    Row("a pod that has ended is not asked about", [DENY_ALL], MAYBE, ENDED),
]
PEERS = [
    Row("a pod selector is of the own namespace", [to_api(app("web"))], YES),
    Row("a pod selector is not of another namespace", [to_api(app("web"))], NO, FAR),
    Row("an empty pod selector is all of the own namespace", [to_api({"podSelector": EVERY})], YES),
    Row("an empty pod selector is none of another", [to_api({"podSelector": EVERY})], NO, FAR),
    Row("a namespace selector is every pod there", [to_api(team("b"))], YES, BARE),
    Row("a namespace selector is no pod elsewhere", [to_api(team("b"))], NO),
    Row("an empty namespace selector is every namespace", [to_api({"namespaceSelector": EVERY})], YES, FAR),
    Row("both selectors in one peer: and", [to_api(team("b") | app("web"))], YES, FAR),
    Row("both in one peer: not the pod", [to_api(team("b") | app("api"))], NO, FAR),
    Row("both in one peer: not the namespace", [to_api(team("b") | app("web"))], NO),
    Row("selectors in two peers: or", [to_api(team("b"), app("web"))], YES),
    Row(
        "a namespace by its name",
        [to_api({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}})],
        YES,
        FAR,
    ),
    Row("an empty list of peers is all", [to_api()], YES, FAR),
    Row("an empty list of peers is outside too", [to_api()], YES, INTERNET),
    Row("selectors never match outside", [to_api({"namespaceSelector": EVERY})], NO, INTERNET),
    Row("egress peers are targets", [from_web(app("api"))], YES),
    Row("egress to another pod", [from_web(app("db"))], NO),
    Row("egress to another namespace", [from_web(team("b"))], YES, WEB, FAR),
    Row("egress by pod selector stays in the namespace", [from_web(app("web"))], NO, WEB, FAR),
    Row("a peer of nothing is nobody", [to_api({})], NO),
]
BLOCKS = [
    Row("a block holds an address outside", [to_api(block("203.0.113.0/24"))], YES, INTERNET),
    Row("a block does not hold another", [to_api(block("198.51.100.0/24"))], NO, INTERNET),
    Row("except takes out", [to_api(block("203.0.113.0/24", "203.0.113.0/28"))], NO, INTERNET),
    Row("except takes out no other", [to_api(block("203.0.113.0/24", "203.0.113.128/25"))], YES, INTERNET),
    Row(
        "what one block excepts another may hold",
        [to_api(block("203.0.113.0/24", "203.0.113.0/28"), block("203.0.113.7/32"))],
        YES,
        INTERNET,
    ),
    Row("egress to a block", [from_web(block("0.0.0.0/0"))], YES, WEB, INTERNET),
    Row("egress to a block that leaves it out", [from_web(block("0.0.0.0/0", "203.0.0.0/8"))], NO, WEB, INTERNET),
    Row("version 6 in a block of version 6", [to_api(block("2001:db8::/32"))], YES, Outside("2001:db8::1")),
    Row("version 6 in none of version 4", [to_api(block("0.0.0.0/0"))], NO, Outside("2001:db8::1")),
    Row("anything outside, of a block for all", [from_web(block("0.0.0.0/0"))], YES, WEB, SOMEWHERE),
    Row("anything outside, of a block for some", [from_web(block("203.0.113.0/24"))], MAYBE, WEB, SOMEWHERE),
    Row("a pod inside a block hangs on the plugin", [to_api(block("10.0.0.0/8"))], MAYBE),
    Row("a pod outside of a block is denied", [to_api(block("203.0.113.0/24"))], NO),
    Row("a pod an except takes out is denied", [to_api(block("10.0.0.0/8", "10.244.0.0/16"))], NO),
    Row("a pod without address may be in a block", [to_api(block("10.0.0.0/8"))], MAYBE, BARE),
    Row("a selector beside a block decides", [to_api(block("10.0.0.0/8"), app("web"))], YES),
    Row("bits beyond the mask are ignored", [to_api(block("203.0.113.9/24"))], YES, INTERNET),
    Row("a block nobody understands", [to_api(block("many"))], MAYBE, INTERNET),
]
PORTS = [
    Row("the port of a rule", [to_api(app("web"), ports=at(8080))], YES),
    Row("another port", [to_api(app("web"), ports=at(80))], NO),
    Row("one of several ports", [to_api(app("web"), ports=at(80, 8080))], YES),
    Row("an empty list of ports is all", [to_api(app("web"), ports=[])], YES),
    Row(
        "peers and ports of one rule belong together",
        [to_api(app("web"), ports=at(80)), to_api(app("db"), ports=at(8080))],
        NO,
    ),
    Row("the protocol is TCP if left out", [to_api(ports=at(53))], NO, port=DNS),
    Row("UDP where it is said", [to_api(ports=[{"port": 53, "protocol": "UDP"}])], YES, port=DNS),
    Row("SCTP is another protocol", [to_api(ports=at(8080))], NO, port=PortQuestion(8080, "SCTP")),
    Row("SCTP where it is said", [to_api(ports=[{"protocol": "SCTP"}])], YES, port=PortQuestion(1, "SCTP")),
    Row("a protocol without port is all its ports", [to_api(ports=[{"protocol": "TCP"}])], YES, port=HTTPS),
    Row("the start of a range", [to_api(ports=[{"port": 8080, "endPort": 8090}])], YES),
    Row("the end of a range", [to_api(ports=[{"port": 8000, "endPort": 8080}])], YES),
    Row("beyond a range", [to_api(ports=[{"port": 8000, "endPort": 8079}])], NO),
    Row("a name is looked up in the destination", [to_api(ports=at("http"))], YES),
    Row("a name is of its number only", [to_api(ports=at("http"))], NO, port=HTTPS),
    Row("a name the destination lacks", [to_api(ports=at("grpc"))], NO),
    Row("a name of another protocol", [to_api(ports=at("dns"))], NO, port=DNS),
    Row("a name of its protocol", [to_api(ports=[{"port": "dns", "protocol": "UDP"}])], YES, port=DNS),
    Row("a name of a sidecar", [to_api(ports=at("admin"))], YES, port=PortQuestion(9901)),
    Row("a name of an init container that ends", [to_api(ports=at("early"))], NO, port=PortQuestion(7000)),
    Row("a name for egress is of the destination", [from_web(ports=at("http"))], YES),
    Row("a name means nothing outside", [from_web(ports=at("http"))], NO, WEB, INTERNET),
    Row("asked by name", [to_api(ports=at(8080))], YES, port=PortQuestion("http")),
    Row("asked by a name that is not there", [to_api(ports=at(8080))], MAYBE, port=PortQuestion("grpc")),
    Row("any port: one is enough", [to_api(ports=at(9999))], YES, port=None),
    Row("any port: of both ends the same", [from_web(ports=at(80)), to_api(ports=at(81))], NO, port=None),
    Row(
        "any port: ranges that meet",
        [from_web(ports=[{"port": 1, "endPort": 90}]), to_api(ports=[{"port": 90, "endPort": 99}])],
        YES,
        port=None,
    ),
    Row("any port: one that egress names", [from_web(ports=at(80))], YES, port=None),
    Row("a name is of its protocol only", [to_api(ports=at("dns"))], NO, port=PortQuestion(53)),
    Row("any port of TCP", [to_api(ports=[{"protocol": "UDP"}])], NO, port=ANY_PORT),
    Row("any port of any protocol", [to_api(ports=[{"protocol": "UDP"}])], YES, port=None),
]
NODES = [
    Row("the own node of a pod reaches it", [DENY_ALL], YES, Outside("192.168.0.1")),
    Row("another node does not", [DENY_ALL], NO, Outside("192.168.0.2")),
    Row("a pod on the network of the own node reaches it", [DENY_IN], YES, OWN_NODE),
    Row("a pod on the network of another node does not", [DENY_IN], NO, NODE),
    Row("whether selectors see a pod on a node's network", [to_api(app("web"))], MAYBE, NODE),
    Row("a rule for all lets a node in", [to_api()], YES, NODE),
    Row("a pod on a node's network is not isolated", [DENY_ALL], YES, NODE, OWN_NODE),
]
UNREAD = [
    Row("policies unread: not known", [], MAYBE, unread={"NetworkPolicy": FORBIDDEN}),
    Row("some policies read: none denies for sure", [DENY_IN], MAYBE, unread={"NetworkPolicy": TRUNCATED}),
    Row(
        "some read: one that allows is enough",
        [DENY_ALL, to_api(app("web")), from_web(app("api"))],
        YES,
        unread={"NetworkPolicy": TRUNCATED},
    ),
    Row("policies unread, between nodes", [], YES, NODE, OWN_NODE, unread={"NetworkPolicy": FORBIDDEN}),
    Row("namespaces unread: labels not known", [to_api(team("b"))], MAYBE, FAR, unread={"Namespace": FORBIDDEN}),
    Row(
        "namespaces unread: not the pod anyway",
        [to_api(team("b") | app("db"))],
        NO,
        FAR,
        unread={"Namespace": FORBIDDEN},
    ),
    Row(
        "namespaces unread: the empty selector",
        [to_api({"namespaceSelector": EVERY})],
        YES,
        FAR,
        unread={"Namespace": FORBIDDEN},
    ),
    Row(
        "namespaces unread: their names are known",
        [to_api({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "far"}}})],
        YES,
        FAR,
        unread={"Namespace": FORBIDDEN},
    ),
    Row(
        "namespaces unread: another name",
        [to_api({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "dev", "team": "b"}}})],
        NO,
        FAR,
        unread={"Namespace": FORBIDDEN},
    ),
    Row(
        "not known on one end, denied on the other", [DENY_OUT, to_api(team("b"))], NO, unread={"Namespace": FORBIDDEN}
    ),
]
ROWS = [*ISOLATION, *PEERS, *BLOCKS, *PORTS, *NODES, *UNREAD]


def policies_of(specs: list[dict[str, Any]]) -> list[KubeObject]:
    made = []
    for index, spec in enumerate(specs):
        rest = {key: value for key, value in spec.items() if key != "namespace"}
        made.append(an_object("NetworkPolicy", f"p{index}", spec.get("namespace", "shop"), spec=rest))
    return made


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_the_specification_says(row: Row) -> None:
    book = PolicyBook(an_inventory(*NAMESPACES, *policies_of(row.policies), unread=row.unread))
    verdict = book.verdict(row.source, row.target, row.port)
    assert verdict.state is row.expected
    if verdict.state is NO:
        assert verdict.because
        assert "plugin enforces" in " ".join(verdict.notes)
    if verdict.state is MAYBE:
        assert verdict.notes
    # Asked again it is the same, whatever was kept.
    assert book.verdict(row.source, row.target, row.port) == verdict
