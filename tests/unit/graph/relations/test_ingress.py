"""Ingresses: backends, classes, certificates."""

import pytest

from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge

WEB = "Service shop/web"


def a_backend(service: str = "web", /, **port: object) -> dict[str, object]:
    return {"service": {"name": service, "port": port or {"number": 80}}}


def an_ingress(*backends: dict[str, object], metadata: dict[str, object] | None = None, **spec: object) -> object:
    paths = [{"path": f"/{index}", "backend": backend} for index, backend in enumerate(backends)]
    rules = {"rules": [{"http": {"paths": paths}}]} if paths else {}
    return an_object("Ingress", "in", spec={**rules, **spec}, metadata=metadata or {})


def a_service(*ports: dict[str, object]) -> object:
    return an_object("Service", "web", spec={"ports": list(ports) or [{"name": "http", "port": 80}]})


def test_a_rule_routes_to_its_service():
    edge = the_edge(a_graph(an_ingress(a_backend()), a_service()), "Ingress shop/in", "routes_to", WEB)

    assert (edge.state, edge.layer, edge.note) == ("present", "edge", "")
    assert edge.provenance.field_path == "spec.rules[0].http.paths[0].backend.service.name"


def test_the_default_backend_is_a_backend():
    edge = the_edge(a_graph(an_ingress(defaultBackend=a_backend()), a_service()), "Ingress shop/in", "routes_to", WEB)

    assert edge.provenance.field_path == "spec.defaultBackend.service.name"


@pytest.mark.parametrize(("unread", "state"), [({}, "absent"), ({"Service": FORBIDDEN}, "unknown")])
def test_a_backend_that_was_not_seen(unread, state):
    graph = a_graph(an_ingress(a_backend()), unread=unread)

    assert the_edge(graph, "Ingress shop/in", "routes_to", WEB).state == state


@pytest.mark.parametrize(
    ("port", "note"),
    [
        ({"name": "http"}, ""),
        ({"number": 80}, ""),
        ({"number": 81}, "the Service has no port 81"),
        ({"name": "grpc"}, "the Service has no port named grpc"),
    ],
)
def test_a_port_the_service_lacks_is_told(port, note):
    graph = a_graph(an_ingress(a_backend(**port)), a_service())

    assert the_edge(graph, "Ingress shop/in", "routes_to", WEB).note == note


def test_many_paths_to_a_service_are_one_edge_and_one_more_for_a_wrong_port():
    backends = [a_backend(), a_backend(), a_backend(number=81), a_backend(number=81), a_backend()]
    graph = a_graph(an_ingress(*backends), a_service())

    assert [edge.note for edge in edges_of(graph, "routes_to")] == ["", "the Service has no port 81"]


def test_a_resource_is_a_backend():
    resource = {"resource": {"apiGroup": "k8s.example.com", "kind": "StorageBucket", "name": "static"}}
    graph = a_graph(an_ingress(resource))

    edge = the_edge(graph, "Ingress shop/in", "routes_to", "StorageBucket.k8s.example.com shop/static")

    assert edge.state == "unknown"


def test_the_class_by_field():
    graph = a_graph(an_ingress(ingressClassName="nginx"), an_object("IngressClass", "nginx"))

    assert the_edge(graph, "Ingress shop/in", "uses_class", "IngressClass nginx").state == "present"
    graph = a_graph(an_ingress(ingressClassName="nginx"))
    assert the_edge(graph, "Ingress shop/in", "uses_class", "IngressClass nginx").state == "absent"


def test_the_class_by_annotation_needs_no_object():
    metadata = {"annotations": {"kubernetes.io/ingress.class": "gce"}}

    edge = the_edge(a_graph(an_ingress(metadata=metadata)), "Ingress shop/in", "uses_class", "IngressClass gce")

    assert edge.state == "unknown"


def test_certificates_come_from_secrets_and_need_none_at_all():
    graph = a_graph(an_ingress(tls=[{"hosts": ["a"]}, {"secretName": "tls"}]), an_object("Secret", "tls"))

    edge = the_edge(graph, "Ingress shop/in", "uses_certificate", "Secret shop/tls")

    assert (edge.state, edge.provenance.field_path) == ("present", "spec.tls[1].secretName")
    assert len(edges_of(graph, "uses_certificate")) == 1


@pytest.mark.parametrize(("unread", "state"), [({}, "absent"), ({"Secret": FORBIDDEN}, "unknown")])
def test_a_certificate_that_was_not_seen(unread, state):
    graph = a_graph(an_ingress(tls=[{"secretName": "tls"}]), unread=unread)

    assert the_edge(graph, "Ingress shop/in", "uses_certificate", "Secret shop/tls").state == state


def test_an_ingress_of_nulls_has_no_edges():
    graph = a_graph(an_ingress(rules=[{"host": "a", "http": None}, {"http": {"paths": None}}], tls=None))

    assert graph.edges == []
