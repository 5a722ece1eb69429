"""What is asked of RBAC, and by whom."""

from dataclasses import dataclass
from enum import StrEnum

ACCOUNT_USER = "system:serviceaccount:"
ALL_ACCOUNTS, AUTHENTICATED = "system:serviceaccounts", "system:authenticated"
UNAUTHENTICATED, ANONYMOUS = "system:unauthenticated", "system:anonymous"
_ACCOUNT_PARTS = 4


class Access(StrEnum):
    """May it? What could not be asked or read says nothing."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """May somebody do this? ``namespace`` None: in the whole cluster.

    ``path`` asks for what is no resource, such as ``/metrics``; then only ``verb`` counts beside it.
    """

    verb: str
    group: str
    resource: str
    namespace: str | None = None
    name: str = ""
    subresource: str = ""
    path: str = ""

    @property
    def whole_resource(self) -> str:
        """The resource with its subresource, as rules write it: ``pods/log``."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource

    def __str__(self) -> str:
        """Return it as people read it: ``list pods in shop``."""
        if self.path:
            return f"{self.verb} {self.path}"
        resource = f"{self.resource}.{self.group}" if self.group else self.resource
        resource += f"/{self.subresource}" if self.subresource else ""
        named = f" {self.name}" if self.name else ""
        return f"{self.verb} {resource}{named} " + (f"in {self.namespace}" if self.namespace else "in every namespace")


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, as the API server sees them. ``knows_groups``: there are no groups but these."""

    user: str
    groups: frozenset[str]
    knows_groups: bool = True

    @property
    def account(self) -> tuple[str, str] | None:
        """Namespace and name of the ServiceAccount it is; None where it is none."""
        parts = self.user.split(":")
        is_account = self.user.startswith(ACCOUNT_USER) and len(parts) == _ACCOUNT_PARTS and all(parts)
        return (parts[2], parts[3]) if is_account else None


def account_user(namespace: str, name: str) -> str:
    """Return the user a ServiceAccount is to the API server."""
    return f"{ACCOUNT_USER}{namespace}:{name}"


def service_account(namespace: str, name: str) -> Requester:
    """Return a ServiceAccount with its groups (apiserver, serviceaccount.MakeGroupNames)."""
    groups = {ALL_ACCOUNTS, f"{ALL_ACCOUNTS}:{namespace}", AUTHENTICATED}
    return Requester(account_user(namespace, name), frozenset(groups))


def user(name: str, groups: frozenset[str] | None = None) -> Requester:
    """Return a user by name. Groups come with the credentials, so without them only some are known."""
    if name == ANONYMOUS:
        return Requester(name, frozenset({UNAUTHENTICATED}))
    found = Requester(name, (groups or frozenset()) | {AUTHENTICATED}, groups is not None)
    return service_account(*found.account) if found.account and groups is None else found


def group(name: str) -> Requester:
    """Return whoever is in this group, and in no other but those that follow from it."""
    implied = {name}
    if name != UNAUTHENTICATED:
        implied.add(AUTHENTICATED)
    if name.startswith(f"{ALL_ACCOUNTS}:"):
        implied.add(ALL_ACCOUNTS)
    return Requester("", frozenset(implied))
