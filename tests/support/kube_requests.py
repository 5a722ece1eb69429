"""What a request to an API server is about, read from its path as an API server does."""

from dataclasses import dataclass
from urllib.parse import unquote

from tests.support.kube_rights import Ask
from tests.support.kube_world import Item, Place

_VERBS = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Target:
    """The list, object or subresource a path names."""

    place: Place
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """As roles name it: ``pods`` or ``pods/log``."""
        return f"{self.place.plural}/{self.subresource}" if self.subresource else self.place.plural

    @property
    def fault_path(self) -> str:
        """Where a fault of it is filed."""
        return f"{self.place.root}/{self.resource}"

    def ask(self, verb: str) -> Ask:
        """Return what must be allowed for ``verb``; a Namespace counts as being in itself."""
        is_namespace = (self.place.group, self.place.plural) == ("", "namespaces")
        namespace = (self.name or None) if is_namespace else self.namespace
        return Ask(verb, self.place.group, self.resource, namespace, self.name)


@dataclass(frozen=True)
class Seen:
    """A request that was answered, or began to be."""

    method: str
    path: str
    query: dict[str, str]
    account: str
    target: Target | None = None

    @property
    def verb(self) -> str:
        """As roles name it."""
        if self.method in _VERBS:
            return _VERBS[self.method]
        return "get" if self.target and self.target.name else "list"


def read_target(path: str) -> Target | None:
    """Return what a path names; None where it is no list, object or subresource."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[0] == "api" and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace: str | None = None
    if rest[0] == "namespaces" and len(rest) > 2:
        namespace, rest = rest[1], rest[2:]
    plural, name, subresource = (*rest, "", "")[:3]
    return Target(Place(group, version, plural), namespace, name, subresource)


def select(items: list[Item], query: dict[str, str]) -> list[Item]:
    """Return the objects that a list's selectors of labels and fields let through, `key=value` each."""
    labels = [one.partition("=") for one in query.get("labelSelector", "").split(",") if one]
    fields = [one.partition("=") for one in query.get("fieldSelector", "").split(",") if one]
    return [
        item
        for item in items
        if all((item["metadata"].get("labels") or {}).get(key) == value for key, _, value in labels)
        and all(_at(item, path) == value for path, _, value in fields)
    ]


def _at(item: Item, path: str) -> object:
    found: object = item
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found
