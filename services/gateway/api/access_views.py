"""How tokens, sessions and the audit log look on the wire: never with a secret or its hash."""

from datetime import datetime
from typing import Any

from services.gateway.domain.records import (
    ChainHead,
    EntryType,
    Role,
    Scope,
    Session,
    SessionEnd,
    SessionState,
    Token,
    TokenState,
    month_of,
)
from services.gateway.ports import ChainedEntry
from shared.contracts.base import Contract


class TokenView(Contract, frozen=True, kw_only=True):
    """A token without its secret or its hash."""

    id: str
    name: str
    role: Role
    scopes: tuple[Scope, ...] | None
    state: TokenState
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenView(TokenView, frozen=True, kw_only=True):
    """A token just made; None for a repeat, because a secret is shown once."""

    token: str | None


class SessionView(Contract, frozen=True, kw_only=True):
    """A session without its secret or its hash."""

    id: str
    subject: str
    token_id: str
    role: Role
    scopes: tuple[Scope, ...] | None
    state: SessionState
    is_current: bool
    created_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    address: str
    user_agent: str
    ended_at: datetime | None
    ended_by: str | None
    end: SessionEnd | None


class SessionBegunView(SessionView, frozen=True, kw_only=True):
    """A session just begun."""

    csrf_token: str


class AuditEntryView(Contract, frozen=True, kw_only=True):
    """An entry of the audit log with its hash."""

    month: str
    sequence: int
    type: EntryType
    actor: str
    source: str
    occurred_at: datetime
    recorded_at: datetime
    message: str
    payload: dict[str, Any]
    previous_hash: str
    hash: str


def view_token(token: Token, now: datetime) -> TokenView:
    """Return a token as it is shown at ``now``."""
    return TokenView(**_token_members(token, now))


def view_new_token(token: Token, secret: str | None, now: datetime) -> NewTokenView:
    """Return a token just made, with its secret."""
    return NewTokenView(token=secret, **_token_members(token, now))


def view_session(session: Session, *, is_over: bool, current: str | None) -> SessionView:
    """Return a session as it is shown to a request that came with the session ``current``, if with any."""
    return SessionView(**_session_members(session, is_over=is_over, current=current))


def view_begun(session: Session, csrf_token: str) -> SessionBegunView:
    """Return a session just begun, to the browser that has it from now on."""
    return SessionBegunView(csrf_token=csrf_token, **_session_members(session, is_over=False, current=session.id))


def view_audit_entry(chained: ChainedEntry) -> AuditEntryView:
    """Return an entry of the audit log as it is shown."""
    entry = chained.entry
    return AuditEntryView(
        month=month_of(entry.incident_id),
        sequence=entry.sequence,
        type=entry.type,
        actor=entry.actor,
        source=entry.source,
        occurred_at=entry.occurred_at,
        recorded_at=entry.recorded_at,
        message=entry.message,
        payload=entry.payload,
        previous_hash=entry.previous_hash,
        hash=chained.hash,
    )


def view_audit_head(head: ChainHead) -> dict[str, Any]:
    """Return the end of a month of the audit log."""
    return {"month": month_of(head.incident_id), "sequence": head.sequence, "hash": head.hash}


def _token_members(token: Token, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "role": token.role,
        "scopes": token.scopes,
        "state": token.state(now),
        "created_by": token.created_by,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "revoked_at": token.revoked_at,
        "last_used_at": token.last_used_at,
    }


def _session_members(session: Session, *, is_over: bool, current: str | None) -> dict[str, Any]:
    return {
        "id": session.id,
        "subject": f"token:{session.name}",
        "token_id": session.token_id,
        "role": session.role,
        "scopes": session.scopes,
        "state": SessionState.ENDED if is_over else session.state,
        "is_current": session.id == current,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "last_seen_at": session.last_seen_at,
        "address": session.address,
        "user_agent": session.user_agent,
        "ended_at": session.ended_at,
        "ended_by": session.ended_by,
        "end": session.end,
    }
