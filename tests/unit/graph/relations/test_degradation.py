"""What could not be read is unknown: no kind that fails, is cut short or is never asked makes anything absent."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.graph.domain.k8s.shape import KubeObject
from services.graph.domain.reading.coverage import Coverage, CoverageEntry, CoverageState
from services.graph.domain.reading.decoding import decode_object
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.reading.kinds import KINDS, get_kind
from services.graph.domain.relations import build_graph
from services.graph.domain.topology.graph import EdgeState, Graph
from tests.support.cluster import NOW, an_inventory

META: dict[str, Any] = {"namespace": "shop", "labels": {"app": "web"}}
POD = {
    "nodeName": "n1",
    "serviceAccountName": "robot",
    "priorityClassName": "high",
    "runtimeClassName": "gvisor",
    "imagePullSecrets": [{"name": "secret"}],
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["alias"]}],
    "volumes": [
        {"name": "a", "configMap": {"name": "config", "items": [{"key": "a", "path": "a"}]}},
        {"name": "b", "secret": {"secretName": "secret"}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "data-web-0"}},
        {"name": "d", "projected": {"sources": [{"configMap": {"name": "config"}}, {"secret": {"name": "secret"}}]}},
        {"name": "e", "csi": {"driver": "csi", "nodePublishSecretRef": {"name": "secret"}}},
        {"name": "f", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
    ],
    "containers": [
        {
            "name": "c",
            "args": ["--addr=db.data:80", "-h", "db.data"],
            "env": [
                {"name": "DB_URL", "value": "http://db.data.svc:80"},
                {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "config", "key": "a"}}},
            ],
            "envFrom": [{"configMapRef": {"name": "config"}}, {"secretRef": {"name": "secret"}}],
        }
    ],
}
TEMPLATE = {"template": {"metadata": {"labels": {"app": "web"}}, "spec": POD}}
GATEWAY_API = "gateway.networking.k8s.io"


def _object(kind: str, name: str, meta: dict[str, Any] | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    namespace = {} if get_kind(kind).is_namespaced else {"namespace": None}
    uid = f"{kind}-{name}-{(meta or {}).get('namespace', 'shop')}"
    return kind, {
        "metadata": {**META, "name": name, "uid": uid, "generation": 1, **namespace, **(meta or {})},
        **fields,
    }


def _owner(kind: str, name: str) -> dict[str, Any]:
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": f"{kind}-{name}-shop", "controller": True}
    return {"ownerReferences": [owner]}


_DATA = {"namespace": "data"}
_FAR = {"name": "db", "namespace": "data", "port": 80}
CLUSTER: list[tuple[str, dict[str, Any]]] = [
    _object("Node", "n1"),
    _object("Lease", "n1", {"namespace": "kube-node-lease"}),
    _object("NodeMetrics", "n1"),
    _object("Namespace", "shop"),
    _object("Namespace", "data"),
    _object("ResourceQuota", "quota"),
    _object("PriorityClass", "high"),
    _object("RuntimeClass", "gvisor"),
    _object("CSIDriver", "csi"),
    _object("ConfigMap", "config", data={"a": "http://db.data.svc", "ADDR": "db.data:80"}),
    _object("Secret", "secret", data={"a": "MQ=="}),
    _object("ServiceAccount", "robot", imagePullSecrets=[{"name": "secret"}]),
    _object(
        "StatefulSet", "web", spec={**TEMPLATE, "replicas": 1, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    ),
    _object("Deployment", "web", spec=TEMPLATE),
    _object("ReplicaSet", "web-1", _owner("Deployment", "web"), spec=TEMPLATE),
    _object("CronJob", "nightly", spec={"jobTemplate": {"spec": TEMPLATE}}),
    _object("Pod", "web-0", _owner("StatefulSet", "web"), spec=POD),
    _object("Pod", "web-1-a", _owner("ReplicaSet", "web-1"), spec=POD, status={"nominatedNodeName": "n1"}),
    _object("PodMetrics", "web-0"),
    _object("PersistentVolumeClaim", "data-web-0", spec={"volumeName": "pv", "storageClassName": "fast"}),
    _object("PersistentVolumeClaim", "web-0-f", spec={}),
    _object("PersistentVolumeClaim", "web-1-a-f", spec={}),
    _object(
        "PersistentVolume",
        "pv",
        spec={
            "storageClassName": "fast",
            "csi": {"driver": "csi"},
            "claimRef": {"namespace": "shop", "name": "data-web-0", "uid": "PersistentVolumeClaim-data-web-0-shop"},
        },
    ),
    _object(
        "StorageClass",
        "fast",
        {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        provisioner="csi",
    ),
    _object("VolumeAttachment", "va", spec={"nodeName": "n1", "source": {"persistentVolumeName": "pv"}}),
    _object("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]}),
    _object("Service", "db", _DATA, spec={"ports": [{"port": 80}]}),
    _object(
        "EndpointSlice",
        "web-x",
        {"labels": {"kubernetes.io/service-name": "web"}},
        ports=[{"port": 80}],
        endpoints=[
            {
                "conditions": {"ready": True},
                "targetRef": {"kind": "Pod", "namespace": "shop", "name": "web-0", "uid": "Pod-web-0-shop"},
            }
        ],
    ),
    _object(
        "Ingress",
        "in",
        spec={
            "ingressClassName": "nginx",
            "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
            "rules": [{"http": {"paths": [{"backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}],
            "tls": [{"secretName": "secret"}],
        },
    ),
    _object("IngressClass", "nginx"),
    _object("GatewayClass", "envoy"),
    _object(
        "Gateway",
        "gw",
        _DATA,
        spec={
            "gatewayClassName": "envoy",
            "listeners": [
                {
                    "name": "web",
                    "port": 80,
                    "protocol": "HTTPS",
                    "hostname": "*.example.com",
                    "tls": {"certificateRefs": [{"name": "secret", "namespace": "shop"}]},
                    "allowedRoutes": {
                        "kinds": [{"kind": "HTTPRoute"}],
                        "namespaces": {"from": "Selector", "selector": {"matchLabels": {"app": "web"}}},
                    },
                }
            ],
        },
    ),
    _object(
        "HTTPRoute",
        "r",
        spec={
            "hostnames": ["a.example.com"],
            "parentRefs": [{"name": "gw", "namespace": "data"}],
            "rules": [
                {
                    "backendRefs": [{"name": "web", "port": 80}, _FAR],
                    "filters": [{"type": "RequestMirror", "requestMirror": {"backendRef": _FAR}}],
                }
            ],
        },
        status={
            "parents": [
                {
                    "parentRef": {"name": "gw", "namespace": "data"},
                    "conditions": [{"type": "Accepted", "status": "True", "observedGeneration": 1}],
                }
            ]
        },
    ),
    _object(
        "ReferenceGrant",
        "g",
        _DATA,
        spec={
            "from": [{"group": GATEWAY_API, "kind": "HTTPRoute", "namespace": "shop"}],
            "to": [{"group": "", "kind": "Service"}],
        },
    ),
    _object(
        "ReferenceGrant",
        "g",
        spec={
            "from": [{"group": GATEWAY_API, "kind": "Gateway", "namespace": "data"}],
            "to": [{"group": "", "kind": "Secret"}],
        },
    ),
    _object(
        "HorizontalPodAutoscaler",
        "h",
        spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
    ),
    _object("PodDisruptionBudget", "p", spec={"selector": {"matchLabels": {"app": "web"}}}),
    _object("NetworkPolicy", "n", spec={"podSelector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]}}),
    _object("Role", "r", rules=[]),
    _object(
        "RoleBinding",
        "b",
        subjects=[
            {"kind": "ServiceAccount", "name": "robot"},
            {"kind": "Group", "name": "system:serviceaccounts:shop"},
        ],
        roleRef={"kind": "Role", "name": "r"},
    ),
    _object("ClusterRole", "cr", aggregationRule={"clusterRoleSelectors": [{"matchLabels": {"app": "web"}}]}),
    _object("ClusterRole", "part"),
    _object(
        "ClusterRoleBinding",
        "crb",
        subjects=[{"kind": "User", "name": "system:serviceaccount:shop:robot"}],
        roleRef={"kind": "ClusterRole", "name": "cr"},
    ),
    _object(
        "ValidatingWebhookConfiguration",
        "w",
        webhooks=[{"name": "a", "clientConfig": {"service": {"namespace": "data", "name": "db", "port": 80}}}],
    ),
    _object("APIService", "v1.x", spec={"service": {"namespace": "data", "name": "db", "port": 80}}),
    _object(
        "Event", "e", involvedObject={"kind": "Pod", "namespace": "shop", "name": "web-0", "uid": "Pod-web-0-shop"}
    ),
]
KIND_NAMES = sorted({kind for kind, _ in CLUSTER})


def read(objects: list[tuple[str, dict[str, Any]]]) -> list[KubeObject]:
    return [decode_object(get_kind(kind), msgspec.json.encode(fields)) for kind, fields in objects]


def states(graph: Graph) -> dict[tuple[object, ...], EdgeState]:
    return {(edge.source, edge.relation, edge.target, edge.provenance): edge.state for edge in graph.edges}


def test_of_the_whole_cluster_everything_is_there():
    graph = build_graph(an_inventory(*read(CLUSTER)))

    wrong = [
        f"{edge.source} {edge.relation} {edge.target} {edge.note}" for edge in graph.edges if edge.state != "present"
    ]
    assert wrong == []
    # What a pod calls, and verdicts between pods, are no fields of this cluster's objects but for calls.
    assert {edge.relation for edge in graph.edges} >= {"calls", "granted_by", "member_of", "aggregates", "heartbeats"}


@pytest.mark.parametrize("state", [state for state in CoverageState if state is not CoverageState.OK])
@pytest.mark.parametrize("kind", KIND_NAMES)
def test_a_kind_that_could_not_be_read_makes_nothing_absent(kind, state):
    graph = build_graph(an_inventory(*read([one for one in CLUSTER if one[0] != kind]), unread={kind: state}))

    absent = [f"{edge.source} {edge.relation} {edge.target}" for edge in graph.edges if edge.state == "absent"]
    assert absent == []
    assert not [entity.ref for entity in graph.entities.values() if entity.state == "absent"]


@settings(max_examples=60)
@given(st.sets(st.sampled_from(range(len(CLUSTER)))), st.sets(st.sampled_from(KIND_NAMES)))
def test_whatever_is_missing_of_what_was_cut_short_is_not_absent(dropped, cut_short):
    left = [one for index, one in enumerate(CLUSTER) if index not in dropped or one[0] not in cut_short]
    graph = build_graph(an_inventory(*read(left), unread=dict.fromkeys(cut_short, CoverageState.TRUNCATED)))

    assert EdgeState.ABSENT not in states(graph).values()


@settings(max_examples=60)
@given(st.sets(st.sampled_from(range(len(CLUSTER)))))
def test_every_end_of_every_edge_is_an_entity_and_nothing_absent_is_called_present(dropped):
    graph = build_graph(an_inventory(*read([one for index, one in enumerate(CLUSTER) if index not in dropped])))

    for edge in graph.edges:
        assert edge.rationale
        assert edge.provenance is not None
        assert 0 < edge.confidence <= 1
        ends = {graph.entities[edge.source].state, graph.entities[edge.target].state}
        assert edge.state != "present" or ends == {EdgeState.PRESENT}


def test_an_account_of_one_namespace_claims_nothing_of_others():
    entries = tuple(
        CoverageEntry(kind=kind.name, verb="list", state=CoverageState.OK, namespace="shop")
        for kind in KINDS
        if kind.is_namespaced
    )
    seen = [one for one in CLUSTER if one[1]["metadata"]["namespace"] == "shop"]
    graph = build_graph(Inventory("test", NOW, read(seen), Coverage(entries)))

    assert EdgeState.ABSENT not in states(graph).values()
    assert graph.entities["Service", "data", "db"].state == "unknown"
    assert graph.entities["Node", None, "n1"].state == "unknown"


def _with_nulls(value: Any, choose: Iterator[bool]) -> Any:
    if isinstance(value, dict):
        return {key: None if next(choose) else _with_nulls(inner, choose) for key, inner in value.items()}
    return [_with_nulls(inner, choose) for inner in value] if isinstance(value, list) else value


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.floats(0.01, 0.4))
def test_nulls_anywhere_are_no_reason_to_fail(random, share):
    def choose() -> Iterator[bool]:
        while True:
            yield random.random() < share

    things = []
    for kind, fields in CLUSTER:
        kept = {key: _with_nulls(value, choose()) for key, value in fields.items() if key != "metadata"}
        try:
            things.extend(read([(kind, {"metadata": fields["metadata"], **kept})]))
        except ValueError:
            # What must not be null in a shape is told where it is read.
            continue
    build_graph(an_inventory(*things))
