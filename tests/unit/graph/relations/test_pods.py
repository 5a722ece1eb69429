"""What pods and templates need."""

import pytest

from services.graph.domain.reading.coverage import CoverageState
from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, owned_by, the_edge

CONFIG = "ConfigMap shop/settings"
SECRET = "Secret shop/settings"


def a_pod(name: str = "web", *, metadata: dict[str, object] | None = None, **spec: object) -> object:
    return an_object("Pod", name, spec=spec, metadata=metadata or {})


def test_a_pod_runs_on_its_node():
    graph = a_graph(a_pod(nodeName="n1"), an_object("Node", "n1"))

    edge = the_edge(graph, "Pod shop/web", "runs_on", "Node n1")

    assert (edge.state, edge.layer, edge.provenance.field_path) == ("present", "infra", "spec.nodeName")


def test_all_edges_of_a_pod_hold_one_name_of_it():
    graph = a_graph(a_pod(nodeName="n1", priorityClassName="high"), an_object("Node", "n1"))

    on_node, by_class = *edges_of(graph, "runs_on"), *edges_of(graph, "prioritised_by")

    held = graph.entities[on_node.source].ref
    assert all(one is held for edge in (on_node, by_class) for one in (edge.source, edge.provenance.ref))


def test_a_pod_that_is_not_scheduled_runs_on_none():
    assert edges_of(a_graph(a_pod()), "runs_on") == []


def test_a_pod_runs_on_a_node_that_is_gone():
    graph = a_graph(a_pod(nodeName="n1"))

    assert the_edge(graph, "Pod shop/web", "runs_on", "Node n1").state == "absent"


def test_nodes_that_may_not_be_read_are_unknown():
    graph = a_graph(a_pod(nodeName="n1"), unread={"Node": FORBIDDEN})

    assert the_edge(graph, "Pod shop/web", "runs_on", "Node n1").state == "unknown"
    assert graph.entities["Node", None, "n1"].state == "unknown"


def test_a_nominated_pod_does_not_run_there_yet():
    pod = an_object("Pod", "web", status={"nominatedNodeName": "n1"})

    edge = the_edge(a_graph(pod, an_object("Node", "n1")), "Pod shop/web", "runs_on", "Node n1")

    assert edge.note == "nominated"
    assert edge.confidence < 1


@pytest.mark.parametrize(("given", "meant"), [("robot", "robot"), (None, "default"), ("", "default")])
def test_a_pod_runs_as_its_account_or_as_default(given, meant):
    graph = a_graph(a_pod(serviceAccountName=given), an_object("ServiceAccount", meant))

    assert the_edge(graph, "Pod shop/web", "runs_as", f"ServiceAccount shop/{meant}").state == "present"


def test_classes_belong_to_no_namespace():
    graph = a_graph(a_pod(priorityClassName="high", runtimeClassName="gvisor"), an_object("PriorityClass", "high"))

    assert the_edge(graph, "Pod shop/web", "prioritised_by", "PriorityClass high").state == "present"
    assert the_edge(graph, "Pod shop/web", "runs_with", "RuntimeClass gvisor").state == "absent"


def in_containers(sort: str, **fields: object) -> dict[str, object]:
    return {sort: [{"name": "c", **fields}]}


