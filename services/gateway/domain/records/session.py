"""Sessions: a browser that signed in with a token, known from then on by a cookie."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from services.gateway.domain.records.access import Role, Scope
from services.gateway.domain.records.base import Facets, Record


class SessionState(StrEnum):
    """Whether a session is under way."""

    LIVE = "live"
    ENDED = "ended"


class SessionEnd(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    REVOKED = "revoked"
    REPLACED = "replaced"
    EXPIRED = "expired"
    IDLE = "idle"
    TOKEN_ENDED = "token_ended"  # noqa: S105 - a word.


class Session(Record, frozen=True, kw_only=True):
    """A browser that signed in. Only the SHA-256 of its secret is kept.

    It may do what its token may, and no longer: ``token_sha256`` is the token's at the time, so that a token which
    was set anew ends what was begun with the one before. ``last_seen_at`` lags by some minutes.
    """

    KIND: ClassVar[str] = "session"

    id: str
    sha256: str
    token_id: str
    token_sha256: str
    name: str
    role: Role
    scopes: tuple[Scope, ...] | None = None
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    end: SessionEnd | None = None

    @property
    def state(self) -> SessionState:
        """Whether it was ended. What is over, but was not ended yet, is live here and lets nobody in."""
        return SessionState.ENDED if self.ended_at else SessionState.LIVE

    @property
    def record_id(self) -> str:
        """The id; it is no secret."""
        return self.id

    def facets(self) -> Facets:
        """Found by its token; listed and dropped by when it ended or will."""
        return Facets(parent=self.token_id, state=self.state, at=self.ended_at or self.expires_at)
