"""What a role gives: its own rules, and those of the roles it gathers."""

from collections.abc import Iterator
from typing import NamedTuple

from services.graph.domain.k8s.rbac import ClusterRole, PolicyRule, Role
from services.graph.domain.k8s.shape import LabelSelector, Ref, selects
from services.graph.domain.reading.inventory import Inventory


class RoleRule(NamedTuple):
    """A rule, the role it stands in, and where."""

    rule: PolicyRule
    holder: Ref
    at: int


class RoleBook:
    """Every role that was read. It does not hold the inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._roles: dict[Ref, Role | ClusterRole] = {one.ref: one for one in inventory.all(Role)}
        self._cluster_roles = inventory.all(ClusterRole)
        self._roles.update((one.ref, one) for one in self._cluster_roles)
        self._gathered: dict[Ref, tuple[ClusterRole, ...]] = {}

    def find(self, ref: Ref) -> Role | ClusterRole | None:
        """Return the role if it was read."""
        return self._roles.get(ref)

    def rules_of(self, ref: Ref) -> Iterator[RoleRule]:
        """Yield the role's own rules first, then those of the roles it gathers.

        A controller copies the latter into the former; what it has not copied yet, it will.
        """
        role = self.find(ref)
        if role is None:
            return
        for one in (role, *self._gathered_by(role)):
            for at, rule in enumerate(one.rules or ()):
                yield RoleRule(rule, one.ref, at)

    def gathers(self, ref: Ref) -> bool:
        """Answer whether the role is made of others."""
        role = self.find(ref)
        return isinstance(role, ClusterRole) and bool(_selectors(role))

    def _gathered_by(self, role: Role | ClusterRole) -> tuple[ClusterRole, ...]:
        """Return the roles it gathers, and those these gather; roles may gather each other."""
        if not isinstance(role, ClusterRole) or not _selectors(role):
            return ()
        if role.ref not in self._gathered:
            found: dict[Ref, ClusterRole] = {}
            waiting = [role]
            while waiting:
                selectors = _selectors(waiting.pop())
                for one in self._cluster_roles if selectors else ():
                    is_new = one.ref != role.ref and one.ref not in found
                    if is_new and any(selects(selector, one.labels) for selector in selectors):
                        found[one.ref] = one
                        waiting.append(one)
            self._gathered[role.ref] = tuple(found.values())
        return self._gathered[role.ref]


def _selectors(role: ClusterRole) -> list[LabelSelector]:
    return (role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else None) or []
