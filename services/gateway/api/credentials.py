"""Every token and live session, kept in memory by hash and following the store's commits: a check reads no store."""

import hmac
import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic, TypeVar

from services.gateway.domain.records import Session, Token
from services.gateway.handlers.manage_tokens import hash_token
from services.gateway.ports import Committed, RecordQuery, Store

_PAGE = 1_000
_MOST_CHARACTERS = 512
# A browser may show a session that is over for as long as a page stays open; that is no guess.
_KNOWN_OVER = 10_000

C = TypeVar("C", Token, Session)


class _Shelf(Generic[C]):
    """The credentials of one kind."""

    def __init__(self) -> None:
        self.by_id: dict[str, C] = {}
        self._by_hash: dict[str, C] = {}
        # What commits changed while the records are read; None once they are.
        self.changed: set[str] | None = set()

    def find(self, secret: str) -> C | None:
        if not 0 < len(secret) <= _MOST_CHARACTERS:
            return None
        digest = hash_token(secret)
        found = self._by_hash.get(digest)
        return found if found is not None and hmac.compare_digest(found.sha256, digest) else None

    def keep(self, record: C) -> None:
        self.drop(record.id)
        self.by_id[record.id] = record
        self._by_hash[record.sha256] = record

    def drop(self, record_id: str) -> None:
        known = self.by_id.pop(record_id, None)
        # Two may have one secret: the admin token can be given from outside.
        if known is not None and self._by_hash.get(known.sha256) is known:
            del self._by_hash[known.sha256]


class Credentials:
    """Finds tokens and sessions by their secret. Safe to use from many threads.

    Asks the store only when it is made: a store whose index cannot be read, or whose disk is full, shuts nobody out.
    """

    def __init__(self, store: Store) -> None:
        self._lock = threading.Lock()
        self._tokens: _Shelf[Token] = _Shelf()
        self._sessions: _Shelf[Session] = _Shelf()
        self._over: OrderedDict[str, None] = OrderedDict()
        # Subscribed first: a commit is then in what is read, or told, or both.
        store.subscribe(self._on_commit)
        self._load(store, Token, self._tokens)
        self._load(store, Session, self._sessions)

    def find_token(self, secret: str) -> Token | None:
        """Return the token of this secret, good or not."""
        return self._tokens.find(secret)

    def find_session(self, secret: str) -> Session | None:
        """Return the session of this secret, if it was not ended."""
        return self._sessions.find(secret)

    def was_session(self, secret: str) -> bool:
        """Answer whether this is the secret of a session that ended lately."""
        return len(secret) <= _MOST_CHARACTERS and hash_token(secret) in self._over

    def token(self, token_id: str) -> Token | None:
        """Return the token with this id."""
        return self._tokens.by_id.get(token_id)

    def all_tokens(self) -> list[Token]:
        """Return every token, good or not."""
        with self._lock:
            return list(self._tokens.by_id.values())

    def live_sessions(self) -> list[Session]:
        """Return every session that was not ended."""
        with self._lock:
            return list(self._sessions.by_id.values())

    def is_live(self, session_id: str) -> bool:
        """Answer whether this session was not ended."""
        return session_id in self._sessions.by_id

    def learn(self, record: Token | Session) -> None:
        """Take in what was just made or ended here: listeners may be told a moment after the commit."""
        with self._lock:
            # One that was made says nothing new of what is known already, which may have ended by now.
            if isinstance(record, Token):
                if record.revoked_at is not None or record.id not in self._tokens.by_id:
                    self._tokens.keep(record)
            else:
                self._keep_session(record)

    def _load(self, store: Store, kind: type[C], shelf: _Shelf[C]) -> None:
        cursor: str | None = None
        while True:
            query = RecordQuery(limit=_PAGE, oldest_first=True, cursor=cursor, with_total=False)
            page = store.list_records(kind, query)
            with self._lock:
                for record in page.records:
                    # What was read may be older than what a commit told meanwhile.
                    if shelf.changed is not None and record.id not in shelf.changed:
                        self._keep(record)
            cursor = page.next_cursor
            if cursor is None:
                break
        with self._lock:
            shelf.changed = None

    def _on_commit(self, committed: Committed) -> None:
        puts = [record for record in committed.puts if isinstance(record, (Token, Session))]
        removes = [key for key in committed.removes if key[0] in {Token.KIND, Session.KIND}]
        if puts or removes:
            with self._lock:
                self._follow(puts, removes)

    def _follow(self, puts: Iterable[Token | Session], removes: Iterable[tuple[str, str]]) -> None:
        for record in puts:
            self._note_changed(record.KIND, record.id)
            self._keep(record)
        for kind, record_id in removes:
            self._note_changed(kind, record_id)
            self._shelf(kind).drop(record_id)

    def _keep(self, record: Token | Session) -> None:
        if isinstance(record, Token):
            self._keep_token(record)
        else:
            self._keep_session(record)

    def _keep_token(self, token: Token) -> None:
        known = self._tokens.by_id.get(token.id)
        # A commit from before its end may be told after ``learn``; what has ended stays so until it is set anew.
        is_late = known is not None and known.revoked_at is not None and token.revoked_at is None
        if known is None or not is_late or known.sha256 != token.sha256:
            self._tokens.keep(token)

    def _keep_session(self, session: Session) -> None:
        if session.ended_at is None:
            if session.sha256 not in self._over:
                self._sessions.keep(session)
            return
        self._sessions.drop(session.id)
        self._over[session.sha256] = None
        if len(self._over) > _KNOWN_OVER:
            self._over.popitem(last=False)

    def _note_changed(self, kind: str, record_id: str) -> None:
        changed = self._shelf(kind).changed
        if changed is not None:
            changed.add(record_id)

    def _shelf(self, kind: str) -> _Shelf[Token] | _Shelf[Session]:
        return self._tokens if kind == Token.KIND else self._sessions
