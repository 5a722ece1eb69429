"""Whom trouble reaches, and what it may come from."""

from services.graph.domain.topology.blast_radius import BlastRadius, blast_radius
from tests.support.cluster import an_object
from tests.support.edges import a_graph, owned_by, ref
from tests.unit.graph.test_neighbourhood import a_shop


def up(found: BlastRadius) -> set[str]:
    return {str(one.ref) for one in found.upstream}


def down(found: BlastRadius) -> set[str]:
    return {str(one.ref) for one in found.downstream}


def an_ingress(service: str) -> object:
    return an_object("Ingress", "in", spec={"defaultBackend": {"service": {"name": service, "port": {"number": 80}}}})


def test_callers_of_callers_and_their_routes_are_upstream():
    found = blast_radius(a_shop(an_ingress("front")), [ref("Service shop/redis")])

    assert {"Deployment shop/cart", "Service shop/cart", "Deployment shop/front", "Ingress shop/in"} <= up(found)
    assert "Pod shop/redis-1-000" not in up(found)


def test_what_it_calls_and_runs_on_is_downstream():
    found = blast_radius(a_shop(), [ref("Deployment shop/cart")])

    assert {"Service shop/redis", "Pod shop/redis-1-001", "Node n1", "Pod shop/cart-1-000"} <= down(found)
    assert not {"Deployment shop/front", "Service shop/front"} & down(found)
    assert not any("kube-root-ca" in name for name in down(found))


def test_one_pod_of_many_does_not_take_the_others_with_it():
    found = blast_radius(a_shop(), [ref("Pod shop/redis-1-000")])

    assert {"Deployment shop/redis", "Service shop/redis", "Deployment shop/cart"} <= up(found)
    assert "Pod shop/redis-1-001" not in up(found)


def test_a_workload_takes_all_its_pods_and_their_service_with_it():
    found = blast_radius(a_shop(), [ref("Deployment shop/redis")])

    assert {"Pod shop/redis-1-000", "Pod shop/redis-1-001", "Service shop/redis", "Deployment shop/cart"} <= up(found)


def test_a_node_takes_its_pods_and_no_other_node_is_touched():
    other = an_object("Node", "n2")
    found = blast_radius(a_shop(other), [ref("Node n1")])

    assert {"Pod shop/redis-1-000", "Service shop/front"} <= up(found)
    assert "Node n2" not in up(found) | down(found)


def test_a_node_does_not_hang_on_its_static_pods():
    node = an_object("Node", "n1")
    static = an_object("Pod", "etcd-n1", "kube-system", metadata=owned_by(node), spec={"nodeName": "n1"})
    found = blast_radius(a_graph(node, static), [ref("Pod kube-system/etcd-n1")])

    assert up(found) == set()


def test_a_policy_is_what_its_pods_hang_on():
    graph = a_shop(an_object("NetworkPolicy", "deny", spec={"podSelector": {"matchLabels": {"app": "redis"}}}))

    assert "Deployment shop/cart" in up(blast_radius(graph, [ref("NetworkPolicy shop/deny")]))
    assert "NetworkPolicy shop/deny" in down(blast_radius(graph, [ref("Service shop/redis")]))


def test_a_role_reaches_the_pods_of_the_accounts_it_is_given_to():
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": "shop"}]
    graph = a_shop(
        an_object("Role", "r"), an_object("RoleBinding", "b", subjects=subjects, roleRef={"kind": "Role", "name": "r"})
    )

    assert {"ServiceAccount shop/default", "Pod shop/cart-1-000"} <= up(blast_radius(graph, [ref("Role shop/r")]))


def test_a_missing_service_is_what_its_callers_hang_on():
    graph = a_shop(an_ingress("gone"))

    assert up(blast_radius(graph, [ref("Service shop/gone")])) == {"Ingress shop/in"}
    assert down(blast_radius(graph, [ref("Ingress shop/in")])) == {"Service shop/gone"}


def test_nothing_goes_along_an_edge_that_is_refused():
    gateway = an_object("Gateway", "gw", "infra", spec={"listeners": [{"name": "a", "port": 80, "protocol": "HTTP"}]})
    route = an_object("HTTPRoute", "r", spec={"parentRefs": [{"name": "gw", "namespace": "infra"}]})

    assert up(blast_radius(a_graph(gateway, route), [ref("Gateway infra/gw")])) == set()


def test_the_nearest_come_first_and_the_rest_is_counted():
    found = blast_radius(a_shop(others=20), [ref("Node n1")], most=10)

    assert len(found.upstream) == 10
    assert found.left_out[0] > 0
    assert [one.steps for one in found.upstream] == sorted(one.steps for one in found.upstream)


def test_services_that_call_each_other_in_a_ring_are_each_told_once():
    found = blast_radius(a_shop(), [ref("Service shop/cart"), ref("Service shop/redis")])

    told = [one.ref for one in found.upstream]
    assert len(told) == len(set(told))
    assert not {ref("Service shop/cart"), ref("Service shop/redis")} & set(told)
