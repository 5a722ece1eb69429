"""Who is bound to what."""

import pytest

from tests.support.cluster import an_object
from tests.support.edges import FORBIDDEN, a_graph, edges_of, the_edge

ROBOT = "ServiceAccount shop/robot"


def a_subject(kind: str = "ServiceAccount", name: str = "robot", namespace: str | None = "shop") -> dict[str, object]:
    return {"kind": kind, "name": name, "namespace": namespace}


def a_binding(*subjects: dict[str, object], role: tuple[str, str] = ("Role", "reader")) -> object:
    ref = {"kind": role[0], "name": role[1]}
    return an_object("RoleBinding", "b", subjects=list(subjects) or None, roleRef=ref)


def a_cluster_binding(*subjects: dict[str, object]) -> object:
    return an_object(
        "ClusterRoleBinding", "cb", subjects=list(subjects), roleRef={"kind": "ClusterRole", "name": "reader"}
    )


@pytest.mark.parametrize("namespace", ["shop", None])
def test_a_binding_binds_the_account_it_names(namespace):
    graph = a_graph(a_binding(a_subject(namespace=namespace)), an_object("ServiceAccount", "robot"))

    assert the_edge(graph, "RoleBinding shop/b", "binds", ROBOT).state == "present"


def test_an_account_of_another_namespace_is_another_account():
    graph = a_graph(a_binding(a_subject(namespace="other")), an_object("ServiceAccount", "robot"))

    assert the_edge(graph, "RoleBinding shop/b", "binds", "ServiceAccount other/robot").state == "absent"
    assert edges_of(graph, "binds", target=ROBOT) == []


def test_accounts_that_may_not_be_read_are_unknown():
    graph = a_graph(a_binding(a_subject()), unread={"ServiceAccount": FORBIDDEN})

    assert the_edge(graph, "RoleBinding shop/b", "binds", ROBOT).state == "unknown"


def test_an_account_may_be_named_as_a_user():
    graph = a_graph(
        a_cluster_binding(a_subject("User", "system:serviceaccount:shop:robot", None)),
        an_object("ServiceAccount", "robot"),
    )

    assert the_edge(graph, "ClusterRoleBinding cb", "binds", ROBOT).state == "present"


@pytest.mark.parametrize(
    ("group", "members"),
    [
        ("system:serviceaccounts", {"shop", "other"}),
        ("system:serviceaccounts:shop", {"shop"}),
        ("system:authenticated", {"shop", "other"}),
        ("developers", set()),
    ],
)
def test_accounts_are_members_of_the_groups_that_are_bound(group, members):
    graph = a_graph(
        a_cluster_binding(a_subject("Group", group, None)),
        an_object("ServiceAccount", "robot"),
        an_object("ServiceAccount", "robot", "other"),
    )

    assert the_edge(graph, "ClusterRoleBinding cb", "binds", f"Group {group}").state == "present"
    assert {edge.source.namespace for edge in edges_of(graph, "member_of", target=f"Group {group}")} == members


def test_groups_that_nobody_binds_are_not_drawn():
    assert edges_of(a_graph(an_object("ServiceAccount", "robot")), "member_of") == []


def test_the_kind_of_the_role_counts():
    role = an_object("Role", "reader", rules=[])
    graph = a_graph(a_binding(role=("ClusterRole", "reader")), role)

    edge = the_edge(graph, "RoleBinding shop/b", "gives", "ClusterRole reader")

    assert (edge.state, edge.note) == ("absent", "within shop")
    assert edges_of(graph, "gives", target="Role shop/reader") == []


def test_a_role_is_of_the_bindings_namespace():
    graph = a_graph(a_binding(), an_object("Role", "reader", "other"))

    assert the_edge(graph, "RoleBinding shop/b", "gives", "Role shop/reader").state == "absent"


def test_a_cluster_role_may_gather_others():
    label = {"labels": {"to-admin": "true"}}
    graph = a_graph(
        an_object(
            "ClusterRole",
            "admin",
            metadata=label,
            aggregationRule={
                "clusterRoleSelectors": [
                    {"matchLabels": {"to-admin": "true"}},
                    {"matchExpressions": [{"key": "extra", "operator": "Exists"}]},
                ]
            },
        ),
        an_object("ClusterRole", "edit", metadata=label),
        an_object("ClusterRole", "more", metadata={"labels": {"extra": "yes"}}),
        an_object("ClusterRole", "view", metadata={"labels": {"to-admin": "false"}}),
    )

    assert [edge.target.name for edge in edges_of(graph, "aggregates")] == ["edit", "more"]
