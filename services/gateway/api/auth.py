"""Decide who is behind a request: tokens, all kept in memory by hash and following the store's commits."""

import hmac
import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from services.gateway.api.throttle import Throttle
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Role, Token
from services.gateway.errors import SignatureInvalid, TooManyBadTokens, Unauthenticated
from services.gateway.handlers.manage_tokens import hash_token
from services.gateway.ports import Committed, RecordQuery, Store
from shared.ports import Clock

log = structlog.get_logger(__name__)

_PAGE = 1_000
_MOST_CHARACTERS = 512
_ADVICE = "Send the header `Authorization: Bearer <token>` with a token that is known, not revoked and not expired."


class Authenticator:
    """Turns what a request shows into a subject, and holds back addresses that guess. Safe to use from many threads.

    Asks the store only when it is made: a store whose index cannot be read, or whose disk is full, shuts nobody out.
    """

    def __init__(self, store: Store, clock: Clock, throttle: Throttle | None = None) -> None:
        self._clock = clock
        self._throttle = throttle or Throttle()
        self._lock = threading.Lock()
        self._by_id: dict[str, Token] = {}
        self._by_hash: dict[str, Token] = {}
        # What commits changed while the tokens are read; None once they are.
        self._changed: set[str] | None = set()
        # Subscribed first: a commit is then in what is read, or told, or both.
        store.subscribe(self._on_commit)
        self._load(store)

    def authenticate(self, header: str | None, address: str) -> Subject:
        """Return the subject of a bearer token in the Authorization header; raises what ``identify`` raises."""
        if header is None:
            return self.identify(None, address)
        scheme, _, secret = header.partition(" ")
        return self.identify(secret.strip() if scheme.lower() == "bearer" else "", address)

    def identify(self, secret: str | None, address: str) -> Subject:
        """Return the subject whose token ``secret`` is, by whatever way it came; None if none came.

        Raises ``Unauthenticated``, or ``TooManyBadTokens`` for an address that guesses.
        """
        if secret is None:
            raise Unauthenticated(_ADVICE)
        self._hold_back(address)
        token = self._find(secret) if 0 < len(secret) <= _MOST_CHARACTERS else None
        if token is None or not _is_good(token, self._clock.now()):
            self._throttle.note_bad(address)
            log.warning("token refused", address=address, token_id=token.id if token else None)
            raise Unauthenticated(_ADVICE)
        self._throttle.note_good(address)
        return Subject(id=f"token:{token.name}", name=token.name, role=token.role)

    def vouch(self, source: str, address: str, find_signature: Callable[[], str | None]) -> tuple[Subject, str]:
        """Return the subject of a source that signs, and the signature, as ``find_signature`` finds it.

        Raises ``SignatureInvalid`` where it finds none, or ``TooManyBadTokens`` for an address that guesses.
        """
        self._hold_back(address)
        signature = find_signature()
        if signature is None:
            self._throttle.note_bad(address)
            log.warning("signature refused", address=address, source=source)
            raise SignatureInvalid(f"What {source} sends must carry its signature; see docs/intake.md.")
        self._throttle.note_good(address)
        name = f"signature:{source}"
        return Subject(id=name, name=name, role=Role.SERVICE), signature

    def _hold_back(self, address: str) -> None:
        if wait := self._throttle.wait_seconds(address):
            raise TooManyBadTokens(f"Try again in {wait} seconds.", retry_after_seconds=wait)

    def learn(self, token: Token) -> None:
        """Take in a token just made or revoked here: listeners may be told a moment after the commit."""
        with self._lock:
            # One that was made says nothing new of a token known already, which may be revoked by now.
            if token.revoked_at is not None or token.id not in self._by_id:
                self._keep(token)

    def _find(self, secret: str) -> Token | None:
        digest = hash_token(secret)
        token = self._by_hash.get(digest)
        return token if token is not None and hmac.compare_digest(token.sha256, digest) else None

    def _load(self, store: Store) -> None:
        cursor: str | None = None
        while True:
            page = store.list_records(Token, RecordQuery(limit=_PAGE, cursor=cursor, with_total=False))
            with self._lock:
                for token in page.records:
                    # What was read may be older than what a commit told meanwhile.
                    if self._changed is not None and token.id not in self._changed:
                        self._keep(token)
            cursor = page.next_cursor
            if cursor is None:
                break
        with self._lock:
            self._changed = None

    def _on_commit(self, committed: Committed) -> None:
        tokens = [record for record in committed.puts if isinstance(record, Token)]
        removed = [token_id for kind, token_id in committed.removes if kind == Token.KIND]
        if not tokens and not removed:
            return
        with self._lock:
            for token in tokens:
                self._keep(token)
            for token_id in removed:
                self._drop(token_id)
            if self._changed is not None:
                self._changed.update(removed, (token.id for token in tokens))

    def _keep(self, token: Token) -> None:
        self._drop(token.id)
        self._by_id[token.id] = token
        self._by_hash[token.sha256] = token

    def _drop(self, token_id: str) -> None:
        known = self._by_id.pop(token_id, None)
        # Two may have one secret: the admin token can be given from outside.
        if known is not None and self._by_hash.get(known.sha256) is known:
            del self._by_hash[known.sha256]


def _is_good(token: Token, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)