VOLUMES = {"name": "v"}
WAYS = [
    ({"volumes": [{**VOLUMES, "configMap": {"name": "settings"}}]}, CONFIG, "spec.volumes[0].configMap.name"),
    ({"volumes": [{**VOLUMES, "secret": {"secretName": "settings"}}]}, SECRET, "spec.volumes[0].secret.secretName"),
    (
        {
            "volumes": [
                {
                    **VOLUMES,
                    "projected": {"sources": [{"serviceAccountToken": {}}, {"configMap": {"name": "settings"}}]},
                }
            ]
        },
        CONFIG,
        "spec.volumes[0].projected.sources[1].configMap.name",
    ),
    (
        {"volumes": [{**VOLUMES, "projected": {"sources": [{"secret": {"name": "settings"}}]}}]},
        SECRET,
        "spec.volumes[0].projected.sources[0].secret.name",
    ),
    (
        {"volumes": [{**VOLUMES, "csi": {"driver": "d", "nodePublishSecretRef": {"name": "settings"}}}]},
        SECRET,
        "spec.volumes[0].csi.nodePublishSecretRef.name",
    ),
    *(
        (in_containers(sort, **fields), target, f"spec.{sort}[0].{path}")
        for sort in ("containers", "initContainers", "ephemeralContainers")
        for fields, target, path in (
            ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, CONFIG, "envFrom[0].configMapRef.name"),
            ({"envFrom": [{"secretRef": {"name": "settings"}}]}, SECRET, "envFrom[0].secretRef.name"),
            (
                {"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a"}}}]},
                CONFIG,
                "env[0].valueFrom.configMapKeyRef.name",
            ),
            (
                {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "a"}}}]},
                SECRET,
                "env[0].valueFrom.secretKeyRef.name",
            ),
        )
    ),
]


@pytest.mark.parametrize(("spec", "target", "path"), WAYS)
@pytest.mark.parametrize("state", ["present", "absent", "unknown"])
def test_every_way_to_take_in_configuration(spec, target, path, state):
    kind = target.partition(" ")[0]
    there = [an_object(kind, "settings", data={"a": "MQ=="})] if state != "absent" else []
    graph = a_graph(a_pod(**spec), *there, unread={kind: FORBIDDEN} if state == "unknown" else {})

    relation = "uses_config" if kind == "ConfigMap" else "uses_secret"
    edge = the_edge(graph, "Pod shop/web", relation, target)

    assert (edge.state, edge.provenance.field_path, edge.note) == (state, path, "")


def test_configuration_of_another_namespace_is_not_meant():
    graph = a_graph(a_pod(**WAYS[0][0]), an_object("ConfigMap", "settings", "other"))

    assert the_edge(graph, "Pod shop/web", "uses_config", CONFIG).state == "absent"


def test_what_is_optional_is_said_so():
    graph = a_graph(a_pod(volumes=[{"name": "v", "configMap": {"name": "settings", "optional": True}}]))

    edge = the_edge(graph, "Pod shop/web", "uses_config", CONFIG)

    assert edge.state == "absent"
    assert edge.note.startswith("optional")


def test_many_fields_of_one_object_are_one_edge_of_the_one_that_must_be():
    env = [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "a", "optional": True}}},
        {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "b"}}},
    ]
    edge = the_edge(a_graph(a_pod(containers=[{"name": "c", "env": env}])), "Pod shop/web", "uses_config", CONFIG)

    assert edge.note == ""
    assert edge.provenance.field_path == "spec.containers[0].env[1].valueFrom.configMapKeyRef.name"


def test_a_key_that_is_not_in_the_object_is_told():
    env = [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "settings", "key": "b"}}},
    ]
    graph = a_graph(a_pod(containers=[{"name": "c", "env": env}]), an_object("Secret", "settings", data={"a": "MQ=="}))

    edge = the_edge(graph, "Pod shop/web", "uses_secret", SECRET)

    assert (edge.state, edge.note) == ("present", "it has no key b")


