"""Remembers, until it is kept, who was seen when and how often somebody was refused: no request ever writes it."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from services.gateway.handlers.keep_access import Refusals, Use

# However long somebody guesses: one entry of the audit log in this time, and the worst addresses in it.
REFUSALS_EVERY = timedelta(minutes=10)
_NAMED = 20
_ADDRESSES = 1_000


class Usage:
    """Bounded by how many tokens and live sessions there are. Safe to use from many threads."""

    def __init__(self) -> None:
        self._tokens: dict[str, datetime] = {}
        self._sessions: dict[str, datetime] = {}
        self._lock = threading.Lock()
        self._refused: Counter[str] = Counter()
        self._count = 0
        self._since: datetime | None = None
        self._told_at: datetime | None = None

    def note(self, token_id: str, session_id: str | None, now: datetime) -> None:
        """Remember that a token, and the session begun with it, was seen. No lock: the last to write is new enough."""
        self._tokens[token_id] = now
        if session_id is not None:
            self._sessions[session_id] = now

    def seen_at(self, session_id: str, kept: datetime) -> datetime:
        """Return when the session was last seen: as remembered here, or as ``kept``."""
        return max(kept, self._sessions.get(session_id, kept))

    def use(self, is_live: Callable[[str], bool]) -> Use:
        """Return what is remembered, after forgetting sessions that are not live any more."""
        for session_id in [one for one in self._sessions.copy() if not is_live(one)]:
            self._sessions.pop(session_id, None)
        return Use(tokens=self._tokens.copy(), sessions=self._sessions.copy())

    def note_refused(self, address: str, now: datetime) -> None:
        """Count something shown at this address that was not good."""
        with self._lock:
            self._count += 1
            self._since = self._since or now
            if address in self._refused or len(self._refused) < _ADDRESSES:
                self._refused[address] += 1

    def refusals(self, now: datetime) -> Refusals | None:
        """Return what was refused since it was last kept; None if there is nothing, or it is too early to keep more."""
        with self._lock:
            is_early = self._told_at is not None and now - self._told_at < REFUSALS_EVERY
            if is_early or self._since is None:
                return None
            return Refusals(count=self._count, by_address=dict(self._refused.most_common(_NAMED)), since=self._since)

    def forget(self, kept: Refusals, now: datetime) -> None:
        """Forget what was kept; what was refused since then stays."""
        with self._lock:
            self._told_at = now
            self._count -= kept.count
            self._refused.clear()
            self._since = now if self._count else None
