"""What surrounds an object, and what is left out of it."""

import random

import pytest

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.relations import build_graph
from services.graph.domain.topology.graph import Graph, Relation
from services.graph.domain.topology.hops import HOPS, NEEDS_SOURCE, NEEDS_TARGET
from services.graph.domain.topology.neighbourhood import CutReason, Neighbourhood, find_neighbourhood
from tests.support.cluster import an_inventory, an_object
from tests.support.edges import a_graph, owned_by, ref


def an_app(name: str, pods: int = 2, node: str = "n1", **variables: str) -> list[KubeObject]:
    """Return a workload with pods, a Service and slices; each variable is an address of another."""
    env = [{"name": key, "value": value} for key, value in variables.items()]
    spec = {"containers": [{"name": "c", "env": env}], "nodeName": node}
    volumes = [{"name": "ca", "projected": {"sources": [{"configMap": {"name": "kube-root-ca.crt"}}]}}]
    spec["volumes"] = volumes
    made = an_object("Deployment", name, spec={"template": {"metadata": {"labels": {"app": name}}, "spec": spec}})
    replicas = an_object("ReplicaSet", f"{name}-1", metadata=owned_by(made))
    things = [made, replicas]
    for number in range(pods):
        meta = {"labels": {"app": name}, **owned_by(replicas)}
        things.append(an_object("Pod", f"{name}-1-{number:03}", metadata=meta, spec=spec))
    targets = [
        {"targetRef": {"kind": "Pod", "namespace": "shop", "name": pod.metadata.name, "uid": pod.metadata.uid}}
        for pod in things[2:]
    ]
    labels = {"labels": {"kubernetes.io/service-name": name}}
    return [
        *things,
        an_object("Service", name, spec={"selector": {"app": name}, "ports": [{"port": 80}]}),
        an_object("EndpointSlice", f"{name}-x", metadata=labels, endpoints=targets, ports=[{"port": 80}]),
    ]


def a_shop(*more: KubeObject, others: int = 0) -> Graph:
    crowd = [thing for number in range(others) for thing in an_app(f"other-{number:03}", 1)]
    return a_graph(
        an_object("Node", "n1"),
        an_object("Namespace", "shop"),
        an_object("ServiceAccount", "default"),
        an_object("ConfigMap", "kube-root-ca.crt"),
        an_object("ResourceQuota", "quota"),
        *an_app("front", CART_ADDR="cart:80"),
        *an_app("cart", REDIS_ADDR="redis:80"),
        *an_app("redis"),
        *crowd,
        *more,
    )


def names(found: Neighbourhood) -> set[str]:
    return {str(one.entity.ref) for one in found.neighbours}


def test_a_workload_is_surrounded_by_its_pods_their_service_and_whom_it_calls():
    found = find_neighbourhood(a_shop(), [ref("Deployment shop/cart")])

    expected = {"ReplicaSet shop/cart-1", "Pod shop/cart-1-000", "Service shop/cart", "Service shop/redis", "Node n1"}
    assert expected <= names(found)
    assert "ResourceQuota shop/quota" in names(found)
    assert found.neighbours[0].entity.ref == ref("Deployment shop/cart")
    assert [one.distance for one in found.neighbours] == sorted(one.distance for one in found.neighbours)


def test_what_everything_shares_does_not_drag_in_everything():
    found = find_neighbourhood(a_shop(others=60), [ref("Deployment shop/cart")], most=1_000)

    assert not any("other-" in name for name in names(found))
    assert "ConfigMap shop/kube-root-ca.crt" not in names(found)
    cut = {(one.kind, one.reason): one.count for one in found.cut}
    assert cut["Pod", CutReason.HUB] >= 60


@pytest.mark.parametrize("seed", ["Node n1", "ServiceAccount shop/default", "ConfigMap shop/kube-root-ca.crt"])
def test_what_is_shared_shows_its_users_if_it_is_asked_about(seed):
    found = find_neighbourhood(a_shop(), [ref(seed)], hops=1)

    assert "Pod shop/redis-1-000" in names(found)


def test_a_missing_object_is_a_neighbour_too():
    web = an_app("web", DB_URL="postgres://gone:5432/x")
    found = find_neighbourhood(a_shop(*web), [ref("Deployment shop/web")], hops=1)

    (gone,) = [one for one in found.neighbours if one.entity.ref == ref("Service shop/gone")]
    assert gone.entity.state == "absent"


