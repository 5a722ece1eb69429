"""Decide whether a session lets anybody in."""

from datetime import datetime, timedelta

from services.gateway.domain.records import Session, SessionEnd, Token, TokenState


def why_over(
    session: Session, token: Token | None, now: datetime, idle: timedelta, last_seen_at: datetime
) -> SessionEnd | None:
    """Return why the session lets nobody in at ``now``; None if it does."""
    if session.end is not None:
        return session.end
    if token is None or token.state(now) is not TokenState.ACTIVE or token.sha256 != session.token_sha256:
        return SessionEnd.TOKEN_ENDED
    if now >= session.expires_at:
        return SessionEnd.EXPIRED
    return SessionEnd.IDLE if now - last_seen_at >= idle else None
