"""Services: whom they mean, whom they reach."""

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.relations.reach import ReachProblem, ServiceReach, reach_of
from services.graph.domain.topology.graph import EdgeState
from tests.support.cluster import an_inventory, an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge

LABELS = {"app": "web"}
READY = {"podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"}


def a_service(name: str = "web", **spec: object) -> KubeObject:
    return an_object("Service", name, spec={"selector": LABELS, "ports": [{"port": 80}], **spec})


def a_pod(name: str, labels: dict[str, str] | None = LABELS, namespace: str = "shop", **status: object) -> KubeObject:
    return an_object("Pod", name, namespace, metadata={"labels": labels}, status=status or READY)


def an_endpoint(pod: KubeObject, *, uid: str | None = None, **conditions: bool) -> dict[str, object]:
    target = {"kind": "Pod", "namespace": "shop", "name": pod.metadata.name}
    return {"conditions": conditions or None, "targetRef": {**target, "uid": uid or pod.metadata.uid}}


def a_slice(*endpoints: dict[str, object], service: str = "web", name: str = "web-x", **fields: object) -> KubeObject:
    return an_object(
        "EndpointSlice",
        name,
        metadata={"labels": {"kubernetes.io/service-name": service}},
        endpoints=list(endpoints) or None,
        **{"ports": [{"port": 8080}], **fields},
    )


def test_a_service_selects_pods_of_its_namespace_that_have_all_labels():
    graph = a_graph(
        a_service(selector={"app": "web", "tier": "front"}),
        a_pod("both", {"app": "web", "tier": "front", "more": "x"}),
        a_pod("half", {"app": "web"}),
        a_pod("none", None),
        a_pod("else", {"app": "web", "tier": "front"}, "other"),
    )

    assert [str(edge.target) for edge in edges_of(graph, "selects")] == ["Pod shop/both"]


def test_a_service_without_selector_selects_nothing():
    graph = a_graph(a_service("a", selector=None), a_service("b", selector={}), a_pod("web-1"))

    assert edges_of(graph, "selects") == []


def test_an_external_name_selects_nothing_and_may_be_a_service():
    graph = a_graph(
        a_service("alias", type="ExternalName", externalName="db.data.svc.cluster.local"),
        a_service("far", type="ExternalName", externalName="db.example.com"),
        a_pod("web-1"),
    )

    assert edges_of(graph, "selects") == []
    assert [str(edge.target) for edge in edges_of(graph, "routes_to")] == ["Service data/db"]


def test_a_slice_reaches_pods_by_uid_and_says_how_they_are():
    pods = [a_pod(name) for name in "abcde"]
    graph = a_graph(
        a_service(),
        *pods,
        a_slice(
            an_endpoint(pods[0]),
            an_endpoint(pods[1], ready=True),
            an_endpoint(pods[2], ready=False),
            an_endpoint(pods[3], ready=False, serving=True, terminating=True),
            an_endpoint(pods[4], ready=False, serving=False, terminating=True),
        ),
    )

    notes = [edge.note for edge in edges_of(graph, "routes_to", source="EndpointSlice shop/web-x")]

    assert [note.split(":")[0].split(",")[0] for note in notes] == [
        "ready",
        "ready",
        "not ready",
        "terminating",
        "terminating",
    ]
    assert notes[3] != notes[4]
    assert the_edge(graph, "Service shop/web", "routes_to", "EndpointSlice shop/web-x").state == "present"


def test_a_slice_that_names_an_earlier_pod_does_not_reach_the_one_of_today():
    pod = a_pod("web-0")
    graph = a_graph(a_service(), pod, a_slice(an_endpoint(pod, uid="uid-of-before")))

    edge = the_edge(graph, "EndpointSlice shop/web-x", "routes_to", "Pod shop/web-0")

    assert edge.state == "absent"
    assert edge.note.startswith("stale")


def test_a_slice_without_endpoints_and_ports_is_read():
    graph = a_graph(a_service(), a_slice(ports=None))

    assert [str(edge.source) for edge in edges_of(graph, "routes_to")] == ["Service shop/web"]


def test_a_slice_of_a_service_that_is_gone_or_may_not_be_read():
    assert the_edge(a_graph(a_slice()), "Service shop/web", "routes_to", "EndpointSlice shop/web-x").state == "absent"
    graph = a_graph(a_slice(), unread={"Service": FORBIDDEN})
    assert the_edge(graph, "Service shop/web", "routes_to", "EndpointSlice shop/web-x").state == "unknown"


def test_pods_of_a_slice_that_may_not_be_read_are_unknown():
    graph = a_graph(a_service(), a_slice(an_endpoint(a_pod("web-0"))), unread={"Pod": FORBIDDEN})

    edge = the_edge(graph, "EndpointSlice shop/web-x", "routes_to", "Pod shop/web-0")

    assert edge.state is EdgeState.UNKNOWN


# The difference between both.


