"""What a change of a cluster may ask: its kind, its place and its parameters, each problem by its place."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from shared.contracts.action import KubernetesPayload, KubernetesVerb
from shared.remediation_parameters import check_change, check_frozen, freeze_parameters

V = KubernetesVerb
PARAMETERS = "payload.parameters"
MANIFEST = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n", "namespace": "shop"}, "data": {"a": "b"}}
KINDS = {
    V.DELETE_POD: "Pod", V.EVICT: "Pod", V.CORDON: "Node", V.UNCORDON: "Node", V.DRAIN: "Node", V.SUSPEND: "CronJob",
    V.UNSUSPEND: "CronJob", V.APPLY: "ConfigMap",
}  # fmt: skip
LEAST = {
    V.SCALE: {"replicas": 3},
    V.RESTART: {"restartedAt": "2026-03-01T12:00:00Z"},
    V.ROLLBACK: {"revision": 2},
    V.SET_IMAGE: {"images": {"app": "registry:5000/team/app@sha256:abc"}},
    V.SET_RESOURCES: {"container": "app", "requests": {"cpu": "500m", "memory": None}},
    V.PATCH: {"patch": {"spec": {"a": 1}}},
    V.APPLY: {"manifest": MANIFEST},
}


def a_change(verb, parameters=None, **fields):
    kind = KINDS.get(verb, "Deployment")
    given = {"verb": verb, "context": "c", "kind": kind, "name": "n", "namespace": None if kind == "Node" else "shop"}
    return KubernetesPayload(
        **given | {"parameters": LEAST.get(verb, {}) if parameters is None else parameters} | fields
    )


def places(change):
    return sorted({place for place, _ in check_change(change)})


@pytest.mark.parametrize("verb", V)
def test_each_verb_takes_what_it_needs(verb):
    assert places(a_change(verb)) == []
    assert list(check_frozen(a_change(verb))) == []


@pytest.mark.parametrize("verb", [V.SCALE, V.ROLLBACK, V.SET_IMAGE, V.SET_RESOURCES, V.PATCH, V.APPLY])
def test_each_verb_names_what_it_lacks(verb):
    assert all(place.startswith(f"{PARAMETERS}.") for place in places(a_change(verb, {})))
    assert places(a_change(verb, {}))


@pytest.mark.parametrize("verb", V)
def test_no_verb_takes_what_it_does_not_know(verb):
    secret_name = "hunter2hunter"
    problems = list(check_change(a_change(verb, {**LEAST.get(verb, {}), secret_name: 1})))

    assert [place for place, _ in problems] == [PARAMETERS]
    assert secret_name not in problems[0][1]


@pytest.mark.parametrize("verb", [verb for verb in V if verb not in {V.PATCH, V.DELETE, V.APPLY}])
def test_a_verb_of_some_kinds_takes_no_other(verb):
    assert "payload.kind" in places(a_change(verb, kind="ConfigMap"))


@pytest.mark.parametrize("verb", [verb for verb in V if verb not in {V.PATCH, V.DELETE, V.APPLY}])
def test_the_place_must_be_said_where_there_is_one(verb):
    is_node = KINDS.get(verb) == "Node"

    assert places(a_change(verb, namespace="shop" if is_node else None)) == ["payload.namespace"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../secrets/x", "a%2fb", "-a", "a" * 300, "a\n", "a b", "a?b"])
def test_a_name_leads_nowhere_else(name):
    assert places(a_change(V.DELETE, kind="Pod", name=name)) == ["payload.name"]
    assert places(a_change(V.DELETE, kind="Pod", namespace=name or "..")) == ["payload.namespace"]


@pytest.mark.parametrize("name", ["checkout", "system:node", "a.b-c", "N1"])
def test_names_as_clusters_have_them_are_taken(name):
    assert places(a_change(V.DELETE, kind="ClusterRole", namespace=None, name=name)) == []


PROBLEMS = [
    (V.SCALE, {"replicas": -1}, "replicas"),
    (V.SCALE, {"replicas": 10_001}, "replicas"),
    (V.SCALE, {"replicas": True}, "replicas"),
    (V.SCALE, {"replicas": "3"}, "replicas"),
    (V.RESTART, {"restartedAt": "yesterday"}, "restartedAt"),
    (V.RESTART, {"restartedAt": "2026-03-01T12:00:00"}, "restartedAt"),
    (V.RESTART, {"restartedAt": 5}, "restartedAt"),
    (V.ROLLBACK, {"revision": 0}, "revision"),
    (V.ROLLBACK, {"revision": 2, "templateDigest": "x"}, "templateDigest"),
    (V.EVICT, {"gracePeriodSeconds": -1}, "gracePeriodSeconds"),
    (V.DRAIN, {"force": "yes"}, "force"),
    (V.DRAIN, {"deleteEmptyDirData": 1}, "deleteEmptyDirData"),
    (V.DRAIN, {"timeoutSeconds": 0}, "timeoutSeconds"),
    (V.DRAIN, {"timeoutSeconds": 3_601}, "timeoutSeconds"),
    (V.SET_IMAGE, {"images": {}}, "images"),
    (V.SET_IMAGE, {"images": {"app": ""}}, "images"),
    (V.SET_IMAGE, {"images": {"app": "a b"}}, "images"),
    (V.SET_IMAGE, {"images": {"App": "a"}}, "images"),
    (V.SET_RESOURCES, {"container": "app"}, "requests"),
    (V.SET_RESOURCES, {"container": "app", "limits": {"cpu": 1}}, "limits"),
    (V.SET_RESOURCES, {"container": "app", "limits": {"cpu": "lots"}}, "limits"),
    (V.PATCH, {"patch": []}, "patch"),
    (V.PATCH, {"patch": "x"}, "patch"),
    (V.PATCH, {"patch": {"status": {}}}, "patch"),
    (V.PATCH, {"patch": {"$patch": "delete"}}, "patch"),
    (V.PATCH, {"patch": {"metadata": None}}, "patch"),
    (V.PATCH, {"patch": {"metadata": {"name": "other"}}}, "patch"),
    (V.PATCH, {"patch": {"metadata": {"resourceVersion": "1"}}}, "patch"),
    (V.PATCH, {"patch": {"spec": {}}, "patchType": "json"}, "patchType"),
    (V.PATCH, {"patch": {"spec": {}}, "patchType": "apply"}, "patchType"),
    (V.PATCH, {"patch": [{"op": "remove", "path": "/spec/a"}], "patchType": "merge"}, "patchType"),
    (V.PATCH, {"patch": [{"op": "remove"}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "drop", "path": "/spec/a"}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "copy", "path": "/spec/a"}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "replace", "path": "", "value": {}}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "remove", "path": "/metadata"}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "remove", "path": "/metadata/uid"}]}, "patch.0"),
    (V.PATCH, {"patch": [{"op": "copy", "from": "/status", "path": "/spec/a"}]}, "patch.0"),
    (V.DELETE, {"propagation": "Everything"}, "propagation"),
    (V.APPLY, {"manifest": {}}, "manifest"),
    (V.APPLY, {"manifest": MANIFEST | {"kind": "Service"}}, "manifest.kind"),
    (V.APPLY, {"manifest": MANIFEST | {"metadata": {"name": "x", "namespace": "shop"}}}, "manifest.metadata.name"),
    (V.APPLY, {"manifest": MANIFEST | {"metadata": {"name": "n"}}}, "manifest.metadata.namespace"),
    (V.APPLY, {"manifest": MANIFEST | {"status": {}}}, "manifest"),
    (V.APPLY, {"manifest": {**MANIFEST, "apiVersion": 1}}, "manifest.apiVersion"),
]


@pytest.mark.parametrize(("verb", "parameters", "place"), PROBLEMS)
def test_a_parameter_that_cannot_be_meant_is_named(verb, parameters, place):
    assert places(a_change(verb, parameters)) == [f"{PARAMETERS}.{place}"]


@pytest.mark.parametrize("kind", ["Secret", "secrets", "secrets.v1."])
@pytest.mark.parametrize("verb", [V.PATCH, V.APPLY])
def test_no_data_of_a_secret_is_written_down(verb, kind):
    manifest = MANIFEST | {"kind": "Secret"}
    change = a_change(verb, {"patch": {"data": {}}} if verb is V.PATCH else {"manifest": manifest}, kind=kind)

    assert any("Secret would be kept" in text for _, text in check_change(change))


def test_a_restart_is_frozen_to_its_time_once():
    now = datetime(2026, 3, 1, 13, 0, 0, 500, timezone(timedelta(hours=1)))
    proposed = a_change(V.RESTART, {})
    frozen = freeze_parameters(proposed, now.astimezone(UTC))

    assert frozen.parameters == {"restartedAt": "2026-03-01T12:00:00Z"}
    assert freeze_parameters(frozen, now + timedelta(days=1)) == frozen
    assert list(check_frozen(frozen)) == []
    assert [place for place, _ in check_frozen(proposed)] == [f"{PARAMETERS}.restartedAt"]


@pytest.mark.parametrize("verb", [verb for verb in V if verb is not V.RESTART])
def test_other_changes_are_frozen_as_they_are(verb):
    assert freeze_parameters(a_change(verb), datetime.now(UTC)) == a_change(verb)