def test_claims_and_ephemeral_claims():
    graph = a_graph(
        a_pod(
            volumes=[
                {"name": "data", "persistentVolumeClaim": {"claimName": "web-data"}},
                {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            ]
        ),
        an_object("PersistentVolumeClaim", "web-scratch"),
    )

    assert the_edge(graph, "Pod shop/web", "claims", "PersistentVolumeClaim shop/web-data").state == "absent"
    assert the_edge(graph, "Pod shop/web", "claims", "PersistentVolumeClaim shop/web-scratch").state == "present"


def test_images_are_pulled_with_secrets_of_the_pod_and_of_its_account():
    account = an_object("ServiceAccount", "default", imagePullSecrets=[{"name": "registry"}])
    graph = a_graph(account, a_pod(imagePullSecrets=[{"name": "own"}, {}]), an_object("Secret", "registry"))

    assert the_edge(graph, "Pod shop/web", "pulls_with", "Secret shop/own").state == "absent"
    assert the_edge(graph, "ServiceAccount shop/default", "pulls_with", "Secret shop/registry").state == "present"


def test_a_workload_without_pods_shows_what_its_template_needs():
    spec = {"template": {"spec": {"serviceAccountName": "robot", **WAYS[0][0]}}}
    graph = a_graph(an_object("Deployment", "web", spec=spec))

    assert the_edge(graph, "Deployment shop/web", "uses_config", CONFIG).state == "absent"
    path = the_edge(graph, "Deployment shop/web", "runs_as", "ServiceAccount shop/robot").provenance.field_path
    assert path == "spec.template.spec.serviceAccountName"


def test_a_cron_jobs_template_is_that_of_its_jobs():
    spec = {"jobTemplate": {"spec": {"template": {"spec": WAYS[0][0]}}}}
    graph = a_graph(an_object("CronJob", "nightly", spec=spec))

    path = the_edge(graph, "CronJob shop/nightly", "uses_config", CONFIG).provenance.field_path
    assert path == "spec.jobTemplate.spec.template.spec.volumes[0].configMap.name"


def test_what_a_seen_workload_made_does_not_repeat_its_template():
    spec = {"template": {"spec": WAYS[0][0]}}
    made = an_object("Deployment", "web", spec=spec)
    graph = a_graph(made, an_object("ReplicaSet", "web-1", spec=spec, metadata=owned_by(made)))

    assert [str(edge.source) for edge in edges_of(graph, "uses_config")] == ["Deployment shop/web"]


def test_pods_of_one_controller_may_differ():
    made = an_object("ReplicaSet", "web-1")
    pods = [
        a_pod(f"web-1-{name}", metadata=owned_by(made), volumes=[{"name": f"v-{name}", "configMap": {"name": name}}])
        for name in ("a", "b")
    ]
    twins = [
        a_pod(f"twin-{n}", metadata=owned_by(made), volumes=[{"name": n, "configMap": {"name": "a"}}]) for n in "xy"
    ]
    graph = a_graph(made, *twins, *pods, *reversed(twins))

    for pod, config in (("web-1-a", "a"), ("web-1-b", "b"), ("twin-x", "a"), ("twin-y", "a")):
        assert edges_of(graph, "uses_config", source=f"Pod shop/{pod}")[0].target.name == config


def test_pods_of_one_owner_in_two_namespaces_use_what_is_in_their_own():
    owner = an_object("Node", "n1")
    spec = {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]}
    pods = [an_object("Pod", "static", namespace, metadata=owned_by(owner), spec=spec) for namespace in ("a", "b")]
    graph = a_graph(owner, *pods)

    assert [edge.target.namespace for edge in edges_of(graph, "uses_config")] == ["a", "b"]


def test_ephemeral_claims_are_called_after_each_pod_of_a_controller():
    made = an_object("ReplicaSet", "web-1")
    spec = {"volumes": [{"name": "tmp", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}}]}
    graph = a_graph(made, *(an_object("Pod", name, metadata=owned_by(made), spec=spec) for name in ("x", "y")))

    assert [edge.target.name for edge in edges_of(graph, "claims")] == ["x-tmp", "y-tmp"]


def test_a_pod_without_any_spec_is_no_reason_to_fail():
    graph = a_graph(an_object("Pod", "bare", spec={"volumes": None, "containers": None}, status={}))

    assert [str(edge.target) for edge in graph.edges] == ["ServiceAccount shop/default"]


@pytest.mark.parametrize("state", [CoverageState.TRUNCATED, CoverageState.PARTIAL, CoverageState.TIMEOUT])
def test_only_a_whole_read_proves_absence(state):
    graph = a_graph(a_pod(nodeName="n1"), unread={"Node": state})

    assert the_edge(graph, "Pod shop/web", "runs_on", "Node n1").state == "unknown"
