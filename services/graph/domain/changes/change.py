"""One change: of which object, in which field, from what to what, and when as far as that is known."""

from datetime import datetime
from enum import StrEnum

import msgspec

from services.graph.domain.k8s.shape import Ref


class ChangeKind(StrEnum):
    """What sort of thing was changed; in this order the likelier causes of trouble come first."""

    IMAGE = "image"
    ENV = "env"
    CONFIG = "config"
    COMMAND = "command"
    RESOURCES = "resources"
    PROBE = "probe"
    POLICY = "policy"
    ROUTING = "routing"
    ENDPOINTS = "endpoints"
    REPLICAS = "replicas"
    NODE = "node"
    ACCESS = "access"
    STORAGE = "storage"
    QUOTA = "quota"
    OWNER = "owner"
    OTHER = "other"


class ChangeSource(StrEnum):
    """How the change is known."""

    # Two snapshots differ.
    COMPARED = "compared"
    # Two revisions of a workload differ.
    REVISION = "revision"
    # The server says when fields were set last, but not to what before.
    MANAGED_FIELDS = "managed_fields"
    CREATED = "created"
    TAINT = "taint"


class Change(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A change. ``at`` is when it was made, or, if ``is_latest``, the latest it can have been; None: nothing tells."""

    ref: Ref
    kind: ChangeKind
    source: ChangeSource
    field_path: str
    before: str = ""
    after: str = ""
    at: datetime | None = None
    by: str = ""
    is_latest: bool = False

    def __str__(self) -> str:
        """Return it as people say it."""
        if self.source is ChangeSource.CREATED:
            return f"{self.ref} was made"
        if not self.before and not self.after:
            return f"{self.ref}: {self.field_path} was changed"
        return f"{self.ref}: {self.field_path} {self.before or '—'} → {self.after or '—'}"
