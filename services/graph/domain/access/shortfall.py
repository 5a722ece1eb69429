"""Why somebody lacks a right that was meant for them: the binding, role or subject that comes nearest to giving it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.graph.domain.access.book import AccessBook, Binding, named, role_of
from services.graph.domain.access.matching import (
    allows,
    allows_group,
    allows_name,
    allows_path,
    allows_resource,
    allows_verb,
)
from services.graph.domain.access.question import AccessQuestion, Requester
from services.graph.domain.access.roles import RoleRule
from services.graph.domain.k8s.rbac import ServiceAccount, Subject
from services.graph.domain.k8s.shape import Ref
from services.graph.domain.reading.inventory import Presence

_BOOTSTRAPPED = "kubernetes.io/bootstrapping"


@dataclass(frozen=True, slots=True)
class Shortfall:
    """``culprit`` is what to mend, in the field ``path``. ``strength``: how much it explains, 0 to 0.2."""

    culprit: Ref
    path: str
    words: str
    strength: float


def find_shortfall(
    book: AccessBook, who: Requester, question: AccessQuestion, missing: tuple[Ref, ...] = ()
) -> Shortfall | None:
    """Return what comes nearest to giving a right that is lacking; ``missing`` are roles the server says are not there.

    None where nothing comes near, or where nothing near could be read.
    """
    found = next(_absent_roles(book, who, question, missing), None)
    return (
        found
        or _near_role(book, who, question)
        or next(_elsewhere(book, who, question), None)
        or _slip(book, who, question)
    )


def _absent_roles(
    book: AccessBook, who: Requester, question: AccessQuestion, missing: tuple[Ref, ...]
) -> Iterator[Shortfall]:
    for one in book.bindings_of(who, question.namespace):
        role = role_of(one)
        if role in missing or book.role_presence(one) is Presence.ABSENT:
            given = f"{one.role_ref.kind} {one.role_ref.name}"
            words = f"{one.KIND} {one.metadata.name} gives {given}, which does not exist."
            yield Shortfall(one.ref, "roleRef", words, 0.18)


def _near_role(book: AccessBook, who: Requester, question: AccessQuestion) -> Shortfall | None:
    """Return the rule that lacks one thing only; a role that Kubernetes brings is not to mend, but its binding."""
    near: list[tuple[int, Shortfall]] = []
    for binding in book.bindings_of(who, question.namespace):
        for found, path in book.rules_given(binding):
            rank, lack = _lack(found, question)
            if not lack:
                continue
            holder = book.roles.find(path.holder)
            words = f"{path.role.kind} {path.role.name}, which {binding.ref} gives, {lack}."
            if holder is not None and _BOOTSTRAPPED in holder.labels:
                near.append((rank + 10, Shortfall(binding.ref, "roleRef", words, 0.1)))
            else:
                near.append((rank, Shortfall(path.holder, path.field_path, words, 0.15)))
    return min(near, key=lambda one: one[0])[1] if near else None


def _lack(found: RoleRule, question: AccessQuestion) -> tuple[int, str]:
    """Return the one thing a rule lacks, and how far that is from allowing; no words where it lacks more."""
    rule = found.rule
    if question.path:
        is_near = allows_path(rule, question.path) and not allows_verb(rule, question)
        return 0, f"names {question.path}, and not the verb {question.verb}" if is_near else ""
    verb, group, name = allows_verb(rule, question), allows_group(rule, question), allows_name(rule, question)
    resource = allows_resource(rule, question)
    what = question.whole_resource
    if resource and group and name and not verb:
        return 0, f"names {what}, and not the verb {question.verb}"
    if resource and verb and name and not group and what in (rule.resources or ()):
        groups = ", ".join(f'"{one}"' for one in rule.api_groups or ())
        return 1, f'names {what} in the API group {groups}, and not in "{question.group}"'
    if resource and verb and group and not name:
        return 2, f"is limited to the names {', '.join(rule.resource_names or ())}"
    main = replace(question, subresource="")
    if question.subresource and verb and group and name and allows_resource(rule, main):
        return 3, f"names {question.resource}, and not {what}"
    return 0, ""


def _elsewhere(book: AccessBook, who: Requester, question: AccessQuestion) -> Iterator[Shortfall]:
    """Yield bindings that give the right in other namespaces only."""
    if question.path:
        return
    scope = f"namespace {question.namespace}" if question.namespace else "the whole cluster"
    for binding in book.bindings:
        home = binding.metadata.namespace
        if not home or home == question.namespace or not _gives(book, binding, question):
            continue
        # What everybody has is meant for nobody in particular.
        if any(named(one, home) == ("User", who.user) for one in binding.subjects or ()):
            words = f"{binding.ref} gives the right in namespace {home} only, and it was asked for in {scope}."
            yield Shortfall(binding.ref, "metadata.namespace", words, 0.14)


def _slip(book: AccessBook, who: Requester, question: AccessQuestion) -> Shortfall | None:
    """Return a binding that gives the right to an account of this name that does not exist elsewhere."""
    if who.account is None:
        return None
    for binding in book.bindings:
        home = binding.metadata.namespace
        if home not in {None, question.namespace} or not _gives(book, binding, question):
            continue
        for at, subject in enumerate(binding.subjects or ()):
            words = _slip_of(book, who.account, subject, home)
            if words:
                path = f"subjects[{at}]"
                return Shortfall(binding.ref, path, f"{binding.ref} gives the right, but names {words}.", 0.16)
    return None


def _slip_of(book: AccessBook, account: tuple[str, str], subject: Subject, home: str | None) -> str:
    namespace, name = account
    if subject.name != name:
        return ""
    if subject.kind == ServiceAccount.KIND:
        other = subject.namespace or home
        if other is None:
            return f"the account {name} without its namespace {namespace}"
        is_wrong = other != namespace and book.account_presence(other, name) is Presence.ABSENT
        return f"the account {name} of {other}, which does not exist" if is_wrong else ""
    return (
        f"a {subject.kind} {name}, not the account {name} of {namespace}" if subject.kind in {"User", "Group"} else ""
    )


def _gives(book: AccessBook, binding: Binding, question: AccessQuestion) -> bool:
    return any(allows(found.rule, question) for found, _ in book.rules_given(binding))
