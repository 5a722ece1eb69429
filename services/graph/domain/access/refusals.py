"""Read who was refused what from the words of an API server, in a log line, an Event or an answer."""

import re
from dataclasses import dataclass

from services.graph.domain.access.question import AccessQuestion
from services.graph.domain.k8s.rbac import ClusterRole, Role
from services.graph.domain.k8s.shape import Ref

_LONGEST = 4_000
# Logs quote the message once more, in JSON or in Go's way.
_QUOTED = re.compile(r'\\+"')
_NAMED = re.compile(r'(?:[a-z][\w.-]*) "(?P<name>[^"]+)" is forbidden: $')
# apiserver, responsewriters.forbiddenMessage; before 1.14 without the word resource, group and quotes.
_USER = r'User "(?P<user>[^"]+)" cannot (?P<verb>[a-z*]+) '
_RESOURCE = re.compile(
    _USER + r'resource "(?P<resource>[^"/]+)(?:/(?P<subresource>[^"]+))?"'
    r'(?: in API group "(?P<group>[^"]*)")?'
    r'(?: (?:in the namespace "(?P<namespace>[^"]+)"|(?P<whole>at the cluster scope)))?'
)
_PATH = re.compile(_USER + r'path "(?P<path>[^"]+)"')
_OLD = re.compile(
    _USER + r"(?P<resource>[a-z][a-z0-9-]*)(?:/(?P<subresource>[a-z]+))?(?:\.(?P<group>[a-z0-9.-]+[a-z0-9]))?"
    r'(?: (?:in the namespace "(?P<namespace>[^"]+)"|(?P<whole>at the cluster scope)))'
)
_NOT_FOUND = re.compile(r'(?P<kind>clusterrole|role)\.rbac\.authorization\.k8s\.io "(?P<name>[^"]+)" not found')


@dataclass(frozen=True, slots=True)
class Refused:
    """Who may not do what. Not ``is_whole``: the words broke off, and group or scope are not known.

    ``missing_roles`` are roles that the server says a binding gives, and that are not there.
    """

    user: str
    question: AccessQuestion
    is_whole: bool = True
    missing_roles: tuple[Ref, ...] = ()


def parse_refusal(text: str) -> Refused | None:
    """Return the refusal a text tells of; None where it tells of none."""
    if " cannot " not in text:
        return None
    words = _QUOTED.sub('"', text[:_LONGEST])
    found = _PATH.search(words)
    if found:
        return Refused(found["user"], AccessQuestion(found["verb"], "", "", path=found["path"]))
    found = _RESOURCE.search(words)
    is_old = found is None
    found = found or _OLD.search(words)
    if found is None:
        return None
    named = _NAMED.search(words, 0, found.start())
    question = AccessQuestion(
        found["verb"],
        found["group"] or "",
        found["resource"],
        found["namespace"],
        named["name"] if named else "",
        found["subresource"] or "",
    )
    is_whole = bool(found["namespace"] or found["whole"]) and (is_old or found["group"] is not None)
    return Refused(found["user"], question, is_whole, tuple(_missing(words[found.end() :], found["namespace"])))


def _missing(words: str, namespace: str | None) -> list[Ref]:
    # The first reason is the server's own; a second line may be of another request.
    words = words.split("User ", 1)[0]
    found = []
    for one in _NOT_FOUND.finditer(words) if words.startswith(": RBAC: ") else ():
        is_local = one["kind"] == "role"
        found.append(
            Ref(Role.KIND if is_local else ClusterRole.KIND, namespace if is_local else None, one["name"]),
        )
    return found
