"""A change as the one request that makes it, bound to the object that was read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from services.actions.domain.kinds import Kind
from services.actions.domain.objects import KubeObject
from shared.contracts.action import RbacRule

# Under this name servers keep which fields are ours.
FIELD_MANAGER = "faultline"


class Media(StrEnum):
    """How the body of a request is meant."""

    JSON = "application/json"
    STRATEGIC = "application/strategic-merge-patch+json"
    MERGE = "application/merge-patch+json"
    JSON_PATCH = "application/json-patch+json"
    # JSON is YAML too.
    APPLY = "application/apply-patch+yaml"


class Method(StrEnum):
    """The methods that change something."""

    PATCH = "PATCH"
    POST = "POST"
    DELETE = "DELETE"


_RBAC_VERBS = {Method.PATCH: "patch", Method.POST: "create", Method.DELETE: "delete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One request that changes one object, or makes it where ``method`` is POST without a subresource."""

    method: Method
    kind: Kind
    namespace: str | None
    name: str
    subresource: str = ""
    media: Media = Media.JSON
    body: Any = None

    @property
    def path(self) -> str:
        """Where it is sent; never a list as a whole. Raises ``ValueError`` where there is no name."""
        if not self.name or (self.kind.is_namespaced and not self.namespace):
            raise ValueError("a write needs the name and the namespace of one object")
        is_new = self.method is Method.POST and not self.subresource
        return self.kind.path(self.namespace, "" if is_new else self.name, self.subresource)

    @property
    def rule(self) -> RbacRule:
        """The right it needs."""
        resource = f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural
        return RbacRule(
            api_group=self.kind.group,
            resource=resource,
            verbs=(_RBAC_VERBS[self.method],),
            namespace=self.namespace,
        )


def bind(write: Write, seen: KubeObject) -> Write:
    """Return the write so that the server refuses it with 409 if the object is not any more as it was read."""
    if not seen.exists:
        return write
    version = seen.resource_version
    if write.method is Method.DELETE or write.subresource == "eviction":
        wanted = {"uid": seen.uid, "resourceVersion": version}
        if write.method is Method.DELETE:
            return replace(write, body={**write.body, "preconditions": wanted})
        options = {**write.body.get("deleteOptions", {}), "preconditions": wanted}
        return replace(write, body={**write.body, "deleteOptions": options})
    if write.media is Media.JSON_PATCH:
        # Written, not tested: a failed test is a 422 like any mistake, an old version a 409 like any conflict.
        guard = {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
        return replace(write, body=[guard, *write.body])
    meta = write.body.get("metadata")
    meta = {**meta, "resourceVersion": version} if isinstance(meta, Mapping) else {"resourceVersion": version}
    return replace(write, body={**write.body, "metadata": meta})


def as_dry_run(write: Write) -> Write:
    """Return the write so that its body too says that nothing is to be kept; the address says it as well."""
    if write.method is Method.DELETE:
        return replace(write, body={**write.body, "dryRun": ["All"]})
    if write.subresource == "eviction":
        options = {**write.body.get("deleteOptions", {}), "dryRun": ["All"]}
        return replace(write, body={**write.body, "deleteOptions": options})
    return write
