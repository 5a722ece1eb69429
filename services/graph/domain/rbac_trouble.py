"""Why the Kubernetes API refuses an account: a binding to a role that is not there, or a role that lacks the verb."""

import re
from collections.abc import Iterator

from services.graph.domain.inventory import Inventory, Presence
from services.graph.domain.k8s.rbac import ClusterRole, ClusterRoleBinding, Role, RoleBinding
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.log_targets import Target
from services.graph.domain.rules.base import View
from services.graph.domain.witness import seen

_ACCOUNT = re.compile(r"^system:serviceaccount:(?P<namespace>[^:]+):(?P<name>.+)$")
_WISH = re.compile(r'(?P<verb>\w+) resource "?(?P<resource>[\w./-]+)')
Binding = RoleBinding | ClusterRoleBinding


def find_rbac_trouble(view: View, account: str, wish: str) -> Target:
    """Return what should have given the account the right it was refused; nothing where that cannot be told."""
    named, wished = _ACCOUNT.match(account), _WISH.search(wish)
    if named is None:
        return Target()
    for binding in _bindings(view.inventory, named["namespace"], named["name"]):
        role = _role_ref(binding)
        kind = Role if role.kind == Role.KIND else ClusterRole
        if view.inventory.presence(kind, role.namespace, role.name) is Presence.ABSENT:
            words = f"{binding.KIND} {binding.metadata.name} gives {role.kind} {role.name}, which does not exist."
            return Target((seen(binding, "roleRef", words),), ((0.18, "its role is absent"),), binding.ref, words)
        found = view.inventory.find_ref(role)
        if wished and isinstance(found, Role | ClusterRole) and _lacks(found, wished["verb"], wished["resource"]):
            words = f"{role.kind} {role.name} names {wished['resource']}, and not the verb {wished['verb']}."
            return Target((seen(found, "rules", words),), ((0.15, "its role lacks the verb"),), role, words)
    return Target()


def _bindings(inventory: Inventory, namespace: str, account: str) -> Iterator[Binding]:
    every: list[Binding] = [*inventory.in_namespace(RoleBinding, namespace), *inventory.all(ClusterRoleBinding)]
    for one in every:
        for subject in one.subjects or ():
            home = subject.namespace or one.metadata.namespace
            if (subject.kind, subject.name, home) == ("ServiceAccount", account, namespace):
                yield one
                break


def _role_ref(binding: Binding) -> Ref:
    is_local = binding.role_ref.kind == Role.KIND
    return Ref(binding.role_ref.kind, binding.metadata.namespace if is_local else None, binding.role_ref.name)


def _lacks(role: Role | ClusterRole, verb: str, resource: str) -> bool:
    """Answer whether the role is about the resource and gives other verbs on it only."""
    about = [rule for rule in role.rules or () if resource in (rule.resources or ()) or "*" in (rule.resources or ())]
    return bool(about) and not any({verb, "*"} & set(rule.verbs or ()) for rule in about)
