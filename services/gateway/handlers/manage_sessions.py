"""Begin sessions of browsers, and end them."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from services.gateway.domain.records import EntryType, Session, SessionEnd, SessionState, Token, TokenState
from services.gateway.errors import Unauthenticated
from services.gateway.handlers.manage_tokens import hash_token
from services.gateway.handlers.write_audit import write_audit
from services.gateway.ports import RecordQuery, Store, Transaction
from shared.ids import new_id

MOST_LIVE = 20
_PREFIX = "fls_"
_SECRET_BYTES = 32
_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """Who signs in from where. ``secret`` is the session's new one."""

    secret: str = field(repr=False)
    address: str
    user_agent: str


def make_session_secret() -> str:
    """Return a new secret. Never one that a client brought: a session that was planted is worth nothing."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def live_sessions(store: Store, token_id: str) -> list[str]:
    """Return the ids of the sessions of a token that were not ended, those that end first first."""
    query = RecordQuery(
        parent=token_id, states=(str(SessionState.LIVE),), oldest_first=True, limit=10 * MOST_LIVE, with_total=False
    )
    return [session.id for session in store.list_records(Session, query).records]


def begin_session(
    tx: Transaction,
    token_id: str,
    browser: Browser,
    lifetime: timedelta,
    *,
    live: list[str],
    replaced: str | None = None,
) -> str:
    """Put a new session of the token and return its id; it ends with its token at the latest.

    ``live`` are the token's sessions as listed before: beyond ``MOST_LIVE`` the oldest are ended. ``replaced`` is
    the session the browser had until now. Raises ``Unauthenticated`` if the token is not good any more.
    """
    token = tx.get(Token, token_id)
    if token.state(tx.now) is not TokenState.ACTIVE:
        raise Unauthenticated("The token is not good any more.")
    session = _new_session(token, browser, tx.now, tx.now + lifetime)
    actor = f"token:{token.name}"
    surplus = live[: max(0, len(live) - MOST_LIVE + 1)]
    for session_id in dict.fromkeys([*surplus, *([replaced] if replaced else [])]):
        end_session(tx, session_id, actor, SessionEnd.REPLACED)
    tx.put(session)
    write_audit(
        tx,
        EntryType.SESSION_BEGUN,
        actor,
        f"{token.name} signed in",
        sessionId=session.id,
        address=session.address,
        userAgent=session.user_agent,
    )
    return session.id


def _new_session(token: Token, browser: Browser, now: datetime, expires_at: datetime) -> Session:
    return Session(
        id=new_id("ses"),
        sha256=hash_token(browser.secret),
        token_id=token.id,
        token_sha256=token.sha256,
        name=token.name,
        role=token.role,
        scopes=token.scopes,
        created_at=now,
        expires_at=min(expires_at, token.expires_at or expires_at),
        last_seen_at=now,
        address=browser.address,
        user_agent=browser.user_agent[:_AGENT_LENGTH],
    )


def end_session(tx: Transaction, session_id: str, actor: str, end: SessionEnd) -> None:
    """End the session from this commit on; nothing happens if it has ended, or is not there."""
    session = tx.find(Session, session_id)
    if session is None or session.state is SessionState.ENDED:
        return
    tx.put(msgspec.structs.replace(session, ended_at=tx.now, ended_by=actor, end=end))
    write_audit(tx, EntryType.SESSION_ENDED, actor, f"A session of {session.name} ended", sessionId=session_id, end=end)
