"""Who may do what: tokens and roles."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.base import Facets, Record


class Role(StrEnum):
    """What a subject may do. ``service`` is for machines that send deliveries, and may do nothing else."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    APPROVER = "approver"
    ADMIN = "admin"
    SERVICE = "service"


class Token(Record, frozen=True, kw_only=True):
    """A bearer token. Only its SHA-256 is kept: nobody can read a token back out of the store."""

    KIND: ClassVar[str] = "token"

    id: str
    name: str
    role: Role
    sha256: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    @property
    def record_id(self) -> str:
        """The token id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by role and state, newest first; requests find theirs in memory."""
        return Facets(
            parent=self.sha256, state="revoked" if self.revoked_at else "active", tag=self.role, at=self.created_at
        )
