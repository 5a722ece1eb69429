"""Decide who is behind a request: bearer tokens looked up by hash, with a cache that commits invalidate."""

import hmac
import threading
from datetime import datetime

import structlog

from services.gateway.api.throttle import Throttle
from services.gateway.domain.access import Subject
from services.gateway.domain.records import Token
from services.gateway.errors import TooManyBadTokens, Unauthenticated
from services.gateway.handlers.manage_tokens import hash_token
from services.gateway.ports import Committed, RecordQuery, Store
from shared.ports import Clock

log = structlog.get_logger(__name__)

_CACHED = 1_000
_MOST_CHARACTERS = 512
_ADVICE = "Send the header `Authorization: Bearer <token>` with a token that is known, not revoked and not expired."


class Authenticator:
    """Turns the Authorization header into a subject. Safe to use from many threads."""

    def __init__(self, store: Store, clock: Clock, throttle: Throttle | None = None) -> None:
        self._store = store
        self._clock = clock
        self._throttle = throttle or Throttle()
        self._lock = threading.Lock()
        self._cache: dict[str, Token] = {}
        self._generation = 0
        store.subscribe(self._on_commit)

    def authenticate(self, header: str | None, address: str) -> Subject:
        """Return the subject; raise ``Unauthenticated``, or ``TooManyBadTokens`` for an address that guesses."""
        if header is None:
            raise Unauthenticated(_ADVICE)
        wait = self._throttle.wait_seconds(address)
        if wait:
            raise TooManyBadTokens(f"Try again in {wait} seconds.", retry_after_seconds=wait)
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        token = self._find(secret) if scheme.lower() == "bearer" and 0 < len(secret) <= _MOST_CHARACTERS else None
        if token is None or not _is_good(token, self._clock.now()):
            self._throttle.note_bad(address)
            log.warning("token refused", address=address, token_id=token.id if token else None)
            raise Unauthenticated(_ADVICE)
        self._throttle.note_good(address)
        return Subject(id=f"token:{token.name}", name=token.name, role=token.role)

    def _find(self, secret: str) -> Token | None:
        digest = hash_token(secret)
        token = self._cache.get(digest)
        if token is None:
            generation = self._generation
            query = RecordQuery(parent=digest, limit=1, with_total=False)
            token = next(iter(self._store.list_records(Token, query).records), None)
            if token is None:
                return None
            with self._lock:
                # A commit between the look-up and here may have revoked it: then it is not cached.
                if generation == self._generation and len(self._cache) < _CACHED:
                    self._cache[digest] = token
        return token if hmac.compare_digest(token.sha256, digest) else None

    def forget(self) -> None:
        """Drop the cache: a token has changed."""
        with self._lock:
            self._generation += 1
            self._cache = {}

    def _on_commit(self, committed: Committed) -> None:
        kinds = {record.KIND for record in committed.puts}
        kinds.update(kind for kind, _ in committed.removes)
        if Token.KIND in kinds:
            self.forget()


def _is_good(token: Token, now: datetime) -> bool:
    return token.revoked_at is None and (token.expires_at is None or now < token.expires_at)
