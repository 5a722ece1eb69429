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


class Scope(StrEnum):
    """A part of what a role allows; a token that names scopes may do no more than they say."""

    INCIDENTS_READ = "incidents:read"
    INCIDENTS_WRITE = "incidents:write"
    ACTIONS_APPROVE = "actions:approve"
    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    RULES_READ = "rules:read"
    RULES_WRITE = "rules:write"
    INTAKE_SEND = "intake:send"
    ADMIN = "admin"


class TokenState(StrEnum):
    """Whether a token is good."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Token(Record, frozen=True, kw_only=True):
    """A bearer token. Only its SHA-256 is kept: nobody can read a token back out of the store.

    ``scopes`` narrow the role; None for all it allows. ``last_used_at`` lags by some minutes. ``expired_at`` is when
    the gateway saw that ``expires_at`` has passed, so that lists by state need not look at the clock.
    """

    KIND: ClassVar[str] = "token"

    id: str
    name: str
    role: Role
    sha256: str
    created_by: str
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    scopes: tuple[Scope, ...] | None = None
    last_used_at: datetime | None = None
    expired_at: datetime | None = None

    def state(self, now: datetime) -> TokenState:
        """Answer whether it is good at ``now``."""
        if self.revoked_at is not None:
            return TokenState.REVOKED
        is_over = self.expired_at is not None or (self.expires_at is not None and now >= self.expires_at)
        return TokenState.EXPIRED if is_over else TokenState.ACTIVE

    @property
    def record_id(self) -> str:
        """The token id."""
        return self.id

    def facets(self) -> Facets:
        """Listed by role and state, newest first; requests find theirs in memory."""
        state = TokenState.REVOKED if self.revoked_at else TokenState.EXPIRED if self.expired_at else TokenState.ACTIVE
        return Facets(parent=self.sha256, state=state, tag=self.role, at=self.created_at)
