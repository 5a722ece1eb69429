"""Routes, gateways and grants as edges."""

import pytest

from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge

ALL = {"namespaces": {"from": "All"}}
GATEWAY = an_object(
    "Gateway",
    "gw",
    "infra",
    spec={
        "gatewayClassName": "envoy",
        "listeners": [
            {
                "name": "web",
                "port": 443,
                "protocol": "HTTPS",
                "allowedRoutes": ALL,
                "tls": {"certificateRefs": [{"name": "own"}, {"name": "far", "namespace": "certs"}]},
            }
        ],
    },
)
PARENT = {"name": "gw", "namespace": "infra"}


def a_route(*backends: dict[str, object], parent: dict[str, object] = PARENT, **rule: object) -> object:
    rules = [{"backendRefs": list(backends) or None, **rule}]
    return an_object("HTTPRoute", "r", spec={"parentRefs": [parent], "rules": rules})


def a_service(namespace: str = "shop") -> object:
    return an_object("Service", "web", namespace, spec={"ports": [{"port": 80}]})


def a_grant(kind: str = "HTTPRoute", to: str = "Service", namespace: str = "data", source: str = "shop") -> object:
    froms = [{"group": "gateway.networking.k8s.io", "kind": kind, "namespace": source}]
    return an_object("ReferenceGrant", "g", namespace, spec={"from": froms, "to": [{"group": "", "kind": to}]})


def test_a_route_is_attached_to_its_gateway_across_namespaces_without_any_grant():
    edge = the_edge(a_graph(GATEWAY, a_route()), "HTTPRoute shop/r", "attached_to", "Gateway infra/gw")

    assert (edge.state, edge.provenance.field_path) == ("present", "spec.parentRefs[0]")


@pytest.mark.parametrize(("unread", "state"), [({}, "absent"), ({"Gateway": FORBIDDEN}, "unknown")])
def test_a_gateway_that_was_not_seen(unread, state):
    edge = the_edge(a_graph(a_route(), unread=unread), "HTTPRoute shop/r", "attached_to", "Gateway infra/gw")

    assert edge.state == state


def test_a_parent_without_namespace_is_in_the_routes():
    graph = a_graph(GATEWAY, a_route(parent={"name": "gw"}))

    assert the_edge(graph, "HTTPRoute shop/r", "attached_to", "Gateway shop/gw").state == "absent"


def test_a_mesh_routes_parent_is_a_service():
    graph = a_graph(a_route(parent={"group": "", "kind": "Service", "name": "web"}), a_service())

    assert the_edge(graph, "HTTPRoute shop/r", "attached_to", "Service shop/web").state == "present"


@pytest.mark.parametrize(
    ("backend", "note"),
    [
        ({"port": 80}, ""),
        ({"port": 81}, "the Service has no port 81"),
        ({}, "a Service needs a port, and none is named"),
        ({"port": 80, "weight": 0}, "weight 0: no traffic goes there"),
    ],
)
def test_a_backend_of_its_own_namespace(backend, note):
    edge = the_edge(
        a_graph(a_route({"name": "web", **backend}), a_service()), "HTTPRoute shop/r", "routes_to", "Service shop/web"
    )

    assert (edge.state, edge.note) == ("present", note)


FAR = {"name": "web", "namespace": "data", "port": 80}


@pytest.mark.parametrize(
    ("objects", "unread", "state"),
    [
        ((a_service("data"), a_grant()), {}, "present"),
        ((a_service("data"),), {}, "absent"),
        ((a_service("data"), a_grant("GRPCRoute")), {}, "absent"),
        ((a_service("data"), a_grant(namespace="shop")), {}, "absent"),
        ((a_service("data"),), {"ReferenceGrant": FORBIDDEN}, "unknown"),
        ((a_grant(),), {}, "absent"),
        ((a_grant(),), {"Service": FORBIDDEN}, "unknown"),
    ],
)
def test_a_backend_of_another_namespace_needs_a_grant_there(objects, unread, state):
    graph = a_graph(a_route(FAR), *objects, unread=unread)

    assert the_edge(graph, "HTTPRoute shop/r", "routes_to", "Service data/web").state == state


def test_the_grant_that_allows_is_shown():
    graph = a_graph(a_route(FAR), a_service("data"), a_grant())

    assert the_edge(graph, "HTTPRoute shop/r", "granted_by", "ReferenceGrant data/g").state == "present"
    assert edges_of(a_graph(a_route({"name": "web", "port": 80}), a_service(), a_grant()), "granted_by") == []


def test_a_mirror_is_a_backend_and_needs_a_grant_too():
    graph = a_graph(
        a_route(filters=[{"type": "RequestMirror", "requestMirror": {"backendRef": FAR}}]), a_service("data")
    )

    edge = the_edge(graph, "HTTPRoute shop/r", "routes_to", "Service data/web")

    assert edge.state == "absent"
    assert edge.provenance.field_path == "spec.rules[0].filters[0].requestMirror.backendRef"


def test_a_backend_of_another_kind_is_no_service():
    backend = {"group": "multicluster.x-k8s.io", "kind": "ServiceImport", "name": "web"}
    graph = a_graph(a_route(backend), a_service())

    edge = the_edge(graph, "HTTPRoute shop/r", "routes_to", "ServiceImport.multicluster.x-k8s.io shop/web")
    assert edge.state == "unknown"


def test_a_gateway_uses_its_class_and_certificates():
    graph = a_graph(
        GATEWAY,
        an_object("GatewayClass", "envoy"),
        an_object("Secret", "own", "infra"),
        an_object("Secret", "far", "certs"),
    )

    assert the_edge(graph, "Gateway infra/gw", "uses_class", "GatewayClass envoy").state == "present"
    assert the_edge(graph, "Gateway infra/gw", "uses_certificate", "Secret infra/own").state == "present"
    assert the_edge(graph, "Gateway infra/gw", "uses_certificate", "Secret certs/far").state == "absent"


def test_a_certificate_of_another_namespace_needs_a_grant_for_gateways():
    grant = a_grant("Gateway", "Secret", "certs", "infra")
    graph = a_graph(GATEWAY, an_object("Secret", "far", "certs"), grant)

    assert the_edge(graph, "Gateway infra/gw", "uses_certificate", "Secret certs/far").state == "present"


def test_a_selector_of_namespaces_is_held_against_the_namespace_not_the_route():
    listener = {"name": "web", "port": 80, "protocol": "HTTP"}
    selector = {"matchLabels": {"team": "a"}}
    gateway = an_object(
        "Gateway",
        "gw",
        "infra",
        spec={"listeners": [{**listener, "allowedRoutes": {"namespaces": {"from": "Selector", "selector": selector}}}]},
    )
    route = an_object("HTTPRoute", "r", metadata={"labels": {"team": "a"}}, spec={"parentRefs": [PARENT]})

    def state(*namespaces: object, **unread: object) -> str:
        graph = a_graph(gateway, route, *namespaces, **unread)
        return the_edge(graph, "HTTPRoute shop/r", "attached_to", "Gateway infra/gw").state

    assert state(an_object("Namespace", "shop")) == "absent"
    assert state(an_object("Namespace", "shop", metadata={"labels": {"team": "a"}})) == "present"
    assert state(unread={"Namespace": FORBIDDEN}) == "unknown"
