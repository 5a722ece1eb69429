"""Pure questions of Gateway API: do hostnames meet, and does a ReferenceGrant allow a reference."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.graph.domain.k8s.gateway_api import ReferenceGrant

GATEWAY_GROUP = "gateway.networking.k8s.io"


def hostnames_meet(listener: str | None, route: Sequence[str] | None) -> bool:
    """Answer whether a listener's hostname and one of a route's have a host in common; none means every host."""
    return not listener or not route or any(_meet(listener.lower(), one.lower()) for one in route)


def _meet(one: str, other: str) -> bool:
    if one == other:
        return True
    if one.startswith("*.") and other.startswith("*."):
        return one.endswith(other[1:]) or other.endswith(one[1:])
    if one.startswith("*."):
        # Any number of labels, but at least one: *.example.com is not example.com.
        return other.endswith(one[1:]) and other != one[1:]
    return other.startswith("*.") and one.endswith(other[1:]) and one != other[1:]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reference of Gateway API to an object: who refers, to what."""

    from_kind: str
    from_namespace: str | None
    to_group: str
    to_kind: str
    to_namespace: str | None
    to_name: str

    @property
    def needs_grant(self) -> bool:
        """Whether it leaves its namespace."""
        return self.from_namespace != self.to_namespace


def is_granted(wanted: Wanted, grants: Iterable[ReferenceGrant]) -> bool:
    """Answer whether one of the grants *of the target's namespace* allows it: any ``from`` with any ``to`` of it."""
    return any(_from(wanted, grant) and _to(wanted, grant) for grant in grants)


def _from(wanted: Wanted, grant: ReferenceGrant) -> bool:
    return any(
        (one.group, one.kind, one.namespace) == (GATEWAY_GROUP, wanted.from_kind, wanted.from_namespace)
        for one in grant.spec.from_ or ()
    )


def _to(wanted: Wanted, grant: ReferenceGrant) -> bool:
    return any(
        (one.group, one.kind) == (wanted.to_group, wanted.to_kind) and (not one.name or one.name == wanted.to_name)
        for one in grant.spec.to or ()
    )
