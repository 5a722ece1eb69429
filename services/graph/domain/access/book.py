"""Answer offline who may do what: yes is certain whatever was not read, no only where everything that counts was."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from services.graph.domain.access.matching import allows
from services.graph.domain.access.question import Access, AccessQuestion, Requester, account_user
from services.graph.domain.access.roles import RoleBook, RoleRule
from services.graph.domain.k8s.rbac import ClusterRole, ClusterRoleBinding, Role, RoleBinding, ServiceAccount, Subject
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Inventory, Presence

Binding = RoleBinding | ClusterRoleBinding
SUPERUSERS, NODES = "system:masters", "system:nodes"


@dataclass(frozen=True, slots=True)
class GrantPath:
    """By which binding, role and rule; ``holder`` is the role the rule stands in, where the role gathers others."""

    binding: Ref
    role: Ref
    holder: Ref
    index: int

    @property
    def field_path(self) -> str:
        """Where in ``holder`` the rule stands."""
        return f"rules[{self.index}]"


@dataclass(frozen=True, slots=True)
class AccessVerdict:
    """``path`` says why it is allowed; ``unread`` why it is not known."""

    state: Access
    path: GrantPath | None = None
    unread: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rights:
    """All rules somebody has in one place. Not ``is_complete``: there may be more, and ``unread`` says why."""

    rules: tuple[tuple[RoleRule, GrantPath], ...]
    unread: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether these are all."""
        return not self.unread


class AccessBook:
    """Bindings by whom they name, and roles; made once of an inventory, which it does not hold."""

    def __init__(self, inventory: Inventory) -> None:
        self.roles = RoleBook(inventory)
        self._coverage = inventory.coverage
        self._accounts = frozenset(one.ref for one in inventory.all(ServiceAccount))
        self._by_subject: dict[tuple[str | None, str, str], list[Binding]] = defaultdict(list)
        self.bindings: list[Binding] = [*inventory.all(ClusterRoleBinding), *inventory.all(RoleBinding)]
        for binding in self.bindings:
            home = binding.metadata.namespace
            for kind, name in dict.fromkeys(filter(None, (named(one, home) for one in binding.subjects or ()))):
                self._by_subject[home, kind, name].append(binding)

    def can_i(self, who: Requester, question: AccessQuestion) -> AccessVerdict:
        """Answer by RBAC alone; another authorizer of the server may allow more."""
        if SUPERUSERS in who.groups:
            return AccessVerdict(Access.ALLOWED, notes=(f"{SUPERUSERS} may do everything, whatever is bound",))
        namespace = None if question.path else question.namespace
        for found, path in self._rules(who, namespace):
            if allows(found.rule, question):
                gathered = () if path.holder == path.role else (f"{path.role} gathers {path.holder}",)
                return AccessVerdict(Access.ALLOWED, path, notes=gathered)
        unread = tuple(self._unread(who, namespace))
        if unread:
            return AccessVerdict(Access.UNKNOWN, unread=unread)
        return AccessVerdict(Access.DENIED, notes=("by RBAC; another authorizer may allow it",))

    def rights_of(self, who: Requester, namespace: str | None = None) -> Rights:
        """Return what somebody may do in a namespace, or without one, everywhere."""
        return Rights(tuple(self._rules(who, namespace)), tuple(self._unread(who, namespace)))

    def bindings_of(self, who: Requester, namespace: str | None = None) -> list[Binding]:
        """Return the bindings that count for somebody in a namespace; without one, those of the whole cluster."""
        keys = [("User", who.user), *(("Group", one) for one in sorted(who.groups))]
        homes = [None, namespace] if namespace else [None]
        found = (one for home in homes for key in keys for one in self._by_subject.get((home, *key), ()))
        return list({one.ref: one for one in found}.values())

    def role_presence(self, binding: Binding) -> Presence:
        """Answer whether the role a binding gives is there; what is no kind of role is not."""
        ref = role_of(binding)
        if ref is None:
            return Presence.ABSENT
        if self.roles.find(ref):
            return Presence.PRESENT
        return Presence.ABSENT if self._coverage.proves_absence(ref.kind, ref.namespace) else Presence.UNKNOWN

    def account_presence(self, namespace: str, name: str) -> Presence:
        """Answer whether a ServiceAccount is there."""
        if Ref(ServiceAccount.KIND, namespace, name) in self._accounts:
            return Presence.PRESENT
        is_proven = self._coverage.proves_absence(ServiceAccount.KIND, namespace)
        return Presence.ABSENT if is_proven else Presence.UNKNOWN

    def _rules(self, who: Requester, namespace: str | None) -> Iterator[tuple[RoleRule, GrantPath]]:
        for binding in self.bindings_of(who, namespace):
            yield from self.rules_given(binding)

    def rules_given(self, binding: Binding) -> Iterator[tuple[RoleRule, GrantPath]]:
        """Yield what a binding gives, whoever has it."""
        role = role_of(binding)
        for one in self.roles.rules_of(role) if role else ():
            yield one, GrantPath(binding.ref, role, one.holder, one.at)  # type: ignore[arg-type]  # None has no rules.

    def _unread(self, who: Requester, namespace: str | None) -> Iterator[str]:
        """Yield what could still hold a right of theirs."""
        if not self._coverage.proves_absence(ClusterRoleBinding.KIND, None):
            yield "not every ClusterRoleBinding could be read"
        if namespace and not self._coverage.proves_absence(RoleBinding.KIND, namespace):
            yield f"not every RoleBinding of {namespace} could be read"
        if not who.knows_groups:
            yield f"the groups of {who.user} come with its credentials"
        if NODES in who.groups:
            yield "nodes have rights beside RBAC"
        all_roles = self._coverage.proves_absence(ClusterRole.KIND, None)
        for binding in self.bindings_of(who, namespace):
            role = role_of(binding)
            if role and self.role_presence(binding) is Presence.UNKNOWN:
                yield f"{role}, which {binding.ref} gives, could not be read"
            elif role and not all_roles and self.roles.gathers(role):
                yield f"{role} gathers others, and not every ClusterRole could be read"


def role_of(binding: Binding) -> Ref | None:
    """Return the role a binding gives; None for what gives none, such as a Role for the whole cluster."""
    kind, name, home = binding.role_ref.kind, binding.role_ref.name, binding.metadata.namespace
    if kind == Role.KIND and home:
        return Ref(kind, home, name)
    return Ref(kind, None, name) if kind == ClusterRole.KIND else None


def named(subject: Subject, home: str | None) -> tuple[str, str] | None:
    """Return whom a subject means, User or Group, and the name. An account is a user by its long name.

    An account without a namespace is one of the binding's; a ClusterRoleBinding has none, and then it is nobody.
    """
    if subject.kind == ServiceAccount.KIND:
        namespace = subject.namespace or home
        return ("User", account_user(namespace, subject.name)) if namespace else None
    return (subject.kind, subject.name) if subject.kind in {"User", "Group"} and subject.name else None
