"""Whether a Gateway takes a route: every part of the verdict, alone and together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.graph.domain.k8s.gateway_api import Gateway, ParentRef, ReferenceGrant, Route
from services.graph.domain.relations.gateway_matching import GATEWAY_GROUP, Wanted, hostnames_meet, is_granted
from services.graph.domain.relations.gateway_verdict import Reason, Verdict, judge_parent, judge_target
from services.graph.domain.topology.graph import EdgeState
from tests.support.cluster import an_object

LABELS = {"shop": {"team": "a", "kubernetes.io/metadata.name": "shop"}, "infra": {}}


def a_gateway(*listeners: dict[str, object], **fields: object) -> Gateway:
    default = {"name": "web", "port": 80, "protocol": "HTTP"}
    return an_object(
        "Gateway", "gw", "infra", spec={"listeners": [{**default, **one} for one in listeners] or [default]}, **fields
    )


def a_route(
    namespace: str = "shop",
    kind: str = "HTTPRoute",
    hostnames: list[str] | None = None,
    parents: list[dict[str, object]] | None = None,
) -> Route:
    return an_object(
        kind,
        "r",
        namespace,
        metadata={"generation": 3},
        spec={"hostnames": hostnames},
        status={"parents": parents},
    )


def a_parent(**fields: object) -> ParentRef:
    route = an_object("HTTPRoute", "x", spec={"parentRefs": [{"name": "gw", "namespace": "infra", **fields}]})
    return route.spec.parent_refs[0]


def judge(route: Route, gateway: Gateway | None, parent: ParentRef | None = None, presence: str = "present") -> Verdict:
    return judge_parent(route, parent or a_parent(), gateway, EdgeState(presence), LABELS.get)


def from_namespaces(which: str | None, selector: dict[str, object] | None = None) -> dict[str, object]:
    return {"allowedRoutes": {"namespaces": {"from": which, "selector": selector}}}


ALL = from_namespaces("All")
TEAM_A = {"matchLabels": {"team": "a"}}
BY_NAME = {"matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["shop", "far"]}]}


@pytest.mark.parametrize(
    ("listener", "namespace", "reason"),
    [
        ({}, "infra", Reason.ACCEPTED),
        ({}, "shop", Reason.NAMESPACE_NOT_ALLOWED),
        ({"allowedRoutes": {}}, "shop", Reason.NAMESPACE_NOT_ALLOWED),
        ({"allowedRoutes": {"namespaces": None}}, "infra", Reason.ACCEPTED),
        (from_namespaces(None), "shop", Reason.NAMESPACE_NOT_ALLOWED),
        (from_namespaces("Same"), "infra", Reason.ACCEPTED),
        (from_namespaces("Same"), "shop", Reason.NAMESPACE_NOT_ALLOWED),
        (ALL, "shop", Reason.ACCEPTED),
        (ALL, "unread", Reason.ACCEPTED),
        (from_namespaces("None"), "infra", Reason.NAMESPACE_NOT_ALLOWED),
        (from_namespaces("Sometimes"), "shop", Reason.NAMESPACE_UNKNOWN),
        # The selector asks for labels of the namespace; the route has none here.
        (from_namespaces("Selector", TEAM_A), "shop", Reason.ACCEPTED),
        (from_namespaces("Selector", TEAM_A), "infra", Reason.NAMESPACE_NOT_ALLOWED),
        (from_namespaces("Selector", TEAM_A), "unread", Reason.NAMESPACE_UNKNOWN),
        (from_namespaces("Selector", {}), "shop", Reason.ACCEPTED),
        (from_namespaces("Selector", None), "shop", Reason.NAMESPACE_NOT_ALLOWED),
        # The name of a namespace is its label, read or not.
        (from_namespaces("Selector", BY_NAME), "far", Reason.ACCEPTED),
        (from_namespaces("Selector", BY_NAME), "unread", Reason.NAMESPACE_NOT_ALLOWED),
    ],
)
def test_which_namespaces_a_listener_allows(listener, namespace, reason):
    assert judge(a_route(namespace), a_gateway(listener)).reason is reason


@pytest.mark.parametrize(
    ("protocol", "kinds", "kind", "reason"),
    [
        ("HTTP", None, "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", None, "GRPCRoute", Reason.ACCEPTED),
        ("HTTPS", None, "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", None, "TCPRoute", Reason.KIND_NOT_ALLOWED),
        ("TCP", None, "TCPRoute", Reason.ACCEPTED),
        ("TCP", None, "HTTPRoute", Reason.KIND_NOT_ALLOWED),
        ("UDP", None, "UDPRoute", Reason.ACCEPTED),
        ("UDP", None, "TCPRoute", Reason.KIND_NOT_ALLOWED),
        ("TLS", None, "TLSRoute", Reason.ACCEPTED),
        ("TLS", None, "TCPRoute", Reason.ACCEPTED),
        ("TLS", None, "HTTPRoute", Reason.KIND_NOT_ALLOWED),
        ("example.com/own", None, "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", [], "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", [{"kind": "HTTPRoute"}], "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", [{"group": GATEWAY_GROUP, "kind": "HTTPRoute"}], "HTTPRoute", Reason.ACCEPTED),
        ("HTTP", [{"group": "example.com", "kind": "HTTPRoute"}], "HTTPRoute", Reason.KIND_NOT_ALLOWED),
        ("HTTP", [{"kind": "GRPCRoute"}], "HTTPRoute", Reason.KIND_NOT_ALLOWED),
        ("HTTP", [{"kind": "TCPRoute"}], "TCPRoute", Reason.KIND_NOT_ALLOWED),
    ],
)
def test_which_kinds_a_listener_allows(protocol, kinds, kind, reason):
    gateway = a_gateway({"protocol": protocol, "allowedRoutes": {"kinds": kinds, "namespaces": {"from": "All"}}})

    assert judge(a_route(kind=kind), gateway).reason is reason


@pytest.mark.parametrize(
    ("listener", "route", "meets"),
    [
        (None, None, True),
        ("", ["a.example.com"], True),
        ("a.example.com", None, True),
        ("a.example.com", [], True),
        ("a.example.com", ["a.example.com"], True),
        ("a.example.com", ["A.Example.Com"], True),
        ("a.example.com", ["b.example.com"], False),
        ("a.example.com", ["b.example.com", "a.example.com"], True),
        ("*.example.com", ["a.example.com"], True),
        ("*.example.com", ["a.b.example.com"], True),
        ("*.example.com", ["example.com"], False),
        ("*.example.com", ["badexample.com"], False),
        ("a.example.com", ["*.example.com"], True),
        ("example.com", ["*.example.com"], False),
        ("*.example.com", ["*.example.com"], True),
        ("*.example.com", ["*.a.example.com"], True),
        ("*.a.example.com", ["*.example.com"], True),
        ("*.a.example.com", ["*.b.example.com"], False),
    ],
)
def test_which_hostnames_meet(listener, route, meets):
    assert hostnames_meet(listener, route) is meets
    gateway = a_gateway({"hostname": listener, **ALL})
    expected = Reason.ACCEPTED if meets else Reason.HOSTNAMES_DO_NOT_MEET
    assert judge(a_route(hostnames=route), gateway).reason is expected


_names = (
    st.lists(st.sampled_from(["*", "a", "b", "com"]), min_size=1, max_size=4)
    .map(lambda labels: ".".join(label if index == 0 or label != "*" else "a" for index, label in enumerate(labels)))
    .filter(lambda name: name != "*")
)


@given(_names, _names)
def test_hostnames_meet_exactly_if_some_host_is_of_both(one, other):
    hosts = [name.replace("*", filling) for name in (one, other) for filling in ("a", "b", "x.a", "x.b", "x.a.a")]
    hosts += [f"x.{host}" for host in hosts]

    def is_of(host: str, name: str) -> bool:
        return host.endswith(name[1:]) and host != name[1:] if name.startswith("*.") else host == name

    assert hostnames_meet(one, [other]) is any(is_of(host, one) and is_of(host, other) for host in hosts)


def test_hostnames_mean_nothing_to_routes_that_have_none():
    gateway = a_gateway({"protocol": "TCP", "hostname": "a.example.com", **ALL})

    assert judge(a_route(kind="TCPRoute", hostnames=["b.example.com"]), gateway).reason is Reason.ACCEPTED


@pytest.mark.parametrize(
    ("parent", "listeners"),
    [
        ({}, ("web", "tls")),
        ({"sectionName": "tls"}, ("tls",)),
        ({"port": 80}, ("web",)),
        ({"sectionName": "web", "port": 80}, ("web",)),
        ({"sectionName": "web", "port": 443}, ()),
        ({"sectionName": "none"}, ()),
        ({"port": 8080}, ()),
    ],
)
def test_which_listeners_a_route_asks_for(parent, listeners):
    gateway = a_gateway(ALL, {"name": "tls", "port": 443, "protocol": "HTTPS", **ALL})

    verdict = judge(a_route(), gateway, a_parent(**parent))

    assert verdict.listeners == listeners
    assert verdict.reason is (Reason.ACCEPTED if listeners else Reason.NO_LISTENER)


def test_the_listener_that_comes_nearest_gives_the_reason():
    gateway = a_gateway({"protocol": "TCP"}, {"name": "b"}, {"name": "c", "hostname": "a.com", **ALL})

    assert judge(a_route(hostnames=["b.com"]), gateway).reason is Reason.HOSTNAMES_DO_NOT_MEET


def test_a_gateway_without_listeners_takes_nothing():
    assert judge(a_route(), an_object("Gateway", "gw", "infra", spec={"listeners": None})).reason is Reason.NO_LISTENER


def test_a_gateway_that_is_not_there_and_one_that_could_not_be_read():
    assert judge(a_route(), None, presence="absent").reason is Reason.NO_GATEWAY
    verdict = judge(a_route(), None, presence="unknown")
    assert (verdict.reason, verdict.state) == (Reason.GATEWAY_UNKNOWN, "unknown")


def said(status: str, generation: int | None = 3, parent: dict[str, object] | None = None) -> list[dict[str, object]]:
    condition = {"type": "Accepted", "status": status, "reason": "Said", "observedGeneration": generation}
    return [{"parentRef": {"name": "gw", "namespace": "infra", **(parent or {})}, "conditions": [condition]}]


@pytest.mark.parametrize(
    ("listener", "parents", "reason"),
    [
        (ALL, said("True"), Reason.ACCEPTED),
        (ALL, said("True", 4), Reason.ACCEPTED),
        (ALL, said("False"), Reason.REFUSED_BY_CONTROLLER),
        (ALL, said("Unknown"), Reason.ACCEPTED),
        (ALL, [], Reason.ACCEPTED),
        # A status of before the route was changed says nothing.
        (ALL, said("False", 2), Reason.ACCEPTED),
        (ALL, said("False", None), Reason.ACCEPTED),
        ({}, said("True", 2), Reason.NAMESPACE_NOT_ALLOWED),
        ({}, said("True"), Reason.CONTRADICTED),
        ({}, said("False"), Reason.REFUSED_BY_CONTROLLER),
        ({}, [], Reason.NAMESPACE_NOT_ALLOWED),
        # That of another parent neither.
        (ALL, said("False", parent={"name": "other"}), Reason.ACCEPTED),
        (ALL, said("False", parent={"sectionName": "web"}), Reason.ACCEPTED),
        (ALL, said("False", parent={"namespace": "shop"}), Reason.ACCEPTED),
        (ALL, said("False", parent={"kind": "Service", "group": ""}), Reason.ACCEPTED),
        (ALL, said("False", parent={"kind": "Gateway", "group": GATEWAY_GROUP}), Reason.REFUSED_BY_CONTROLLER),
        # One controller that accepts is enough.
        (ALL, said("False") + said("True"), Reason.ACCEPTED),
    ],
)
def test_what_the_controller_said_counts_only_of_the_present_generation(listener, parents, reason):
    assert judge(a_route(parents=parents), a_gateway(listener)).reason is reason


def test_a_verdict_is_surer_if_the_controller_confirms_it():
    confirmed = judge(a_route(parents=said("True")), a_gateway(ALL))
    stale = judge(a_route(parents=said("True", 1)), a_gateway(ALL))
    silent = judge(a_route(), a_gateway(ALL))

    assert confirmed.confidence > stale.confidence
    assert "earlier generation" in stale.note
    assert "no controller" in silent.note
    assert confirmed.note == ""


def test_a_contradiction_is_unknown_and_says_both():
    verdict = judge(a_route(parents=said("True")), a_gateway())

    assert verdict.state == "unknown"
    assert "accepted" in verdict.note
    assert "namespace" in verdict.note


def test_a_controller_knows_the_labels_we_could_not_read():
    gateway = a_gateway(from_namespaces("Selector", TEAM_A))

    assert judge(a_route("unread", parents=said("True")), gateway).state == "present"


def test_a_refusal_tells_the_controllers_reason_and_what_the_listeners_say():
    note = judge(a_route(parents=said("False")), a_gateway()).note

    assert "Said" in note
    assert "no listener allows routes of this namespace" in note


def test_a_listener_that_takes_the_route_but_does_not_work_is_told():
    condition = {"type": "ResolvedRefs", "status": "False", "reason": "InvalidCertificateRef", "observedGeneration": 1}
    status = {"listeners": [{"name": "web", "conditions": [condition]}]}

    fresh = judge(a_route(), a_gateway(ALL, status=status, metadata={"generation": 1}))
    stale = judge(a_route(), a_gateway(ALL, status=status, metadata={"generation": 2}))

    assert "InvalidCertificateRef" in fresh.note
    assert "InvalidCertificateRef" not in stale.note


# References across namespaces.

WANTED = Wanted("HTTPRoute", "shop", "", "Service", "data", "db")


def a_grant(froms: list[dict[str, str]], tos: list[dict[str, str]]) -> ReferenceGrant:
    return an_object("ReferenceGrant", "g", "data", spec={"from": froms, "to": tos})


def a_from(group: str = GATEWAY_GROUP, kind: str = "HTTPRoute", namespace: str = "shop") -> dict[str, str]:
    return {"group": group, "kind": kind, "namespace": namespace}


def a_to(group: str = "", kind: str = "Service", **name: str) -> dict[str, str]:
    return {"group": group, "kind": kind, **name}


@pytest.mark.parametrize(
    ("froms", "tos", "granted"),
    [
        ([a_from()], [a_to()], True),
        ([a_from()], [a_to(name="db")], True),
        ([a_from()], [a_to(name="")], True),
        ([a_from()], [a_to(name="other")], False),
        ([a_from()], [a_to(name="other"), a_to(name="db")], True),
        ([a_from(group="")], [a_to()], False),
        ([a_from(group="example.com")], [a_to()], False),
        ([a_from(kind="GRPCRoute")], [a_to()], False),
        ([a_from(namespace="elsewhere")], [a_to()], False),
        ([a_from(namespace="elsewhere"), a_from()], [a_to()], True),
        ([a_from()], [a_to(kind="Secret")], False),
        ([a_from()], [a_to(group="example.com")], False),
        ([], [a_to()], False),
        ([a_from()], [], False),
    ],
)
def test_what_a_grant_allows(froms, tos, granted):
    assert is_granted(WANTED, [a_grant(froms, tos)]) is granted


def test_grants_are_not_mixed():
    by_from, by_to = a_grant([a_from()], [a_to(kind="Secret")]), a_grant([a_from(kind="TCPRoute")], [a_to()])

    assert not is_granted(WANTED, [by_from, by_to])


NEAR = Wanted("HTTPRoute", "data", "", "Service", "data", "db")


@pytest.mark.parametrize(
    ("wanted", "granted", "known", "presence", "reason"),
    [
        (NEAR, False, True, "present", Reason.ACCEPTED),
        (NEAR, False, False, "present", Reason.ACCEPTED),
        (NEAR, False, True, "absent", Reason.NO_TARGET),
        (NEAR, False, True, "unknown", Reason.TARGET_UNKNOWN),
        (WANTED, True, True, "present", Reason.ACCEPTED),
        (WANTED, True, False, "present", Reason.ACCEPTED),
        (WANTED, True, True, "absent", Reason.NO_TARGET),
        (WANTED, True, True, "unknown", Reason.TARGET_UNKNOWN),
        (WANTED, False, True, "present", Reason.NOT_GRANTED),
        (WANTED, False, True, "absent", Reason.NOT_GRANTED),
        (WANTED, False, True, "unknown", Reason.NOT_GRANTED),
        (WANTED, False, False, "present", Reason.GRANT_UNKNOWN),
        (WANTED, False, False, "unknown", Reason.GRANT_UNKNOWN),
        (WANTED, False, False, "absent", Reason.NO_TARGET),
    ],
)
def test_a_reference_holds_if_it_is_allowed_and_its_target_there(wanted, granted, known, presence, reason):
    grants = [a_grant([a_from()], [a_to()])] if granted else []

    verdict = judge_target(wanted, grants, are_grants_known=known, presence=EdgeState(presence))

    assert verdict.reason is reason
