"""Sharing equal parts changes what objects weigh, and nothing that can be read of them."""

import msgspec

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
