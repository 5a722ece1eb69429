"""Owners by uid, claims of StatefulSets by exact names."""

import pytest

from services.graph.domain.relations.ownership import split_ordinal
from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, owned_by, the_edge


def test_an_owner_is_joined_by_uid_and_says_from_which_field():
    owner = an_object("ReplicaSet", "web-1")
    pod = an_object("Pod", "web-1-a", metadata=owned_by(owner))

    edge = the_edge(a_graph(owner, pod), "Pod shop/web-1-a", "owned_by", "ReplicaSet shop/web-1")

    assert edge.state == "present"
    assert edge.provenance is not None
    assert edge.provenance.uid == pod.metadata.uid
    assert edge.provenance.field_path == "metadata.ownerReferences[0].uid"
    assert edge.provenance.resource_version == "1"
    assert edge.note == ""


def test_an_owner_that_does_not_control_is_said_so():
    owner = an_object("ConfigMap", "web")
    pod = an_object("Pod", "a", metadata=owned_by(owner, controller=False))

    assert "does not control" in the_edge(a_graph(owner, pod), "Pod shop/a", "owned_by", "ConfigMap shop/web").note


def test_what_has_the_owners_name_but_not_its_uid_is_not_the_owner():
    first, second = an_object("ReplicaSet", "web"), an_object("ReplicaSet", "web")
    pod = an_object("Pod", "a", metadata=owned_by(first))

    edge = the_edge(a_graph(second, pod), "Pod shop/a", "owned_by", "ReplicaSet shop/web")

    assert edge.state == "absent"
    assert "took its place" in edge.note


def test_an_owner_that_is_gone_is_absent():
    gone = an_object("ReplicaSet", "web")
    graph = a_graph(an_object("Pod", "a", metadata=owned_by(gone)))

    assert the_edge(graph, "Pod shop/a", "owned_by", "ReplicaSet shop/web").state == "absent"
    assert graph.entities[gone.ref].state == "absent"


def test_an_owner_that_could_not_be_read_is_unknown():
    owner = an_object("ReplicaSet", "web")
    pod = an_object("Pod", "a", metadata=owned_by(owner))
    graph = a_graph(owner, pod, unread={"ReplicaSet": FORBIDDEN})

    assert the_edge(graph, "Pod shop/a", "owned_by", "ReplicaSet shop/web").state == "unknown"


def test_an_owner_of_a_kind_nobody_reads_is_unknown_and_keeps_its_group():
    owner = an_object("Service", "web")
    pod = an_object("Pod", "a", metadata=owned_by(an_object("Service", "web"), api_version="serving.knative.dev/v1"))
    graph = a_graph(owner, pod)

    edge = the_edge(graph, "Pod shop/a", "owned_by", "Service.serving.knative.dev shop/web")

    assert edge.state == "unknown"


def test_a_node_owns_its_static_pods_though_it_has_no_namespace():
    node = an_object("Node", "n1")
    graph = a_graph(node, an_object("Pod", "etcd-n1", metadata=owned_by(node)))

    assert the_edge(graph, "Pod shop/etcd-n1", "owned_by", "Node n1").state == "present"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("data-web-0", ("data-web", 0)),
        ("data-web-12", ("data-web", 12)),
        ("data-web-01", None),
        ("data-web-", None),
        ("data", None),
        ("data-web-x", None),
        ("-1", None),
        ("data-٣", None),
    ],
)
def test_an_ordinal_is_a_number_without_leading_zeros(name, expected):
    assert split_ordinal(name) == expected


def a_set(name: str = "web", **spec: object) -> object:
    return an_object(
        "StatefulSet", name, spec={"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "replicas": 2, **spec}
    )


def test_a_stateful_set_claims_its_own_claims_and_no_others():
    names = ("data-web-0", "data-web-7", "old-data-web-0", "data-web-2-0", "data-web-00", "data-webs-0")
    graph = a_graph(a_set(), *(an_object("PersistentVolumeClaim", name) for name in names))

    claims = {edge.target.name for edge in edges_of(graph, "claims", source="StatefulSet shop/web")}

    # data-web-7 is kept from when there were more replicas.
    assert claims == {"data-web-0", "data-web-7"}


def test_sets_whose_names_end_alike_do_not_share_claims():
    graph = a_graph(a_set("web"), a_set("my-web"), an_object("PersistentVolumeClaim", "data-my-web-0"))

    assert edges_of(graph, "claims", source="StatefulSet shop/web") == []
    assert len(edges_of(graph, "claims", source="StatefulSet shop/my-web")) == 1


def test_a_claim_is_missing_only_where_its_pod_is_there():
    graph = a_graph(a_set(), an_object("Pod", "web-0"))

    assert [(edge.target.name, edge.state) for edge in edges_of(graph, "claims")] == [("data-web-0", "absent")]


def test_claims_that_could_not_be_read_are_unknown():
    graph = a_graph(a_set(), an_object("Pod", "web-0"), unread={"PersistentVolumeClaim": FORBIDDEN})

    assert the_edge(graph, "StatefulSet shop/web", "claims", "PersistentVolumeClaim shop/data-web-0").state == "unknown"


def test_ordinals_may_begin_elsewhere():
    graph = a_graph(a_set(replicas=1, ordinals={"start": 5}), an_object("Pod", "web-5"), an_object("Pod", "web-0"))

    assert {edge.target.name for edge in edges_of(graph, "claims")} == {"data-web-5"}
