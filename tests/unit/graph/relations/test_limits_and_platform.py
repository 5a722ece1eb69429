"""Autoscalers, budgets, policies, quotas; webhooks, aggregated APIs, leases, usage; Events."""

import pytest

from tests.support.cluster import an_inventory, an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge


def a_pod(name: str, namespace: str = "shop", **labels: str) -> object:
    return an_object("Pod", name, namespace, metadata={"labels": labels})


@pytest.mark.parametrize(
    ("version", "kind", "target", "state"),
    [
        ("apps/v1", "Deployment", "Deployment shop/web", "present"),
        ("apps/v1", "StatefulSet", "StatefulSet shop/web", "absent"),
        ("argoproj.io/v1alpha1", "Rollout", "Rollout.argoproj.io shop/web", "unknown"),
        ("example.com/v1", "Deployment", "Deployment.example.com shop/web", "unknown"),
    ],
)
def test_an_autoscaler_scales_what_it_names(version, kind, target, state):
    spec = {"scaleTargetRef": {"apiVersion": version, "kind": kind, "name": "web"}}
    graph = a_graph(an_object("HorizontalPodAutoscaler", "h", spec=spec), an_object("Deployment", "web"))

    assert the_edge(graph, "HorizontalPodAutoscaler shop/h", "scales", target).state == state


