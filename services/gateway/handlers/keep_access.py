"""Write down what access left in memory, off every request's path: a few commits a minute at most."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import msgspec

from services.gateway.domain.records import EntryType, Session, Token, TokenState
from services.gateway.handlers.write_audit import SYSTEM, write_audit
from services.gateway.ports import Store, Transaction

COARSENESS = timedelta(minutes=5)
"""How much newer a use must be than the one kept, to be worth a write."""


@dataclass(frozen=True, slots=True)
class Use:
    """When tokens and sessions were last seen, by id."""

    tokens: Mapping[str, datetime] = field(default_factory=dict)
    sessions: Mapping[str, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused since the last time: how often in all, how often by the worst addresses, and since when."""

    count: int
    by_address: Mapping[str, int]
    since: datetime


def keep_use(store: Store, use: Use) -> None:
    """Keep when tokens and sessions were last used, in one commit, or none if all is kept well enough."""

    def work(tx: Transaction) -> None:
        for token_id, at in use.tokens.items():
            token = tx.find(Token, token_id)
            if token is not None and _is_news(at, token.last_used_at):
                tx.put(msgspec.structs.replace(token, last_used_at=at))
        for session_id, at in use.sessions.items():
            session = tx.find(Session, session_id)
            if session is not None and session.ended_at is None and _is_news(at, session.last_seen_at):
                tx.put(msgspec.structs.replace(session, last_seen_at=at))

    if use.tokens or use.sessions:
        store.transact(work)


def keep_refusals(store: Store, refusals: Refusals) -> None:
    """Sum up in one entry of the audit log what was refused: however often somebody guesses, it takes no more."""
    store.transact(
        lambda tx: write_audit(
            tx,
            EntryType.ACCESS_REFUSED,
            SYSTEM,
            f"{refusals.count} tokens, sessions or signatures that are not good were refused",
            count=refusals.count,
            since=refusals.since,
            byAddress=dict(refusals.by_address),
        )
    )


def note_expired(store: Store, tokens: Iterable[Token], now: datetime) -> None:
    """Note which of ``tokens`` have expired; they let nobody in before this either."""
    for token in tokens:
        if token.state(now) is TokenState.EXPIRED and token.expired_at is None:
            store.transact(partial(_expire, token_id=token.id))


def _expire(tx: Transaction, *, token_id: str) -> None:
    token = tx.find(Token, token_id)
    if token is not None and token.expired_at is None and token.state(tx.now) is TokenState.EXPIRED:
        tx.put(msgspec.structs.replace(token, expired_at=tx.now))
        write_audit(tx, EntryType.TOKEN_EXPIRED, SYSTEM, f"Token {token.name} expired", tokenId=token_id)


def _is_news(at: datetime, kept: datetime | None) -> bool:
    return kept is None or at - kept >= COARSENESS
