"""Roles and bindings as tests write them, in few words."""

from typing import Any

from services.graph.domain.k8s.shape import KubeObject
from tests.support.cluster import an_object

Fields = dict[str, Any]


def a_rule(
    verbs: str = "list", resources: str = "pods", groups: str = "core", names: str = "", paths: str = ""
) -> Fields:
    """Return a rule from words with blanks between; ``core`` is the group without a name."""
    if paths:
        return {"verbs": verbs.split(), "nonResourceURLs": paths.split()}
    found: Fields = {"verbs": verbs.split(), "resources": resources.split()}
    found["apiGroups"] = ["" if one == "core" else one for one in groups.split()]
    return {**found, "resourceNames": names.split()} if names else found


def a_subject(text: str) -> Fields:
    """Return the subject ``sa:shop/robot``, ``sa:/robot`` (without namespace), ``user:ann`` or ``group:devs``."""
    kind, _, name = text.partition(":")
    if kind == "sa":
        namespace, _, name = name.partition("/")
        return {"kind": "ServiceAccount", "name": name, **({"namespace": namespace} if namespace else {})}
    return {"kind": {"user": "User", "group": "Group"}[kind], "name": name}


def a_role(name: str, *rules: Fields, namespace: str | None = "shop", **fields: Any) -> KubeObject:
    """Return a Role, or without a namespace, a ClusterRole."""
    kind = "Role" if namespace else "ClusterRole"
    return an_object(kind, name, namespace, rules=list(rules), **fields)


def a_binding(
    subject: str, role: str = "Role/reader", *, namespace: str | None = "shop", name: str = "b", **fields: Any
) -> KubeObject:
    """Return a RoleBinding, or without a namespace, a ClusterRoleBinding; ``subject`` may be several words."""
    kind, _, role_name = role.partition("/")
    subjects = [a_subject(one) for one in subject.split()]
    bound = "RoleBinding" if namespace else "ClusterRoleBinding"
    return an_object(bound, name, namespace, subjects=subjects, roleRef={"kind": kind, "name": role_name}, **fields)
