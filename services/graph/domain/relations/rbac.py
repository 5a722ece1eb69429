"""Accounts, bindings and roles: who is bound, groups included, to what, and which roles are made of others."""

from collections import defaultdict

from services.graph.domain.k8s.rbac import (
    ClusterRole,
    ClusterRoleBinding,
    RoleBinding,
    ServiceAccount,
    Subject,
)
from services.graph.domain.k8s.shape import LabelSelector, Ref, selects
from services.graph.domain.reading.inventory import Inventory
from services.graph.domain.relations.drawing import Drawing, Link, Origin, origin_of
from services.graph.domain.topology.graph import Relation
from services.graph.domain.topology.layers import Layer

BINDS = Link(Relation.BINDS, Layer.RBAC, "The binding names this subject.")
GIVES = Link(Relation.GIVES, Layer.RBAC, "The binding's roleRef, kind and name, is this role.")
MEMBER = Link(Relation.MEMBER_OF, Layer.RBAC, "The API server puts the account into this group.")
AGGREGATES = Link(
    Relation.AGGREGATES,
    Layer.RBAC,
    "The role's aggregationRule selects the labels of this one, and takes its rules in.",
)
ALL_ACCOUNTS, AUTHENTICATED = "system:serviceaccounts", "system:authenticated"
_ACCOUNT_USER = "system:serviceaccount:"
_ACCOUNT_USER_PARTS = 4


def draw_rbac(drawing: Drawing) -> None:
    """Draw binding → subjects and role, account → groups that some binding names, and role → aggregated roles."""
    groups: set[str] = set()
    for bound in drawing.inventory.all(RoleBinding):
        _draw_binding(drawing, bound, groups)
    for binding in drawing.inventory.all(ClusterRoleBinding):
        _draw_binding(drawing, binding, groups)
    for account in drawing.inventory.all(ServiceAccount):
        origin = origin_of(account)
        for group in groups_of(origin.ref.namespace):
            if group in groups:
                drawing.link(origin, MEMBER, Ref("Group", None, group), "metadata.namespace")
    _draw_aggregation(drawing)


def groups_of(namespace: str | None) -> tuple[str, str, str]:
    """Return the groups an account of this namespace is in (apiserver, serviceaccount.MakeGroupNames)."""
    return ALL_ACCOUNTS, f"{ALL_ACCOUNTS}:{namespace}", AUTHENTICATED


def _draw_binding(drawing: Drawing, binding: RoleBinding | ClusterRoleBinding, groups: set[str]) -> None:
    origin, role = origin_of(binding), binding.role_ref
    for index, subject in enumerate(binding.subjects or ()):
        _draw_subject(drawing, origin, subject, index, groups)
    if not role.name:
        return
    # A RoleBinding may give a ClusterRole, but only within its namespace; never the other way round.
    namespace = origin.ref.namespace if role.kind == "Role" else None
    note = f"within {origin.ref.namespace}" if origin.ref.namespace else "in every namespace"
    drawing.link(origin, GIVES, Ref(role.kind, namespace, role.name), "roleRef.name", note)


def _draw_subject(drawing: Drawing, origin: Origin, subject: Subject, index: int, groups: set[str]) -> None:
    path = f"subjects[{index}].name"
    if subject.kind == "ServiceAccount":
        namespace = subject.namespace or origin.ref.namespace
        if namespace:
            drawing.link(origin, BINDS, Ref("ServiceAccount", namespace, subject.name), path)
        return
    parts = subject.name.split(":")
    if subject.kind == "User" and subject.name.startswith(_ACCOUNT_USER) and len(parts) == _ACCOUNT_USER_PARTS:
        drawing.link(origin, BINDS, Ref("ServiceAccount", parts[2], parts[3]), path, "by its name as a user")
        return
    ref = Ref(subject.kind, None, subject.name)
    if subject.kind == "Group":
        groups.add(subject.name)
    drawing.add_named(ref, Layer.RBAC)
    drawing.link(origin, BINDS, ref, path)


def _draw_aggregation(drawing: Drawing) -> None:
    by_label = _roles_by_label(drawing.inventory)
    for role in drawing.inventory.all(ClusterRole):
        selectors = role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else None
        if not selectors:
            continue
        origin = origin_of(role)
        for index, selector in enumerate(selectors):
            for other in _selected(drawing.inventory, by_label, selector):
                if other.ref != origin.ref:
                    drawing.link(origin, AGGREGATES, other.ref, f"aggregationRule.clusterRoleSelectors[{index}]")


def _roles_by_label(inventory: Inventory) -> dict[tuple[str, str], list[ClusterRole]]:
    found: dict[tuple[str, str], list[ClusterRole]] = defaultdict(list)
    for role in inventory.all(ClusterRole):
        for pair in role.labels.items():
            found[pair].append(role)
    return found


def _selected(
    inventory: Inventory, by_label: dict[tuple[str, str], list[ClusterRole]], selector: LabelSelector
) -> list[ClusterRole]:
    candidates = inventory.all(ClusterRole)
    if selector.match_labels:
        candidates = min((by_label.get(pair, []) for pair in selector.match_labels.items()), key=len)
    return [role for role in candidates if selects(selector, role.labels)]
