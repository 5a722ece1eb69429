"""Sharing equal parts changes what objects weigh, and nothing that can be read of them."""

import msgspec
import pytest

from services.graph.domain.reading.decoding import decode_object, decode_page
from services.graph.domain.reading.kinds import KINDS, get_kind


def a_pod(name, node="node-1", image="shop/cart:1"):
    box = {
        "name": "cart",
        "image": image,
        "env": [{"name": "PORT", "value": "8080"}],
        "resources": {"limits": {"memory": "300Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "livenessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
        "volumeMounts": [{"name": f"kube-api-access-{name}", "mountPath": "/var/run/secrets"}],
    }
    state = {"running": {"startedAt": "2026-11-23T12:00:00Z"}}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-23T12:00:00Z"}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": name, "labels": {"app": "cart"}},
        "spec": {"containers": [box], "nodeName": node, "tolerations": [{"key": "gone", "operator": "Exists"}]},
        "status": {
            "phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}], "conditions": [ready],
            "containerStatuses": [{"name": "cart", "image": image, "state": state, "lastState": {}}],
        },
    }  # fmt: skip


def page_of(kind, *items):
    return decode_page(get_kind(kind), msgspec.json.encode({"kind": f"{kind}List", "items": items})).objects


def test_objects_of_a_page_are_equal_to_objects_read_alone():
    items = [a_pod("a"), a_pod("b"), a_pod("c", "node-2", "shop/cart:2"), {"metadata": {"name": "bare"}}]
    assert page_of("Pod", *items) == [decode_object(get_kind("Pod"), msgspec.json.encode(item)) for item in items]


def test_every_kind_can_be_shared_without_any_field():
    for kind in KINDS:
        (thing,) = page_of(kind.name, {"metadata": {"name": "bare"}})
        assert thing.metadata.name == "bare"


def test_what_is_equal_is_held_once():
    one, other = page_of("Pod", a_pod("a"), a_pod("b"))
    assert one.spec.containers[0].env is other.spec.containers[0].env
    assert one.spec.tolerations is other.spec.tolerations
    assert one.metadata.labels is other.metadata.labels
    assert one.spec.node_name is other.spec.node_name


def test_what_differs_is_not_mixed_up():
    one, other = page_of("Pod", a_pod("a"), a_pod("b", "node-2", "shop/cart:2"))
    assert (one.spec.node_name, other.spec.node_name) == ("node-1", "node-2")
    assert (one.spec.containers[0].image, other.spec.containers[0].image) == ("shop/cart:1", "shop/cart:2")
    assert one.spec.containers[0].volume_mounts[0].name != other.spec.containers[0].volume_mounts[0].name


def test_empty_parts_of_different_types_stay_apart():
    pod = {
        "metadata": {"name": "p"},
        "spec": {"securityContext": {}, "affinity": {}, "containers": [{"resources": {}}]},
    }
    (thing,) = page_of("Pod", pod)
    assert type(thing.spec.security_context).__name__ == "SecurityContext"
    assert type(thing.spec.affinity).__name__ == "Affinity"
    assert type(thing.spec.containers[0].resources).__name__ == "Resources"


def test_defaults_of_a_shape_are_never_written_to():
    page_of("Pod", {"metadata": {"name": "bare"}}, a_pod("a"))
    (bare,) = page_of("Pod", {"metadata": {"name": "bare"}})
    assert bare.spec.containers is None
    assert bare.status.phase is None


def test_templates_of_replica_sets_are_held_once():
    made = [
        {
            "metadata": {"name": name},
            "spec": {"template": {"metadata": {"labels": {"hash": name}}, "spec": a_pod("x")["spec"]}},
        }
        for name in ("a", "b")
    ]
    one, other = page_of("ReplicaSet", *made)
    assert one.spec.template.spec is other.spec.template.spec
    assert one.spec.template.metadata != other.spec.template.metadata


def a_slice(name, pod):
    target = {"kind": "Pod", "namespace": "shop", "name": pod, "uid": pod}
    ready = {"ready": True, "serving": True, "terminating": False}
    endpoint = {"addresses": ["10.0.0.1"], "conditions": ready, "nodeName": "node-1", "targetRef": target}
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}]
    return {"metadata": {"name": name}, "addressType": "IPv4", "endpoints": [endpoint], "ports": ports}


def a_deployment(name, app):
    labels = {"app": app}
    template = {"metadata": {"labels": labels}, "spec": a_pod("x")["spec"]}
    managed = [{"manager": "kubectl-client", "operation": "Update", "time": f"2026-11-23T12:00:0{len(name)}Z"}]
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"metadata": {"name": name, "labels": labels, "managedFields": managed}, "spec": spec}


def an_event(name, message):
    about = {"kind": "Pod", "namespace": "shop", "name": name}
    return {"metadata": {"name": name}, "reason": "BackOff", "message": message, "involvedObject": about}


def a_service(name, port):
    ports = [{"name": "http", "port": port, "targetPort": "http"}]
    return {"metadata": {"name": name}, "spec": {"type": "ClusterIP", "selector": {"app": name}, "ports": ports}}


SHARED = {
    "EndpointSlice": (a_slice("s-1", "a"), a_slice("s-2", "b")),
    "Deployment": (a_deployment("a", "a"), a_deployment("bb", "a"), a_deployment("ccc", "c")),
    "Event": (an_event("a", "it waits"), an_event("b", "it waits"), an_event("c", "")),
    "Service": (a_service("a", 80), a_service("b", 80), a_service("c", 81), {"metadata": {"name": "bare"}}),
}


@pytest.mark.parametrize("kind", SHARED)
def test_objects_of_every_shared_kind_are_equal_to_those_read_alone(kind):
    alone = [decode_object(get_kind(kind), msgspec.json.encode(item)) for item in SHARED[kind]]
    assert page_of(kind, *SHARED[kind]) == alone


def test_endpoints_hold_what_says_the_same_once():
    (one,), (other,) = (found.endpoints for found in page_of("EndpointSlice", *SHARED["EndpointSlice"]))
    assert one.conditions is other.conditions
    assert one.node_name is other.node_name
    assert one.target_ref.namespace is other.target_ref.namespace
    assert one.target_ref.uid != other.target_ref.uid


def test_a_workload_selects_by_the_very_labels_its_template_gives():
    one, other, third = page_of("Deployment", *SHARED["Deployment"])
    assert one.spec.selector.match_labels is one.spec.template.metadata.labels
    assert one.spec.selector.match_labels is other.metadata.labels
    assert third.spec.selector.match_labels == {"app": "c"}
    assert one.metadata.managed_fields[0].manager is other.metadata.managed_fields[0].manager


def test_a_mount_is_called_by_the_very_name_of_its_volume():
    item = a_pod("a")
    item["spec"]["volumes"] = [{"name": "kube-api-access-a"}]
    (pod,) = page_of("Pod", item)
    assert pod.spec.containers[0].volume_mounts[0].name is pod.spec.volumes[0].name