def reach(service: KubeObject, *objects: KubeObject, unread: dict[str, object] | None = None) -> ServiceReach:
    return reach_of(an_inventory(service, *objects, unread=unread or {}), service)


def test_a_service_whose_pods_are_all_ready_has_no_problem():
    pods = [a_pod("a"), a_pod("b")]
    found = reach(a_service(), *pods, a_slice(*map(an_endpoint, pods)))

    assert (found.problems, len(found.ready)) == ((), 2)


def test_a_selector_that_is_wrong_names_the_labels_nobody_has():
    found = reach(a_service(selector={"app": "web", "track": "canary"}), a_pod("a"), a_slice())

    assert found.problems == (ReachProblem.SELECTS_NOTHING,)
    assert found.strange_labels == (("track", "canary"),)


def test_a_selector_that_is_right_with_pods_that_are_not_ready_is_another_thing():
    pod = a_pod("a")
    found = reach(a_service(), pod, a_slice(an_endpoint(pod, ready=False)))

    assert found.problems == (ReachProblem.NONE_READY,)
    assert found.not_ready == (pod.ref,)


def test_some_pods_that_are_not_ready():
    pods = [a_pod("a"), a_pod("b")]
    found = reach(a_service(), *pods, a_slice(an_endpoint(pods[0]), an_endpoint(pods[1], ready=False)))

    assert found.problems == (ReachProblem.SOME_NOT_READY,)


def test_pods_without_address_wait():
    pod = a_pod("a", phase="Pending")
    found = reach(a_service(), pod, a_pod("done", phase="Succeeded"), a_slice())

    assert found.waiting == (pod.ref,)
    assert found.problems == (ReachProblem.NONE_READY,)


def test_an_endpoint_of_a_pod_that_is_gone_is_stale():
    pod, gone = a_pod("a"), a_pod("gone")
    found = reach(a_service(), pod, a_slice(an_endpoint(pod), an_endpoint(gone)))

    assert found.problems == (ReachProblem.STALE,)
    assert found.stale == (gone.ref,)


def test_an_endpoint_of_a_pod_that_is_selected_no_more_is_stale():
    pod, moved = a_pod("a"), a_pod("moved", {"app": "other"})
    found = reach(a_service(), pod, moved, a_slice(an_endpoint(pod), an_endpoint(moved)))

    assert found.stale == (moved.ref,)


def test_an_endpoint_of_an_earlier_pod_leaves_the_pod_of_today_missing():
    pod = a_pod("web-0")
    found = reach(a_service(), pod, a_slice(an_endpoint(pod, uid="before")))

    assert found.missing == (pod.ref,)
    assert set(found.problems) == {ReachProblem.NONE_READY, ReachProblem.STALE, ReachProblem.MISSING}


def test_a_wrong_named_target_port_shows_as_endpoints_without_ports():
    pod = a_pod("a")
    service = a_service(ports=[{"name": "http", "port": 80, "targetPort": "web"}])
    found = reach(service, pod, a_slice(an_endpoint(pod), ports=None))

    assert found.problems == (ReachProblem.NO_PORTS,)
    assert found.unserved == ("http",)


def test_one_wrong_port_among_good_ones_is_named():
    pod = a_pod("a")
    service = a_service(ports=[{"name": "http", "port": 80}, {"name": "metrics", "port": 90, "targetPort": "prom"}])

    assert reach(service, pod, a_slice(an_endpoint(pod), ports=[{"name": "http", "port": 8080}])).unserved == (
        "metrics",
    )


def test_a_headless_service_without_ports_lacks_none():
    pod = a_pod("a")
    found = reach(a_service(ports=None, clusterIP="None"), pod, a_slice(an_endpoint(pod), ports=None))

    assert found.problems == ()


def test_a_pod_of_two_slices_counts_once():
    pod = a_pod("a")
    found = reach(
        a_service(), pod, a_slice(an_endpoint(pod)), a_slice(an_endpoint(pod), name="web-6", addressType="IPv6")
    )

    assert found.ready == (pod.ref,)


def test_endpoints_of_a_service_without_selector_are_its_own_affair():
    outside = {"addresses": ["192.0.2.1"]}
    found = reach(a_service(selector=None), a_slice(outside))

    assert (found.problems, found.others) == ((), 1)
    assert reach(a_service(selector=None)).problems == (ReachProblem.NO_ENDPOINTS,)


def test_without_pods_nothing_is_stale_and_no_selector_wrong():
    pod = a_pod("a")
    found = reach(a_service(), a_slice(an_endpoint(pod)), unread={"Pod": FORBIDDEN})

    assert (found.problems, found.pods_known) == ((), False)
    assert found.ready == (pod.ref,)


def test_without_slices_nobody_is_missing():
    found = reach(a_service(), a_pod("a"), unread={"EndpointSlice": FORBIDDEN})

    assert (found.problems, found.slices_known) == ((), False)


def test_an_external_name_has_no_endpoints_and_no_problem():
    assert reach(a_service(type="ExternalName", externalName="example.com")).problems == ()