def test_no_more_than_asked_for_and_the_rest_is_counted():
    graph = a_shop()
    whole = find_neighbourhood(graph, [ref("Deployment shop/cart")])
    some = find_neighbourhood(graph, [ref("Deployment shop/cart")], most=5)

    assert [one.entity.ref for one in some.neighbours] == [one.entity.ref for one in whole.neighbours][:5]
    assert sum(one.count for one in some.cut if one.reason is CutReason.MOST) > 0


def test_what_is_further_is_counted_as_far():
    found = find_neighbourhood(a_shop(), [ref("Deployment shop/cart")], hops=0.5)

    assert ("Service", CutReason.DISTANCE) in {(one.kind, one.reason) for one in found.cut}
    assert all(one.distance <= 0.5 for one in found.neighbours)


def test_nothing_is_both_in_and_cut():
    graph = a_shop(others=30)
    found = find_neighbourhood(graph, [ref("Deployment shop/front")], most=30)

    left = len({edge.target for edge in graph.edges} | {edge.source for edge in graph.edges}) - len(found.neighbours)
    assert sum(one.count for one in found.cut) <= left


def test_hundreds_of_pods_do_not_push_out_the_rest():
    found = find_neighbourhood(a_shop(*an_app("big", 400, CART_ADDR="cart:80")), [ref("Deployment shop/big")], most=60)

    assert {"Service shop/big", "Service shop/cart", "Node n1"} <= names(found)


def test_usage_and_leases_come_after_everything_else():
    records = [an_object("PodMetrics", f"cart-1-00{number}") for number in range(2)]
    graph = a_shop(*records, an_object("NodeMetrics", "n1"), an_object("Lease", "n1", "kube-node-lease"))
    whole = names(find_neighbourhood(graph, [ref("Deployment shop/cart")]))
    minor = {"PodMetrics shop/cart-1-000", "PodMetrics shop/cart-1-001", "NodeMetrics n1", "Lease kube-node-lease/n1"}

    few = names(find_neighbourhood(graph, [ref("Deployment shop/cart")], most=len(whole) - len(minor)))

    assert minor <= whole
    assert few == whole - minor


def test_a_node_does_not_lead_to_other_nodes_through_what_runs_on_each():
    every = an_object("DaemonSet", "proxy")
    pods = [
        an_object("Pod", f"proxy-{number}", metadata=owned_by(every), spec={"nodeName": f"n{number}"})
        for number in range(3)
    ]
    graph = a_graph(every, *pods, *(an_object("Node", f"n{number}") for number in range(3)))

    assert "Pod shop/proxy-2" not in names(find_neighbourhood(graph, [ref("Node n1")]))
    assert "Pod shop/proxy-2" in names(find_neighbourhood(graph, [ref("DaemonSet shop/proxy")]))


def test_edges_are_those_between_neighbours():
    found = find_neighbourhood(a_shop(), [ref("Deployment shop/cart")])

    assert found.edges
    assert all({edge.source, edge.target} <= found.refs for edge in found.edges)


def test_a_seed_that_is_not_there_is_said():
    found = find_neighbourhood(a_shop(), [ref("Deployment shop/none"), ref("Service shop/cart")])

    assert found.unknown_seeds == (ref("Deployment shop/none"),)
    assert "Service shop/cart" in names(found)


def test_the_order_in_which_a_cluster_is_read_changes_nothing():
    things = [*an_app("front", 5, CART_ADDR="cart:80"), *an_app("cart", 30), an_object("Node", "n1")]
    expected = find_neighbourhood(build_graph(an_inventory(*things)), [ref("Deployment shop/front")], most=20)
    for seed in range(5):
        random.Random(seed).shuffle(things)
        found = find_neighbourhood(build_graph(an_inventory(*things)), [ref("Deployment shop/front")], most=20)
        assert found.neighbours == expected.neighbours
        assert found.cut == expected.cut


def test_every_relation_has_its_hops_and_no_two_directions_of_need():
    assert set(HOPS) == set(Relation)
    assert not NEEDS_SOURCE & NEEDS_TARGET