PODS = (a_pod("a", app="web"), a_pod("b", app="api"), a_pod("c"), a_pod("d", "other", app="web"))
SELECTORS = [
    (None, set()),
    ({}, {"a", "b", "c"}),
    ({"matchLabels": {"app": "web"}}, {"a"}),
    ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}, {"a", "b"}),
    ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, {"b", "c"}),
    ({"matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, {"c"}),
    ({"matchExpressions": [{"key": "app", "operator": "Near"}]}, set()),
]


@pytest.mark.parametrize(("selector", "pods"), SELECTORS)
def test_a_budget_protects_what_it_selects(selector, pods):
    graph = a_graph(*PODS, an_object("PodDisruptionBudget", "p", spec={"selector": selector}))

    assert {edge.target.name for edge in edges_of(graph, "protects")} == pods


@pytest.mark.parametrize(("selector", "pods"), SELECTORS[1:])
def test_a_policy_isolates_what_it_selects(selector, pods):
    graph = a_graph(*PODS, an_object("NetworkPolicy", "n", spec={"podSelector": selector}))

    assert {edge.target.name for edge in edges_of(graph, "isolates")} == pods


@pytest.mark.parametrize(
    ("spec", "note"),
    [
        ({}, "ingress"),
        ({"egress": [{}]}, "ingress and egress"),
        ({"policyTypes": ["Egress"]}, "egress"),
        ({"policyTypes": ["Ingress"], "egress": [{}]}, "ingress"),
    ],
)
def test_a_policy_says_in_which_direction(spec, note):
    graph = a_graph(a_pod("a"), an_object("NetworkPolicy", "n", spec={"podSelector": {}, **spec}))

    assert [edge.note for edge in edges_of(graph, "isolates")] == [note]


def test_quotas_and_limit_ranges_hold_for_their_namespace():
    graph = a_graph(an_object("ResourceQuota", "q"), an_object("LimitRange", "l"), an_object("Namespace", "shop"))

    assert [edge.state for edge in edges_of(graph, "limits", target="Namespace shop")] == ["present", "present"]


@pytest.mark.parametrize("kind", ["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"])
@pytest.mark.parametrize(
    ("namespace", "unread", "state"),
    [("ops", {}, "present"), ("shop", {}, "absent"), ("shop", {"Service": FORBIDDEN}, "unknown")],
)
def test_a_webhook_is_served_by_the_service_of_that_namespace(kind, namespace, unread, state):
    hook = {"name": "a", "clientConfig": {"service": {"namespace": namespace, "name": "hook"}}}
    service = an_object("Service", "hook", "ops", spec={"ports": [{"port": 443}]})
    graph = a_graph(an_object(kind, "w", webhooks=[hook, hook]), service, unread=unread)

    edge = the_edge(graph, f"{kind} w", "served_by", f"Service {namespace}/hook")

    assert (edge.state, edge.note) == (state, "failurePolicy Fail")


def test_a_webhook_by_url_is_served_by_no_service():
    graph = a_graph(
        an_object("MutatingWebhookConfiguration", "w", webhooks=[{"name": "a", "clientConfig": {"url": "https://x"}}])
    )

    assert edges_of(graph, "served_by") == []


def test_a_port_a_webhooks_service_lacks_is_told():
    hook = {"name": "a", "failurePolicy": "Ignore", "clientConfig": {"service": {"namespace": "ops", "name": "hook"}}}
    service = an_object("Service", "hook", "ops", spec={"ports": [{"port": 8443}]})
    graph = a_graph(an_object("ValidatingWebhookConfiguration", "w", webhooks=[hook]), service)

    assert edges_of(graph, "served_by")[0].note == "failurePolicy Ignore; the Service has no port 443"


def test_an_aggregated_api_is_served_by_its_service_and_a_local_one_by_none():
    graph = a_graph(
        an_object("APIService", "v1.", spec={"service": None}),
        an_object("APIService", "v1beta1.metrics.k8s.io", spec={"service": {"namespace": "kube-system", "name": "ms"}}),
    )

    assert [(str(edge.target), edge.state) for edge in edges_of(graph, "served_by")] == [
        ("Service kube-system/ms", "absent")
    ]


def test_leases_of_nodes_are_heartbeats_and_others_are_not():
    graph = a_graph(
        an_object("Lease", "n1", "kube-node-lease"),
        an_object("Lease", "gone", "kube-node-lease"),
        an_object("Lease", "n1", "kube-system"),
        an_object("Node", "n1"),
    )

    assert [(edge.target.name, edge.state) for edge in edges_of(graph, "heartbeats")] == [
        ("n1", "present"),
        ("gone", "absent"),
    ]


def test_usage_measures_nodes_and_pods():
    graph = a_graph(an_object("NodeMetrics", "n1"), an_object("PodMetrics", "a"), an_object("Node", "n1"), a_pod("a"))

    assert the_edge(graph, "NodeMetrics n1", "measures", "Node n1").state == "present"
    assert the_edge(graph, "PodMetrics shop/a", "measures", "Pod shop/a").state == "present"


def an_event(kind: str, name: str, uid: str, namespace: str | None = "shop", field: str = "involvedObject") -> object:
    about = {"kind": kind, "name": name, "uid": uid, "namespace": namespace}
    return an_object("Event", "e", namespace or "default", **{field: about})


@pytest.mark.parametrize("field", ["involvedObject", "regarding"])
def test_an_event_reports_on_the_object_of_its_uid(field):
    pod = a_pod("a")
    graph = a_graph(pod, an_event("Pod", "a", pod.metadata.uid, field=field))

    assert the_edge(graph, "Event shop/e", "reports_on", "Pod shop/a").state == "present"


def test_an_event_about_an_earlier_object_is_not_about_this_one():
    pod, event = a_pod("a"), an_event("Pod", "a", "before")

    assert the_edge(a_graph(pod, event), "Event shop/e", "reports_on", "Pod shop/a").state == "absent"
    assert an_inventory(pod, event).events_of(pod) == []


@pytest.mark.parametrize(
    ("thing", "uid"),
    [
        (an_object("Node", "n1"), "n1"),
        (an_object("Pod", "etcd", metadata={"annotations": {"kubernetes.io/config.hash": "abc"}}), "abc"),
        (a_pod("a"), ""),
    ],
)
def test_the_kubelet_names_nodes_and_static_pods_in_its_own_way(thing, uid):
    event = an_event(thing.KIND, thing.metadata.name, uid, thing.metadata.namespace)
    graph = a_graph(thing, event)

    assert [edge.state for edge in edges_of(graph, "reports_on")] == ["present"]
    assert an_inventory(thing, event).events_of(thing) == [event]


def test_an_event_about_what_is_gone_not_read_or_never_read():
    event = an_event("Pod", "a", "u")
    assert the_edge(a_graph(event), "Event shop/e", "reports_on", "Pod shop/a").state == "absent"
    assert (
        the_edge(a_graph(event, unread={"Pod": FORBIDDEN}), "Event shop/e", "reports_on", "Pod shop/a").state
        == "unknown"
    )
    graph = a_graph(an_event("Rollout", "a", "u"))
    assert the_edge(graph, "Event shop/e", "reports_on", "Rollout shop/a").state == "unknown"


def test_an_event_about_a_node_may_name_a_namespace():
    graph = a_graph(an_object("Node", "n1"), an_event("Node", "n1", "n1", "default"))

    assert the_edge(graph, "Event default/e", "reports_on", "Node n1").state == "present"
